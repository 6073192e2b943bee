/* The pinball loss: equations (L9) and (L10) of docs/backprop.md. */
#include "check/loss_check.h"

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols, q = target->loss.parameters[0];
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double over = z[col] - y[col], slope = over > 0 ? 1 - q : over < 0 ? -q : 0;
    sum += slope * over;
    if (dz) dz[col] = slope / (double)cols;
  }
  return sum / (double)cols;
}

static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_bend(s, 1);
}

/* dz: the rounded q or 1 - q 1, the factor 1 / (live cols) 6, the product 1. The loss: z - y 1, the
 * rounded slope and the product 2, cols additions, the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_quantile = {
    .row = row, .gradient = 9, .value = 10, .value_column = 1, .bends = true, .spread = spread};
