/* Binary cross-entropy: equations (L6) and (L24) of docs/backprop.md. */
#include "check/loss_check.h"

#include <math.h>

/* log(1 + exp(z)). */
static double softplus(double z) {
  return fmax(z, 0) + log1p(exp(-fabs(z)));
}

/* -y log p - (1 - y) log(1 - p), and p - y. */
static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols;
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    sum += y[col] * softplus(-z[col]) + (1 - y[col]) * softplus(z[col]);
    if (dz) dz[col] = (exp(-softplus(-z[col])) - y[col]) / (double)cols;
  }
  return sum / (double)cols;
}

/* Both are differences, which may cancel. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t row,
                    size_t cols) {
  const double *y = target->values + row * cols;
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    sum += softplus(z[col]) + fabs(z[col] * y[col]);
    if (scale) scale[col] = (exp(-softplus(-z[col])) + y[col]) / (double)cols;
  }
  return sum / (double)cols;
}

static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_values(s, 0.25);
}

/* dz: exp 6 above and 6 below the bar, the sum 1, the division 5, the difference 1, the factor
 * 1 / (live cols) 6, the product 1. The loss: z y and two sums 3, exp 6, log1p 4, cols additions,
 * the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_bce = {
    .row = row, .scale = scale, .gradient = 26, .value = 18, .value_column = 1, .spread = spread};
