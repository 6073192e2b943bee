/* A tile of a matrix product on a CPU (matmul_cpu.cl): packing b for it, multiplying, storing c.
 *
 * A tile is TILE_M rows of TILE_V vectors and fits the register file (host/device/params.c). A
 * panel is what it multiplies by: TILE_N columns of b, row after row. Complete tiles without an
 * epilogue are loaded and stored from registers. Edges and activations use loops over a copy in
 * memory, since unrolling them would take many times longer to compile.
 *
 * Rows past the edge are read from the last row instead; columns past the edge are the row
 * padding's zeros or belong to another column. Neither are stored, so the inner loop has no edge
 * code.
 */
#ifndef CPU_TILE_H
#define CPU_TILE_H

#include "activation.h"
#include "common.h"

#ifndef TILE_M
#define TILE_M 6
#endif
#ifndef TILE_V
#define TILE_V 2
#endif
#define TILE_N (TILE_V * WIDTH)
#if TILE_V > 2
#error "a tile is cut at its first vector or not at all"
#endif
#if TILE_N % 8 != 0
#error "a panel is whole squares of 8 x 8"
#endif

/* In the following functions, `vectors` is TILE_V, or 1 if the rest of the tile lies past the edge.
 * Each call passes it as a constant, so these functions must be inlined. */

/* panel[k] = row k of b. */
INLINE void pack_rows(vec *panel, __global const float *b, int b_stride, int depth,
                      const int vectors) {
  for (int k = 0; k < depth; k++) {
#pragma unroll
    for (int v = 0; v < vectors; v++) panel[k * TILE_V + v] = aligned_vec(b, v);
    b += b_stride;
  }
}

/* Lanes of x and y: those of the lower or the upper halves; of each half the lower or the upper
 * ones, singly or in pairs. Lane by lane, since oclgrind ends on vectors made of vectors. */
#define LOWER(x, y)      (float8)(x.s0, x.s1, x.s2, x.s3, y.s0, y.s1, y.s2, y.s3)
#define UPPER(x, y)      (float8)(x.s4, x.s5, x.s6, x.s7, y.s4, y.s5, y.s6, y.s7)
#define LOW_LANES(x, y)  (float8)(x.s0, y.s0, x.s1, y.s1, x.s4, y.s4, x.s5, y.s5)
#define HIGH_LANES(x, y) (float8)(x.s2, y.s2, x.s3, y.s3, x.s6, y.s6, x.s7, y.s7)
#define LOW_PAIRS(x, y)  (float8)(x.s0, x.s1, y.s0, y.s1, x.s4, x.s5, y.s4, y.s5)
#define HIGH_PAIRS(x, y) (float8)(x.s2, x.s3, y.s2, y.s3, x.s6, x.s7, y.s6, y.s7)

/* Rows of a square [8, 8], `pitch` floats apart, become its columns in registers. */
INLINE void store_transposed(float *to, const int pitch, float8 row[8]) {
  float8 pair[8], four[8];
#pragma unroll
  for (int i = 0; i < 8; i += 2) {
    pair[i] = LOW_LANES(row[i], row[i + 1]);
    pair[i + 1] = HIGH_LANES(row[i], row[i + 1]);
  }
#pragma unroll
  for (int i = 0; i < 8; i += 4) {
    four[i] = LOW_PAIRS(pair[i], pair[i + 2]);
    four[i + 1] = HIGH_PAIRS(pair[i], pair[i + 2]);
    four[i + 2] = LOW_PAIRS(pair[i + 1], pair[i + 3]);
    four[i + 3] = HIGH_PAIRS(pair[i + 1], pair[i + 3]);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    vstore8(LOWER(four[i], four[i + 4]), 0, to + i * pitch);
    vstore8(UPPER(four[i], four[i + 4]), 0, to + (i + 4) * pitch);
  }
}

/* panel[k] = column k of b, from TILE_N rows; past the edge the last row is repeated. The row
 * padding completes the last squares. All rows advance together, so that the panel's lines are
 * written once. */
static inline void pack_columns(vec *panel, __global const float *b, int b_stride, int depth,
                                int left) {
  __global const float *rows[TILE_N];
#pragma unroll
  for (int n = 0; n < TILE_N; n++) rows[n] = b + (size_t)min(n, left - 1) * b_stride;
  for (int k = 0; k < depth; k += 8) {
#pragma unroll
    for (int n = 0; n < TILE_N; n += 8) {
      float8 row[8];
#pragma unroll
      for (int i = 0; i < 8; i++) row[i] = vload8(0, rows[n + i] + k);
      store_transposed((float *)(panel + k * TILE_V) + n, TILE_N, row);
    }
  }
}

/* sum += column of a times row of b: one step of k. */
INLINE void multiply_step(vec sum[TILE_M][TILE_V], const float column[TILE_M],
                          const vec row[TILE_V], const int vectors) {
#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
    const vec a_value = (vec)(column[i]);
#pragma unroll
    for (int v = 0; v < vectors; v++) sum[i][v] = fma(a_value, row[v], sum[i][v]);
  }
}

/* Offsets of TILE_M rows of a, from `row` on. */
static inline void row_offsets(size_t offset[TILE_M], int a_stride, int row, int rows) {
#pragma unroll
  for (int i = 0; i < TILE_M; i++) offset[i] = (size_t)min(row + i, rows - 1) * a_stride;
}

/* Column 0 of these rows. */
static inline void load_column(float column[TILE_M], __global const float *a,
                               const size_t offset[TILE_M]) {
#pragma unroll
  for (int i = 0; i < TILE_M; i++) column[i] = a[offset[i]];
}

/* sum += rows of op(a) times the panel; `step` is the distance between columns of op(a). */
INLINE void multiply_rows(vec sum[TILE_M][TILE_V], __global const float *a,
                          const size_t offset[TILE_M], int step, const vec *panel, int depth,
                          const int vectors) {
#pragma unroll 4
  for (int k = 0; k < depth; k++) {
    float column[TILE_M];
    load_column(column, a, offset);
    multiply_step(sum, column, panel + k * TILE_V, vectors);
    a += step; /* a[offset[i] + k * step] would make LLVM add to all offsets in vectors */
  }
}

/* The same with all vectors that begin left of the edge. */
INLINE void multiply_panel(vec sum[TILE_M][TILE_V], __global const float *a,
                           const size_t offset[TILE_M], int step, const vec *panel, int depth,
                           int left) {
  if (left > WIDTH)
    multiply_rows(sum, a, offset, step, panel, depth, TILE_V);
  else
    multiply_rows(sum, a, offset, step, panel, depth, 1);
}

/* multiply_rows with b in place, packing the panel at the same time; the multiplications hide the
 * packing. */
static inline void multiply_rows_packing(vec sum[TILE_M][TILE_V], __global const float *a,
                                         const size_t offset[TILE_M], int step, vec *panel,
                                         __global const float *b, int b_stride, int depth) {
  for (int k = 0; k < depth; k++) {
    float column[TILE_M];
    vec row[TILE_V];
    load_column(column, a, offset);
#pragma unroll
    for (int v = 0; v < TILE_V; v++) row[v] = aligned_vec(b, v);
#pragma unroll
    for (int v = 0; v < TILE_V; v++) panel[k * TILE_V + v] = row[v];
    multiply_step(sum, column, row, TILE_V);
    a += step;
    b += b_stride;
  }
}

/* The initial sums: `start` [cols], the same for all rows, or the current values of c; NULL: zero.
 * Past the edge the last row and the last vector are repeated. */
INLINE void begin_tile(vec sum[TILE_M][TILE_V], __global const float *start, int stride, int row,
                       int rows, int left) {
  const int last = (left - 1) / WIDTH;
#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
#pragma unroll
    for (int v = 0; v < TILE_V; v++) sum[i][v] = (vec)(0.0f);
  }
  if (!start) return;
#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
    __global const float *from = start + (size_t)min(row + i, rows - 1) * stride;
#pragma unroll
    for (int v = 0; v < TILE_V; v++) sum[i][v] = aligned_vec(from, min(v, last));
  }
}

/* c = values, except past the edge. */
static inline void store_edge(__global float *c, vec values[TILE_M][TILE_V], int row, int rows,
                              int column, int cols, int c_stride) {
#pragma unroll 1
  for (int i = 0; i < min(TILE_M, rows - row); i++) {
    __global float *c_row = c + (size_t)(row + i) * c_stride;
#pragma unroll 1
    for (int at = column, v = 0; v < TILE_V && at < cols; at += WIDTH, v++)
      store_lanes(c_row + at, values[i][v], cols - at);
  }
}

/* c = f(values), and z = values unless it is NULL. */
static inline void store_activated(__global float *c, __global float *z, vec values[TILE_M][TILE_V],
                                   int row, int rows, int column, int cols, int c_stride) {
#pragma unroll 1
  for (int i = 0; i < min(TILE_M, rows - row); i++) {
    const size_t first = (size_t)(row + i) * c_stride;
#pragma unroll 1
    for (int at = column, v = 0; v < TILE_V && at < cols; at += WIDTH, v++) {
      const vec value = values[i][v];
      if (z) store_lanes(z + first + at, value, cols - at);
      store_lanes(c + first + at, ACTIVATE(vec, value), cols - at);
    }
  }
}

/* c = values * f'(z_below); z_below is NULL unless f' needs it. */
static inline void store_sloped(__global float *c, vec values[TILE_M][TILE_V],
                                __global const float *z_below, __global const float *a_below,
                                int row, int rows, int column, int cols, int c_stride) {
#pragma unroll 1
  for (int i = 0; i < min(TILE_M, rows - row); i++) {
    const size_t first = (size_t)(row + i) * c_stride;
#pragma unroll 1
    for (int at = column, v = 0; v < TILE_V && at < cols; at += WIDTH, v++) {
      const vec below = aligned_vec(a_below + first + at, 0);
      const vec z = z_below ? aligned_vec(z_below + first + at, 0) : below;
      store_lanes(c + first + at, values[i][v] * SLOPE(vec, z, below), cols - at);
    }
  }
}

/* Copies the sums from registers to memory, where loops can index them. */
INLINE void spill(vec values[TILE_M][TILE_V], vec sum[TILE_M][TILE_V]) {
#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
#pragma unroll
    for (int v = 0; v < TILE_V; v++) values[i][v] = sum[i][v];
  }
}

/* c = sum; complete tiles are stored directly from registers. */
INLINE void store_tile(__global float *c, vec sum[TILE_M][TILE_V], int row, int rows, int column,
                       int cols, int c_stride) {
  if (row + TILE_M > rows || column + TILE_N > cols) {
    vec values[TILE_M][TILE_V];
    spill(values, sum);
    store_edge(c, values, row, rows, column, cols, c_stride);
    return;
  }
  __global float *c_row = c + (size_t)row * c_stride + column;
#pragma unroll
  for (int i = 0; i < TILE_M; i++) {
#pragma unroll
    for (int v = 0; v < TILE_V; v++) aligned_vec(c_row, v) = sum[i][v];
    c_row += c_stride;
  }
}

#endif
