/* Poisson's loss: equations (L3) and (L16) of docs/backprop.md. */
#include "check/loss_check.h"

#include <math.h>

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols;
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double mean = exp(z[col]);
    sum += mean - y[col] * z[col];
    if (dz) dz[col] = (mean - y[col]) / (double)cols;
  }
  return sum / (double)cols;
}

/* Both are differences, which may cancel. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t row,
                    size_t cols) {
  const double *y = target->values + row * cols;
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double mean = exp(z[col]);
    sum += mean + fabs(y[col] * z[col]);
    if (scale) scale[col] = (mean + y[col]) / (double)cols;
  }
  return sum / (double)cols;
}

static double curvature(ebb_loss loss, double low, double high, double target) {
  (void)loss, (void)low, (void)target;
  return exp(high);
}

static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_curved(s, curvature);
}

/* dz: exp 6, the difference 1, the factor 1 / (live cols) 6, the product 1. The loss: exp 6, y z 1,
 * the difference 1, cols additions, the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_poisson = {
    .row = row, .scale = scale, .gradient = 14, .value = 14, .value_column = 1, .spread = spread};
