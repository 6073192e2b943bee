/* The learning-rate range test: its curve, its suggestion, and a network that stays as it was.
 */
#include "test_support.h"
#include "train_rig.h"

#include <math.h>
#include <string.h>

static float *weights(const rig *r, size_t *count) {
  return parameters_of(r->network, count);
}

static ebb_rate_test run(rig *r, const ebb_rate_test_options *options) {
  ebb_rate_test test;
  size_t count;
  float *before = weights(r, &count);
  assert_int_equal(ebb_find_rate(&test, r->network, &r->data, &r->options, options), EBB_OK);
  float *after = weights(r, &count);
  assert_memory_equal(before, after, count * sizeof *before);
  free(before);
  free(after);
  return test;
}

/* The mean loss after some epochs at a rate. */
static double trained(rig *r, double rate) {
  ebb_metrics metrics;
  r->options.learning_rate = (float)rate;
  r->options.epochs = 20;
  assert_int_equal(rig_start(r), EBB_OK);
  assert_int_equal(ebb_trainer_run(r->trainer, NULL, NULL), EBB_OK);
  assert_int_equal(ebb_evaluate(&metrics, r->network, &r->data, r->options.loss), EBB_OK);
  return metrics.loss;
}

/* Options that only concern a run have no effect, such as those that need validation rows. */
static void a_suggested_rate_trains_well(void **state) {
  for (int values = 0; values < 2; values++) {
    rig r = rig_make(*state, "8relu");
    if (values) {
      ebb_network_free(r.network);
      r.network = make_network(*state, "8relu", 1);
      r.data.outputs = 1;
      r.data.labels = NULL;
      r.data.values = r.t->values;
      r.options.loss = ebb_loss_default(EBB_LOSS_MSE);
    }
    r.options.keep_best = true;
    r.options.patience = 3;
    ebb_rate_test test = run(&r, NULL);
    assert_true(test.count > 40 && test.count <= 100);
    assert_true(test.rates[0] == (double)1e-7f);
    for (size_t i = 1; i < test.count; i++)
      assert_true(test.rates[i] > test.rates[i - 1] && isfinite(test.losses[i]));
    assert_true(test.suggestion == test.rates[test.best] / 10);
    assert_true(test.suggestion > 1e-4 && test.suggestion < 1);
    r.options.keep_best = false;
    r.options.patience = 0;
    double loss = trained(&r, test.suggestion);
    assert_true(loss < 0.3 * test.losses[0]);
    ebb_rate_test_free(&test);
    rig_free(&r);
  }
}

/* The first loss is that of the first batch, whatever the epochs; 3 rows are 12 epochs in 12 steps.
 */
static void few_rows_are_repeated(void **state) {
  rig r = rig_make(*state, "8relu");
  const ebb_rate_test_options options = {
      .size = sizeof options, .lowest = 1e-12, .highest = 1e-11, .steps = 12};
  ebb_metrics metrics;
  r.data.rows = 3;
  assert_int_equal(ebb_evaluate(&metrics, r.network, &r.data, r.options.loss), EBB_OK);
  ebb_rate_test test = run(&r, &options);
  assert_int_equal(test.count, 12);
  for (size_t i = 0; i < test.count; i++) assert_true(fabs(test.losses[i] - metrics.loss) < 1e-6);
  assert_false(test.diverged);
  ebb_rate_test_free(&test);
  rig_free(&r);
}

/* Rates at which the loss becomes infinite at once end the test, not the caller. */
static void a_divergence_ends_the_test(void **state) {
  rig r = rig_make(*state, "8relu");
  const ebb_rate_test_options options = {.size = sizeof options, .lowest = 1e20, .highest = 1e30};
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  ebb_rate_test test = run(&r, &options);
  assert_true(test.diverged && test.count < 5 && isnan(test.suggestion));
  ebb_rate_test_free(&test);
  rig_free(&r);
}

static void what_cannot_be_is_refused(void **state) {
  static const struct {
    ebb_rate_test_options options;
    const char *said;
  } cases[] = {{{sizeof(ebb_rate_test_options), 1, 0.5, 0}, "rates from 1 to 0.5"},
               {{sizeof(ebb_rate_test_options), -1, 0, 0}, "rates from -1 to 10"},
               {{sizeof(ebb_rate_test_options), 0, INFINITY, 0}, "to inf"},
               {{sizeof(ebb_rate_test_options), NAN, 0, 0}, "from "},
               {{sizeof(ebb_rate_test_options), 0, 0, 9}, "9 steps, must be 10 to"},
               {{0, 0, 0, 0}, "_INIT"}};
  rig r = rig_make(*state, "8relu");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_rate_test test;
    assert_int_equal(ebb_find_rate(&test, r.network, &r.data, &r.options, &cases[i].options),
                     EBB_ERR_ARGUMENT);
    if (!strstr(ebb_error_message(), cases[i].said)) fail_msg("%s", ebb_error_message());
  }
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_suggested_rate_trains_well),
      cmocka_unit_test(few_rows_are_repeated),
      cmocka_unit_test(a_divergence_ends_the_test),
      cmocka_unit_test(what_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
