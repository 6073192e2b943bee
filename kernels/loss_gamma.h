/* The loss of gamma-distributed values, above 0, whose mean is exp(z): equations (L4) (L17) of
 * docs/backprop.md. */
#define LOSS_FACTOR 1.0f

static inline row_vec loss_slope(row_vec z, row_vec y, float8 p) {
  return 1.0f - y * ROW_FUNCTION(exp)(-z);
}

static inline row_vec loss_add(row_vec sum, row_vec z, row_vec y, float8 p) {
  return sum + (z + y * ROW_FUNCTION(exp)(-z));
}

#include "value_loss.h"
