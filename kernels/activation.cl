/* Activation and bias as separate kernels, for an engine that cannot fuse them (CLBlast).
 *
 * An item takes ELEMENT_VECTORS vectors, counted row by row over the whole matrix: a grid with a
 * dimension for the rows could exceed the 65535 groups that some devices allow. Columns past the
 * edge are padding and must stay zero, so the last vector of a row is stored lane by lane.
 */
#include "activation.h"
#include "elements.h"

/* Vectors of columns that an item of bias_gradient sums at a time. */
#define SUM_VECTORS (ELEMENT_VECTORS < 8 ? ELEMENT_VECTORS : 8)

/* z += bias in place unless it is NULL, a = f(z): (1), (2). a, z [rows, cols] with one stride,
 * `vectors` in all; a may be z. */
__kernel GROUP(ELEMENT_GROUP, 1)
void activation_forward(__global float *a, __global float *z, __global const float *restrict bias,
                        int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  int row = item.first / item.across, v = item.first % item.across;
  for (int i = item.first; i < item.end; i++) {
    const int c = v * WIDTH;
    const size_t at = (size_t)row * stride + c;
    vec sum = aligned_vec(z + at, 0);
    if (bias) sum += aligned_vec(bias + c, 0);
    store_lanes(z + at, sum, cols - c);
    store_lanes(a + at, ACTIVATE(vec, sum), cols - c);
    if (++v == item.across) row++, v = 0;
  }
}

/* dz *= f'(z) in place: (8). dz, z, a [rows, cols] with one stride. */
__kernel GROUP(ELEMENT_GROUP, 1)
void activation_backward(__global float *restrict dz, __global const float *z,
                         __global const float *a, int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  int row = item.first / item.across, v = item.first % item.across;
  for (int i = item.first; i < item.end; i++) {
    const int c = v * WIDTH;
    const size_t at = (size_t)row * stride + c;
    const vec value = aligned_vec(a + at, 0), sum = z ? aligned_vec(z + at, 0) : value;
    store_lanes(dz + at, aligned_vec(dz + at, 0) * SLOPE(vec, sum, value), cols - c);
    if (++v == item.across) row++, v = 0;
  }
}

/* sums[c] = sum of column c of dz [rows, cols]: (10). */
__kernel GROUP(ELEMENT_GROUP, 1)
void bias_gradient(__global float *restrict sums, __global const float *restrict dz, int rows,
                   int cols, int stride) {
  const int first = get_global_id(0) * SUM_VECTORS * WIDTH;
  vec total[SUM_VECTORS];
#pragma unroll
  for (int v = 0; v < SUM_VECTORS; v++) total[v] = (vec)(0.0f);
  for (int r = 0; r < rows; r++)
#pragma unroll
    for (int v = 0; v < SUM_VECTORS; v++)
      if (first + v * WIDTH < cols) total[v] += aligned_vec(dz + (size_t)r * stride + first, v);
#pragma unroll
  for (int v = 0; v < SUM_VECTORS; v++) {
    const int c = first + v * WIDTH;
    if (c < cols) store_lanes(sums + c, total[v], cols - c);
  }
}
