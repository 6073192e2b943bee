/* The reference's losses, their gradients by the network's output, and their bounds: the mean over
 * rows, by weight, of what check/losses/ computes.
 */
#include "check/bounds.h"
#include "check/loss_check.h"

#include <math.h>

static const ebbi_loss_check *const checks[] = {
#define CHECK_ROW(name, text, targets, formula) &ebbi_loss_check_##text,
    EBB_LOSS_LIST(CHECK_ROW)};

const ebbi_loss_check *ebbi_loss_check_of(ebb_loss loss) {
  return checks[loss.kind];
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

double ebbi_loss_gradient_scale(ebb_loss loss, double dz, double live) {
  return checks[loss.kind]->absolute ? 1 / live : fabs(dz);
}

double ebbi_loss_value_scale(ebb_loss loss, double value) {
  return checks[loss.kind]->absolute ? 1 + value : value;
}

double ebbi_spread_values(const ebbi_loss_spread *s, double curvature) {
  double slope = curvature / s->live / (double)s->cols;
  for (size_t col = 0; col < s->cols; col++) {
    double own = s->bound * s->dz[col];
    s->dz_variance[col] = slope * slope * s->z_variance[col] + own * own;
  }
  return 0;
}

size_t ebbi_largest(const double *z, size_t cols) {
  size_t best = 0;
  for (size_t col = 1; col < cols; col++)
    if (z[col] > z[best]) best = col;
  return best;
}

double ebbi_reference_weight(const ebbi_reference_target *target, size_t row) {
  return target->weights ? target->weights[row] : 1;
}

double ebbi_reference_weights(const ebbi_reference_target *target, size_t rows) {
  double sum = 0;
  for (size_t row = 0; row < rows; row++) sum += ebbi_reference_weight(target, row);
  return sum;
}

double ebbi_reference_loss(double *dz, const double *z, const ebbi_reference_target *target,
                           size_t rows, size_t live, size_t cols) {
  const ebbi_loss_check *check = checks[target->loss.kind];
  double sum = 0;
  for (size_t row = 0; row < rows; row++) {
    double weight = row < live ? ebbi_reference_weight(target, row) : 0, *slope = NULL;
    if (dz) slope = dz + row * cols;
    for (size_t col = 0; dz && col < cols && weight == 0; col++) slope[col] = 0;
    if (weight == 0) continue;
    sum += weight * check->row(slope, z + row * cols, target, row, cols);
    for (size_t col = 0; dz && col < cols; col++) slope[col] *= weight / (double)live;
  }
  return sum / (double)live;
}

double ebbi_reference_correct(const double *z, const ebbi_reference_target *target, size_t live,
                              size_t cols) {
  double correct = 0;
  if (!ebb_loss_has_labels(target->loss.kind)) return 0;
  for (size_t row = 0; row < live; row++)
    if (ebbi_largest(z + row * cols, cols) == (size_t)target->labels[row])
      correct += ebbi_reference_weight(target, row);
  return correct;
}

double ebbi_reference_unsure(const double *z, const ebbi_reference_target *target, size_t live,
                             size_t cols) {
  double unsure = 0;
  for (size_t row = 0; row < live; row++) {
    double first = -INFINITY, second = -INFINITY;
    for (size_t i = 0; i < cols; i++) {
      second = fmax(second, fmin(first, z[row * cols + i]));
      first = fmax(first, z[row * cols + i]);
    }
    if (first - second < 1e-4 * (1 + fabs(first))) unsure += ebbi_reference_weight(target, row);
  }
  return unsure;
}
