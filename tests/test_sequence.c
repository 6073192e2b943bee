/* Recorded sequences as command buffers and as single enqueue calls: the same weights bit for bit,
 * the same counts, and single calls where necessary.
 */
#include "train/train.h"
#include "train_rig.h"

#include <string.h>

enum { STEPS = 37 };

/* A training in one of the two ways: its weights, and the launches and waits of its steps. */
typedef struct outcome {
  float *weights;
  size_t count;
  uint64_t launches, waits;
  bool buffered;
} outcome;

/* Returns NULL and skips the test if the device has no command buffers. */
static ebb_device *open_with(const char *word) {
  ebb_device *device = NULL;
  setenv("EBB_COMMAND_BUFFER", word, 1);
  ebb_status status = ebb_device_open(&device, NULL);
  unsetenv("EBB_COMMAND_BUFFER");
  if (status == EBB_ERR_UNSUPPORTED) {
    assert_non_null(strstr(ebb_error_message(), "cl_khr_command_buffer"));
    skip();
  }
  assert_int_equal(status, EBB_OK);
  return device;
}

static outcome train(ebb_device *device, const char *spec, size_t batch) {
  outcome o;
  rig r = rig_make(device, spec);
  r.options.batch = batch;
  r.options.step = EBB_STEP_LAYERS;
  assert_int_equal(rig_start(&r), EBB_OK);
  o.buffered = ebbi_sequence_is_buffered(r.trainer->sequences[0]);
  ebb_counters before = ebb_device_counters(device);
  assert_int_equal(ebb_trainer_step(r.trainer, STEPS), EBB_OK);
  ebb_counters after = ebb_device_counters(device);
  o.launches = after.launches - before.launches;
  o.waits = after.waits - before.waits;
  o.weights = parameters_of(r.network, &o.count);
  rig_free(&r);
  return o;
}

static void both_ways_train_the_same_weights(void **state) {
  (void)state;
  static const struct {
    const char *spec;
    size_t batch;
  } cases[] = {{"5relu", 7}, {"40gelu-33tanh", 32}, {"17sigmoid", ROWS}};
  ebb_device *on = open_with("on"), *off = open_with("off");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    outcome a = train(on, cases[i].spec, cases[i].batch);
    outcome b = train(off, cases[i].spec, cases[i].batch);
    assert_true(a.buffered && !b.buffered);
    assert_int_equal(a.launches, b.launches);
    assert_int_equal(a.waits, 0);
    assert_int_equal(b.waits, 0);
    assert_int_equal(a.count, b.count);
    assert_memory_equal(a.weights, b.weights, a.count * sizeof *a.weights);
    free(a.weights);
    free(b.weights);
  }
  ebb_device_free(on);
  ebb_device_free(off);
}

/* A command buffer has one event for all its launches, so a profile queues them one by one. */
static void a_profile_sees_every_launch(void **state) {
  (void)state;
  ebb_device *device = NULL;
  setenv("EBB_COMMAND_BUFFER", "on", 1);
  ebb_status status = ebb_device_open_profiled(&device, NULL);
  unsetenv("EBB_COMMAND_BUFFER");
  if (status == EBB_ERR_UNSUPPORTED) skip();
  assert_int_equal(status, EBB_OK);
  assert_int_equal(ebb_profile_begin(device, 0), EBB_OK);
  outcome o = train(device, "5relu", 16);
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  assert_true(o.buffered);
  size_t count;
  uint64_t gathers = 0;
  const ebb_profile_row *rows = ebb_profile_rows(&count, device);
  for (size_t i = 0; i < count; i++)
    if (strcmp(rows[i].name, "gather") == 0) gathers += rows[i].launches;
  assert_int_equal(gathers, STEPS);
  free(o.weights);
  ebb_device_free(device);
}

/* CLBlast exposes no kernel object that could be recorded. */
static void a_foreign_product_is_queued_plainly(void **state) {
  (void)state;
  ebb_device *on = open_with("on");
  if (ebb_device_set_engine(on, EBB_ENGINE_CLBLAST) != EBB_OK) {
    ebb_device_free(on);
    skip();
  }
  outcome o = train(on, "5relu", 16);
  assert_false(o.buffered);
  assert_true(o.launches > STEPS);
  free(o.weights);
  ebb_device_free(on);
}

/* The driver must retain what it runs: buffer, kernels and tensors are released meanwhile. */
static void a_pending_buffer_may_be_released(void **state) {
  (void)state;
  ebb_device *on = open_with("on");
  for (int i = 0; i < 20; i++) {
    rig r = rig_make(on, "64relu-64relu");
    r.options.step = EBB_STEP_LAYERS;
    assert_int_equal(rig_start(&r), EBB_OK);
    assert_int_equal(ebb_trainer_step(r.trainer, 50), EBB_OK);
    rig_free(&r);
  }
  assert_int_equal(ebb_device_finish(on), EBB_OK);
  ebb_device_free(on);
}

static void the_word_is_on_or_off(void **state) {
  (void)state;
  ebb_device *device;
  setenv("EBB_COMMAND_BUFFER", "maybe", 1);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "EBB_COMMAND_BUFFER=maybe"));
  unsetenv("EBB_COMMAND_BUFFER");
}

/* Without the variable, a CPU uses no command buffers. */
static void a_cpu_does_without(void **state) {
  ebb_device *device = *state;
  if (ebb_device_get_info(device)->type != EBB_DEVICE_CPU) skip();
  outcome o = train(device, "5relu", 16);
  assert_false(o.buffered);
  free(o.weights);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_ways_train_the_same_weights),
      cmocka_unit_test(a_profile_sees_every_launch),
      cmocka_unit_test(a_foreign_product_is_queued_plainly),
      cmocka_unit_test(a_pending_buffer_may_be_released),
      cmocka_unit_test(the_word_is_on_or_off),
      cmocka_unit_test(a_cpu_does_without),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
