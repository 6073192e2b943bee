/* Execution settings: a plan keeps its own, whatever the device's default is later; checks with
 * other settings never change the default, not even temporarily.
 */
#include "device/cl.h"
#include "graph/pass.h"
#include "train_rig.h"

#include <stdio.h>
#include <string.h>

/* The default, as the public functions report it. */
typedef struct settings {
  ebb_engine engine;
  ebb_precision precision;
  unsigned width;
  int config;
} settings;

static settings settings_of(const ebb_device *device) {
  return (settings){ebb_device_engine(device), ebb_device_precision(device),
                    ebb_device_width(device), ebb_device_matmul_config(device)};
}

static void expect_settings(const ebb_device *device, settings expected) {
  settings now = settings_of(device);
  assert_int_equal(now.engine, expected.engine);
  assert_int_equal(now.precision, expected.precision);
  assert_int_equal(now.width, expected.width);
  assert_int_equal(now.config, expected.config);
}

static unsigned other_width(const ebb_device *device) {
  return ebb_device_width(device) == 8 ? 4 : 8;
}

/* The number of the device's programs that were built with this option. */
static size_t programs_with(const ebb_device *device, const char *option) {
  size_t count = 0;
  for (const ebbi_program *p = device->programs; p; p = p->next)
    count += strstr(p->options, option) != NULL;
  return count;
}

/* All launches of a pass are built with its own settings. */
static void a_pass_runs_by_its_own(void **state) {
  (void)state;
  ebb_device *device;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  ebb_network *network = make_network(device, "9silu", CLASSES);
  settings before = settings_of(device);
  ebbi_exec exec = *ebbi_device_exec(device);
  char own[32], wide[32];
  unsigned width = other_width(device);
  snprintf(own, sizeof own, "-DWIDTH=%u ", ebb_device_width(device));
  snprintf(wide, sizeof wide, "-DWIDTH=%u ", width);
  size_t built = programs_with(device, own);
  assert_int_equal(ebbi_exec_set_width(&exec, device, width), EBB_OK);
  ebbi_pass *pass;
  assert_int_equal(ebbi_pass_create(&pass, &exec, network, 5,
                                    ebb_loss_default(EBB_LOSS_CROSS_ENTROPY), EBBI_PASS_LAYERS),
                   EBB_OK);
  exec.engine = EBB_ENGINE_COUNT; /* the pass has a copy */
  assert_int_equal(ebbi_pass_forward(pass), EBB_OK);
  assert_int_equal(ebbi_pass_loss(pass), EBB_OK);
  assert_int_equal(ebbi_pass_backward(pass), EBB_OK);
  assert_int_equal(programs_with(device, own), built);
  assert_int_equal(programs_with(device, wide), 5); /* 2 forward, loss, dw, dz */
  expect_settings(device, before);
  ebbi_pass_free(pass);
  ebb_network_free(network);
  ebb_device_free(device);
}

/* The parameters after a training; with `change`, the device's default changes during it. */
static float *train(size_t *count, ebb_device *device, ebb_step_form step, bool change) {
  settings before = settings_of(device);
  ebb_metrics metrics;
  rig r = rig_make(device, "9silu");
  r.options.step = step;
  assert_int_equal(rig_start(&r), EBB_OK);
  if (change) {
    ebb_engine other = before.engine == EBB_ENGINE_CPU ? EBB_ENGINE_GPU : EBB_ENGINE_CPU;
    assert_int_equal(ebb_device_set_engine(device, other), EBB_OK);
    assert_int_equal(ebb_device_set_width(device, other_width(device)), EBB_OK);
  }
  settings during = settings_of(device);
  assert_int_equal(ebb_self_test(r.trainer), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 7), EBB_OK);
  assert_int_equal(ebb_sentinel(r.trainer, 5, NULL), EBB_OK);
  expect_settings(device, during);
  assert_int_equal(
      ebb_evaluate(&metrics, r.network, &r.data, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY)), EBB_OK);
  float *parameters = parameters_of(r.network, count);
  rig_free(&r);
  assert_int_equal(ebb_device_set_engine(device, before.engine), EBB_OK);
  assert_int_equal(ebb_device_set_width(device, before.width), EBB_OK);
  return parameters;
}

static void a_training_keeps_its_own(void **state) {
  static const ebb_step_form forms[] = {EBB_STEP_LAYERS, EBB_STEP_WHOLE};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    size_t count;
    float *usual = train(&count, *state, forms[i], false);
    float *changed = train(&count, *state, forms[i], true);
    assert_memory_equal(usual, changed, count * sizeof *usual);
    free(usual);
    free(changed);
  }
}

typedef struct watch {
  const ebb_device *device;
  settings usual;
  size_t checks;
} watch;

static bool look(const ebb_check *check, void *user) {
  watch *w = user;
  (void)check;
  expect_settings(w->device, w->usual);
  w->checks++;
  return true;
}

/* Other engines and widths are checked, and the device's default stays the same meanwhile. */
static void a_verification_changes_nothing(void **state) {
  watch w = {*state, settings_of(*state), 0};
  const ebb_verify_options options = {
      .size = sizeof(ebb_verify_options), .kernels = true, .all = true, .only = "matmul_nn"};
  ebb_verify_result result;
  assert_int_equal(ebb_verify(&result, *state, &options, look, &w), EBB_OK);
  assert_true(w.checks >= 4);
  expect_settings(*state, w.usual);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_pass_runs_by_its_own),
      cmocka_unit_test(a_training_keeps_its_own),
      cmocka_unit_test(a_verification_changes_nothing),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
