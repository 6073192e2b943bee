/* The likelihood of normally distributed values, for their mean and log variance: equations (L7)
 * (L15) of docs/backprop.md.
 *
 * The variance has a least value, whose logarithm is p.s0. The larger of the two logarithms is
 * taken before exp, so that neither the variance nor its reciprocal can overflow. Where the
 * variance is raised to the least, its slope is that at the least, times the variance: as PyTorch
 * has it.
 */
#define LOSS_MEAN(cols) ((cols) / LOSS_OUTPUTS)

static inline row_vec target_loss(row_vec *dz, const row_vec *z, row_vec y, float8 p) {
  const row_vec d = z[0] - y, s = z[1];
  const row_vec l = select(s, (row_vec)(p.s0), s < p.s0);
  const row_vec pull = d * ROW_FUNCTION(exp)(-l), square = d * pull;
  dz[0] = pull;
  dz[1] = 0.5f * (1.0f - square) * ROW_FUNCTION(exp)(s - l);
  return 0.5f * (l + square);
}

#include "target_loss.h"
