/* Matrix products for CPUs: one work-item a group, explicit vectors, no barrier, no local memory.
 *
 * An item computes a block of c. For each BLOCK_K of the depth it copies b's columns into panels of
 * TILE_N, so that the inner loop reads one stream from the L2 cache instead of a new page at each
 * step of k. It then processes the block tile by tile and adds to the current values of c. The
 * GPU's method, many items that share local memory, was ten times slower on PoCL.
 *
 * Sums run over k in ascending order for any blocks, so the division of c among items changes
 * no bit.
 */
#include "cpu_tile.h"

#ifndef BLOCK_K
#define BLOCK_K 32
#endif
#ifndef PANELS
#define PANELS 1
#endif
#define BLOCK_UNIT 16 /* a block's steps of k are a multiple of it: whole vectors and squares */
#if BLOCK_K / 2 % BLOCK_UNIT != 0
#error "a block is whole vectors and squares"
#endif

/* An item's part of c, rows [top, bottom) and columns [left, right); its slice of the depth, steps
 * [first, end) of k; and the number of steps packed at a time, at most `block`: fewer steps leave
 * room for more panels. */
typedef struct {
  int top, bottom, left, right, first, end, block;
} part;

static inline part item_part(int rows, int cols, int depth, int block, int item_rows,
                             int item_panels, int item_depth) {
  const int down = (rows + item_rows - 1) / item_rows, slice = get_group_id(1) / down;
  const int left = get_group_id(0) * item_panels * TILE_N;
  const int top = (get_group_id(1) - slice * down) * item_rows, first = slice * item_depth;
  return (part){top,
                min(top + item_rows, rows),
                left,
                min(left + item_panels * TILE_N, cols),
                first,
                min(first + item_depth, depth),
                min((item_depth + BLOCK_UNIT - 1) / BLOCK_UNIT * BLOCK_UNIT, block)};
}

/* Rows of c before an item's slice if c holds the partial products of several slices: each has the
 * rows of products and one of sums. */
static inline size_t rows_before(part item, int rows, int item_depth) {
  return (size_t)(item.first / item_depth) * (rows + 1);
}

/* The start of the panel with the columns from `column` on. */
#define PANEL(packed, column) ((packed) + ((column) - item.left) / WIDTH * item.block)

/* c = a.b; with f (APPLIES_F) c = f(z), z = a.b + bias, stored in z unless NULL: (1), (2). c, z
 * [rows, cols]; a [rows, depth]; b [depth, cols]; bias [cols], or NULL. */
__kernel GROUP(1, 1)
void matmul_nn_cpu(__global float *restrict c, __global float *restrict z,
                   __global const float *restrict a, __global const float *restrict b,
                   __global const float *restrict bias, int rows, int cols, int depth, int c_stride,
                   int a_stride, int b_stride, int item_rows, int item_panels, int item_depth) {
  vec packed[PANELS * BLOCK_K * TILE_V];
  const part item = item_part(rows, cols, depth, BLOCK_K, item_rows, item_panels, item_depth);
  c += rows_before(item, rows, item_depth) * c_stride;
  for (int k = item.first; k < item.end; k += item.block) {
    const int count = min(item.block, item.end - k);
    for (int row = item.top; row < item.bottom; row += TILE_M) {
      size_t offset[TILE_M];
      row_offsets(offset, a_stride, row, rows);
      for (int column = item.left; column < item.right; column += TILE_N) {
        vec sum[TILE_M][TILE_V], values[TILE_M][TILE_V];
        __global const float *start = k > item.first ? c : bias;
        begin_tile(sum, start ? start + column : NULL, k > item.first ? c_stride : 0, row, rows,
                   cols - column);
        __global const float *b_panel = b + (size_t)k * b_stride + column;
        if (row == item.top && cols - column > WIDTH) {
          multiply_rows_packing(sum, a + k, offset, 1, PANEL(packed, column), b_panel, b_stride,
                                count);
        } else {
          if (row == item.top) pack_rows(PANEL(packed, column), b_panel, b_stride, count, 1);
          multiply_panel(sum, a + k, offset, 1, PANEL(packed, column), count, cols - column);
        }
        if (APPLIES_F(bias) && k + count == item.end) {
          spill(values, sum);
          store_activated(c, z, values, row, rows, column, cols, c_stride);
        } else {
          store_tile(c, sum, row, rows, column, cols, c_stride);
        }
      }
    }
  }
}

/* c = a.b^T; with `a_below` the hidden gradient (8): each element times f'(z_below). z_below is
 * NULL unless f' needs it. c, z_below, a_below [rows, cols]; a [rows, depth]; b [cols, depth] */
__kernel GROUP(1, 1)
void matmul_nt_cpu(__global float *restrict c, __global const float *restrict a,
                   __global const float *restrict b, __global const float *restrict z_below,
                   __global const float *restrict a_below, int rows, int cols, int depth,
                   int c_stride, int a_stride, int b_stride, int item_rows, int item_panels,
                   int item_depth) {
  vec packed[PANELS * BLOCK_K * TILE_V];
  const part item = item_part(rows, cols, depth, BLOCK_K, item_rows, item_panels, item_depth);
  c += rows_before(item, rows, item_depth) * c_stride;
  for (int k = item.first; k < item.end; k += item.block) {
    const int count = min(item.block, item.end - k);
    for (int column = item.left; column < item.right; column += TILE_N)
      pack_columns(PANEL(packed, column), b + (size_t)column * b_stride + k, b_stride, count,
                   cols - column);
    for (int row = item.top; row < item.bottom; row += TILE_M) {
      size_t offset[TILE_M];
      row_offsets(offset, a_stride, row, rows);
      for (int column = item.left; column < item.right; column += TILE_N) {
        vec sum[TILE_M][TILE_V], values[TILE_M][TILE_V];
        begin_tile(sum, k > item.first ? c + column : NULL, c_stride, row, rows, cols - column);
        multiply_panel(sum, a + k, offset, 1, PANEL(packed, column), count, cols - column);
        if (a_below && k + count == item.end) {
          spill(values, sum);
          store_sloped(c, values, z_below, a_below, row, rows, column, cols, c_stride);
        } else {
          store_tile(c, sum, row, rows, column, cols, c_stride);
        }
      }
    }
  }
}

/* Adds the panel's rows in order, to the values in sums [cols] if `more`. */
static inline void add_rows(__global float *sums, const vec *panel, int more, int depth, int left) {
#pragma unroll 1
  for (int v = 0; v < TILE_V; v++) {
    if (v * WIDTH >= left) break;
    vec total = more ? aligned_vec(sums, v) : (vec)(0.0f);
    for (int i = 0; i < depth; i++) total += panel[i * TILE_V + v];
    store_lanes(sums + v * WIDTH, total, left - v * WIDTH);
  }
}

/* c = a^T.b, the weight gradient (9). With `sums`, the items of the first rows also compute the sum
 * of b's rows, the bias gradient (10). Rows of a are a page apart: blocks of half the depth keep
 * a's tile in the L1 cache for twice as many panels. Packing it, too, cost more than it gained. c
 * [rows, cols]; a [depth, rows]; b [depth, cols]; sums [cols] */
__kernel GROUP(1, 1)
void matmul_tn_cpu(__global float *restrict c, __global float *restrict sums,
                   __global const float *restrict a, __global const float *restrict b, int rows,
                   int cols, int depth, int c_stride, int a_stride, int b_stride, int item_rows,
                   int item_panels, int item_depth) {
  vec packed[PANELS * BLOCK_K * TILE_V];
  const part item = item_part(rows, cols, depth, BLOCK_K / 2, item_rows, item_panels, item_depth);
  c += rows_before(item, rows, item_depth) * c_stride;
  if (sums && item_depth < depth) sums = c + (size_t)rows * c_stride;
  for (int k = item.first; k < item.end; k += item.block) {
    const int count = min(item.block, item.end - k);
    for (int column = item.left; column < item.right; column += TILE_N) {
      __global const float *b_panel = b + (size_t)k * b_stride + column;
      if (cols - column > WIDTH)
        pack_rows(PANEL(packed, column), b_panel, b_stride, count, TILE_V);
      else
        pack_rows(PANEL(packed, column), b_panel, b_stride, count, 1);
      if (sums && item.top == 0)
        add_rows(sums + column, PANEL(packed, column), k > item.first, count, cols - column);
    }
    for (int row = item.top; row < item.bottom; row += TILE_M) {
      size_t offset[TILE_M];
      row_offsets(offset, 1, row, rows);
      for (int column = item.left; column < item.right; column += TILE_N) {
        vec sum[TILE_M][TILE_V];
        begin_tile(sum, k > item.first ? c + column : NULL, c_stride, row, rows, cols - column);
        multiply_panel(sum, a + (size_t)k * a_stride, offset, a_stride, PANEL(packed, column),
                       count, cols - column);
        store_tile(c, sum, row, rows, column, cols, c_stride);
      }
    }
  }
}
