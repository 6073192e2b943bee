/* The loss of gamma-distributed values: equations (L4) and (L17) of docs/backprop.md. */
#include "check/loss_check.h"

#include <math.h>

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols;
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double share = y[col] / exp(z[col]);
    sum += share + z[col];
    if (dz) dz[col] = (1 - share) / (double)cols;
  }
  return sum / (double)cols;
}

/* Both may cancel. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t row,
                    size_t cols) {
  const double *y = target->values + row * cols;
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double share = y[col] / exp(z[col]);
    sum += share + fabs(z[col]);
    if (scale) scale[col] = (1 + share) / (double)cols;
  }
  return sum / (double)cols;
}

static double curvature(ebb_loss loss, double low, double high, double target) {
  (void)loss, (void)high;
  return target / exp(low);
}

static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_curved(s, curvature);
}

/* dz: exp 6, the product with y 1, the difference 1, the factor 1 / (live cols) 6, the product 1.
 * The loss: exp 6, the product 1, the sum 1, cols additions, the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_gamma = {
    .row = row, .scale = scale, .gradient = 16, .value = 14, .value_column = 1, .spread = spread};
