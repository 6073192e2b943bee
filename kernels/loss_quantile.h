/* The pinball loss, for a quantile of the values: equations (L9) (L10) of docs/backprop.md.
 *
 * p.s0 is the quantile, p.s1 what it lacks to 1. A NaN is neither below nor above 0 and stays.
 */
#define LOSS_FACTOR 1.0f

static inline row_vec loss_slope(row_vec z, row_vec y, float8 p) {
  const row_vec d = z - y;
  return select(select(d, (row_vec)(-p.s0), d < 0.0f), (row_vec)(p.s1), d > 0.0f);
}

static inline row_vec loss_add(row_vec sum, row_vec z, row_vec y, float8 p) {
  return sum + (z - y) * loss_slope(z, y, p);
}

#include "value_loss.h"
