/* The end of a product whose depth was split: adds its slices' partial sums in ascending order.
 *
 * This is a separate launch because the items of one launch cannot wait for each other. It reads
 * little: a product is split only if its result is small.
 */
#include "common.h"

/* c [rows, cols] and, unless NULL, sums [cols]; partials [slices, rows + 1, cols] with c's stride,
 * the last row of each slice for sums */
__kernel GROUP(ELEMENT_GROUP, 1)
void add_slices(__global float *restrict c, __global float *restrict sums,
                __global const float *restrict partials, int slices, int rows, int cols,
                int stride) {
  const int column = get_global_id(0) * WIDTH, row = get_global_id(1);
  __global float *out = row < rows ? c + (size_t)row * stride : sums;
  if (column >= cols || !out) return;
  const size_t slice = (size_t)(rows + 1) * stride / WIDTH;
  const vec sum = sum_slices(partials + (size_t)row * stride + column, slices, slice, 0);
  store_lanes(out + column, sum, cols - column);
}
