/* Mean squared error, for values: equations (3) (6) of docs/backprop.md. */
#define LOSS_FACTOR 2.0f

static inline row_vec loss_slope(row_vec z, row_vec y, float8 p) {
  return z - y;
}

static inline row_vec loss_add(row_vec sum, row_vec z, row_vec y, float8 p) {
  const row_vec d = z - y;
  return sum + d * d;
}

#include "value_loss.h"
