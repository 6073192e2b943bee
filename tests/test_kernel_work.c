/* Every kernel reports its work to a profile: the bytes that it moves, and a shape. */
#include "check/verify_kernels.h"
#include "device/profiling.h"
#include "gemm/gemm.h"
#include "test_support.h"

/* Runs the operations of ebb verify once each, on shapes that split and shapes that do not. */
static void run_all(ebb_device *device, const ebbi_exec *exec, bool products) {
  static const ebbi_shape shapes[] = {{3, 5, 7}, {3, 5, 1043}, {3, 5, 3107}};
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    for (size_t i = 0; i < 3 && (check->use == EBBI_USE_PRODUCT) == products; i++) {
      ebbi_fixture fixture = {.device = device, .exec = exec, .activation = EBB_ACT_RELU};
      if (check->run(&fixture, shapes[i]) != EBB_OK) fail_msg("%s", ebb_error_message());
      ebbi_fixture_clear(&fixture);
    }
}

static void run_all_engines(ebb_device *device) {
  ebbi_exec exec = *ebbi_device_exec(device);
  for (int engine = 0; engine < EBB_ENGINE_COUNT; engine++)
    if (ebbi_exec_set_engine(&exec, (ebb_engine)engine) == EBB_OK) run_all(device, &exec, true);
  exec.mma = (ebbi_mma_state){EBB_PRECISION_TF32, EBBI_UNIT_EMULATED};
  run_all(device, &exec, true);
}

static void every_kernel_reports_its_work(void **state) {
  ebb_device *device = *state;
  bool seen[EBBI_KERNEL_COUNT] = {false};
  assert_int_equal(ebb_profile_begin(device, 100000), EBB_OK);
  run_all(device, ebbi_device_exec(device), false);
  run_all_engines(device);
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  const ebbi_profiling *p = device->profiling;
  assert_int_equal(p->left_out, 0);
  for (size_t i = 0; i < p->traced_count; i++)
    for (int k = 0; k < EBBI_KERNEL_COUNT; k++) {
      if (p->traced[i].name != ebbi_kernel_name((ebbi_kernel_id)k)) continue;
      seen[k] = true;
      if (p->traced[i].work.bytes <= 0 || p->traced[i].work.shape[0] == 0)
        fail_msg("%s does not report its work", p->traced[i].name);
    }
  for (int k = 0; k < EBBI_KERNEL_COUNT; k++)
    if (!seen[k]) fail_msg("%s has not been run", ebbi_kernel_name((ebbi_kernel_id)k));
}

static int open_profiled(void **state) {
  return ebb_device_open_profiled((ebb_device **)state, NULL) == EBB_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_kernel_reports_its_work)};
  return cmocka_run_group_tests(tests, open_profiled, close_test_device);
}
