/* Matrix products for GPUs: a group computes a TILE_ROWS x TILE_COLS tile of c, an item an
 * ITEM_ROWS x ITEM_COLS part of it in registers, from blocks of a and b that pass through local
 * memory STEPS steps of k at a time.
 *
 * Blocks are double-buffered: while the items multiply one block, their registers hold what they
 * have fetched of the next, which is then stored in the other buffer. One barrier a block is
 * therefore enough. All loads and stores are of four floats. Edges need no separate code: rows and
 * columns beyond the matrix are read from its last one and never stored, steps beyond the depth are
 * zeros. The five numbers come from one row of host/gemm/matmul_config.c.
 *
 * If there are few tiles, the depth is split: a group of slice s takes steps [s * slice_depth, (s +
 * 1) * slice_depth) and writes plain sums to slice s of a workspace. Another launch adds these in
 * ascending order and applies the epilogue. Rejected: atomics, whose order changes from run to run.
 */
#undef WIDTH
#define WIDTH 4 /* for any device: local memory is accessed in 16 bytes */
#include "finish.h"

#ifndef TILE_ROWS
#define TILE_ROWS 32
#define TILE_COLS 32
#define STEPS     16
#define ITEM_ROWS 4
#define ITEM_COLS 4
#endif
#define ITEMS_DOWN   (TILE_ROWS / ITEM_ROWS)
#define ITEMS_ACROSS (TILE_COLS / ITEM_COLS)
#define ITEMS        (ITEMS_DOWN * ITEMS_ACROSS)
#define VECTORS      (ITEM_COLS / 4)                 /* of an item's row */
#define SUMS         (ITEM_ROWS * VECTORS)           /* of an item */
#define A_LOADS      (TILE_ROWS * STEPS / 4 / ITEMS) /* vectors of a block that each item fetches */
#define B_LOADS      (TILE_COLS * STEPS / 4 / ITEMS)
#define SUM_SHARERS  (ITEMS * 4 / TILE_COLS) /* items that fetch the same columns of b in turn */
#define STRIP        8                       /* items side by side; see item_column */
#if TILE_ROWS % (4 * STRIP) || TILE_COLS % (4 * STRIP) || ITEM_ROWS % 4 || ITEM_COLS % 4 ||        \
    ITEMS_ACROSS % STRIP || STEPS % 8 || TILE_ROWS * STEPS / 4 % ITEMS ||                          \
    TILE_COLS * STEPS / 4 % ITEMS || ITEMS * 4 % TILE_COLS
#error "these tiles cannot be shared out evenly"
#endif

/* A block of an operand in local memory, k outermost. When items transpose an operand with k
 * innermost, 32 of them write sixteen words in each of two rows that are four apart. The padding of
 * four floats puts these words into 32 banks. */
#define ROOM(side)      ((side) + 4)
#define A_AT(buffer, k) (a_blocks + ((buffer) * STEPS + (k)) * ROOM(TILE_ROWS))
#define B_AT(buffer, k) (b_blocks + ((buffer) * STEPS + (k)) * ROOM(TILE_COLS))

/* Items form strips, STRIP wide and as high as the tile: 32 consecutive items read 8 vectors of b
 * and 4 of a, fewer words than in any longer shape. An item's columns (rows) are vectors whose
 * distance is the number of items across (down), so that neighbours read neighbouring vectors. */
INLINE int item_column(int item) {
  return (item / (STRIP * ITEMS_DOWN) * STRIP + item % STRIP) * 4;
}
INLINE int item_row(int item) {
  return item / STRIP % ITEMS_DOWN * 4;
}

/* The position of vector n in a block with `side` rows or columns: its first (k_major: only) step
 * of k, and its (k_major: first) row or column. With k innermost, two neighbours read 32
 * consecutive bytes, the least that a memory access fetches. */
INLINE int step_of(int n, int k_major, int side) {
  return k_major ? n / (side / 4) : n / (2 * side) * 8 + n % 2 * 4;
}
INLINE int line_of(int n, int k_major, int side) {
  return k_major ? n % (side / 4) * 4 : n / 2 % side;
}

/* Finds where an item's fetches from an operand begin, at step `start`. Lines are the operand's
 * `count` rows or columns; the tile's begin at `first`. */
INLINE void find_places(__global const float **places, __global const float *matrix, int loads,
                        int k_major, int side, int item, int first, int count, int start,
                        int stride) {
#pragma unroll
  for (int l = 0; l < loads; l++) {
    const int n = item + l * ITEMS, step = start + step_of(n, k_major, side);
    const int line = min(first + line_of(n, k_major, side), k_major ? (count - 1) & ~3 : count - 1);
    places[l] = matrix + (k_major ? (size_t)step * stride + line : (size_t)line * stride + step);
  }
}

/* Fetches an item's vectors of the block that begins `left` steps before the end. */
INLINE void fetch(vec *fetched, __global const float **places, int loads, int k_major, int side,
                  int item, int left, int stride) {
#pragma unroll
  for (int l = 0; l < loads; l++) {
    const int step = step_of(item + l * ITEMS, k_major, side);
    fetched[l] = step < left ? *(__global const vec *)places[l] : (vec)(0.0f);
    places[l] += k_major ? (size_t)stride * STEPS : STEPS;
  }
}

/* Stores the fetched vectors in a block in local memory. */
INLINE void put(__local float *block, const vec *fetched, int loads, int k_major, int side,
                int item) {
#pragma unroll
  for (int l = 0; l < loads; l++) {
    const int n = item + l * ITEMS;
    __local float *at = block + step_of(n, k_major, side) * ROOM(side) + line_of(n, k_major, side);
    if (k_major) {
      *(__local vec *)at = fetched[l];
    } else {
      at[0 * ROOM(side)] = fetched[l].x;
      at[1 * ROOM(side)] = fetched[l].y;
      at[2 * ROOM(side)] = fetched[l].z;
      at[3 * ROOM(side)] = fetched[l].w;
    }
  }
}

/* tile += the products of one step of k, from an item's first row and column on. */
INLINE void multiply_step(vec tile[SUMS], __local const float *a, __local const float *b) {
  vec b_values[VECTORS];
#pragma unroll
  for (int j = 0; j < VECTORS; j++) b_values[j] = *(__local const vec *)(b + j * ITEMS_ACROSS * 4);
#pragma unroll
  for (int i = 0; i < ITEM_ROWS / 4; i++) {
    const vec a_values = *(__local const vec *)(a + i * ITEMS_DOWN * 4);
#pragma unroll
    for (int j = 0; j < VECTORS; j++) {
      vec *sum = tile + 4 * i * VECTORS + j;
      sum[0 * VECTORS] = fma((vec)(a_values.x), b_values[j], sum[0 * VECTORS]);
      sum[1 * VECTORS] = fma((vec)(a_values.y), b_values[j], sum[1 * VECTORS]);
      sum[2 * VECTORS] = fma((vec)(a_values.z), b_values[j], sum[2 * VECTORS]);
      sum[3 * VECTORS] = fma((vec)(a_values.w), b_values[j], sum[3 * VECTORS]);
    }
  }
}

/* tile += the products of one block. Unrolled by two steps: unrolled completely, 8 x 8 sums and the
 * words of further steps need more registers than two groups of 256 items can have. */
INLINE void multiply_block(vec tile[SUMS], __local const float *a, __local const float *b) {
#pragma unroll 1
  for (int k = 0; k < STEPS; k += 2) {
    multiply_step(tile, a + k * ROOM(TILE_ROWS), b + k * ROOM(TILE_COLS));
    multiply_step(tile, a + (k + 1) * ROOM(TILE_ROWS), b + (k + 1) * ROOM(TILE_COLS));
  }
}

INLINE void clear(vec tile[SUMS]) {
#pragma unroll
  for (int v = 0; v < SUMS; v++) tile[v] = (vec)(0.0f);
}

INLINE vec sum_of(const vec fetched[B_LOADS]) {
  vec sum = fetched[0];
#pragma unroll
  for (int l = 1; l < B_LOADS; l++) sum += fetched[l];
  return sum;
}

/* The body of a product: declares and computes `tile`, `row`, `column` (an item's first), `slice`
 * and, if `add_b`, b_total, the sum of what the item has fetched from b. This is a macro because
 * barriers must be at a kernel's top level. */
#define MULTIPLY(a, a_k_major, b, b_k_major, add_b)                                                \
  __local float a_blocks[2 * STEPS * ROOM(TILE_ROWS)] __attribute__((aligned(16)));                \
  __local float b_blocks[2 * STEPS * ROOM(TILE_COLS)] __attribute__((aligned(16)));                \
  const int tiles_down = (rows + TILE_ROWS - 1) / TILE_ROWS, item = get_local_id(0);               \
  const int slice = (int)get_group_id(1) / tiles_down, start = slice * slice_depth;                \
  const int tile_row = ((int)get_group_id(1) - slice * tiles_down) * TILE_ROWS;                    \
  const int tile_column = (int)get_group_id(0) * TILE_COLS;                                        \
  const int row = tile_row + item_row(item), column = tile_column + item_column(item);             \
  vec tile[SUMS], a_fetched[A_LOADS], b_fetched[B_LOADS], b_total = (vec)(0.0f);                   \
  __global const float *a_places[A_LOADS], *b_places[B_LOADS];                                     \
  find_places(a_places, a, A_LOADS, a_k_major, TILE_ROWS, item, tile_row, rows, start, a_stride);  \
  find_places(b_places, b, B_LOADS, b_k_major, TILE_COLS, item, tile_column, cols, start,          \
              b_stride);                                                                           \
  clear(tile);                                                                                     \
  int left = min(slice_depth, depth - start), buffer = 0;                                          \
  fetch(a_fetched, a_places, A_LOADS, a_k_major, TILE_ROWS, item, left, a_stride);                 \
  fetch(b_fetched, b_places, B_LOADS, b_k_major, TILE_COLS, item, left, b_stride);                 \
  put(A_AT(0, 0), a_fetched, A_LOADS, a_k_major, TILE_ROWS, item);                                 \
  put(B_AT(0, 0), b_fetched, B_LOADS, b_k_major, TILE_COLS, item);                                 \
  if (add_b) b_total += sum_of(b_fetched);                                                         \
  barrier(CLK_LOCAL_MEM_FENCE);                                                                    \
  for (; left > 0; left -= STEPS, buffer ^= 1) {                                                   \
    fetch(a_fetched, a_places, A_LOADS, a_k_major, TILE_ROWS, item, left - STEPS, a_stride);       \
    fetch(b_fetched, b_places, B_LOADS, b_k_major, TILE_COLS, item, left - STEPS, b_stride);       \
    multiply_block(tile, A_AT(buffer, 0) + item_row(item), B_AT(buffer, 0) + item_column(item));   \
    put(A_AT(buffer ^ 1, 0), a_fetched, A_LOADS, a_k_major, TILE_ROWS, item);                      \
    put(B_AT(buffer ^ 1, 0), b_fetched, B_LOADS, b_k_major, TILE_COLS, item);                      \
    if (add_b) b_total += sum_of(b_fetched);                                                       \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                  \
  }

/* For vector v of an item's sums: its row, its column, and whether it lies in c. */
#define ROW_OF(v)    (row + (v) / VECTORS / 4 * ITEMS_DOWN * 4 + (v) / VECTORS % 4)
#define COLUMN_OF(v) (column + (v) % VECTORS * ITEMS_ACROSS * 4)
#define IN_C(v)      (ROW_OF(v) < rows && COLUMN_OF(v) < cols)

/* c = a.b; with f (APPLIES_F) c = f(z), z = a.b + bias, stored in z unless NULL: (1), (2). c, z
 * [rows, cols]; a [rows, depth]; b [depth, cols]; bias [cols], or NULL.
 * Split: c [slices, rows + 1, cols]. */
__kernel GROUP(ITEMS, 1)
void matmul_nn_gpu(__global float *restrict c, __global float *restrict z,
                   __global const float *restrict a, __global const float *restrict b,
                   __global const float *restrict bias, int rows, int cols, int depth, int c_stride,
                   int a_stride, int b_stride, int slice_depth) {
  MULTIPLY(a, 0, b, 1, 0)
  c += (size_t)slice * (rows + 1) * c_stride;
#pragma unroll
  for (int v = 0; v < SUMS; v++)
    if (IN_C(v)) finish_nn(c, z, tile[v], bias, ROW_OF(v), COLUMN_OF(v), cols, c_stride);
}

/* c = a.b^T; with `a_below` the hidden gradient (8): each element times f'(z_below). z_below is
 * NULL unless f' needs it. c, z_below, a_below [rows, cols]; a [rows, depth]; b [cols, depth].
 * Split: c [slices, rows + 1, cols]. */
__kernel GROUP(ITEMS, 1)
void matmul_nt_gpu(__global float *restrict c, __global const float *restrict a,
                   __global const float *restrict b, __global const float *restrict z_below,
                   __global const float *restrict a_below, int rows, int cols, int depth,
                   int c_stride, int a_stride, int b_stride, int slice_depth) {
  MULTIPLY(a, 0, b, 0, 0)
  c += (size_t)slice * (rows + 1) * c_stride;
#pragma unroll
  for (int v = 0; v < SUMS; v++)
    if (IN_C(v)) finish_nt(c, tile[v], z_below, a_below, ROW_OF(v), COLUMN_OF(v), cols, c_stride);
}

/* c = a^T.b, the weight gradient (9). With `sums`, the groups of the first tile row, which read all
 * of b once, also compute the sum of b's rows, the bias gradient (10). c [rows, cols]; a [depth,
 * rows]; b [depth, cols]; sums [cols]. Split: c [slices, rows + 1, cols], whose last row replaces
 * sums. */
__kernel GROUP(ITEMS, 1)
void matmul_tn_gpu(__global float *restrict c, __global float *restrict sums,
                   __global const float *restrict a, __global const float *restrict b, int rows,
                   int cols, int depth, int c_stride, int a_stride, int b_stride, int slice_depth) {
  MULTIPLY(a, 1, b, 1, 1)
  c += (size_t)slice * (rows + 1) * c_stride;
#pragma unroll
  for (int v = 0; v < SUMS; v++)
    if (IN_C(v))
      store_lanes(c + (size_t)ROW_OF(v) * c_stride + COLUMN_OF(v), tile[v], cols - COLUMN_OF(v));
  __local vec *totals = (__local vec *)b_blocks; /* blocks are not read after the last barrier */
  totals[item] = b_total;
  barrier(CLK_LOCAL_MEM_FENCE);
  const int n = tile_column + item * 4;
  if (!sums || tile_row > 0 || item >= TILE_COLS / 4 || n >= cols) return;
  vec total = totals[item];
  for (int s = 1; s < SUM_SHARERS; s++) total += totals[item + s * (TILE_COLS / 4)];
  store_lanes((slice_depth < depth ? c + (size_t)rows * c_stride : sums) + n, total, cols - n);
}
