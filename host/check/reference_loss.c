/* The reference's losses, their gradients by the network's output, and their bounds: the mean over
 * rows, by weight, of what check/losses/ computes.
 */
#include "check/bounds.h"
#include "check/loss_check.h"
#include "check/rounding.h"

#include "ops/loss_row.h"
#include "ops/ops.h"
#include <math.h>

static const ebbi_loss_check *const checks[] = {
#define CHECK_ROW(name, text, targets, formula) &ebbi_loss_check_##text,
    EBB_LOSS_LIST(CHECK_ROW)};

const ebbi_loss_check *ebbi_loss_check_of(ebb_loss loss) {
  return checks[loss.kind];
}

size_t ebbi_target_columns(const ebbi_reference_target *target, size_t cols) {
  return ebbi_loss_targets(target->loss, cols);
}

double ebbi_target_value(const ebbi_reference_target *target, size_t row, size_t col, size_t cols) {
  size_t each = ebb_loss_outputs(target->loss);
  return target->values[row * (cols / each) + col / each];
}

/* A weight's product with the factor of dz, or with the loss, is rounded once. */
double ebbi_bound_loss_gradient(ebb_loss loss, size_t cols) {
  const ebbi_loss_check *check = checks[loss.kind];
  return (check->gradient + check->gradient_column * (double)cols + loss.weighted) * EBBI_ROUNDOFF;
}

double ebbi_bound_loss_value(ebb_loss loss, size_t cols) {
  const ebbi_loss_check *check = checks[loss.kind];
  return (check->value + check->value_column * (double)cols + loss.weighted) * EBBI_ROUNDOFF;
}

/* The variance of dz by z's, where the second derivative is `curvature` / cols, and by dz's own
 * rounding. */
static void set_variance(const ebbi_loss_spread *s, size_t col, double curvature) {
  double slope = curvature / s->live / (double)s->cols, own = s->bound * s->scale[col];
  s->dz_variance[col] = slope * slope * s->z_variance[col] + own * own;
}

double ebbi_spread_values(const ebbi_loss_spread *s, double curvature) {
  for (size_t col = 0; col < s->cols; col++) set_variance(s, col, curvature);
  return 0;
}

double ebbi_spread_curved(const ebbi_loss_spread *s, ebbi_curvature *curvature) {
  for (size_t col = 0; col < s->cols; col++) {
    double reach = EBBI_DEVIATIONS * sqrt(s->z_variance[col]), z = s->z[col];
    double y = ebbi_target_value(s->target, s->row, col, s->cols);
    set_variance(s, col, curvature(s->target->loss, z - reach, z + reach, y));
  }
  return 0;
}

/* Where an error of z may take it to the other side, dz may jump, and the loss changes with the
 * slope of that side. */
double ebbi_spread_bend(const ebbi_loss_spread *s, double jump) {
  double step = jump / s->live / (double)s->cols, sum = 0;
  for (size_t col = 0; col < s->cols; col++) {
    double reach = EBBI_DEVIATIONS * sqrt(s->z_variance[col]);
    bool near = fabs(s->z[col] - ebbi_target_value(s->target, s->row, col, s->cols)) <= reach;
    set_variance(s, col, 0);
    if (!near) continue;
    s->dz_variance[col] += step * step;
    sum += step * step * s->z_variance[col];
  }
  return sum;
}

bool ebbi_side_of_target(const ebbi_reference_target *target, const double *z, size_t row,
                         size_t col, size_t cols) {
  return z[col] > ebbi_target_value(target, row, col, cols);
}

size_t ebbi_largest(const double *z, size_t cols) {
  size_t best = 0;
  for (size_t col = 1; col < cols; col++)
    if (z[col] > z[best]) best = col;
  return best;
}

size_t ebbi_target_row_of(const ebbi_reference_target *target, size_t row) {
  return target->members > 0 ? row / target->members : row;
}

double ebbi_reference_weight(const ebbi_reference_target *target, size_t row) {
  return target->weights ? target->weights[ebbi_target_row_of(target, row)] : 1;
}

double ebbi_reference_weights(const ebbi_reference_target *target, size_t rows) {
  double sum = 0;
  for (size_t row = 0; row < rows; row++) sum += ebbi_reference_weight(target, row);
  return sum;
}

/* The mean over rows, by weight, of one of a loss's two functions of a row. */
static double mean_of_rows(double (*of)(double *, const double *, const ebbi_reference_target *,
                                        size_t, size_t),
                           double *dz, const double *z, const ebbi_reference_target *target,
                           size_t rows, size_t live, size_t cols) {
  double sum = 0;
  for (size_t row = 0; row < rows; row++) {
    double weight = row < live ? ebbi_reference_weight(target, row) : 0, *slope = NULL;
    if (dz) slope = dz + row * cols;
    for (size_t col = 0; dz && col < cols && weight == 0; col++) slope[col] = 0;
    if (weight == 0) continue;
    sum += weight * of(slope, z + row * cols, target, ebbi_target_row_of(target, row), cols);
    for (size_t col = 0; dz && col < cols; col++) slope[col] *= weight / (double)live;
  }
  return sum / (double)live;
}

double ebbi_reference_loss(double *dz, const double *z, const ebbi_reference_target *target,
                           size_t rows, size_t live, size_t cols) {
  return mean_of_rows(checks[target->loss.kind]->row, dz, z, target, rows, live, cols);
}

double ebbi_reference_loss_scale(double *scale, const double *z,
                                 const ebbi_reference_target *target, size_t rows, size_t live,
                                 size_t cols) {
  const ebbi_loss_check *check = checks[target->loss.kind];
  bool own = check->scale != NULL;
  double loss = mean_of_rows(own ? check->scale : check->row, scale, z, target, rows, live, cols);
  for (size_t at = 0; scale && at < live * cols; at++) scale[at] = fabs(scale[at]);
  return loss;
}

ebb_loss ebbi_reference_listed(ebb_loss loss) {
  const double numbers[] = {0.1, 0.5, 0.97};
  for (size_t i = 0; ebbi_loss_row_of(loss.kind)->list && i < 3; i++)
    loss.parameters[i] = numbers[i];
  return loss;
}

static double target_of(ebb_loss_domain d, double x) {
  if (isfinite(d.most)) return d.least + (d.most - d.least) * fabs(x - trunc(x));
  return isfinite(d.least) ? d.least + fabs(x) + (d.above ? 0.125 : 0) : x;
}

void ebbi_reference_values(double *values, size_t count, ebb_loss_kind kind) {
  for (size_t i = 0; i < count; i++)
    values[i] = (double)(float)target_of(ebb_loss_domain_of(kind), values[i]);
}

double ebbi_reference_correct(const double *z, const ebbi_reference_target *target, size_t live,
                              size_t cols) {
  double correct = 0;
  bool labels = ebb_loss_has_labels(target->loss.kind);
  if (!ebb_loss_has_accuracy(target->loss.kind)) return 0;
  for (size_t row = 0; labels && row < live; row++)
    if (ebbi_largest(z + row * cols, cols) ==
        (size_t)target->labels[ebbi_target_row_of(target, row)])
      correct += ebbi_reference_weight(target, row);
  for (size_t at = 0; !labels && at < live * cols; at++)
    if ((z[at] >= 0) ==
        (target->values[ebbi_target_row_of(target, at / cols) * cols + at % cols] >= 0.5))
      correct += ebbi_reference_weight(target, at / cols);
  return correct;
}

/* The weight of outputs that may be found on either side of 0. */
static double unsure_outputs(const double *z, const double *variances,
                             const ebbi_reference_target *target, size_t live, size_t cols) {
  double unsure = 0;
  for (size_t at = 0; at < live * cols; at++) {
    double reach = variances ? 4 * EBBI_DEVIATIONS * sqrt(variances[at]) : 1e-4;
    if (fabs(z[at]) <= reach) unsure += ebbi_reference_weight(target, at / cols);
  }
  return unsure;
}

double ebbi_reference_unsure(const double *z, const double *variances,
                             const ebbi_reference_target *target, size_t live, size_t cols) {
  double unsure = 0;
  if (!ebb_loss_has_accuracy(target->loss.kind)) return 0;
  if (!ebb_loss_has_labels(target->loss.kind))
    return unsure_outputs(z, variances, target, live, cols);
  for (size_t row = 0; row < live; row++) {
    double first = -INFINITY, second = -INFINITY, variance = 0;
    for (size_t i = row * cols; i < (row + 1) * cols; i++) {
      second = fmax(second, fmin(first, z[i]));
      first = fmax(first, z[i]);
      if (variances) variance = fmax(variance, variances[i]);
    }
    double reach = variances ? 4 * EBBI_DEVIATIONS * sqrt(variance) : 1e-4 * (1 + fabs(first));
    if (first - second <= reach) unsure += ebbi_reference_weight(target, row);
  }
  return unsure;
}
