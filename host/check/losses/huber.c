/* Huber's loss: equations (15) and (16) of docs/backprop.md. */
#include "check/loss_check.h"

#include <math.h>

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols, delta = target->loss.parameters[0];
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double error = z[col] - y[col], size = fabs(error);
    bool far = size > delta;
    sum += far ? delta * (size - delta / 2) : error * error / 2;
    if (dz) dz[col] = (far ? copysign(delta, error) : error) / (double)cols;
  }
  return sum / (double)cols;
}

/* The second derivative is 1 or 0. */
static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_values(s, 1);
}

/* dz: z - y and the rounded delta 1, the smaller of which counts; the factor 1 / (live cols) 6, the
 * product 1. The loss: the limited difference s 1, d - s / 2 at most 3 and its rounding 1, the
 * product 1, cols additions, the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_huber = {
    .row = row, .gradient = 10, .value = 12, .value_column = 1, .spread = spread};
