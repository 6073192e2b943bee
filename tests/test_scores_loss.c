/* Scores that belong to a loss: compared with scikit-learn's, or computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ebb/ebb.h>
#include <math.h>
#include <string.h>

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

enum { LABEL_ROWS = 7, LABELS = 3 };
static const double shown[LABEL_ROWS * LABELS] = {.9, .2,  .5, .4, .8, .5, .6, .6, .1,  .4, .3,
                                                  .7, .75, .6, .2, .1, .6, 1,  .4, .05, 0};

/* Computed by scikit-learn: accuracy, log_loss, roc_auc, average_precision, precision, recall, f1,
 * of each target and of the mean. Ties, probabilities of 0 and 1, weights of 0, a target without a
 * 1. */
static void labels_have_their_scores(void **state) {
  (void)state;
  static const struct {
    double actual[LABEL_ROWS * LABELS], found[LABELS + 1][7];
    float weights[LABEL_ROWS];
  } cases[] = {
      {{1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0},
       {{0.7142857142857143, 0.47894797357824637, 5 / 6.0, 5 / 6.0, 2 / 3.0, 2 / 3.0, 2 / 3.0},
        {0.8571428571428571, 0.39888533148011979, 11 / 12.0, 5 / 6.0, 0.75, 1, 0.8571428571428571},
        {0.5714285714285714, 0.73085654425058311, 0.625, 2 / 3.0, 0.5, 2 / 3.0, 0.5714285714285714},
        {0.7142857142857143, 0.53622994976964977, 0.79166666666666663, 0.77777777777777768,
         0.63888888888888884, 0.77777777777777768, 0.69841269841269826}},
       {1, 1, 1, 1, 1, 1, 1}},
      {{1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0},
       {{0.80645161290322576, 0.34597035717181313, 0.95454545454545447, 0.98316498316498313,
         0.83333333333333337, 0.90909090909090906, 0.86956521739130432},
        {0.61290322580645162, 0.5687704956579509, 0.73913043478260865, 0.4, 0.4, 1,
         0.5714285714285714},
        {0.80645161290322576, 0.6400382593831655, 0.7, 0.81190476190476191, 0.8571428571428571,
         0.75, 0.8},
        {0.74193548387096764, 0.51825970407097655, 0.7978919631093544, 0.73168991502324821,
         0.6968253968253969, 0.88636363636363635, 0.74699792960662525}},
       {2, 0, 1, .5f, 3, 1, .25f}},
      {{1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0},
       {{0.7142857142857143, 0.47894797357824637, 5 / 6.0, 5 / 6.0, 2 / 3.0, 2 / 3.0, 2 / 3.0},
        {0.42857142857142855, 0.71277455681386548, NAN, 0, 0, 0, 0},
        {0.5714285714285714, 0.73085654425058311, 0.625, 2 / 3.0, 0.5, 2 / 3.0, 0.5714285714285714},
        {0.5714285714285714, 0.64085969154756495, NAN, 0.5, 0.38888888888888884,
         0.44444444444444442, 0.41269841269841273}},
       {1, 1, 1, 1, 1, 1, 1}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_label_scores s[LABELS + 1];
    assert_int_equal(ebb_scores_labels(s, &s[LABELS], shown, cases[i].actual,
                                       i == 1 ? cases[i].weights : NULL, LABEL_ROWS, LABELS),
                     EBB_OK);
    for (size_t k = 0; k <= LABELS; k++) {
      const double found[] = {
          s[k].accuracy,      s[k].log_loss,   s[k].roc_auc, s[k].average_precision,
          s[k].one.precision, s[k].one.recall, s[k].one.f1};
      for (size_t f = 0; f < 7; f++)
        if (!isnan(cases[i].found[k][f]) || !isnan(found[f]))
          expect_near(found[f], cases[i].found[k][f], "a label's score", 100 * i + 10 * k + f);
    }
    assert_int_equal(s[0].one.support, 3);
    assert_int_equal(s[0].one.predicted, 3);
    assert_int_equal(s[LABELS].one.support, s[0].one.support + s[1].one.support + s[2].one.support);
  }
}

/* Values between 0 and 1 count as the nearer one, except in the log loss; others are refused. */
static void labels_are_from_0_to_1(void **state) {
  (void)state;
  ebb_label_scores s, mean;
  const double actual[] = {0.25, 0.5, 1}, p[] = {0.25, 0.5, 0.75};
  assert_int_equal(ebb_scores_labels(&s, &mean, p, actual, NULL, 3, 1), EBB_OK);
  assert_true(s.accuracy == 1 && s.roc_auc == 1 && s.one.support == 2);
  expect_near(s.log_loss, -(0.25 * log(0.25) + 0.75 * log(0.75) + log(0.5) + log(0.75)) / 3,
              "log loss", 0);
  static const struct {
    double p, actual;
    float weight;
    ebb_status status;
    const char *message;
  } cases[] = {{0.5, 1.5, 1, EBB_ERR_INPUT, "row 0: target 0 is 1.5"},
               {0.5, NAN, 1, EBB_ERR_INPUT, "row 0: target 0 is "},
               {-0.1, 1, 1, EBB_ERR_NUMBERS, "row 0: the probability of target 0 is -0.1"},
               {NAN, 1, 1, EBB_ERR_NUMBERS, "row 0: the probability of target 0 is "},
               {0.5, 1, 0, EBB_ERR_INPUT, "no row counts"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(
        ebb_scores_labels(&s, &mean, &cases[i].p, &cases[i].actual, &cases[i].weight, 1, 1),
        cases[i].status);
    if (!strstr(ebb_error_message(), cases[i].message)) fail_msg("%s", ebb_error_message());
  }
  assert_int_equal(ebb_scores_labels(&s, &mean, p, actual, NULL, 0, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_scores_labels(NULL, &mean, p, actual, NULL, 1, 1), EBB_ERR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(losses_bring_their_scores),
      cmocka_unit_test(losses_of_several_outputs_bring_their_scores),
      cmocka_unit_test(labels_have_their_scores),
      cmocka_unit_test(labels_are_from_0_to_1),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
