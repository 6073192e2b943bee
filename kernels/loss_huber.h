/* Huber's loss, for values: equations (15) (16) of docs/backprop.md.
 *
 * With s = d limited to +-delta it is s (d - s / 2) on both sides of delta. select, not clamp: that
 * would hide a NaN. p.x is delta.
 */
#define LOSS_FACTOR 1.0f
#define LOSS_SLOPE(T, d, p)                                                                        \
  select(select((d), (T)(-p.x), (d) < (T)(-p.x)), (T)(p.x), (d) > (T)(p.x))
#define LOSS_ADD_TO(T, sum, d, p) ((sum) + LOSS_SLOPE(T, d, p) * ((d) - 0.5f * LOSS_SLOPE(T, d, p)))
#include "value_loss.h"
