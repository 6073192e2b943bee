/* Mean squared error: equations (3) and (6) of docs/backprop.md. */
#include "check/loss_check.h"

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols;
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double error = z[col] - y[col];
    sum += error * error;
    if (dz) dz[col] = 2 * error / (double)cols;
  }
  return sum / (double)cols;
}

static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_values(s, 2);
}

/* dz: z - y 1, the factor 2 / (live cols) 6, the product 1. The loss: cols additions, z - y twice,
 * the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_mse = {
    .row = row, .gradient = 10, .value = 8, .value_column = 1, .spread = spread};
