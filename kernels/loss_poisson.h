/* Poisson's loss, for counts, whose mean is exp(z): equations (L3) (L16) of docs/backprop.md. */
#define LOSS_FACTOR 1.0f

static inline row_vec loss_slope(row_vec z, row_vec y, float8 p) {
  return ROW_FUNCTION(exp)(z) - y;
}

static inline row_vec loss_add(row_vec sum, row_vec z, row_vec y, float8 p) {
  return sum + (ROW_FUNCTION(exp)(z) - y * z);
}

#include "value_loss.h"
