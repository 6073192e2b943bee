/* One minus the cosine: equations (L12) and (L23) of docs/backprop.md. */
#include "check/loss_check.h"
#include "check/rounding.h"
#include "check/spread.h"

#include <math.h>

static const double LEAST_SQUARE = 1e-12;

/* The lengths of outputs, at least 1e-6, and of targets; the cosine, 0 for targets of zeros. */
typedef struct angle {
  double own, other, cosine;
} angle;

static angle angle_of(const double *z, const double *y, size_t cols) {
  double product = 0, own = LEAST_SQUARE, other = 0;
  for (size_t col = 0; col < cols; col++) {
    product += z[col] * y[col];
    own += z[col] * z[col];
    other += y[col] * y[col];
  }
  angle a = {sqrt(own), sqrt(other), 0};
  if (other > 0) a.cosine = product / a.own / a.other;
  return a;
}

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  const double *y = target->values + row * cols;
  angle a = angle_of(z, y, cols);
  for (size_t col = 0; dz && col < cols; col++)
    dz[col] = (a.cosine * z[col] / a.own - (a.other > 0 ? y[col] / a.other : 0)) / a.own;
  return 1 - a.cosine;
}

/* The cosine is a sum of terms that may cancel, whose magnitudes add up to at most 1. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t row,
                    size_t cols) {
  const double *y = target->values + row * cols;
  angle a = angle_of(z, y, cols);
  for (size_t col = 0; scale && col < cols; col++)
    scale[col] = (fabs(z[col]) / a.own + (a.other > 0 ? fabs(y[col]) / a.other : 0)) / a.own;
  return 1;
}

/* The second derivative in any direction is at most 3 / |z|^2. */
static double spread(const ebbi_loss_spread *s) {
  double error = 0;
  for (size_t col = 0; col < s->cols; col++) error += s->z_variance[col];
  angle a = angle_of(s->z, s->target->values + s->row * s->cols, s->cols);
  double least = fmax(a.own - EBBI_DEVIATIONS * sqrt(error), sqrt(LEAST_SQUARE));
  double curved = 3 / (least * least * s->live);
  for (size_t col = 0; col < s->cols; col++)
    s->dz_variance[col] = curved * curved * error + ebbi_square(s->bound * s->scale[col]);
  return 0;
}

/* Both vectors are divided by a number 5; a square or product of theirs 11, its sum cols more. A
 * reciprocal length: half of that, sqrt 6, the division 5. So the cosine has (cols + 11) twice, 22
 * and two products: (2 cols + 46) u. dz: with the outputs' term, 5 + 11 + cols / 2 and the
 * cosine's, two products, the difference 1, the factor near / size / live with its products 30 +
 * cols / 2: below (3 cols + 102) u. The loss: the cosine's and the difference. */
const ebbi_loss_check ebbi_loss_check_cosine = {.row = row,
                                                .scale = scale,
                                                .gradient = 110,
                                                .gradient_column = 3,
                                                .value = 48,
                                                .value_column = 2,
                                                .spread = spread};
