/* Scores that belong to a loss: compared with scikit-learn's, or computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ebb/ebb.h>
#include <math.h>

static void expect_near(double found, double wanted, const char *name, size_t index) {
  if (!(fabs(found - wanted) <= 1e-12 * fabs(wanted)))
    fail_msg("case %zu: %s is %.17g, not %.17g", index, name, found, wanted);
}

/* Computed by sklearn.metrics: mean_poisson_deviance and so on. */
static void losses_bring_their_scores(void **state) {
  (void)state;
  static const struct {
    const char *loss, *name;
    double actual[3], value;
  } cases[] = {{"poisson", "deviance", {1, 0, 4}, 0.6383874061647852},
               {"gamma", "deviance", {1, 0.5, 4}, 0.15919896096099842},
               {"tweedie", "deviance", {1, 0, 4}, 1.1598386787647603},
               {"quantile(0.75)", "pinball_loss", {1, 0.5, 4}, 0.3333333333333333}};
  const double predicted[] = {2, 0.5, 3}, more_predicted[] = {2, 2, 3};
  const float weights[] = {2, 0, 1};
  ebb_loss_score scores[EBB_LOSS_SCORES], weighted[EBB_LOSS_SCORES];
  ebb_loss loss;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(ebb_loss_parse(&loss, cases[i].loss), EBB_OK);
    assert_int_equal(ebb_scores_of_loss(scores, loss, predicted, cases[i].actual, NULL, 3, 1),
                     EBB_OK);
    assert_string_equal(scores[0].name, cases[i].name);
    expect_near(scores[0].value, cases[i].value, cases[i].loss, i);
    assert_string_equal(scores[1].name, "");
    const double *actual = cases[i].actual, more_actual[] = {actual[0], actual[0], actual[2]};
    assert_int_equal(ebb_scores_of_loss(weighted, loss, predicted, actual, weights, 3, 1), EBB_OK);
    assert_int_equal(ebb_scores_of_loss(scores, loss, more_predicted, more_actual, NULL, 3, 1),
                     EBB_OK);
    expect_near(weighted[0].value, scores[0].value, cases[i].loss, i);
  }
  loss = ebb_loss_default(EBB_LOSS_MSE);
  assert_int_equal(ebb_scores_of_loss(scores, loss, predicted, predicted, NULL, 3, 1), EBB_OK);
  assert_string_equal(scores[0].name, "");
  loss.kind = EBB_LOSS_COUNT;
  assert_int_equal(ebb_scores_of_loss(scores, loss, predicted, predicted, NULL, 3, 1),
                   EBB_ERR_ARGUMENT);
}

/* Two targets of two rows; predictions in the order rows, targets, outputs. */
static void losses_of_several_outputs_bring_their_scores(void **state) {
  (void)state;
  static const double actual[] = {1, 10, 3, 40};
  static const struct {
    const char *loss, *names[4];
    double predicted[12], values[4];
  } cases[] = {{"quantile(0.25,0.5,0.75)",
                {"pinball_loss", "pinball_0.25", "pinball_0.5", "pinball_0.75"},
                {0, 1, 2, 9, 12, 13, 4, 5, 6, 30, 40, 50},
                {10 / 12.0, 3.75 / 4, 0.5, 4.25 / 4}},
               {"gaussian",
                {"nll", "within_deviation"},
                {1, 1, 8, 2, 6, 1, 40, 4},
                {0.9189385332046727 + (5 + 3 * 0.6931471805599453) / 4, 0.75}}};
  ebb_loss_score scores[EBB_LOSS_SCORES];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_loss loss;
    assert_int_equal(ebb_loss_parse(&loss, cases[i].loss), EBB_OK);
    assert_int_equal(ebb_scores_of_loss(scores, loss, cases[i].predicted, actual, NULL, 2, 2),
                     EBB_OK);
    for (size_t k = 0; k < 4 && cases[i].names[k]; k++) {
      assert_string_equal(scores[k].name, cases[i].names[k]);
      expect_near(scores[k].value, cases[i].values[k], cases[i].names[k], i);
    }
    if (i == 0) assert_string_equal(scores[4].name, "coverage");
    if (i == 0) expect_near(scores[4].value, 0.75, "coverage", 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(losses_bring_their_scores),
      cmocka_unit_test(losses_of_several_outputs_bring_their_scores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
