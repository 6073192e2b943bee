/* Matrix products for GPUs: a group computes a TILE x TILE block of c, an item a THREAD x THREAD
 * part of it in registers, from slices of a and b that the group copies into local memory.
 *
 * Everything past the edges is read as zero and never stored, so any shape works. Slices lie in
 * local memory with k outermost: in the inner loop items read consecutive words or the same word.
 * The same interface as matmul_cpu.cl, argument by argument.
 */
#include "activation.h"
#include "common.h"

#ifndef TILE
#define TILE 32
#endif
#ifndef THREAD
#define THREAD 4
#endif
#define DEPTH 16 /* k's a slice */
#define SIDE  (TILE / THREAD)
#define ITEMS (SIDE * SIDE)

/* slice[k][i] = element (first + i, k0 + k) of a matrix with `count` rows along i and `depth` along
 * k that lies i-major (i * stride + k) or, if `k_major`, the other way round. Neighbouring items
 * read neighbouring words in either case. */
static inline void load_slice(__local float slice[DEPTH][TILE], __global const float *matrix,
                              int k_major, int first, int count, int k0, int depth, int stride) {
  const int item = get_local_id(1) * SIDE + get_local_id(0);
  for (int n = item; n < DEPTH * TILE; n += ITEMS) {
    const int i = k_major ? n % TILE : n / DEPTH, k = k_major ? n / TILE : n % DEPTH;
    const int row = first + i, at = k0 + k;
    float value = 0.0f;
    if (row < count && at < depth)
      value = matrix[k_major ? (size_t)at * stride + row : (size_t)row * stride + at];
    slice[k][i] = value;
  }
}

/* sum[i][j] += the products of one slice; rows and columns of an item are SIDE apart. */
static inline void multiply_slice(float sum[THREAD][THREAD], __local float a[DEPTH][TILE],
                                  __local float b[DEPTH][TILE]) {
  for (int k = 0; k < DEPTH; k++) {
    float b_value[THREAD];
#pragma unroll
    for (int j = 0; j < THREAD; j++) b_value[j] = b[k][get_local_id(0) + j * SIDE];
#pragma unroll
    for (int i = 0; i < THREAD; i++) {
      const float a_value = a[k][get_local_id(1) + i * SIDE];
#pragma unroll
      for (int j = 0; j < THREAD; j++) sum[i][j] = fma(a_value, b_value[j], sum[i][j]);
    }
  }
}

/* The body of a product: declares `sum`, `row` and `column` and fills them. Barriers must stand at
 * a kernel's top level, so this is text and not a function. */
#define MULTIPLY(a, a_k_major, b, b_k_major)                                                       \
  __local float a_slice[DEPTH][TILE], b_slice[DEPTH][TILE];                                        \
  const int column = get_group_id(0) * TILE, row = get_group_id(1) * TILE;                         \
  float sum[THREAD][THREAD] = {{0.0f}};                                                            \
  for (int k0 = 0; k0 < depth; k0 += DEPTH) {                                                      \
    load_slice(a_slice, a, a_k_major, row, rows, k0, depth, a_stride);                             \
    load_slice(b_slice, b, b_k_major, column, cols, k0, depth, b_stride);                          \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                  \
    multiply_slice(sum, a_slice, b_slice);                                                         \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                  \
  }

/* c = a.b; with `bias` z = a.b + bias, kept in z unless that is NULL, and c = f(z): (1), (2).
 * c, z [rows, cols]; a [rows, depth]; b [depth, cols]; bias [cols] */
__kernel GROUP(SIDE, SIDE)
void matmul_nn_gpu(__global float *restrict c, __global float *restrict z,
                   __global const float *restrict a, __global const float *restrict b,
                   __global const float *restrict bias, int rows, int cols, int depth, int c_stride,
                   int a_stride, int b_stride) {
  MULTIPLY(a, 0, b, 1)
  for (int i = 0; i < THREAD; i++)
    for (int j = 0; j < THREAD; j++) {
      const int r = row + get_local_id(1) + i * SIDE, n = column + get_local_id(0) + j * SIDE;
      if (r >= rows || n >= cols) continue;
      const size_t at = (size_t)r * c_stride + n;
      const float value = bias ? sum[i][j] + bias[n] : sum[i][j];
      if (bias && z) z[at] = value;
      c[at] = bias ? ACTIVATE(float, value) : value;
    }
}

/* c = a^T.b, the weight gradient (9); with `sums` also the sum of b's rows, the bias gradient (10),
 * by the groups of the first tile row. c [rows, cols]; a [depth, rows]; b [depth, cols]; sums
 * [cols] */
__kernel GROUP(SIDE, SIDE)
void matmul_tn_gpu(__global float *restrict c, __global float *restrict sums,
                   __global const float *restrict a, __global const float *restrict b, int rows,
                   int cols, int depth, int c_stride, int a_stride, int b_stride) {
  MULTIPLY(a, 1, b, 1)
  for (int i = 0; i < THREAD; i++)
    for (int j = 0; j < THREAD; j++) {
      const int r = row + get_local_id(1) + i * SIDE, n = column + get_local_id(0) + j * SIDE;
      if (r < rows && n < cols) c[(size_t)r * c_stride + n] = sum[i][j];
    }
  if (!sums || row != 0) return;
  const int item = get_local_id(1) * SIDE + get_local_id(0);
  for (int n = column + item; n < min(column + TILE, cols); n += ITEMS) {
    float total = 0.0f;
    for (int k = 0; k < depth; k++) total += b[(size_t)k * b_stride + n];
    sums[n] = total;
  }
}

/* c = a.b^T; with `a_below` the hidden gradient (8): each element times f'(z_below), where z_below
 * is NULL unless f' needs it. c, z_below, a_below [rows, cols]; a [rows, depth]; b [cols, depth] */
__kernel GROUP(SIDE, SIDE)
void matmul_nt_gpu(__global float *restrict c, __global const float *restrict a,
                   __global const float *restrict b, __global const float *restrict z_below,
                   __global const float *restrict a_below, int rows, int cols, int depth,
                   int c_stride, int a_stride, int b_stride) {
  MULTIPLY(a, 0, b, 0)
  for (int i = 0; i < THREAD; i++)
    for (int j = 0; j < THREAD; j++) {
      const int r = row + get_local_id(1) + i * SIDE, n = column + get_local_id(0) + j * SIDE;
      if (r >= rows || n >= cols) continue;
      const size_t at = (size_t)r * c_stride + n;
      if (a_below) {
        const float below = a_below[at], z = z_below ? z_below[at] : below;
        c[at] = sum[i][j] * SLOPE(float, z, below);
      } else {
        c[at] = sum[i][j];
      }
    }
}
