/* The hinge losses of labels: equations (L11) and (L22) of docs/backprop.md. */
#include "check/bounds.h"
#include "check/loss_check.h"
#include "check/rounding.h"
#include "check/spread.h"

#include <math.h>

/* How far a class comes too near to the label, and the size of what that is computed from. */
static double violation(const ebbi_reference_target *target, const double *z, size_t label,
                        size_t col) {
  return target->loss.parameters[0] + z[col] - z[label];
}

static double size_of(const ebbi_reference_target *target, const double *z, size_t label,
                      size_t col) {
  return target->loss.parameters[0] + fabs(z[col]) + fabs(z[label]);
}

/* Three rounded numbers: the margin, and two sums. */
static bool is_near(const ebbi_reference_target *target, const double *z, size_t label,
                    size_t col) {
  return fabs(violation(target, z, label, col)) <=
         3 * EBBI_ROUNDOFF * size_of(target, z, label, col);
}

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t at,
                  size_t cols, int power) {
  size_t label = (size_t)target->labels[at];
  double sum = 0, slopes = 0;
  for (size_t col = 0; dz && col < cols; col++) dz[col] = label < cols ? 0 : NAN;
  if (label >= cols) return NAN;
  for (size_t col = 0; col < cols; col++) {
    double v = violation(target, z, label, col);
    if (col == label || v <= 0) continue;
    double slope = (power == 2 ? 2 * v : 1) / (double)cols;
    sum += power == 2 ? v * v : v;
    slopes += slope;
    if (dz) dz[col] = slope;
  }
  if (dz) dz[label] = -slopes;
  return sum / (double)cols;
}

static double row_once(double *dz, const double *z, const ebbi_reference_target *target, size_t at,
                       size_t cols) {
  return row(dz, z, target, at, cols, 1);
}

static double row_squared(double *dz, const double *z, const ebbi_reference_target *target,
                          size_t at, size_t cols) {
  return row(dz, z, target, at, cols, 2);
}

/* Where rounding may take a class to the other side, its slope may be anything between both. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t at,
                    size_t cols, int power) {
  size_t label = (size_t)target->labels[at];
  double sum = 0, slopes = 0;
  for (size_t col = 0; scale && col < cols; col++) scale[col] = 0;
  for (size_t col = 0; label < cols && col < cols; col++) {
    bool near = is_near(target, z, label, col);
    double size = size_of(target, z, label, col);
    if (col == label || (violation(target, z, label, col) <= 0 && !near)) continue;
    double slope = (power == 2 ? 2 * size : near ? 1 / EBBI_ROUNDOFF : 1) / (double)cols;
    sum += power == 2 ? size * size : size;
    slopes += slope;
    if (scale) scale[col] = slope;
  }
  if (scale && label < cols) scale[label] = slopes;
  return label < cols ? sum / (double)cols : NAN;
}

static double scale_once(double *sizes, const double *z, const ebbi_reference_target *target,
                         size_t at, size_t cols) {
  return scale(sizes, z, target, at, cols, 1);
}

static double scale_squared(double *sizes, const double *z, const ebbi_reference_target *target,
                            size_t at, size_t cols) {
  return scale(sizes, z, target, at, cols, 2);
}

static bool side(const ebbi_reference_target *target, const double *z, size_t at, size_t col,
                 size_t cols) {
  size_t label = (size_t)target->labels[at];
  return label < cols && col != label && violation(target, z, label, col) > 0;
}

/* A class's slope changes by `most` at most, where errors of its output and the label's take it
 * across the bend, or by the curvature times them; the label's by the sum of all. */
static double spread(const ebbi_loss_spread *s, int power) {
  size_t label = (size_t)s->target->labels[s->row];
  double step = 1 / (s->live * (double)s->cols), sum = 0, extra = 0;
  for (size_t col = 0; col < s->cols; col++) {
    double error = sqrt(s->z_variance[col]) + sqrt(s->z_variance[label]);
    double v = violation(s->target, s->z, label, col), own = s->bound * s->scale[col];
    bool reached = fabs(v) <= EBBI_DEVIATIONS * error;
    double change = power == 2 ? (v > 0 || reached) * 2 * step * error : reached * step;
    if (col == label) change = 0;
    sum += change;
    if (power == 1) extra += ebbi_square(change * error);
    s->dz_variance[col] = ebbi_square(change) + own * own;
  }
  s->dz_variance[label] += ebbi_square(sum);
  return extra;
}

static double spread_once(const ebbi_loss_spread *s) {
  return spread(s, 1);
}

static double spread_squared(const ebbi_loss_spread *s) {
  return spread(s, 2);
}

/* dz: the slope 1 and a count of them are exact; the factor 1 / (live cols) 6, the product 1. The
 * loss: the violation 3, cols additions, the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_hinge = {.row = row_once,
                                               .scale = scale_once,
                                               .gradient = 8,
                                               .value = 10,
                                               .value_column = 1,
                                               .side = side,
                                               .spread = spread_once};

/* dz: the violation 3, cols additions of the label's, the factor 2 / (live cols) 6, the product 1.
 * The loss: the violation's square 7, cols additions, the division by cols 5. */
const ebbi_loss_check ebbi_loss_check_squared_hinge = {.row = row_squared,
                                                       .scale = scale_squared,
                                                       .gradient = 12,
                                                       .gradient_column = 1,
                                                       .value = 14,
                                                       .value_column = 1,
                                                       .spread = spread_squared};
