/* The second launch of a pass whose product was split by depth: adds the slices in ascending order
 * and applies the epilogue of a product in one launch. An item takes four columns. */
#undef WIDTH
#define WIDTH 4
#include "finish.h"

#define FINISH_GROUP 64

/* An item's row r and column n, and the sum of the slices there. */
#define ADD_SLICES                                                                                 \
  const int vectors = (cols + 3) / 4, item = get_global_id(0);                                     \
  const int r = item / vectors, n = (item - r * vectors) * 4;                                      \
  if (r >= rows) return;                                                                           \
  const vec sum = sum_slices(partials + (size_t)r * stride + n, slices,                            \
                             (size_t)(rows + 1) * stride / WIDTH, 0);

/* c = f(z), z = sum + bias. c, z [rows, cols]; partials [slices, rows + 1, cols]; bias [cols] */
__kernel GROUP(FINISH_GROUP, 1)
void finish_slices_nn(__global stored *restrict c, __global stored *restrict z,
                      __global const float *restrict partials, __global const float *restrict bias,
                      int slices, int rows, int cols, int stride) {
  ADD_SLICES
  finish_nn(c, z, sum, bias, r, n, cols, stride);
}

/* c = sum * f'(z_below). c, z_below, a_below [rows, cols]; partials [slices, rows + 1, cols] */
__kernel GROUP(FINISH_GROUP, 1)
void finish_slices_nt(__global stored *restrict c, __global const float *restrict partials,
                      __global const stored *restrict z_below,
                      __global const stored *restrict a_below, int slices, int rows, int cols,
                      int stride) {
  ADD_SLICES
  finish_nt(c, sum, z_below, a_below, r, n, cols, stride);
}
