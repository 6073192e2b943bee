/* Huber's loss, for values: equations (15) (16) of docs/backprop.md.
 *
 * With s = d limited to +-delta it is s (d - s / 2) on both sides of delta. select, not clamp: that
 * would hide a NaN. p.s0 is delta.
 */
#define LOSS_FACTOR 1.0f

static inline row_vec loss_slope(row_vec z, row_vec y, float8 p) {
  const row_vec d = z - y, delta = (row_vec)(p.s0);
  return select(select(d, -delta, d < -delta), delta, d > delta);
}

static inline row_vec loss_add(row_vec sum, row_vec z, row_vec y, float8 p) {
  const row_vec s = loss_slope(z, y, p);
  return sum + s * ((z - y) - 0.5f * s);
}

#include "value_loss.h"
