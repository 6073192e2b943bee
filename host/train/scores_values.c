/* Scores of values: squared and absolute errors, target by target.
 *
 * A target is scaled by a power of two before anything is squared, so that neither the mass of a
 * star nor that of an atom leaves the range of double; this scaling does not round. Means are taken
 * of differences from the first value, so that a constant target has a deviation of exactly 0.
 */
#include "scores.h"

#include "base/error.h"
#include "base/size.h"

#include <math.h>
#include <stdlib.h>

/* One target of several: value i of an array is at [i * stride]. */
typedef struct column {
  const double *predicted, *actual;
  size_t rows, stride;
  double scale; /* 2^-n */
  const float *weights;
  double weight; /* their sum */
} column;

/* An absolute error and its weight. */
typedef struct error {
  double size, weight;
} error;

static double scale_of(const column *c) {
  double largest = 0;
  for (size_t i = 0; i < c->rows; i++) {
    largest = fmax(largest, fabs(c->predicted[i * c->stride]));
    largest = fmax(largest, fabs(c->actual[i * c->stride]));
  }
  int exponent = 0;
  frexp(largest, &exponent);
  return ldexp(1, exponent < -1000 ? 1000 : -exponent);
}

static double error_of(const column *c, size_t row) {
  size_t at = row * c->stride;
  return c->predicted[at] * c->scale - c->actual[at] * c->scale;
}

/* The mean of a column of values with this stride, by weight. */
static double mean_of(const double *values, const column *c) {
  double first = values[0] * c->scale, sum = 0;
  for (size_t i = 0; i < c->rows; i++)
    sum += ebbi_row_weight(c->weights, i) * (values[i * c->stride] * c->scale - first);
  return first + sum / c->weight;
}

static int ascending(const void *left, const void *right) {
  double a = ((const error *)left)->size, b = ((const error *)right)->size;
  return (a > b) - (a < b);
}

/* The error at which the sum of weights reaches half; if it is exactly half, the mean of this error
 * and the next. `errors` has room for every row. */
static double median_error(error *errors, const column *c) {
  size_t count = 0, at = 0, next;
  for (size_t i = 0; i < c->rows; i++) {
    double weight = ebbi_row_weight(c->weights, i);
    if (weight > 0) errors[count++] = (error){fabs(error_of(c, i)), weight};
  }
  qsort(errors, count, sizeof *errors, ascending);
  double sum = errors[0].weight, half = c->weight / 2;
  while (at + 1 < count && sum < half) sum += errors[++at].weight;
  next = sum == half && at + 1 < count ? at + 1 : at;
  return errors[at].size / 2 + errors[next].size / 2;
}

/* Follows the conventions of scikit-learn's r2_score. */
static double r2_of(double squares, double deviations, size_t rows) {
  if (rows < 2) return NAN;
  if (squares == 0) return 1;
  return deviations > 0 ? 1 - squares / deviations : 0;
}

static ebb_value_scores score_column(const column *c, error *errors) {
  double rows = c->weight, squares = 0, sizes = 0, deviations = 0;
  double mean = mean_of(c->actual, c);
  for (size_t i = 0; i < c->rows; i++) {
    double off = error_of(c, i), deviation = c->actual[i * c->stride] * c->scale - mean;
    double weight = ebbi_row_weight(c->weights, i);
    squares += weight * off * off;
    sizes += weight * fabs(off);
    deviations += weight * deviation * deviation;
  }
  double rmse = sqrt(squares / rows) / c->scale, deviation = sqrt(deviations / rows) / c->scale;
  return (ebb_value_scores){
      .mse = squares / rows / c->scale / c->scale,
      .rmse = rmse,
      .mae = sizes / rows / c->scale,
      .median_ae = median_error(errors, c) / c->scale,
      .r2 = r2_of(squares, deviations, c->rows),
      .mean = mean / c->scale,
      .deviation = deviation,
      .baseline_rmse = deviation,
  };
}

static void average(ebb_scores *out) {
  double share = 1 / (double)out->outputs;
  ebb_value_scores *m = &out->mean;
  *m = (ebb_value_scores){0};
  for (size_t k = 0; k < out->outputs; k++) {
    const ebb_value_scores *t = &out->targets[k];
    m->mse += share * t->mse;
    m->rmse += share * t->rmse;
    m->mae += share * t->mae;
    m->median_ae += share * t->median_ae;
    m->r2 += share * t->r2;
    m->mean += share * t->mean;
    m->deviation += share * t->deviation;
    m->baseline_rmse += share * t->baseline_rmse;
  }
}

static ebb_status check(const double *predicted, const double *actual, size_t rows,
                        size_t targets) {
  size_t count;
  REQUIRE(predicted && actual && rows > 0 && targets > 0, EBB_ERR_ARGUMENT,
          "ebb_scores_values: an argument is NULL, or there are no rows or no targets");
  REQUIRE(ebbi_size_mul(&count, rows, targets), EBB_ERR_ARGUMENT,
          "ebb_scores_values: %zu rows of %zu targets are too many", rows, targets);
  for (size_t i = 0; i < count; i++) {
    REQUIRE(isfinite(actual[i]), EBB_ERR_INPUT, "row %zu: target %zu is %g", i / targets,
            i % targets, actual[i]);
    REQUIRE(isfinite(predicted[i]), EBB_ERR_NUMBERS,
            "row %zu: output %zu of the network is %g: weights or inputs are too large",
            i / targets, i % targets, predicted[i]);
  }
  return EBB_OK;
}

ebb_status ebb_scores_values(ebb_scores *out, const double *predicted, const double *actual,
                             size_t rows, size_t targets) {
  return ebb_scores_weighted_values(out, predicted, actual, NULL, rows, targets);
}

/* Scores of values without any target. */
static ebb_scores blank(size_t rows, size_t targets) {
  return (ebb_scores){.task = EBB_TASK_REGRESSION,
                      .rows = rows,
                      .outputs = targets,
                      .accuracy = NAN,
                      .balanced_accuracy = NAN,
                      .top5_accuracy = NAN,
                      .cross_entropy = NAN,
                      .log_loss = NAN,
                      .roc_auc = NAN,
                      .average_precision = NAN,
                      .brier = NAN,
                      .calibration_error = NAN,
                      .macro = {NAN, NAN, NAN, 0, 0, 0},
                      .weighted = {NAN, NAN, NAN, 0, 0, 0},
                      .baseline_class = -1,
                      .baseline_accuracy = NAN};
}

ebb_status ebb_scores_weighted_values(ebb_scores *out, const double *predicted,
                                      const double *actual, const float *weights, size_t rows,
                                      size_t targets) {
  double weight;
  REQUIRE(out, EBB_ERR_ARGUMENT, "ebb_scores_values: an argument is NULL");
  *out = (ebb_scores){0};
  TRY(check(predicted, actual, rows, targets));
  TRY(ebbi_weights_sum(&weight, weights, rows));
  *out = blank(rows, targets);
  out->targets = calloc(targets, sizeof *out->targets);
  error *errors = calloc(rows, sizeof *errors);
  if (!out->targets || !errors) {
    free(errors);
    ebb_scores_clear(out);
    return ebbi_fail(EBB_ERR_MEMORY, "no memory for the errors of %zu rows", rows);
  }
  for (size_t k = 0; k < targets; k++) {
    column c = {predicted + k, actual + k, rows, targets, 1, weights, weight};
    c.scale = scale_of(&c);
    out->targets[k] = score_column(&c, errors);
  }
  free(errors);
  average(out);
  ebbi_scores_judge(out);
  return EBB_OK;
}

ebb_status ebb_scores_baseline_values(ebb_scores *scores, const double *actual, size_t rows) {
  return ebb_scores_weighted_baseline_values(scores, actual, NULL, rows);
}

ebb_status ebb_scores_weighted_baseline_values(ebb_scores *scores, const double *actual,
                                               const float *weights, size_t rows) {
  double weight;
  REQUIRE(scores && scores->targets && actual && rows > 0, EBB_ERR_ARGUMENT,
          "ebb_scores_baseline_values: an argument is NULL, there are no rows, or these are no "
          "scores of values");
  TRY(ebbi_weights_sum(&weight, weights, rows));
  const column c = {NULL, NULL, rows, scores->outputs, 1, weights, weight};
  for (size_t k = 0; k < scores->outputs; k++) {
    ebb_value_scores *t = &scores->targets[k];
    double mean = mean_of(actual + k, &c);
    t->baseline_rmse = hypot(t->deviation, t->mean - mean);
  }
  average(scores);
  ebbi_scores_judge(scores);
  return EBB_OK;
}
