/* Tweedie's loss: equations (L5) and (L18) of docs/backprop.md. */
#include "check/loss_check.h"

#include <math.h>

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols, power = target->loss.parameters[0];
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double mean = exp(z[col]), up = pow(mean, 2 - power);
    double pull = y[col] > 0 ? y[col] * pow(mean, 1 - power) : 0;
    sum += up / (2 - power) - pull / (1 - power);
    if (dz) dz[col] = (up - pull) / (double)cols;
  }
  return sum / (double)cols;
}

/* Both may cancel, and the rounded argument of an exponential has an error in proportion to it. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t row,
                    size_t cols) {
  const double *y = target->values + row * cols, power = target->loss.parameters[0];
  double sum = 0, rise = 2 - power, fall = power - 1;
  for (size_t col = 0; col < cols; col++) {
    double up = exp(rise * z[col]) * (1 + rise * fabs(z[col]));
    double pull = y[col] > 0 ? y[col] * exp(-fall * z[col]) * (1 + fall * fabs(z[col])) : 0;
    sum += up / rise + pull / fall;
    if (scale) scale[col] = (up + pull) / (double)cols;
  }
  return sum / (double)cols;
}

static double curvature(ebb_loss loss, double low, double high, double target) {
  double rise = 2 - loss.parameters[0], fall = loss.parameters[0] - 1;
  double pull = target > 0 ? target * exp(-fall * low) : 0;
  return rise * exp(rise * high) + fall * pull;
}

static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_curved(s, curvature);
}

/* dz: the rounded factor of z and its product 2, exp 6, the product with y 1, the difference 1, the
 * factor 1 / (live cols) 6, the product 1. The loss: the exponentials 8, the product with y 1, the
 * rounded reciprocal and its product 2, the sum 1, cols additions, the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_tweedie = {
    .row = row, .scale = scale, .gradient = 18, .value = 18, .value_column = 1, .spread = spread};
