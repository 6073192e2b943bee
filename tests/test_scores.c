/* Scores compared with scikit-learn's for the same predictions (`scores_sklearn.py --table`), small
 * cases computed by hand, and refused arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ebb/ebb.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The generator of scores_sklearn.py. */
static unsigned next(unsigned *state, unsigned count) {
  *state = (*state * 1103515245u + 12345u) % 2147483648u;
  return (*state >> 16) % count;
}

static void expect_near(double found, double wanted, const char *name, size_t index) {
  bool good = isnan(wanted) ? isnan(found)
                            : found == wanted || fabs(found - wanted) <= 1e-12 * fabs(wanted);
  if (!good) fail_msg("case %zu: %s is %.17g, not %.17g", index, name, found, wanted);
}

enum { MAX_ROWS = 200, MAX_CLASSES = 12, CLASS_FIGURES = 14, VALUE_FIGURES = 12 };

typedef struct class_recipe {
  unsigned rows, classes, used; /* used: classes that occur */
  int gain, factor;             /* added to the correct logit; scale of all logits */
} class_recipe;

static const struct {
  class_recipe recipe;
  double figures[CLASS_FIGURES];
} class_cases[] = {
    {{50, 2, 2, 1, 1},
     {0.78, 0.775, NAN, 0.514644468645519, 0.823333333333333, 0.822074363335407, 0.173964513413606,
      0.110392877090521, 0.770935960591133, 0.775, 0.772633319553535, 0.782266009852217, 0.78,
      0.780818520049607}},
    {{60, 3, 3, 2, 1},
     {0.7, 0.701058201058201, NAN, 0.605527090455337, 0.905067155067155, 0.857150115843135,
      0.362418803473852, 0.0973015662424791, 0.724868421052632, 0.701058201058201, 0.7024512884978,
      0.735111842105263, 0.7, 0.707341294783155}},
    {{200, 12, 12, 3, 1},
     {0.73, 0.736806995798224, 0.99, 0.944302742822953, 0.977362558439871, 0.860709580174131,
      0.405919414180795, 0.228705840966305, 0.73146801455625, 0.736806995798224, 0.724420690701526,
      0.751495098039216, 0.73, 0.732009900662273}},
    {{40, 3, 2, 1, 1},
     {0.425, 0.426767676767677, NAN, 1.00546504470718, NAN, 0.462535227190243, 0.629609463788326,
      0.281175677655043, 0.366666666666667, 0.284511784511785, 0.319024907260201, 0.555, 0.425,
      0.479332273449921}},
    {{30, 12, 9, 1, 1},
     {0.4, 0.425595238095238, 0.733333333333333, 2.00860139118879, NAN, 0.349773192947213,
      0.787917295189881, 0.137811530162802, 0.403333333333333, 0.34047619047619, 0.322727272727273,
      0.575555555555555, 0.4, 0.428030303030303}},
    {{20, 2, 1, 0, 1},
     {0.5, 0.5, NAN, 1.18053511568235, NAN, 0, 0.38889543630228, 0.397546084922193, 0.5, 0.25,
      0.333333333333333, 1, 0.5, 0.666666666666667}},
    {{64, 3, 3, 2, 32},
     {0.8125, 0.81024531024531, NAN, 4.21261320940721, 0.932384475989127, 0.846835695036503,
      0.390499296393003, 0.203083072872188, 0.831793253699947, 0.81024531024531, 0.811171972162684,
      0.830111139283299, 0.8125, 0.811365057156466}},
    {{33, 2, 2, 0, 64},
     {0.363636363636364, 0.326923076923077, NAN, 18.727195226787, 0.311538461538462,
      0.506832892975155, 0.590909070448153, 0.606060585599666, 0.321428571428571, 0.326923076923077,
      0.32390243902439, 0.354256854256854, 0.363636363636364, 0.358669623059867}},
    {{21, 1, 1, 0, 1}, {1, 1, NAN, 2.22044604925031e-16, NAN, 1, 0, 0, 1, 1, 1, 1, 1, 1}},
};

static void make_classes(float *logits, int32_t *labels, const class_recipe *c, unsigned seed) {
  for (unsigned r = 0; r < c->rows; r++) {
    labels[r] = (int32_t)next(&seed, c->used);
    for (unsigned k = 0; k < c->classes; k++) {
      int z = (int)next(&seed, 17) - 8 + (k == (unsigned)labels[r] ? 4 * c->gain : 0);
      logits[r * c->classes + k] = (float)(c->factor * z) / 4;
    }
  }
}

static void classes_as_scikit_learn_has_them(void **state) {
  (void)state;
  static const char *const names[CLASS_FIGURES] = {
      "accuracy",        "balanced accuracy", "top-5 accuracy", "log loss",
      "ROC AUC",         "average precision", "Brier score",    "calibration error",
      "macro precision", "macro recall",      "macro F1",       "weighted precision",
      "weighted recall", "weighted F1"};
  static float logits[MAX_ROWS * MAX_CLASSES];
  static int32_t labels[MAX_ROWS];
  for (size_t i = 0; i < sizeof class_cases / sizeof *class_cases; i++) {
    const class_recipe *c = &class_cases[i].recipe;
    ebb_scores s;
    make_classes(logits, labels, c, (unsigned)i + 1);
    assert_int_equal(ebb_scores_classes(&s, logits, labels, c->rows, c->classes), EBB_OK);
    const double found[CLASS_FIGURES] = {
        s.accuracy,        s.balanced_accuracy, s.top5_accuracy, s.log_loss,
        s.roc_auc,         s.average_precision, s.brier,         s.calibration_error,
        s.macro.precision, s.macro.recall,      s.macro.f1,      s.weighted.precision,
        s.weighted.recall, s.weighted.f1};
    for (size_t f = 0; f < CLASS_FIGURES; f++)
      expect_near(found[f], class_cases[i].figures[f], names[f], i);
    assert_true(isnan(s.mean.rmse) && !s.targets);
    ebb_scores_clear(&s);
  }
}

typedef struct value_recipe {
  unsigned rows, targets;
  double scale;
  bool constant; /* the last target is constant */
} value_recipe;

static const struct {
  value_recipe recipe;
  double figures[VALUE_FIGURES];
} value_cases[] = {
    {{25, 1, 1.0, 0},
     {56.3159375, 7.50439454586444, 6.645, 7.0625, 0.984231608268542, 59.7615645712192, 56.3159375,
      7.50439454586444, 6.645, 7.0625, 0.984231608268542, 59.7615645712192}},
    {{40, 3, 1.0, 1},
     {47.5701171875, 6.89414052244931, 5.90208333333333, 5.8125, 0.66107120391135, 49.2127714204099,
      46.4564453125, 6.81589651568302, 5.909375, 6.09375, 0.991097730232976, 72.2391475818989}},
    {{31, 2, 1e+24, 0},
     {4.83766381048387e+49, 6.95217665611091e+24, 6.14516129032258e+24, 6.21874999999999e+24,
      0.991676830860705, 7.66860755719821e+25, 5.12891885080645e+49, 7.16164705274314e+24,
      6.44959677419355e+24, 6.6875e+24, 0.990424822451923, 7.31879353983784e+25}},
    {{28, 1, 1e-09, 0},
     {6.71251395089286e-17, 8.1929933180083e-09, 7.69419642857143e-09, 7.46875e-09,
      0.986244742625202, 6.98567280379518e-08, 6.71251395089286e-17, 8.1929933180083e-09,
      7.69419642857143e-09, 7.46875e-09, 0.986244742625202, 6.98567280379518e-08}},
    {{1, 2, 1.0, 0},
     {52.5390625, 5.1875, 5.1875, 5.1875, NAN, 0, 105.0625, 10.25, 10.25, 10.25, NAN, 0}},
    {{24, 1, 3e+200, 0},
     {INFINITY, 2.55459145461657e+201, 2.2640625e+201, 2.71875e+201, 0.982049289870441,
      1.90669241152013e+202, INFINITY, 2.55459145461657e+201, 2.2640625e+201, 2.71875e+201,
      0.982049289870441, 1.90669241152013e+202}},
    {{24, 1, 3e-200, 0},
     {0, 2.0468368317052e-199, 1.7046875e-199, 1.715625e-199, 0.991824815648815,
      2.26378118399801e-198, 0, 2.0468368317052e-199, 1.7046875e-199, 1.715625e-199,
      0.991824815648815, 2.26378118399801e-198}},
};

static void make_values(double *predicted, double *actual, const value_recipe *c, unsigned seed) {
  for (unsigned at = 0; at < c->rows * c->targets; at++) {
    double value = ((double)next(&seed, 2001) - 1000) / 8;
    double error = ((double)next(&seed, 401) - 200) / 16;
    if (c->constant && at % c->targets == c->targets - 1) value = 0.5;
    predicted[at] = (value + error) * c->scale;
    actual[at] = value * c->scale;
  }
}

static void values_as_scikit_learn_has_them(void **state) {
  (void)state;
  static const char *const names[VALUE_FIGURES] = {
      "mean MSE", "mean RMSE", "mean MAE", "mean median error", "mean R2", "mean baseline",
      "MSE",      "RMSE",      "MAE",      "median error",      "R2",      "baseline"};
  static double predicted[MAX_ROWS], actual[MAX_ROWS];
  for (size_t i = 0; i < sizeof value_cases / sizeof *value_cases; i++) {
    const value_recipe *c = &value_cases[i].recipe;
    ebb_scores s;
    make_values(predicted, actual, c, (unsigned)i + 1);
    assert_int_equal(ebb_scores_values(&s, predicted, actual, c->rows, c->targets), EBB_OK);
    const ebb_value_scores *m = &s.mean, *t = &s.targets[0];
    const double found[VALUE_FIGURES] = {m->mse, m->rmse,          m->mae, m->median_ae,
                                         m->r2,  m->baseline_rmse, t->mse, t->rmse,
                                         t->mae, t->median_ae,     t->r2,  t->baseline_rmse};
    for (size_t f = 0; f < VALUE_FIGURES; f++)
      expect_near(found[f], value_cases[i].figures[f], names[f], i);
    assert_true(isnan(s.accuracy) && isnan(s.roc_auc) && !s.classes && !s.confusion);
    ebb_scores_clear(&s);
  }
}

/* Six rows of three classes; class 2 is never predicted. */
static void counts_by_hand(void **state) {
  (void)state;
  static const float logits[6 * 3] = {1, 0, 0, 1, 1, 0, 0, 2, 1, 0, 2, 1, 3, 0, 1, 0, 1, 0};
  static const int32_t labels[6] = {0, 1, 1, 1, 2, 2};
  static const size_t confusion[9] = {1, 0, 0, 1, 2, 0, 1, 1, 0};
  ebb_scores s;
  assert_int_equal(ebb_scores_classes(&s, logits, labels, 6, 3), EBB_OK);
  assert_memory_equal(s.confusion, confusion, sizeof confusion);
  assert_int_equal(s.warnings, EBB_SCORES_NEVER_PREDICTED | EBB_SCORES_NO_BETTER);
  assert_int_equal(s.baseline_class, 1);
  assert_true(s.accuracy == 0.5 && s.baseline_accuracy == 0.5);
  assert_int_equal(s.classes[0].predicted, 3);
  assert_int_equal(s.classes[1].support, 3);
  assert_true(s.classes[0].precision == 1.0 / 3 && s.classes[0].recall == 1);
  assert_true(s.classes[2].precision == 0 && s.classes[2].f1 == 0);

  static const int32_t train[5] = {2, 2, 0, 1, 2};
  assert_int_equal(ebb_scores_baseline_classes(&s, train, 5), EBB_OK);
  assert_int_equal(s.baseline_class, 2);
  assert_true(s.baseline_accuracy == 2.0 / 6);
  assert_int_equal(s.warnings, EBB_SCORES_NEVER_PREDICTED);
  ebb_scores_clear(&s);
}

/* If the baseline is perfect, equalling it is no fault. */
static void perfect_scores_are_no_worse_than_a_guess(void **state) {
  (void)state;
  static const float logits[4] = {1, 0, 2, 0};
  static const int32_t labels[2] = {0, 0};
  static const double values[3] = {0.1, 0.1, 0.1};
  ebb_scores s;
  assert_int_equal(ebb_scores_classes(&s, logits, labels, 2, 2), EBB_OK);
  assert_int_equal(s.warnings, EBB_SCORES_ONE_CLASS);
  ebb_scores_clear(&s);
  assert_int_equal(ebb_scores_values(&s, values, values, 3, 1), EBB_OK);
  assert_int_equal(s.warnings, 0);
  assert_true(s.targets[0].r2 == 1 && s.targets[0].baseline_rmse == 0);
  ebb_scores_clear(&s);
}

/* The mean of 0.1, 0.1, 0.1 … is not 0.1 if the sum is rounded; the deviation would not be 0. */
static void a_constant_target_has_no_deviation(void **state) {
  (void)state;
  double predicted[10], actual[10];
  for (size_t i = 0; i < 10; i++) actual[i] = 0.1, predicted[i] = 0.1 + 0.01 * (double)i;
  ebb_scores s;
  assert_int_equal(ebb_scores_values(&s, predicted, actual, 10, 1), EBB_OK);
  assert_true(s.targets[0].r2 == 0 && s.targets[0].deviation == 0);
  assert_int_equal(s.warnings, EBB_SCORES_NO_BETTER);
  ebb_scores_clear(&s);
}

/* The training rows' mean beats the prediction for one of two targets. */
static void the_baseline_of_values(void **state) {
  (void)state;
  static const double actual[6] = {1, 10, 3, 20, 5, 30}, predicted[6] = {1, 30, 3, 20, 5, 10};
  static const double train[4] = {3, 60, 5, 20};
  ebb_scores s;
  assert_int_equal(ebb_scores_values(&s, predicted, actual, 3, 2), EBB_OK);
  assert_int_equal(s.warnings, EBB_SCORES_NO_BETTER);
  expect_near(s.targets[1].baseline_rmse, sqrt(200.0 / 3), "deviation", 0);
  assert_int_equal(ebb_scores_baseline_values(&s, train, 2), EBB_OK);
  expect_near(s.targets[0].baseline_rmse, sqrt((9 + 1 + 1) / 3.0), "guessing 4", 0);
  expect_near(s.targets[1].baseline_rmse, sqrt((900 + 400 + 100) / 3.0), "guessing 40", 0);
  expect_near(s.mean.baseline_rmse, (sqrt(11 / 3.0) + sqrt(1400 / 3.0)) / 2, "their mean", 0);
  assert_int_equal(s.warnings, 0);
  ebb_scores_clear(&s);
}

/* More classes than a confusion matrix may have; each row has another class. */
static void many_classes(void **state) {
  (void)state;
  enum { MANY = EBB_CONFUSION_MAX + 1 };
  float *logits = calloc((size_t)MANY * MANY, sizeof *logits);
  int32_t *labels = calloc(MANY, sizeof *labels);
  assert_non_null(logits);
  assert_non_null(labels);
  for (size_t i = 0; i < MANY; i++) {
    labels[i] = (int32_t)i;
    logits[i * MANY + i] = 1;
  }
  ebb_scores s;
  assert_int_equal(ebb_scores_classes(&s, logits, labels, MANY, MANY), EBB_OK);
  assert_null(s.confusion);
  assert_true(s.accuracy == 1 && s.macro.f1 > 1 - 1e-12 && s.roc_auc == 1 && s.top5_accuracy == 1);
  ebb_scores_clear(&s);
  free(logits);
  free(labels);
}

/* If a probability is 0 in double precision, the cross-entropy is still finite, and the log loss is
 * that of 2^-52. */
static void probabilities_that_vanish(void **state) {
  (void)state;
  static const float logits[2] = {1000, 0};
  static const int32_t wrong[1] = {1};
  ebb_scores s;
  assert_int_equal(ebb_scores_classes(&s, logits, wrong, 1, 2), EBB_OK);
  expect_near(s.cross_entropy, 1000, "cross-entropy", 0);
  expect_near(s.log_loss, 52 * log(2), "log loss", 0);
  assert_true(s.brier == 1 && s.calibration_error == 1);
  ebb_scores_clear(&s);
}

/* The largest probabilities are 0.2, the upper edge of bin 3 of 15, and 0.21 in bin 4. In the same
 * bin, a correct row and a wrong one would cancel. */
static void a_bin_holds_its_upper_edge(void **state) {
  (void)state;
  static const float logits[10] = {0, 0, 0, 0, 0, 0.0625F, 0, 0, 0, 0};
  static const int32_t labels[2] = {0, 1};
  double p = exp(0.0625) / (exp(0.0625) + 4);
  ebb_scores s;
  assert_int_equal(ebb_scores_classes(&s, logits, labels, 2, 5), EBB_OK);
  expect_near(s.calibration_error, (0.8 + p) / 2, "calibration error", 0);
  ebb_scores_clear(&s);
}

static void expect_message(ebb_status found, ebb_status wanted, const char *text) {
  assert_int_equal(found, wanted);
  if (!strstr(ebb_error_message(), text))
    fail_msg("\"%s\" lacks \"%s\"", ebb_error_message(), text);
}

static void what_is_refused(void **state) {
  (void)state;
  static const float logits[4] = {1, 0, 0, NAN};
  static const double values[3] = {1, 2, INFINITY};
  static const int32_t labels[2] = {0, 1}, outside[2] = {0, 2}, below[2] = {-1, 0};
  ebb_scores s;
  expect_message(ebb_scores_classes(&s, logits, labels, 2, 2), EBB_ERR_NUMBERS,
                 "row 1: output 1 of the network is nan");
  expect_message(ebb_scores_classes(&s, logits, outside, 2, 2), EBB_ERR_INPUT,
                 "row 1: class 2 is not in [0, 2)");
  expect_message(ebb_scores_classes(&s, logits, below, 2, 2), EBB_ERR_INPUT, "row 0: class -1");
  assert_null(s.classes);
  expect_message(ebb_scores_classes(&s, logits, labels, 0, 2), EBB_ERR_ARGUMENT, "no rows");
  expect_message(ebb_scores_classes(&s, logits, labels, SIZE_MAX, 2), EBB_ERR_ARGUMENT, "too many");
  expect_message(ebb_scores_classes(NULL, logits, labels, 1, 2), EBB_ERR_ARGUMENT, "NULL");
  expect_message(ebb_scores_values(&s, values, values, 3, 1), EBB_ERR_INPUT,
                 "row 2: target 0 is inf");
  expect_message(ebb_scores_values(&s, values, (double[]){1, 2, 3}, 3, 1), EBB_ERR_NUMBERS,
                 "row 2: output 0 of the network is inf");
  expect_message(ebb_scores_values(&s, values, NULL, 2, 1), EBB_ERR_ARGUMENT, "NULL");
  assert_int_equal(ebb_scores_values(&s, values, values, 2, 1), EBB_OK);
  expect_message(ebb_scores_baseline_classes(&s, labels, 2), EBB_ERR_ARGUMENT,
                 "no scores of classes");
  ebb_scores_clear(&s);
  assert_int_equal(ebb_scores_classes(&s, logits, labels, 1, 2), EBB_OK);
  expect_message(ebb_scores_baseline_values(&s, values, 2), EBB_ERR_ARGUMENT,
                 "no scores of values");
  expect_message(ebb_scores_baseline_classes(&s, outside, 2), EBB_ERR_INPUT, "class 2");
  ebb_scores_clear(&s);
  ebb_scores_clear(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes_as_scikit_learn_has_them),
      cmocka_unit_test(values_as_scikit_learn_has_them),
      cmocka_unit_test(counts_by_hand),
      cmocka_unit_test(perfect_scores_are_no_worse_than_a_guess),
      cmocka_unit_test(a_constant_target_has_no_deviation),
      cmocka_unit_test(the_baseline_of_values),
      cmocka_unit_test(many_classes),
      cmocka_unit_test(probabilities_that_vanish),
      cmocka_unit_test(a_bin_holds_its_upper_edge),
      cmocka_unit_test(what_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
