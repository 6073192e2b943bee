/* c = a.b with few rows, on CPUs: one work-item a group, explicit vectors, as in matmul_cpu.cl.
 *
 * With few rows reading b takes as long as multiplying it. An item has all rows and some columns.
 * It processes b in blocks of FEW_K rows, and a block in panels of FEW_N columns, for which it
 * computes all tiles of rows before the next: the first tile reads b in place and packs the panel
 * for the others, which find it in the L1 cache. Meanwhile the next block is fetched into the L2
 * cache, row by row as it lies in memory; the processor by itself fetches only along a panel's
 * short rows. A tile of 4 rows and 3 vectors leaves fewer rows over than one of 6 and 2.
 *
 * Sums begin with the bias and run over k in ascending order, as in matmul_cpu.cl: which of the two
 * forms computes a product changes no bit. Rejected: smaller blocks that need no packing, since c
 * is then read and written too often.
 */
#include "activation.h"
#include "common.h"

#ifndef FEW_M
#define FEW_M 4
#endif
#define FEW_V 3
#define FEW_N (FEW_V * WIDTH)
#define FEW_K 128

/* Fetches the cache line at an address, where the compiler knows how. */
#if defined(PREFETCHES) && defined(__has_builtin)
#if __has_builtin(__builtin_prefetch)
#define FETCH(address) __builtin_prefetch((const void *)(size_t)(address), 0, 2)
#endif
#endif
#ifndef FETCH
#define FETCH(address)
#endif
#define LINE 16 /* floats of a cache line */

/* Fetches `count` columns of rows [first, end) of b. */
static inline void fetch_rows(__global const float *b, int b_stride, int first, int end,
                              int count) {
  for (int row = first; row < end; row++) {
    __global const float *from = b + (size_t)row * b_stride;
    for (int column = 0; column < count; column += LINE) FETCH(from + column);
  }
}

/* In the following functions `vectors` is FEW_V, or 1 at the right edge, and constant. */

/* The initial sums: `start`, the same for all rows if `stride` is 0; NULL: zero. Past the last row
 * that row is repeated. */
INLINE void begin_few(vec sum[FEW_M][FEW_V], __global const float *start, int stride, int row,
                      int rows, const int vectors) {
#pragma unroll
  for (int i = 0; i < FEW_M; i++) {
#pragma unroll
    for (int v = 0; v < FEW_V; v++)
      sum[i][v] = start && v < vectors
                      ? aligned_vec(start + (size_t)min(row + i, rows - 1) * stride, v)
                      : (vec)(0.0f);
  }
}

/* sum += rows of a times b, which is read in place and copied to the panel if `packs`, else read
 * from the panel. The vectors are written out: of a loop over them LLVM makes a copy in memory
 * before it would unroll it. */
INLINE void multiply_few(vec sum[FEW_M][FEW_V], __global const float *a, const size_t offset[FEW_M],
                         __global const float *b, int b_stride, vec *panel, int depth,
                         const int packs, const int vectors) {
#pragma unroll 4
  for (int k = 0; k < depth; k++) {
    vec row[FEW_V];
    row[0] = packs ? aligned_vec(b, 0) : panel[0];
    if (vectors > 1) row[1] = packs ? aligned_vec(b, 1) : panel[1];
    if (vectors > 1) row[2] = packs ? aligned_vec(b, 2) : panel[2];
    if (packs) {
      panel[0] = row[0];
      if (vectors > 1) panel[1] = row[1];
      if (vectors > 1) panel[2] = row[2];
    }
#pragma unroll
    for (int i = 0; i < FEW_M; i++) {
      const vec a_value = (vec)(a[offset[i]]);
#pragma unroll
      for (int v = 0; v < vectors; v++) sum[i][v] = fma(a_value, row[v], sum[i][v]);
    }
    a++;
    b += b_stride;
    panel += FEW_V;
  }
}

/* c = sum, or f(sum) if `applies`, and z = sum unless z is NULL; nothing past the edges. */
static inline void store_edge(__global float *c, __global float *z, vec values[FEW_M][FEW_V],
                              int c_stride, int count, int column, int end, int applies) {
#pragma unroll 1
  for (int i = 0; i < count; i++) {
#pragma unroll 1
    for (int at = column, v = 0; v < FEW_V && at < end; at += WIDTH, v++) {
      vec value = values[i][v];
      if (applies) {
        if (z) store_lanes(z + at, value, end - at);
        value = ACTIVATE(vec, value);
      }
      store_lanes(c + at, value, end - at);
    }
    c += c_stride;
    if (z) z += c_stride;
  }
}

/* The same for `count` rows of a tile; complete tiles without f are stored from registers. */
INLINE void store_few(__global float *c, __global float *z, vec sum[FEW_M][FEW_V], int c_stride,
                      int count, int column, int end, int applies) {
  if (applies || count < FEW_M || end - column < FEW_N) {
    vec values[FEW_M][FEW_V];
#pragma unroll
    for (int i = 0; i < FEW_M; i++) {
#pragma unroll
      for (int v = 0; v < FEW_V; v++) values[i][v] = sum[i][v];
    }
    store_edge(c, z, values, c_stride, min(count, FEW_M), column, end, applies);
    return;
  }
#pragma unroll
  for (int i = 0; i < FEW_M; i++) {
#pragma unroll
    for (int v = 0; v < FEW_V; v++) aligned_vec(c + (size_t)i * c_stride + column, v) = sum[i][v];
  }
}

/* c = a.b; with f (APPLIES_F) c = f(z), z = a.b + bias, stored in z unless NULL: (1), (2). c, z
 * [rows, cols]; a [rows, depth]; b [depth, cols]; bias [cols], or NULL. */
__kernel GROUP(1, 1)
void matmul_nn_few(__global float *restrict c, __global float *restrict z,
                   __global const float *restrict a, __global const float *restrict b,
                   __global const float *restrict bias, int rows, int cols, int depth, int c_stride,
                   int a_stride, int b_stride, int item_cols) {
  vec panel[FEW_K * FEW_V];
  const int left = get_group_id(0) * item_cols, right = min(left + item_cols, cols);
  const int turns = item_cols / FEW_N * ((rows + FEW_M - 1) / FEW_M);
  for (int k = 0; k < depth; k += FEW_K) {
    const int count = min(FEW_K, depth - k), next = clamp(depth - k - FEW_K, 0, FEW_K);
    const int applies = APPLIES_F(bias) && k + count == depth;
    __global const float *next_block = b + (size_t)(k + FEW_K) * b_stride + left;
    int turn = 0;
    for (int column = left, step; column < right; column += step) {
      step = column + FEW_N < right + WIDTH ? FEW_N : WIDTH;
      __global const float *b_panel = b + (size_t)k * b_stride + column;
      __global const float *start = k ? c + column : bias ? bias + column : NULL;
      for (int row = 0; row < rows; row += FEW_M, turn++) {
        vec sum[FEW_M][FEW_V];
        size_t offset[FEW_M];
        fetch_rows(next_block, b_stride, next * turn / turns, min(next * (turn + 1) / turns, next),
                   right - left);
#pragma unroll
        for (int i = 0; i < FEW_M; i++) offset[i] = (size_t)min(row + i, rows - 1) * a_stride;
        if (step == WIDTH) {
          begin_few(sum, start, k ? c_stride : 0, row, rows, 1);
          multiply_few(sum, a + k, offset, b_panel, b_stride, panel, count, 1, 1);
        } else {
          begin_few(sum, start, k ? c_stride : 0, row, rows, FEW_V);
          if (row == 0)
            multiply_few(sum, a + k, offset, b_panel, b_stride, panel, count, 1, FEW_V);
          else
            multiply_few(sum, a + k, offset, b_panel, b_stride, panel, count, 0, FEW_V);
        }
        const size_t first = (size_t)row * c_stride;
        store_few(c + first, z ? z + first : NULL, sum, c_stride, rows - row, column,
                  min(column + step, right), applies);
      }
    }
  }
}
