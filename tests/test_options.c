/* Options structs that begin with their size: their defaults, and programs that are older or newer
 * than the library.
 */
#include "train_rig.h"

#include <ebb/verify.h>
#include <stddef.h>
#include <string.h>

static void defaults_are_those_of_the_tables(void **state) {
  (void)state;
  const ebb_train_options o = EBB_TRAIN_OPTIONS_INIT;
  const ebb_optimizer adam = ebb_optimizer_default(EBB_OPT_ADAM);
  const ebb_schedule constant = ebb_schedule_default(EBB_SCHEDULE_CONSTANT);
  assert_int_equal(o.size, sizeof o);
  assert_true(ebb_loss_equal(o.loss, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY)));
  assert_int_equal(o.optimizer.kind, EBB_OPT_ADAM);
  for (int s = 0; s < EBB_SETTING_COUNT; s++)
    assert_true(ebb_optimizer_get(&o.optimizer, (ebb_optimizer_setting)s) ==
                ebb_optimizer_get(&adam, (ebb_optimizer_setting)s));
  assert_int_equal(o.schedule.kind, constant.kind);
  assert_true(o.schedule.factor == constant.factor && o.schedule.warmup == constant.warmup &&
              o.schedule.steps == constant.steps);
  assert_true(o.learning_rate == (float)ebb_optimizer_learning_rate(EBB_OPT_ADAM));
  assert_true(o.epochs == 20 && o.batch == 32 && o.shuffle && o.seed == 1);
  assert_true(o.step == EBB_STEP_AUTO && o.data_on == EBB_DATA_AUTO && o.block_bytes == 0);
  assert_true(!o.keep_best && o.monitor == EBB_MONITOR_LOSS && o.min_delta == 0);
  assert_true(o.patience == 0 && o.look_steps == 0);
}

static void expect_refused(ebb_status status, const char *word) {
  assert_int_equal(status, EBB_ERR_ARGUMENT);
  if (!strstr(ebb_error_message(), word)) fail_msg("%s", ebb_error_message());
}

static void options_without_size_are_refused(void **state) {
  const ebb_train_options train = {0};
  const ebb_verify_options verify = {.kernels = true};
  const ebb_read_options read = {.no_target = true};
  ebb_verify_result result;
  ebb_trainer *trainer;
  ebb_table *table;
  rig r = rig_make(*state, "8relu");
  expect_refused(ebb_trainer_create(&trainer, r.network, &r.data, NULL, &train), "_INIT");
  expect_refused(ebb_verify(&result, *state, &verify, NULL, NULL), "_INIT");
  expect_refused(ebb_table_read(&table, "/nowhere", &read), "_INIT");
  rig_free(&r);
}

/* Options of a later header are accepted as long as they are 0. */
static void later_options_must_be_unset(void **state) {
  struct {
    ebb_train_options known;
    size_t later;
  } options = {EBB_TRAIN_OPTIONS_INIT, 0};
  ebb_trainer *trainer = NULL;
  rig r = rig_make(*state, "8relu");
  options.known.size = sizeof options;
  assert_int_equal(ebb_trainer_create(&trainer, r.network, &r.data, NULL, &options.known), EBB_OK);
  ebb_trainer_free(trainer);
  options.later = 1;
  expect_refused(ebb_trainer_create(&trainer, r.network, &r.data, NULL, &options.known), "beyond");
  rig_free(&r);
}

/* Options that an earlier header lacks take their defaults, whatever follows in memory. */
static void earlier_options_are_completed(void **state) {
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_trainer *trainer = NULL;
  rig r = rig_make(*state, "8relu");
  options.size = offsetof(ebb_train_options, keep_best);
  options.keep_best = true; /* this would need validation rows */
  options.patience = 7;
  assert_int_equal(ebb_trainer_create(&trainer, r.network, &r.data, NULL, &options), EBB_OK);
  ebb_trainer_free(trainer);
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_are_those_of_the_tables),
      cmocka_unit_test(options_without_size_are_refused),
      cmocka_unit_test(later_options_must_be_unset),
      cmocka_unit_test(earlier_options_are_completed),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
