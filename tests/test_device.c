/* The device layer: selection, errors with their numbers, memory accounting, recording, doctor. */
#include "device/environment.h"
#include "test_support.h"

#include <ebb/ebb.h>
#include <ebb/tool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void devices_are_listed_and_described(void **state) {
  (void)state;
  size_t count;
  ebb_device_info info;
  assert_int_equal(ebb_device_count(&count), EBB_OK);
  assert_true(count > 0);
  assert_int_equal(ebb_device_describe(&info, 0), EBB_OK);
  assert_true(strlen(info.name) > 0 && strlen(info.platform) > 0);
  assert_true(info.compute_units > 0 && info.max_allocation > 0);
  assert_int_equal(ebb_device_describe(&info, count), EBB_ERR_ARGUMENT);
}

/* Opens by a selector and compares the name with that of entry 0. */
static void opens(const char *selector, const char *name) {
  ebb_device *device;
  assert_int_equal(ebb_device_open(&device, selector), EBB_OK);
  assert_string_equal(ebb_device_get_info(device)->name, name);
  assert_true(strlen(ebb_device_reason(device)) > 0);
  ebb_device_free(device);
}

static void selectors(void **state) {
  (void)state;
  ebb_device_info info;
  char upper[8];
  assert_int_equal(ebb_device_describe(&info, 0), EBB_OK);
  snprintf(upper, sizeof upper, "%.5s", info.name);
  for (char *c = upper; *c; c++)
    if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
  opens("0", info.name);
  opens("0:0", info.name);
  opens(info.name, info.name);
  opens(upper, info.name);
  opens(NULL, info.name);
  setenv("EBB_DEVICE", info.name, 1);
  opens("", info.name);
  setenv("EBB_DEVICE", "no such thing", 1);
  ebb_device *device;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_ERR_NO_DEVICE);
  assert_non_null(strstr(ebb_error_message(), "no such thing"));
  assert_non_null(strstr(ebb_error_message(), info.name));
  unsetenv("EBB_DEVICE");
  assert_int_equal(ebb_device_open(&device, "99"), EBB_ERR_NO_DEVICE);
  assert_int_equal(ebb_device_open(&device, "0:99"), EBB_ERR_NO_DEVICE);
}

static void memory_is_accounted_for(void **state) {
  ebb_device *device = *state;
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  ebb_tensor *tensor;
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, 7, 33), EBB_OK);
  assert_int_equal(ebb_device_counters(device).allocated_bytes - before, 7 * 64 * 4);
  ebb_tensor_free(tensor);
  assert_int_equal(ebb_device_counters(device).allocated_bytes, before);
  size_t cols = (size_t)(ebb_device_get_info(device)->max_allocation / 4) + 1024;
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, 1, cols), EBB_ERR_MEMORY);
  assert_non_null(strstr(ebb_error_message(), "GiB"));
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, SIZE_MAX / 2, 64), EBB_ERR_MEMORY);
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, 0, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_counters(device).allocated_bytes, before);
}

static void strides_are_padded_and_never_collide(void **state) {
  ebb_device *device = *state;
  static const size_t cols[] = {1, 31, 32, 33, 255, 256, 257, 512, 1024};
  for (size_t i = 0; i < sizeof cols / sizeof *cols; i++) {
    ebb_tensor *tensor;
    assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, 2, cols[i]), EBB_OK);
    size_t stride = ebb_tensor_stride(tensor);
    assert_true(stride >= cols[i] && stride % 32 == 0 && stride % 256 != 0);
    ebb_tensor_free(tensor);
  }
}

static void engines(void **state) {
  ebb_device *device = *state;
  ebb_engine before = ebb_device_engine(device);
  assert_int_equal(ebb_device_set_engine(device, EBB_ENGINE_GPU), EBB_OK);
  assert_int_equal(ebb_device_engine(device), EBB_ENGINE_GPU);
  assert_int_equal(ebb_device_set_engine(device, (ebb_engine)17), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_set_engine(device, before), EBB_OK);
  setenv("EBB_MATMUL", "fast", 1);
  ebb_device *other;
  assert_int_equal(ebb_device_open(&other, NULL), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "EBB_MATMUL=fast"));
  unsetenv("EBB_MATMUL");
}

static void widths(void **state) {
  ebb_device *device = *state, *other;
  unsigned before = ebb_device_width(device);
  assert_int_equal(ebb_device_set_width(device, 4), EBB_OK);
  assert_int_equal(ebb_device_width(device), 4);
  assert_int_equal(ebb_device_set_width(device, 5), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_width(device), 4);
  assert_int_equal(ebb_device_set_width(device, before), EBB_OK);
  setenv("EBB_WIDTH", "8", 1);
  assert_int_equal(ebb_device_open(&other, NULL), EBB_OK);
  assert_int_equal(ebb_device_width(other), 8);
  ebb_device_free(other);
  setenv("EBB_WIDTH", "wide", 1);
  assert_int_equal(ebb_device_open(&other, NULL), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "EBB_WIDTH=wide"));
  unsetenv("EBB_WIDTH");
}

static void a_build_error_carries_the_whole_log(void **state) {
  (void)state;
  char folder[] = "/tmp/ebb_test_XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/init.cl", folder);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("__kernel void other() { nor is this; }\n"
        "__kernel void init_weights() { this is no kernel; }\n",
        file);
  fclose(file);
  setenv("EBB_KERNEL_DIR", folder, 1);
  ebb_device *device;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  struct rlimit before, limited;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  limited = before;
  limited.rlim_cur = before.rlim_cur < 1 << 30 ? before.rlim_cur : 1 << 30;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
  ebb_tensor *w;
  assert_int_equal(ebb_tensor_create(&w, device, EBB_F32, 2, 2), EBB_OK);
  for (int again = 0; again < 2; again++) { /* the second time without building */
    assert_int_equal(ebb_init_weights(w, EBB_INIT_HE_NORMAL, 1, 0), EBB_ERR_DEVICE);
    assert_non_null(strstr(ebb_error_message(), "init.cl:2"));
    assert_non_null(strstr(ebb_error_message(), "does not build"));
    assert_non_null(strstr(ebb_error_message(), "the limit on file sizes (ulimit -f) may be why"));
    remove(path);
  }
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  ebb_tensor_free(w);
  ebb_device_free(device);
  remove(path);
  remove(folder);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_int_equal(ebb_tensor_create(&w, device, EBB_F32, 2, 2), EBB_OK);
  assert_int_equal(ebb_init_weights(w, EBB_INIT_HE_NORMAL, 1, 0), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), folder)); /* which no longer exists */
  ebb_tensor_free(w);
  ebb_device_free(device);
  unsetenv("EBB_KERNEL_DIR");
}

/* A failed plan's programs are not built by the next plan. */
static void a_failed_plan_is_forgotten(void **state) {
  (void)state;
  ebb_device *device;
  ebb_tensor *a, *b;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, 1, 64), EBB_OK);
  assert_int_equal(ebb_tensor_create(&b, device, EBB_F32, 1, 64), EBB_OK);
  ebbi_programs_plan(device);
  assert_int_equal(ebb_probe_fma(a, b, 1, 1, 1), EBB_OK);
  assert_int_equal(ebb_device_counters(device).launches, 0);
  assert_int_equal(ebbi_programs_build(device, EBB_ERR_MEMORY), EBB_ERR_MEMORY);
  ebbi_programs_plan(device);
  assert_int_equal(ebb_probe_triad(a, b, b, 1), EBB_OK);
  assert_int_equal(ebbi_programs_build(device, EBB_OK), EBB_OK);
  ebb_counters counters = ebb_device_counters(device);
  assert_int_equal(counters.programs_built + counters.programs_cached, 1);
  ebb_tensor_free(a);
  ebb_tensor_free(b);
  ebb_device_free(device);
}

static void recording_queues_nothing_until_it_runs(void **state) {
  ebb_device *device = *state;
  ebb_tensor *a, *c;
  float values[4] = {1, 2, 3, 4}, result[4];
  assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, 2, 2), EBB_OK);
  assert_int_equal(ebb_tensor_create(&c, device, EBB_F32, 2, 2), EBB_OK);
  assert_int_equal(ebb_tensor_upload(a, values), EBB_OK);
  ebbi_sequence *sequence;
  uint64_t launches = ebb_device_counters(device).launches;
  assert_int_equal(ebbi_sequence_begin(&sequence, device), EBB_OK);
  assert_int_equal(ebb_matmul(c, a, false, a, false), EBB_OK);
  ebbi_sequence_end(sequence);
  assert_int_equal(ebb_device_counters(device).launches, launches);
  assert_int_equal(ebbi_sequence_launches(sequence), 1);
  assert_int_equal(ebb_tensor_download(result, c), EBB_OK);
  assert_true(result[0] == 0 && result[3] == 0);
  assert_int_equal(ebbi_sequence_run(sequence), EBB_OK);
  assert_int_equal(ebb_tensor_download(result, c), EBB_OK);
  assert_true(result[0] == 7 && result[1] == 10 && result[2] == 15 && result[3] == 22);
  ebbi_sequence_free(sequence);
  ebb_tensor_free(a);
  ebb_tensor_free(c);
}

static void wrong_shapes_are_named(void **state) {
  ebb_device *device = *state;
  ebb_tensor *a, *b;
  assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, 32, 784), EBB_OK);
  assert_int_equal(ebb_tensor_create(&b, device, EBB_F32, 785, 10), EBB_OK);
  assert_int_equal(ebb_matmul(a, a, false, b, false), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "[32, 784]"));
  assert_non_null(strstr(ebb_error_message(), "[785, 10]"));
  assert_int_equal(ebb_matmul(a, a, true, b, true), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_matmul(NULL, a, false, b, false), EBB_ERR_ARGUMENT);
  ebb_tensor_free(a);
  ebb_tensor_free(b);
}

static void packed_and_shared_tensors_are_refused(void **state) {
  ebb_device *device = *state;
  ebb_tensor *packed, *padded, *same;
  assert_int_equal(ebb_tensor_create_packed(&packed, device, EBB_F32, 5, 5), EBB_OK);
  assert_int_equal(ebb_tensor_create(&padded, device, EBB_F32, 5, 5), EBB_OK);
  assert_int_equal(ebb_tensor_create(&same, device, EBB_F32, 5, 5), EBB_OK);
  assert_int_equal(ebb_matmul(same, packed, false, padded, true), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "a is packed"));
  assert_int_equal(ebb_matmul(same, same, false, padded, false), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "same tensor"));
  assert_int_equal(ebb_dense_input_gradient(same, padded, padded, NULL, same, EBB_ACT_RELU),
                   EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_matmul(same, padded, false, padded, false), EBB_OK);
  ebb_tensor_free(packed);
  ebb_tensor_free(padded);
  ebb_tensor_free(same);
}

static void a_batch_past_the_last_row_is_empty(void **state) {
  ebb_device *device = *state;
  ebb_tensor *x, *y, *state_tensor, *data, *labels, *partials;
  float rows[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, batch[4];
  ebb_state step = ebb_state_default(0, 0, 0);
  assert_int_equal(ebb_tensor_create(&x, device, EBB_F32, 4, 1), EBB_OK);
  assert_int_equal(ebb_tensor_create(&y, device, EBB_I32, 4, 1), EBB_OK);
  assert_int_equal(ebb_tensor_create(&state_tensor, device, EBB_I32, 1, EBB_STATE_WORDS), EBB_OK);
  assert_int_equal(ebb_tensor_create_packed(&data, device, EBB_F32, 10, 1), EBB_OK);
  assert_int_equal(ebb_tensor_create_packed(&labels, device, EBB_I32, 10, 1), EBB_OK);
  assert_int_equal(ebb_loss_partials_create(&partials, device, 4), EBB_OK);
  assert_int_equal(ebb_tensor_upload(data, rows), EBB_OK);
  assert_int_equal(ebb_tensor_upload(state_tensor, &step), EBB_OK);
  for (uint32_t i = 0; i < 5; i++) { /* 4, 4, 2, 0 and 0 rows */
    static const uint32_t live[] = {4, 4, 2, 0, 0};
    assert_int_equal(ebb_gather(x, y, state_tensor, data, labels, 1, true, 7), EBB_OK);
    assert_int_equal(ebb_tensor_download(&step, state_tensor), EBB_OK);
    assert_int_equal(step.live, live[i]);
    assert_int_equal(ebb_tensor_download(batch, x), EBB_OK);
    for (uint32_t r = 0; r < 4; r++) assert_true(batch[r] == (r < live[i] ? 1 : 0));
    assert_int_equal(ebb_metrics_add(state_tensor, partials), EBB_OK);
  }
  ebb_tensor *all[] = {x, y, state_tensor, data, labels, partials};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
}

static size_t findings, bad_findings;

static void count_finding(const ebb_finding *finding, void *user) {
  (void)user;
  findings++;
  if (!finding->ok) {
    bad_findings++;
    assert_true(strlen(finding->advice) > 0);
  }
}

static void the_doctor_finds_what_is_missing(void **state) {
  (void)state;
  bool healthy = false;
  findings = bad_findings = 0;
  assert_int_equal(ebb_doctor(&healthy, count_finding, NULL), EBB_OK);
  assert_true(healthy && findings >= 2);
  setenv("OCL_ICD_VENDORS", "/dev/null/vendors", 1);
  assert_int_equal(ebb_doctor(&healthy, count_finding, NULL), EBB_OK);
  assert_true(bad_findings > 0);
  unsetenv("OCL_ICD_VENDORS");
  setenv("EBB_DEVICE", "no such thing", 1);
  assert_int_equal(ebb_doctor(&healthy, count_finding, NULL), EBB_OK);
  assert_false(healthy);
  unsetenv("EBB_DEVICE");
}

/* With this value of a variable no device opens; the message names both. */
static void opens_none_with(const char *variable, const char *value) {
  char wanted[128], *before = getenv(variable) ? strdup(getenv(variable)) : NULL;
  ebb_device *device;
  snprintf(wanted, sizeof wanted, "%s=%s", variable, value);
  setenv(variable, value, 1);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_ERR_NO_DEVICE);
  assert_non_null(strstr(ebb_error_message(), wanted));
  unsetenv(variable);
  if (before) setenv(variable, before, 1);
  free(before);
}

static void what_breaks_pocl_is_refused(void **state) {
  if (!ebbi_pocl_is_there() ||
      strcmp(ebb_device_get_info(*state)->platform, ebbi_pocl_platform) != 0)
    skip();
  opens_none_with("POCL_CACHE_DIR", ""); /* with these, PoCL would end the process */
  opens_none_with("POCL_MAX_PTHREAD_COUNT", "-1");
  opens_none_with("POCL_MAX_WORK_GROUP_SIZE", "0");
  opens_none_with("POCL_CACHE_DIR", "/dev/null"); /* with this, PoCL could build no program */
  opens(NULL, ebb_device_get_info(*state)->name);
}

static char seen[256];

static void note_icd(const ebbi_icd *icd, void *user) {
  (void)user;
  size_t used = strlen(seen);
  snprintf(seen + used, sizeof seen - used, "%s %s;", icd->file ? "file" : "name",
           icd->library ? icd->library : "unread");
}

static void sees(const char *place, const char *drivers) {
  seen[0] = '\0';
  setenv("OCL_ICD_VENDORS", place, 1);
  (void)ebbi_icd_visit(note_icd, NULL);
  assert_string_equal(seen, drivers);
  unsetenv("OCL_ICD_VENDORS");
}

/* The loader's own rules: a folder, a file, the name of a file in the usual folder, a library. */
static void icd_files_are_found_as_the_loader_finds_them(void **state) {
  (void)state;
  char folder[] = "/tmp/ebb_test_XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  sees(folder, "");
  snprintf(path, sizeof path, "%s/a.icd", folder);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("libnone.so\n", file);
  fclose(file);
  sees(folder, "file libnone.so;");
  sees(path, "file libnone.so;");
  sees("libnone.so", "name libnone.so;");
  setenv("OPENCL_VENDOR_PATH", folder, 1);
  sees("a.icd", "file libnone.so;");
  sees("", "file libnone.so;");
  sees("b.icd", "file unread;");
  unsetenv("OPENCL_VENDOR_PATH");
  remove(path);
  remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(devices_are_listed_and_described),
      cmocka_unit_test(selectors),
      cmocka_unit_test(memory_is_accounted_for),
      cmocka_unit_test(strides_are_padded_and_never_collide),
      cmocka_unit_test(engines),
      cmocka_unit_test(widths),
      cmocka_unit_test(a_build_error_carries_the_whole_log),
      cmocka_unit_test(a_failed_plan_is_forgotten),
      cmocka_unit_test(recording_queues_nothing_until_it_runs),
      cmocka_unit_test(wrong_shapes_are_named),
      cmocka_unit_test(packed_and_shared_tensors_are_refused),
      cmocka_unit_test(a_batch_past_the_last_row_is_empty),
      cmocka_unit_test(the_doctor_finds_what_is_missing),
      cmocka_unit_test(what_breaks_pocl_is_refused),
      cmocka_unit_test(icd_files_are_found_as_the_loader_finds_them),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
