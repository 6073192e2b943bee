/* The parts that our matmuls fuse, as kernels of their own, for an engine that cannot (CLBlast).
 *
 * An item takes a vector of one row; columns past the edge are zero padding and must stay so, which
 * is why the last vector of a row is stored lane by lane.
 */
#include "activation.h"
#include "common.h"

/* Stores the lanes of a vector that lie left of the edge. */
static inline void store_lanes(__global float *row, vec value, int left) {
  float values[WIDTH];
  store_vec(value, 0, values);
  for (int lane = 0; lane < min(left, WIDTH); lane++) row[lane] = values[lane];
}

/* z += bias in place, a = f(z): (1), (2). a, z [rows, cols] with one stride; a may be z. */
__kernel GROUP(1, 1)
void activation_forward(__global float *a, __global float *z, __global const float *restrict bias,
                        int cols, int stride) {
  const int c = get_group_id(0) * WIDTH;
  const size_t at = (size_t)get_group_id(1) * stride + c;
  const vec sum = load_vec(0, z + at) + load_vec(0, bias + c);
  store_lanes(z + at, sum, cols - c);
  store_lanes(a + at, ACTIVATE(vec, sum), cols - c);
}

/* dz *= f'(z) in place: (8). dz, z, a [rows, cols] with one stride. */
__kernel GROUP(1, 1)
void activation_backward(__global float *restrict dz, __global const float *z,
                         __global const float *a, int cols, int stride) {
  const int c = get_group_id(0) * WIDTH;
  const size_t at = (size_t)get_group_id(1) * stride + c;
  const vec value = load_vec(0, a + at), sum = z ? load_vec(0, z + at) : value;
  store_lanes(dz + at, load_vec(0, dz + at) * SLOPE(vec, sum, value), cols - c);
}

/* sums[c] = sum of column c of dz [rows, cols]: (10). */
__kernel GROUP(1, 1)
void bias_gradient(__global float *restrict sums, __global const float *restrict dz, int rows,
                   int cols, int stride) {
  const int c = get_group_id(0) * WIDTH;
  vec total = (vec)(0.0f);
  for (int r = 0; r < rows; r++) total += load_vec(0, dz + (size_t)r * stride + c);
  store_lanes(sums + c, total, cols - c);
}
