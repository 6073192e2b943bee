/* Mean absolute error, for values: equations (L1) (L13) of docs/backprop.md.
 *
 * The slope at d = 0 is 0, as PyTorch has it. A NaN is neither below nor above 0 and stays.
 */
#define LOSS_FACTOR 1.0f

static inline row_vec loss_slope(row_vec z, row_vec y, float8 p) {
  const row_vec d = z - y;
  return select(select(d, (row_vec)(-1.0f), d < 0.0f), (row_vec)(1.0f), d > 0.0f);
}

static inline row_vec loss_add(row_vec sum, row_vec z, row_vec y, float8 p) {
  return sum + fabs(z - y);
}

#include "value_loss.h"
