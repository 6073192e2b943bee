/* Cross-entropy: equations (4), (7), (L8) and (L19) of docs/backprop.md.
 *
 * It is taken relative to the row's largest logit, which is left out of the sum of exponentials and
 * comes back through log1p: a confident, correct row has a loss far below the rounding of 1, and
 * log(sum of exponentials) would lose it.
 */
#include "check/bounds.h"
#include "check/loss_check.h"
#include "check/rounding.h"

#include <math.h>

/* The sum of -target log softmax(z), and softmax(z) - target; the target is onehot(label),
 * smoothed. A label that is no class has neither: a device's memory may hold one. */
static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  size_t label = (size_t)target->labels[row];
  for (size_t col = 0; dz && label >= cols && col < cols; col++) dz[col] = NAN;
  if (label >= cols) return NAN;
  size_t best = ebbi_largest(z, cols);
  double others = 0; /* sum of exp(z - z[best]) except for the 1 of `best` itself */
  for (size_t col = 0; col < cols; col++)
    if (col != best) others += exp(z[col] - z[best]);
  double smoothing = target->loss.parameters[0], even = smoothing / (double)cols, gaps = 0;
  for (size_t col = 0; col < cols; col++) {
    double softmax = exp(z[col] - z[best]) / (1 + others);
    gaps += even * (z[best] - z[col]);
    if (dz) dz[col] = softmax - even - (col == label ? 1 - smoothing : 0);
  }
  if (dz && label == best && smoothing == 0)
    dz[best] = -others / (1 + others); /* softmax - 1, uncancelled */
  return log1p(others) + (1 - smoothing) * (z[best] - z[label]) + gaps;
}

/* Softmax is at most 1, and the loss a difference of numbers that may exceed it by about 1.
 * Smoothing adds as many roundings as there were. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t at,
                    size_t cols) {
  double times = target->loss.parameters[0] > 0 ? 2 : 1;
  for (size_t col = 0; scale && col < cols; col++) scale[col] = times;
  return times * (1 + row(NULL, z, target, at, cols));
}

/* An error e of the logits changes softmax's p by p (e - sum p e), whose variance is at most 2 p^2
 * times e's largest; where e may reach 1, p may become anything from 0 to 1, and the row's loss
 * changes by 2 e at most. */
static double spread(const ebbi_loss_spread *s) {
  const double reach = 0.7 / EBBI_DEVIATIONS;
  double e = s->z_variance[ebbi_largest(s->z_variance, s->cols)];
  size_t label = (size_t)s->target->labels[s->row];
  double smoothing = s->target->loss.parameters[0], even = smoothing / (double)s->cols;
  bool far = e > reach * reach;
  for (size_t col = 0; col < s->cols; col++) {
    double p = s->dz[col] * s->live + even + (col == label ? 1 - smoothing : 0);
    s->dz_variance[col] = ((far ? 1 : 2 * p * p * e) + s->bound * s->bound) / (s->live * s->live);
  }
  return far ? 4 / (s->live * s->live) * e : 0;
}

/* dz: e = exp(z - largest) has 3 ulp, and the rounding of its argument u |z - largest|, which
 * weighted by e is below 1; the sum of cols terms cols u; 1 / live 5 u, that by the sum 5 u more,
 * the difference u. The numerator's share and the sum's add: below (cols + 24) u in all.
 * The loss: the sum's relative error (cols + 6) u is log's absolute one; log itself 3 ulp of
 * log(sum) <= loss + 1; largest - z[label] and the final sum one rounding each. Smoothing adds to
 * dz two rounded numbers below 1 and their sum; to the loss cols additions, whose sum times its
 * part is below the loss, and four roundings: twice the scale covers them. */
const ebbi_loss_check ebbi_loss_check_cross_entropy = {.row = row,
                                                       .scale = scale,
                                                       .gradient = 24,
                                                       .gradient_column = 1,
                                                       .value = 16,
                                                       .value_column = 1,
                                                       .spread = spread};
