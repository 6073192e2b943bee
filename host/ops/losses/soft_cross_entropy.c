/* Cross-entropy with a probability for each class in place of a label. */
#include "ops/loss_row.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static void predict_row(double *predicted, const float *z, size_t targets) {
  double largest = -INFINITY, sum = 0;
  for (size_t k = 0; k < targets; k++) largest = fmax(largest, (double)z[k]);
  for (size_t k = 0; k < targets; k++) sum += predicted[k] = exp((double)z[k] - largest);
  for (size_t k = 0; k < targets; k++) predicted[k] /= sum;
}

static size_t best_of(const double *shares, size_t count) {
  size_t best = 0;
  for (size_t k = 1; k < count; k++)
    if (shares[k] > shares[best]) best = k;
  return best;
}

static double is_right(const double *actual, const double *predicted, size_t targets) {
  return best_of(predicted, targets) == best_of(actual, targets);
}

/* With p clipped as in scikit-learn's log_loss. */
static double log_loss(const double *actual, const double *predicted, size_t targets) {
  double sum = 0;
  for (size_t k = 0; k < targets; k++)
    sum -= actual[k] * log(fmin(fmax(predicted[k], DBL_EPSILON), 1 - DBL_EPSILON));
  return sum;
}

static void column_name(char text[EBBI_LOSS_COLUMN], ebb_loss loss, size_t column) {
  (void)loss, (void)column;
  snprintf(text, EBBI_LOSS_COLUMN, "p");
}

static void constants(double c[EBB_LOSS_PARAMETERS], ebb_loss loss) {
  c[0] = 1 - loss.parameters[0], c[1] = loss.parameters[0];
}

const ebbi_loss_row ebbi_loss_soft_cross_entropy = {
    .parameters = {{.name = "smoothing", .least = 0, .most = 1, .below = true, .usual = 0}},
    .own_scale = true,
    .domain = {0, 1, false, "from 0 to 1", 1, 2e-3},
    .predict_row = predict_row,
    .columns = {.name = column_name},
    .flops = 8,
    .bytes = 12,
    .constants = constants,
    .scores = {{.name = "accuracy", .text = "accuracy of the likeliest class", .row = is_right},
               {.name = "log_loss", .text = "log loss", .row = log_loss}}};
