/* Matrix products for CPUs: one work-item a group, one register tile an item, explicit vectors, no
 * barrier, no local memory. The compiler turns the inner loop into pure fused multiply-adds.
 *
 * Rows past the edge are read from the last row instead (their results are not stored) and columns
 * past the edge are the zeros of the row padding, so the inner loops have no edge code. A tile is
 * TILE_M x (TILE_V vectors), its sums indexed by constants alone (all loops over them are unrolled)
 * so that they stay in registers; it follows the register file (host/device/profile.c). The GPU's
 * way, many items sharing local memory, was ten times slower on PoCL.
 */
#include "activation.h"
#include "common.h"

#ifndef TILE_M
#define TILE_M 6
#endif
#ifndef TILE_V
#define TILE_V 2
#endif
#ifndef DOT_M
#define DOT_M 3
#endif
#ifndef DOT_N
#define DOT_N 4
#endif
#define TILE_N (TILE_V * WIDTH)
#if 32 % (TILE_V * WIDTH) != 0
#error "a tile's columns must divide the 32 floats that rows are padded to"
#endif

/* One vector of a row, without the columns past the edge. */
static inline void store_row(__global float *row, vec value, int left) {
  if (left >= WIDTH) {
    store_vec(value, 0, row);
    return;
  }
  float values[WIDTH];
  store_vec(value, 0, values);
  for (int lane = 0; lane < left; lane++) row[lane] = values[lane];
}

/* c += sum over k of a(row, k) b(k, columns), where a(row, k) lies at a[offset[row] + k * step]. */
static inline void multiply_tile(vec c[TILE_M][TILE_V], __global const float *a,
                                 const size_t offset[TILE_M], size_t step, __global const float *b,
                                 size_t b_stride, int depth) {
  for (int k = 0; k < depth; k++) {
    vec b_row[TILE_V];
#pragma unroll
    for (int v = 0; v < TILE_V; v++) b_row[v] = load_vec(v, b);
#pragma unroll
    for (int i = 0; i < TILE_M; i++) {
      const vec a_value = (vec)(a[offset[i]]);
#pragma unroll
      for (int v = 0; v < TILE_V; v++) c[i][v] = fma(a_value, b_row[v], c[i][v]);
    }
    a += step;
    b += b_stride;
  }
}

/* c = a.b; with `bias` z = a.b + bias, kept in z unless that is NULL, and c = f(z): (1), (2).
 * c, z [rows, cols]; a [rows, depth]; b [depth, cols]; bias [cols] */
__kernel GROUP(1, 1)
void matmul_nn_cpu(__global float *restrict c, __global float *restrict z,
                   __global const float *restrict a, __global const float *restrict b,
                   __global const float *restrict bias, int rows, int cols, int depth, int c_stride,
                   int a_stride, int b_stride) {
  const int column = get_group_id(0) * TILE_N, row = get_group_id(1) * TILE_M;
  vec sum[TILE_M][TILE_V];
  size_t offset[TILE_M];
#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
    offset[i] = (size_t)min(row + i, rows - 1) * a_stride;
#pragma unroll
    for (int v = 0; v < TILE_V; v++) sum[i][v] = bias ? load_vec(v, bias + column) : (vec)(0.0f);
  }
  multiply_tile(sum, a, offset, 1, b + column, b_stride, depth);

#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
    if (row + i >= rows) break;
    const size_t at = (size_t)(row + i) * c_stride + column;
#pragma unroll
    for (int v = 0; v < TILE_V; v++) {
      const int left = cols - column - v * WIDTH;
      const vec value = sum[i][v];
      if (bias) {
        if (z) store_row(z + at + v * WIDTH, value, left);
        store_row(c + at + v * WIDTH, ACTIVATE(vec, value), left);
      } else {
        store_row(c + at + v * WIDTH, value, left);
      }
    }
  }
}

/* c = a^T.b, the weight gradient (9); with `sums` also the sum of b's rows, the bias gradient (10),
 * by the items of the first tile row, whose b columns are in the cache.
 * c [rows, cols]; a [depth, rows]; b [depth, cols]; sums [cols] */
__kernel GROUP(1, 1)
void matmul_tn_cpu(__global float *restrict c, __global float *restrict sums,
                   __global const float *restrict a, __global const float *restrict b, int rows,
                   int cols, int depth, int c_stride, int a_stride, int b_stride) {
  const int column = get_group_id(0) * TILE_N, row = get_group_id(1) * TILE_M;
  vec sum[TILE_M][TILE_V];
  size_t offset[TILE_M];
#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
    offset[i] = min(row + i, rows - 1);
#pragma unroll
    for (int v = 0; v < TILE_V; v++) sum[i][v] = (vec)(0.0f);
  }
  multiply_tile(sum, a, offset, a_stride, b + column, b_stride, depth);

#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
    if (row + i >= rows) break;
#pragma unroll
    for (int v = 0; v < TILE_V; v++)
      store_row(c + (size_t)(row + i) * c_stride + column + v * WIDTH, sum[i][v],
                cols - column - v * WIDTH);
  }
  if (!sums || row != 0) return;
  for (int v = 0; v < TILE_V; v++) {
    vec total = (vec)(0.0f);
    for (int k = 0; k < depth; k++) total += load_vec(v, b + (size_t)k * b_stride + column);
    store_row(sums + column + v * WIDTH, total, cols - column - v * WIDTH);
  }
}

/* Sum of the lanes, halves first. */
static inline float sum_lanes(vec value) {
  float lanes[WIDTH];
  store_vec(value, 0, lanes);
  for (int half_width = WIDTH / 2; half_width > 0; half_width /= 2)
    for (int lane = 0; lane < half_width; lane++) lanes[lane] += lanes[lane + half_width];
  return lanes[0];
}

/* sum[i][j] += the products of a's row i and b's row j, lane by lane. */
static inline void multiply_dots(vec sum[DOT_M][DOT_N], __global const float *const a_rows[DOT_M],
                                 __global const float *const b_rows[DOT_N], int depth) {
  for (int k = 0; k * WIDTH < depth; k++) {
    vec b_value[DOT_N];
#pragma unroll
    for (int j = 0; j < DOT_N; j++) b_value[j] = load_vec(k, b_rows[j]);
#pragma unroll
    for (int i = 0; i < DOT_M; i++) {
      const vec a_value = load_vec(k, a_rows[i]);
#pragma unroll
      for (int j = 0; j < DOT_N; j++) sum[i][j] = fma(a_value, b_value[j], sum[i][j]);
    }
  }
}

/* c = a.b^T; with `a_below` the hidden gradient (8): each element times f'(z_below), where z_below
 * is NULL unless f' needs it. Both rows run along k: an element is a dot product of vectors. c,
 * z_below, a_below [rows, cols]; a [rows, depth]; b [cols, depth] */
__kernel GROUP(1, 1)
void matmul_nt_cpu(__global float *restrict c, __global const float *restrict a,
                   __global const float *restrict b, __global const float *restrict z_below,
                   __global const float *restrict a_below, int rows, int cols, int depth,
                   int c_stride, int a_stride, int b_stride) {
  const int column = get_group_id(0) * DOT_N, row = get_group_id(1) * DOT_M;
  vec sum[DOT_M][DOT_N];
  __global const float *a_rows[DOT_M], *b_rows[DOT_N];
#pragma unroll
  for (int j = 0; j < DOT_N; j++) b_rows[j] = b + (size_t)min(column + j, cols - 1) * b_stride;
#pragma unroll
  for (int i = 0; i < DOT_M; i++) {
    a_rows[i] = a + (size_t)min(row + i, rows - 1) * a_stride;
#pragma unroll
    for (int j = 0; j < DOT_N; j++) sum[i][j] = (vec)(0.0f);
  }
  multiply_dots(sum, a_rows, b_rows, depth);

#pragma unroll
  for (int i = 0; i < DOT_M; i++) {
    if (row + i >= rows) break;
#pragma unroll
    for (int j = 0; j < DOT_N; j++) {
      if (column + j >= cols) break;
      const size_t at = (size_t)(row + i) * c_stride + column + j;
      const float value = sum_lanes(sum[i][j]);
      if (a_below) {
        const float below = a_below[at], z = z_below ? z_below[at] : below;
        c[at] = value * SLOPE(float, z, below);
      } else {
        c[at] = value;
      }
    }
  }
}
