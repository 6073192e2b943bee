/* Each allocation in turn fails while a checkpoint is written, read and described: every failure is
 * reported, the previous checkpoint is intact, and the next attempt succeeds.
 */
#include "checkpoint_rig.h"

#include "fail_memory.h"
#include <jansson.h>

static const plan usual = {.optimizer = EBB_OPT_ADAM, .shuffle = true};

/* True if no allocation was left to fail and the work succeeded. */
static bool is_done(ebb_status status, long n) {
  bool failed = memory_has_failed();
  if (failed && status != EBB_ERR_MEMORY && status != EBB_OK)
    fail_msg("allocation %ld: %s: %s", n, ebb_status_name(status), ebb_error_message());
  if (!failed) expect(status, EBB_OK);
  return !failed;
}

/* Checkpoints are intact whatever failed. A failure after the write leaves the new one in place. */
static uint64_t newest(void) {
  ebb_checkpoint_info info;
  expect(ebb_checkpoint_describe(&info, folder), EBB_OK);
  assert_string_equal(info.damaged, "");
  uint64_t step = info.step;
  ebb_checkpoint_info_clear(&info);
  return step;
}

static void saving(void **state) {
  training t;
  bool done = false;
  training_start(&t, *state, &usual, 11);
  steps(&t, 3);
  save(&t, 1);
  steps(&t, 1);
  for (long n = 1; !done; n++) {
    fail_memory(n);
    ebb_status status = ebb_trainer_save(t.r.trainer, folder, 2, "the caller's");
    done = is_done(status, n);
    uint64_t step = newest();
    assert_true(step == 4 || (step == 3 && status == EBB_ERR_MEMORY));
  }
  EXPECT_STEPS(4, 3);
  rig_free(&t.r);
}

static void going_on(void **state) {
  training whole, t;
  bool done = false;
  training_start(&whole, *state, &usual, 11);
  steps(&whole, 3);
  save(&whole, 1);
  steps(&whole, 4);
  for (long n = 1; !done; n++) {
    ebb_checkpoint_info info;
    training_start(&t, *state, &usual, 99);
    fail_memory(n);
    ebb_status status = ebb_trainer_resume(t.r.trainer, folder, &info);
    done = is_done(status, n);
    if (status == EBB_OK) {
      ebb_checkpoint_info_clear(&info);
      steps(&t, 4);
      expect_same(&whole, &t);
    }
    rig_free(&t.r);
  }
  rig_free(&whole.r);
}

static void describing(void **state) {
  training t;
  bool done = false;
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, "the caller's"), EBB_OK);
  rig_free(&t.r);
  for (long n = 1; !done; n++) {
    ebb_checkpoint_info info;
    fail_memory(n);
    ebb_status status = ebb_checkpoint_describe(&info, folder);
    done = is_done(status, n);
    if (status != EBB_OK) continue;
    assert_string_equal(info.extra, "the caller's");
    assert_string_equal(info.spec, "7-8tanh-3");
    assert_string_equal(info.damaged, "");
    ebb_checkpoint_info_clear(&info);
  }
}

int main(void) {
  json_set_alloc_funcs(jansson_malloc, free);
  const struct CMUnitTest tests[] = {TEST(saving), TEST(going_on), TEST(describing)};
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
