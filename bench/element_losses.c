/* Derivatives of the losses of ebb/ops.h, in double precision, for checking sampled elements.
 *
 * Most losses have one for each column by itself; of the others it is a function of the whole row.
 * A loss without a formula here is not measured.
 */
#include "element.h"

#include <math.h>

/* X(NAME, derivative of a column's loss by z, with the target y and the parameter p). Of losses
 * with labels, z is the logarithm of the label's probability. */
#define COLUMN_SLOPES(X)                                                                           \
  X(CROSS_ENTROPY, -1)                                                                             \
  X(MSE, 2 * (z - y))                                                                              \
  X(HUBER, fmin(fmax(z - y, -p), p))                                                               \
  X(MAE, (z > y) - (z < y))                                                                        \
  X(POISSON, exp(z) - y)                                                                           \
  X(GAMMA, 1 - y * exp(-z))                                                                        \
  X(TWEEDIE, exp((2 - p) * z) - y * exp((1 - p) * z))                                              \
  X(QUANTILE, (1 - p) * (z > y) - p * (z < y))                                                     \
  X(BCE, 1 / (1 + exp(-z)) - y)                                                                    \
  X(FOCAL, exp(z) * z * p * pow(1 - exp(z), p - 1) - pow(1 - exp(z), p))

#define COLUMN_SLOPE(name, formula)                                                                \
  static double slope_of_##name(double z, double y, double p) {                                    \
    (void)z, (void)y, (void)p;                                                                     \
    return formula;                                                                                \
  }
COLUMN_SLOPES(COLUMN_SLOPE)

static double (*const column_slopes[EBB_LOSS_COUNT])(double z, double y, double p) = {
#define COLUMN_ROW(name, formula) [EBB_LOSS_##name] = slope_of_##name,
    COLUMN_SLOPES(COLUMN_ROW)};

/* ---- losses of a whole row: the derivative by z[c] ---- */

/* The logarithm of the sum of a row's exponentials. */
static double log_sum(const element_row *r) {
  double sum = 0;
  for (size_t i = 0; i < r->cols; i++) sum += exp((double)r->z[i]);
  return log(sum);
}

static double dot(const float *a, const float *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

/* Outputs m and s = log v of each target. */
static double gaussian(const element_row *r, size_t c) {
  const float *z = r->z + c / 2 * 2;
  double d = (double)z[0] - (double)r->y[c / 2], v = exp((double)z[1]);
  return (c % 2 == 0 ? d / v : (1 - d * d / v) / 2) / ((double)r->cols / 2);
}

/* The slope of a class that is too near to the label; the label's is minus their sum. */
static double near_slope(const element_row *r, size_t c, bool squared) {
  double v = r->loss.parameters[0] + (double)r->z[c] - (double)r->z[r->label];
  return v <= 0 ? 0 : squared ? 2 * v : 1;
}

static double margin_slope(const element_row *r, size_t c, bool squared) {
  double sum = 0;
  if (c != r->label) return near_slope(r, c, squared) / (double)r->cols;
  for (size_t i = 0; i < r->cols; i++)
    if (i != c) sum -= near_slope(r, i, squared);
  return sum / (double)r->cols;
}

static double hinge(const element_row *r, size_t c) {
  return margin_slope(r, c, false);
}

static double squared_hinge(const element_row *r, size_t c) {
  return margin_slope(r, c, true);
}

static double cosine(const element_row *r, size_t c) {
  double own = sqrt(dot(r->z, r->z, r->cols)), other = sqrt(dot(r->y, r->y, r->cols));
  double angle = dot(r->z, r->y, r->cols) / own / other;
  return (angle * (double)r->z[c] / own - (double)r->y[c] / other) / own;
}

/* Without smoothing; the probabilities may have any sum. */
static double soft_cross_entropy(const element_row *r, size_t c) {
  double sum = 0;
  for (size_t i = 0; i < r->cols; i++) sum += (double)r->y[i];
  return sum * exp((double)r->z[c] - log_sum(r)) - (double)r->y[c];
}

static double (*const row_slopes[EBB_LOSS_COUNT])(const element_row *r, size_t c) = {
    [EBB_LOSS_GAUSSIAN] = gaussian,
    [EBB_LOSS_HINGE] = hinge,
    [EBB_LOSS_SQUARED_HINGE] = squared_hinge,
    [EBB_LOSS_COSINE] = cosine,
    [EBB_LOSS_SOFT_CROSS_ENTROPY] = soft_cross_entropy};

bool element_knows_loss(ebb_loss_kind loss) {
  return column_slopes[loss] || row_slopes[loss];
}

double element_loss_slope(const element_row *r, size_t c) {
  if (row_slopes[r->loss.kind]) return row_slopes[r->loss.kind](r, c);
  double (*const slope)(double z, double y, double p) = column_slopes[r->loss.kind];
  double p = r->loss.parameters[0];
  if (!ebb_loss_has_labels(r->loss.kind))
    return slope((double)r->z[c], (double)r->y[c], p) / (double)r->cols;
  double all = log_sum(r), share = exp((double)r->z[c] - all);
  return slope((double)r->z[r->label] - all, 0, p) * ((c == r->label) - share);
}
