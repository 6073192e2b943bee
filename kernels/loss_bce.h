/* Binary cross-entropy of sigmoid(z): equations (L6) (L24) of docs/backprop.md.
 *
 * Everything is computed from exp(-|z|), which cannot overflow and keeps its digits for large |z|.
 */
#define LOSS_FACTOR 1.0f
#define LOSS_COUNTS

/* A half or more says 1. */
static inline row_ivec loss_right(row_vec z, row_vec y) {
  return (z >= 0.0f) == (y >= 0.5f);
}

static inline row_vec loss_slope(row_vec z, row_vec y, float8 p) {
  const row_vec e = ROW_FUNCTION(exp)(-fabs(z));
  return select((row_vec)(1.0f), e, z < 0.0f) / (1.0f + e) - y;
}

static inline row_vec loss_add(row_vec sum, row_vec z, row_vec y, float8 p) {
  const row_vec above = select(z, (row_vec)(0.0f), z < 0.0f);
  return sum + ((above - z * y) + ROW_FUNCTION(log1p)(ROW_FUNCTION(exp)(-fabs(z))));
}

#include "value_loss.h"
