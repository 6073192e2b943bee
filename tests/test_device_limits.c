/* False answers of devices: failing queries and impossible sizes. Runs under the fault layer. */
#include "device/cl.h"
#include "fault_rig.h"

#include <stdio.h>
#include <string.h>

/* A product must be correct on the device in its present state. */
static void multiplies(ebb_device *device) {
  static const float values[4] = {1, 2, 3, 4};
  ebb_tensor *a, *c;
  float result[4];
  assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, 2, 2), EBB_OK);
  assert_int_equal(ebb_tensor_create(&c, device, EBB_F32, 2, 2), EBB_OK);
  assert_int_equal(ebb_tensor_upload(a, values), EBB_OK);
  assert_int_equal(ebb_matmul(c, a, false, a, false), EBB_OK);
  assert_int_equal(ebb_tensor_download(result, c), EBB_OK);
  assert_true(result[0] == 7 && result[1] == 10 && result[2] == 15 && result[3] == 22);
  ebb_tensor_free(a);
  ebb_tensor_free(c);
}

/* No device opens, for a reason that names `what`; the device is listed nevertheless. */
static void is_refused(const char *variables, const char *what) {
  ebb_device_info info;
  ebb_device *device = NULL;
  fault_set(variables);
  assert_int_equal(ebb_device_describe(&info, 0), EBB_OK);
  assert_true(strlen(info.name) > 1);
  assert_int_not_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_null(device);
  if (!strstr(ebb_error_message(), what)) fail_msg("%s: %s", variables, ebb_error_message());
  fault_set("");
}

/* A device opens and works; the caller frees it. */
static ebb_device *opens(const char *variables) {
  ebb_device *device = NULL;
  fault_set(variables);
  if (ebb_device_open(&device, NULL) != EBB_OK) fail_msg("%s: %s", variables, ebb_error_message());
  multiplies(device);
  fault_set("");
  return device;
}

static void queries_that_fail_are_named(void **state) {
  (void)state;
  static const struct {
    cl_uint what;
    const char *name;
  } rows[] = {{CL_DEVICE_GLOBAL_MEM_SIZE, "CL_DEVICE_GLOBAL_MEM_SIZE"},
              {CL_DEVICE_MAX_MEM_ALLOC_SIZE, "CL_DEVICE_MAX_MEM_ALLOC_SIZE"},
              {CL_DEVICE_LOCAL_MEM_SIZE, "CL_DEVICE_LOCAL_MEM_SIZE"},
              {CL_DEVICE_MAX_WORK_GROUP_SIZE, "CL_DEVICE_MAX_WORK_GROUP_SIZE"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char variables[128];
    snprintf(variables, sizeof variables, "FAULT_API=clGetDeviceInfo FAULT_INFO=%u FAULT_STICKY=1",
             (unsigned)rows[i].what);
    is_refused(variables, rows[i].name);
    assert_non_null(strstr(ebb_error_message(), "CL_OUT_OF_RESOURCES"));
    snprintf(variables, sizeof variables, "FAULT_API=clGetDeviceInfo FAULT_INFO=%u",
             (unsigned)rows[i].what);
    ebb_device_free(opens(variables)); /* opening queries again */
  }
}

static void queries_that_others_can_do_without(void **state) {
  (void)state;
  static const cl_uint what[] = {CL_DEVICE_MAX_COMPUTE_UNITS, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT,
                                 CL_DEVICE_HOST_UNIFIED_MEMORY, CL_DEVICE_VENDOR,
                                 CL_DRIVER_VERSION};
  for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
    char variables[128];
    snprintf(variables, sizeof variables, "FAULT_API=clGetDeviceInfo FAULT_INFO=%u FAULT_STICKY=1",
             (unsigned)what[i]);
    ebb_device_free(opens(variables));
  }
}

static void sizes_of_nothing(void **state) {
  (void)state;
  is_refused("SPOOF_GLOBAL=0", "CL_DEVICE_GLOBAL_MEM_SIZE is 0");
  is_refused("SPOOF_ALLOC=0", "CL_DEVICE_MAX_MEM_ALLOC_SIZE is 0");
  is_refused("SPOOF_GROUP=0", "CL_DEVICE_MAX_WORK_GROUP_SIZE is 0");
  is_refused("SPOOF_TYPE=4 SPOOF_GROUP=1", "too small for any tile");
  is_refused("SPOOF_TYPE=4 SPOOF_LOCAL=0", "too small for any tile");
  ebb_device *device = opens("SPOOF_LOCAL=0"); /* a CPU needs no local memory */
  assert_int_equal(ebb_device_get_info(device)->local_bytes, 0);
  ebb_device_free(device);
}

static void units_of_nothing_are_one(void **state) {
  (void)state;
  ebb_device *device = opens("SPOOF_UNITS=0");
  assert_int_equal(ebb_device_get_info(device)->compute_units, 1);
  ebb_device_free(device);
  device = opens("SPOOF_UNITS=0xffffffff");
  assert_true(ebb_device_get_info(device)->compute_units <= 1 << 20);
  ebb_device_free(device);
}

static void sizes_without_end(void **state) {
  (void)state;
  static const char largest[] = "SPOOF_GLOBAL=0xffffffffffffffff SPOOF_ALLOC=0xffffffffffffffff "
                                "SPOOF_LOCAL=0xffffffffffffffff SPOOF_GROUP=0xffffffffffffffff";
  ebb_device *device = opens(largest);
  ebb_tensor *tensor;
  assert_true(ebb_device_get_info(device)->global_bytes <= (uint64_t)1 << 50);
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, SIZE_MAX / 8, 1), EBB_ERR_MEMORY);
  ebb_device_free(device);
  device = opens("SPOOF_GLOBAL=1000000 SPOOF_ALLOC=2000000");
  assert_int_equal(ebb_device_get_info(device)->max_allocation, 1000000);
  ebb_device_free(device);
}

static void widths_of_no_vector(void **state) {
  (void)state;
  static const struct {
    const char *variables;
    unsigned width;
  } rows[] = {{"SPOOF_WIDTH=0", 4}, {"SPOOF_WIDTH=1", 4},     {"SPOOF_WIDTH=3", 4},
              {"SPOOF_WIDTH=9", 8}, {"SPOOF_WIDTH=1000", 16}, {"SPOOF_WIDTH=0xffffffff", 16}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ebb_device *device = opens(rows[i].variables);
    assert_int_equal(ebb_device_width(device), rows[i].width);
    ebb_device_free(device);
  }
}

/* In bits, as drivers report it. */
static void alignments(void **state) {
  (void)state;
  static const struct {
    const char *variables;
    size_t bytes;
  } rows[] = {{"SPOOF_ALIGN=0", 128},
              {"SPOOF_ALIGN=7", 128},
              {"SPOOF_ALIGN=1024", 128},
              {"SPOOF_ALIGN=1032", 256},
              {"SPOOF_ALIGN=24000", 4096}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ebb_device *device = opens(rows[i].variables);
    assert_int_equal(ebbi_device_alignment(device), rows[i].bytes);
    ebb_device_free(device);
  }
  is_refused("SPOOF_ALIGN=0x80000000", "268435456 bytes");
  is_refused("SPOOF_ALIGN=0xffffffff", "536870911 bytes");
}

static void types_of_no_device(void **state) {
  (void)state;
  ebb_device_info info;
  fault_set("SPOOF_TYPE=0");
  assert_int_equal(ebb_device_describe(&info, 0), EBB_OK);
  assert_int_equal(info.type, EBB_DEVICE_OTHER);
  fault_set("");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(queries_that_fail_are_named),
      cmocka_unit_test(queries_that_others_can_do_without),
      cmocka_unit_test(sizes_of_nothing),
      cmocka_unit_test(units_of_nothing_are_one),
      cmocka_unit_test(sizes_without_end),
      cmocka_unit_test(widths_of_no_vector),
      cmocka_unit_test(alignments),
      cmocka_unit_test(types_of_no_device),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
