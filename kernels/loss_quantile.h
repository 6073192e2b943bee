/* The pinball loss, for quantiles of the values: equations (L2) (L14) of docs/backprop.md.
 *
 * p holds the quantiles, those above 1/2 less 1. A NaN is neither below nor above 0 and stays.
 */
#define LOSS_MEAN(cols) (cols)

static inline row_vec target_loss(row_vec *dz, const row_vec *z, row_vec y, float8 p) {
  float quantiles[8];
  row_vec sum = (row_vec)(0.0f);
  vstore8(p, 0, quantiles);
  for (int k = 0; k < LOSS_OUTPUTS; k++) {
    const float q = quantiles[k], below = q > 0.0f ? -q : -1.0f - q;
    const float above = q > 0.0f ? 1.0f - q : -q;
    const row_vec d = z[k] - y;
    dz[k] = select(select(d, (row_vec)(below), d < 0.0f), (row_vec)(above), d > 0.0f);
    sum += d * dz[k];
  }
  return sum;
}

#include "target_loss.h"
