/* Tweedie's loss, for values from 0 of which many are 0, whose mean is exp(z): equations (L5) (L18)
 * of docs/backprop.md.
 *
 * p holds 2 - power, power - 1, and their reciprocals. Where y is 0, its term is 0 however large
 * the exponential.
 */
#define LOSS_FACTOR 1.0f

static inline row_vec loss_pull(row_vec z, row_vec y, float8 p) {
  return select(y * ROW_FUNCTION(exp)(-p.s1 * z), y, y == 0.0f);
}

static inline row_vec loss_slope(row_vec z, row_vec y, float8 p) {
  return ROW_FUNCTION(exp)(p.s0 * z) - loss_pull(z, y, p);
}

static inline row_vec loss_add(row_vec sum, row_vec z, row_vec y, float8 p) {
  return sum + (ROW_FUNCTION(exp)(p.s0 * z) * p.s2 + loss_pull(z, y, p) * p.s3);
}

#include "value_loss.h"
