/* Focal loss: equations (L9) and (L20) of docs/backprop.md. */
#include "check/loss_check.h"
#include "check/rounding.h"

#include <math.h>

/* A row's softmax: the cross-entropy of the label, and what its probability lacks to 1. */
typedef struct softmax {
  double entropy, rest, largest, others;
} softmax;

static softmax softmax_of(const double *z, size_t label, size_t cols) {
  softmax s = {.largest = z[ebbi_largest(z, cols)]};
  double others = 0;
  for (size_t col = 0; col < cols; col++)
    if (col != label) others += exp(z[col] - s.largest);
  double sum = others + exp(z[label] - s.largest);
  s.others = others;
  s.rest = others / sum;
  s.entropy = s.rest < 0.5 ? -log1p(-s.rest) : log(sum) + s.largest - z[label];
  return s;
}

/* -(1 - p)^gamma log p with the label's p. */
static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  size_t label = (size_t)target->labels[row];
  for (size_t col = 0; dz && label >= cols && col < cols; col++) dz[col] = NAN;
  if (label >= cols) return NAN;
  softmax s = softmax_of(z, label, cols);
  double gamma = target->loss.parameters[0];
  double slope = pow(s.rest, gamma) * (s.rest + gamma * (1 - s.rest) * s.entropy);
  for (size_t col = 0; dz && col < cols; col++)
    dz[col] = col == label ? -slope : s.others > 0 ? slope * exp(z[col] - s.largest) / s.others : 0;
  return pow(s.rest, gamma) * s.entropy;
}

/* An error of the exponential's argument weighs gamma times, and the cross-entropy has an absolute
 * one. */
static double scale(double *scale, const double *z, const ebbi_reference_target *target, size_t row,
                    size_t cols) {
  size_t label = (size_t)target->labels[row];
  double factor = 1 + target->loss.parameters[0];
  double size = label < cols ? factor * (1 + softmax_of(z, label, cols).entropy) : NAN;
  for (size_t col = 0; scale && col < cols; col++) scale[col] = factor * size;
  return size;
}

/* With f the label's slope, below 1 + gamma: by an output it changes by at most 1 + 3 gamma +
 * gamma^2, since p (-log p) and powers of 1 - p are below 1; the others' shares of it change by at
 * most f. Where an error may be large, the loss changes by that times the largest slope, at most.
 */
static double spread(const ebbi_loss_spread *s) {
  const double reach = 0.7 / EBBI_DEVIATIONS, gamma = s->target->loss.parameters[0];
  double e = s->z_variance[ebbi_largest(s->z_variance, s->cols)];
  double change = 2 + 4 * gamma + gamma * gamma, live = s->live * s->live;
  for (size_t col = 0; col < s->cols; col++) {
    double own = s->bound * s->scale[col];
    s->dz_variance[col] = 2 * change * change * e / live + own * own;
  }
  return e > reach * reach ? 4 * (1 + gamma) * (1 + gamma) / live * e : 0;
}

/* rest: exp 6, its argument's rounding 1, the sums 2 cols, the division 5; so (2 cols + 12) u. Its
 * power: that gamma times, log and two products 8 of the argument (x^gamma times its argument is
 * below 1), exp 6. The cross-entropy: (cols + 16) u of 1 + itself. Their products, with gamma and
 * the label's probability, add: (7 cols + 92) u; the others' shares (cols + 24) u, 1 / live and
 * products 8. */
const ebbi_loss_check ebbi_loss_check_focal = {.row = row,
                                               .scale = scale,
                                               .gradient = 124,
                                               .gradient_column = 8,
                                               .value = 40,
                                               .value_column = 3,
                                               .spread = spread};
