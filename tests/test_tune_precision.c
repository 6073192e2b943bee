/* Tuning in tf32 and bf16: choices are kept for each precision and tensor core, and a candidate is
 * measured only if it is correct within the precision's rounding. Uses the emulated tensor core.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "cache_rig.h"
#include "kernel_fault.h"

#include "gemm/gemm.h"
#include <ebb/ebb.h>

static const ebb_tune_shape shape = {EBB_LAYOUT_TN, 40, 20, 77};

/* Configurations other than automatic's for the shape. */
enum { OTHER = 2, ANOTHER = 3 };

static unsigned class_of_shape(void) {
  return ebb_matmul_class(shape.rows, shape.cols, shape.depth);
}

static ebb_device *open_device(ebb_precision precision) {
  ebb_device *device;
  if (ebb_device_open(&device, NULL) != EBB_OK ||
      ebb_device_set_precision(device, precision) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return device;
}

static int choice_of(const ebb_device *device) {
  return ebb_device_matmul_choice(device, shape.layout, class_of_shape());
}

static int choice_at_open(ebb_precision precision) {
  ebb_device *device = open_device(precision);
  int choice = choice_of(device);
  ebb_device_free(device);
  return choice;
}

static ebb_tune_owner owner_in(ebb_precision precision) {
  ebb_device *device = open_device(precision);
  ebb_tune_owner owner = ebb_device_tune_owner(device);
  ebb_device_free(device);
  return owner;
}

static void keep(const ebb_tune_owner *owner, int choice) {
  const ebb_tuned one = {shape, choice, 0.001, 0.002};
  if (ebb_tune_store(&one, 1, owner) != EBB_OK) fail_msg("%s", ebb_error_message());
}

static void each_precision_has_its_own(void **state) {
  (void)state;
  ebb_tune_owner tf32 = owner_in(EBB_PRECISION_TF32), bf16 = owner_in(EBB_PRECISION_BF16);
  assert_string_equal(tf32.engine, "emulated");
  assert_int_equal(bf16.precision, EBB_PRECISION_BF16);
  keep(&tf32, OTHER);
  assert_int_equal(choice_at_open(EBB_PRECISION_FP32), EBB_MATMUL_CONFIG_AUTO);
  assert_int_equal(choice_at_open(EBB_PRECISION_BF16), EBB_MATMUL_CONFIG_AUTO);
  assert_int_equal(choice_at_open(EBB_PRECISION_TF32), OTHER);
  keep(&bf16, ANOTHER);
  ebb_device *device = open_device(EBB_PRECISION_TF32);
  assert_int_equal(
      ebb_device_choose_matmul_config(device, shape.layout, shape.rows, shape.cols, shape.depth),
      OTHER);
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_BF16), EBB_OK);
  assert_int_equal(choice_of(device), ANOTHER);
  /* A choice that a program sets stays, however often the program changes the precision. */
  assert_int_equal(ebb_device_set_matmul_choice(device, shape.layout, class_of_shape(), 0), EBB_OK);
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_TF32), EBB_OK);
  assert_int_equal(choice_of(device), OTHER);
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_BF16), EBB_OK);
  assert_int_equal(choice_of(device), 0);
  ebb_device_free(device);
}

static void another_units_is_not_taken(void **state) {
  (void)state;
  ebb_tune_owner owner = owner_in(EBB_PRECISION_TF32);
  strcpy(owner.engine, "nvidia");
  keep(&owner, OTHER);
  assert_int_equal(choice_at_open(EBB_PRECISION_TF32), EBB_MATMUL_CONFIG_AUTO);
}

/* A device that changes its tensor core takes the choices of the new one only. */
static void units_change(void **state) {
  (void)state;
  ebb_tune_owner owner = owner_in(EBB_PRECISION_TF32);
  keep(&owner, OTHER);
  ebb_device *device = open_device(EBB_PRECISION_TF32);
  assert_int_equal(choice_of(device), OTHER);
  ebbi_exec exec = *ebbi_device_exec(device);
  exec.mma = (ebbi_mma_state){EBB_PRECISION_TF32, EBBI_UNIT_NVIDIA};
  ebbi_tuned_load(&exec, device);
  ebbi_device_set_exec(device, &exec);
  assert_int_equal(choice_of(device), EBB_MATMUL_CONFIG_AUTO);
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_TF32), EBB_OK);
  assert_int_equal(choice_of(device), OTHER);
  ebb_device_free(device);
}

static void off_by_variable(void **state) {
  (void)state;
  ebb_tune_owner owner = owner_in(EBB_PRECISION_BF16);
  keep(&owner, OTHER);
  setenv("EBB_TUNE", "off", 1);
  assert_int_equal(choice_at_open(EBB_PRECISION_BF16), EBB_MATMUL_CONFIG_AUTO);
  unsetenv("EBB_TUNE");
}

/* All layouts pass in both precisions. A choice of no tensor core is refused. */
static void measuring(void **state) {
  (void)state;
  for (int p = EBB_PRECISION_TF32; p < EBB_PRECISION_COUNT; p++) {
    ebb_device *device = open_device((ebb_precision)p);
    for (int l = 0; l < EBB_LAYOUT_COUNT; l++) {
      const ebb_tune_shape s = {(ebb_layout)l, 20, 36, 130};
      ebb_tuner *tuner;
      double seconds = 0, auto_seconds = 0;
      if (ebb_tuner_create(&tuner, device, &s) != EBB_OK) fail_msg("%s", ebb_error_message());
      if (ebb_tuner_measure(&seconds, &auto_seconds, tuner, 1) != EBB_OK)
        fail_msg("%s", ebb_error_message());
      assert_true(seconds > 0 && auto_seconds > 0);
      assert_int_equal(
          ebb_tuner_measure(&seconds, NULL, tuner, (int)ebb_matmul_config_count((ebb_precision)p)),
          EBB_ERR_ARGUMENT);
      assert_int_equal(ebb_tuner_measure(&seconds, NULL, tuner, EBB_MATMUL_CLBLAST),
                       EBB_ERR_UNSUPPORTED);
      ebb_tuner_free(tuner);
    }
    ebb_device_free(device);
  }
}

/* A candidate two digits worse than its precision: fp32's bound finds it, and tf32's must. */
static void a_wrong_candidate_is_found(void **state) {
  (void)state;
  double seconds;
  ebb_tuner *tuner;
  ebb_device *device = open_device(EBB_PRECISION_TF32);
  assert_int_equal(ebb_tuner_create(&tuner, device, &shape), EBB_OK);
  assert_int_equal(ebb_tuner_measure(&seconds, NULL, tuner, 0), EBB_OK);
  plant_fault("mma.h", "0xffffe000u", "0xffff8000u");
  assert_int_equal(ebb_tuner_measure(&seconds, NULL, tuner, OTHER), EBB_ERR_NUMBERS);
  assert_non_null(strstr(ebb_error_message(), "128x64x16 64x32: tn "));
  unplant_fault();
  ebb_tuner_free(tuner);
  ebb_device_free(device);
}

/* A tuner belongs to the precision of its creation, and reports a change before a kernel fault. */
static void a_tuner_keeps_its_precision(void **state) {
  (void)state;
  double seconds;
  ebb_tuner *tuner;
  ebb_device *device = open_device(EBB_PRECISION_BF16);
  assert_int_equal(ebb_tuner_create(&tuner, device, &shape), EBB_OK);
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_FP32), EBB_OK);
  assert_int_equal(ebb_tuner_measure(&seconds, NULL, tuner, EBB_MATMUL_CONFIG_AUTO),
                   EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "made in bf16 and the device is in fp32 now"));
  ebb_tuner_free(tuner);
  ebb_device_free(device);
}

#define TUNE_TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

/* The group's device is opened before XDG_CACHE_HOME changes, because drivers keep caches there
 * too, which the tests must not move. */
int main(void) {
  const struct CMUnitTest tests[] = {
      TUNE_TEST(each_precision_has_its_own),
      TUNE_TEST(another_units_is_not_taken),
      TUNE_TEST(units_change),
      TUNE_TEST(off_by_variable),
      TUNE_TEST(measuring),
      TUNE_TEST(a_wrong_candidate_is_found),
      TUNE_TEST(a_tuner_keeps_its_precision),
  };
  return cmocka_run_group_tests(tests, open_emulated_device, close_emulated_device);
}
