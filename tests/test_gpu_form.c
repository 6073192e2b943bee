/* Losses in the form of GPUs, on this device: groups of items that take narrow rows one by one and
 * wide rows together. The device's parameters become those of a GPU. */
#include "check/verify_kernels.h"
#include "device/cl.h"
#include "test_support.h"

/* Columns about the limit between the forms, and above one pass of a group; rows below and above
 * the number of groups, which then take several. */
static const ebbi_shape shapes[] = {{9, 64, 1},   {9, 65, 1},   {70, 128, 1}, {3, 257, 1},
                                    {2, 1000, 1}, {300, 66, 1}, {601, 3, 1}};

static void compare(ebb_device *device, ebb_status (*run)(ebbi_fixture *, ebbi_shape)) {
  ebbi_exec exec = *ebbi_device_exec(device);
  ebb_device_info gpu = device->info;
  gpu.type = EBB_DEVICE_GPU_DISCRETE;
  assert_true(ebbi_params_choose(&exec.params, &gpu, 4));
  ebbi_params_options(exec.options, sizeof exec.options, &exec.params);
  assert_true(exec.params.loss_group > 1);
  ebbi_fixture fixture = {.device = device, .exec = &exec, .seed = 3};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    if (run(&fixture, shapes[i]) != EBB_OK) fail_msg("%s", ebb_error_message());
    ebbi_fixture_clear(&fixture);
    if (!(fixture.tally.compared > 0 && fixture.tally.error <= fixture.tally.bound))
      fail_msg("%zu x %zu: %s: error %.3g, bound %.3g", shapes[i].rows, shapes[i].cols,
               fixture.tally.worst, fixture.tally.error, fixture.tally.bound);
  }
}

static void test_losses(void **state) {
  compare(*state, ebbi_case_loss);
}

static void test_weighted_losses(void **state) {
  compare(*state, ebbi_case_loss_weighted);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_losses),
      cmocka_unit_test(test_weighted_losses),
  };
  return cmocka_run_group_tests_name("gpu_form", tests, open_test_device, close_test_device);
}
