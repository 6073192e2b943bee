/* Cross-entropy with probabilities: equations (L10) and (L21) of docs/backprop.md. */
#include "check/loss_check.h"
#include "check/rounding.h"
#include "check/spread.h"

#include <math.h>

/* The target of a class, smoothed, and the sum of all of them. */
static double share_of(const ebbi_reference_target *target, size_t row, size_t col, size_t cols) {
  double smoothing = target->loss.parameters[0];
  return (1 - smoothing) * target->values[row * cols + col] + smoothing / (double)cols;
}

static double sum_of(const ebbi_reference_target *target, size_t row, size_t cols) {
  double sum = 0;
  for (size_t col = 0; col < cols; col++) sum += share_of(target, row, col, cols);
  return sum;
}

/* The logarithm of the sum of exp(z - largest). */
static double log_sum(const double *z, size_t best, size_t cols) {
  double others = 0;
  for (size_t col = 0; col < cols; col++)
    if (col != best) others += exp(z[col] - z[best]);
  return log1p(others);
}

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  size_t best = ebbi_largest(z, cols);
  double logarithm = log_sum(z, best, cols), all = sum_of(target, row, cols), loss = 0;
  for (size_t col = 0; col < cols; col++) {
    double gap = z[best] - z[col] + logarithm, share = share_of(target, row, col, cols);
    loss += share * gap;
    if (dz) dz[col] = all * exp(-gap) - share;
  }
  return loss;
}

/* Softmax is at most 1, with an absolute error; the loss is added up of numbers from 0. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t at,
                    size_t cols) {
  double all = sum_of(target, at, cols);
  for (size_t col = 0; scale && col < cols; col++)
    scale[col] = all + share_of(target, at, col, cols);
  return all + row(NULL, z, target, at, cols);
}

/* As that of labels: softmax's p changes by p (e - sum p e) with an error e of the outputs. */
static double spread(const ebbi_loss_spread *s) {
  const double reach = 0.7 / EBBI_DEVIATIONS;
  double e = s->z_variance[ebbi_largest(s->z_variance, s->cols)];
  double all = sum_of(s->target, s->row, s->cols), live = s->live * s->live;
  bool far = e > reach * reach;
  for (size_t col = 0; col < s->cols; col++) {
    double p = s->dz[col] * s->live + share_of(s->target, s->row, col, s->cols);
    s->dz_variance[col] =
        (far ? all * all : 2 * p * p * e) / live + ebbi_square(s->bound * s->scale[col]);
  }
  return far ? 4 * all * all / live * e : 0;
}

/* dz: softmax (cols + 24) u as with labels; a share 3, their sum cols more, its quotient by the sum
 * 5, the product 1, the difference 1, 1 / live and the product 6. The loss: log of the sum, whose
 * relative error (cols + 6) u is log's absolute one, log 3; gaps 1, shares 3, products 1, cols
 * additions. */
const ebbi_loss_check ebbi_loss_check_soft_cross_entropy = {.row = row,
                                                            .scale = scale,
                                                            .gradient = 42,
                                                            .gradient_column = 2,
                                                            .value = 24,
                                                            .value_column = 2,
                                                            .spread = spread};
