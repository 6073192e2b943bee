/* Mean absolute error: equations (L1) and (L13) of docs/backprop.md. */
#include "check/loss_check.h"

#include <math.h>

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols;
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    sum += fabs(z[col] - y[col]);
    if (dz) dz[col] = (double)((z[col] > y[col]) - (z[col] < y[col])) / (double)cols;
  }
  return sum / (double)cols;
}

static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_bend(s, 2);
}

/* dz: the sign of z - y is exact; the factor 1 / (live cols) 6, the product 1. The loss: z - y 1,
 * cols additions, the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_mae = {.row = row,
                                             .gradient = 8,
                                             .value = 8,
                                             .value_column = 1,
                                             .side = ebbi_side_of_target,
                                             .spread = spread};
