/* The likelihood of normally distributed values: equations (L7) and (L15) of docs/backprop.md. */
#include "check/loss_check.h"
#include "check/rounding.h"
#include "check/spread.h"

#include <math.h>

/* A target's part: its error; the variance and its logarithm, with the least value (whose logarithm
 * is a float32, as the device has it); and how much of a change of the output reaches it. */
typedef struct part {
  double d, variance, logarithm, reach;
} part;

static part part_of(const ebbi_reference_target *target, const double *z, double y) {
  double least = (double)(float)log(target->loss.parameters[0]);
  double logarithm = z[1] < least ? least : z[1];
  return (part){z[0] - y, exp(logarithm), logarithm, exp(z[1] - logarithm)};
}

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  size_t targets = ebbi_target_columns(target, cols);
  double sum = 0;
  for (size_t t = 0; t < targets; t++) {
    part p = part_of(target, z + 2 * t, target->values[row * targets + t]);
    sum += (p.logarithm + p.d * p.d / p.variance) / 2;
    if (!dz) continue;
    dz[2 * t] = p.d / p.variance / (double)targets;
    dz[2 * t + 1] = (1 - p.d * p.d / p.variance) / 2 * p.reach / (double)targets;
  }
  return sum / (double)targets;
}

/* The loss and the slope by the log variance are differences, which may cancel. Where the variance
 * is raised, the rounded argument of its exponential has an error in proportion to it. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t row,
                    size_t cols) {
  size_t targets = ebbi_target_columns(target, cols);
  double sum = 0;
  for (size_t t = 0; t < targets; t++) {
    part p = part_of(target, z + 2 * t, target->values[row * targets + t]);
    double square = p.d * p.d / p.variance;
    sum += (fabs(p.logarithm) + square) / 2;
    if (!scale) continue;
    scale[2 * t] = fabs(p.d) / p.variance / (double)targets;
    scale[2 * t + 1] =
        (1 + square) / 2 * p.reach * (1 + p.logarithm - z[2 * t + 1]) / (double)targets;
  }
  return sum / (double)targets;
}

/* With d and the variance v as far off as the outputs' errors allow, dz changes by 1 / v and d / v,
 * and by d / v and (1 + d^2 / v) / 2, for each unit of the two outputs. The errors may go together.
 */
static double spread(const ebbi_loss_spread *s) {
  size_t targets = ebbi_target_columns(s->target, s->cols);
  double share = 2 / (s->live * (double)targets * s->live * (double)targets);
  for (size_t t = 0; t < targets; t++) {
    const double *z = s->z + 2 * t, *error = s->z_variance + 2 * t;
    double reach = EBBI_DEVIATIONS * sqrt(error[1]);
    part p =
        part_of(s->target, (double[]){z[0], z[1] - reach}, s->target->values[s->row * targets + t]);
    double d = fabs(p.d) + EBBI_DEVIATIONS * sqrt(error[0]), square = d * d / p.variance;
    double across = ebbi_square(d / p.variance), own[2];
    for (size_t k = 0; k < 2; k++) own[k] = ebbi_square(s->bound * s->scale[2 * t + k]);
    s->dz_variance[2 * t] =
        share * (error[0] / ebbi_square(p.variance) + across * error[1]) + own[0];
    s->dz_variance[2 * t + 1] =
        share * (across * error[0] + ebbi_square((1 + square) / 2) * error[1]) + own[1];
  }
  return 0;
}

/* dz: the difference d 1, exp 6, their product 1; for the log variance, d / v times d 2 more, the
 * difference 1, exp 6 and its argument 1, two products 2; the factor 1 / (live targets) 6, the
 * product 1. The loss: d^2 / v 10, the sum 1, an addition for each target, the division 5. */
const ebbi_loss_check ebbi_loss_check_gaussian = {
    .row = row, .scale = scale, .gradient = 27, .value = 16, .value_column = 1, .spread = spread};
