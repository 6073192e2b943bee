/* Matrix products on a tensor core (mma.h): a group computes a TILE_ROWS x TILE_COLS tile of c, a
 * warp a WARP_ROWS x WARP_COLS part of it, from blocks of a and b that pass through local memory
 * WORDS words of the depth at a time and are rounded to the unit's precision on the way.
 *
 * As in matmul_gpu.cl, blocks are double-buffered with one barrier a block; rows and columns beyond
 * the matrix are read from its last one and never stored, steps beyond the depth are zeros; and the
 * depth may be split, with plain sums in slices of a workspace. In local memory the depth is
 * innermost for every layout, as the unit requires. PITCH, an odd multiple of four words, puts the
 * words that the 32 lanes of a warp read at once into 32 banks.
 *
 * An operand is float, or bfloat16 with -DA_BF16, -DB_BF16 in the precision bf16. The tile's
 * numbers come from one row of host/gemm/matmul_config.c.
 */
#undef WIDTH
#define WIDTH 2 /* adjacent columns of c in one item */
#include "finish.h"

#ifndef TILE_ROWS
#define TILE_ROWS 32
#define TILE_COLS 32
#define WORDS     8
#define WARP_ROWS 16
#define WARP_COLS 32
#endif
#define PITCH    (WORDS + 4)
#define MMA_ROWS (WARP_ROWS / 16)
#define MMA_COLS (WARP_COLS / 8)
#include "mma.h"

#ifndef NO_UNIT
#define STEPS       (WORDS * WORD_STEPS)
#define WARPS_DOWN  (TILE_ROWS / WARP_ROWS)
#define ITEMS       (LANES * WARPS_DOWN * (TILE_COLS / WARP_COLS))
#define SUMS        (MMA_ROWS * MMA_COLS) /* pieces of a warp, four elements of each in an item */
#define A_LOADS     (TILE_ROWS * WORDS / 4 / ITEMS) /* four words each */
#define B_LOADS     (TILE_COLS * WORDS / 4 / ITEMS)
#define BLOCK(side) ((side) * PITCH)
#if TILE_ROWS % WARP_ROWS || TILE_COLS % WARP_COLS || WARP_ROWS % 16 || WARP_COLS % 16 ||          \
    WORDS % UNIT_WORDS || TILE_ROWS * WORDS / 4 % ITEMS || TILE_COLS * WORDS / 4 % ITEMS
#error "these tiles cannot be shared out evenly"
#endif
#ifdef A_BF16
#define A_SIZE 2
#else
#define A_SIZE 4
#endif
#ifdef B_BF16
#define B_SIZE 2
#else
#define B_SIZE 4
#endif
#define B_TOTALS (B_SIZE == 4 ? B_LOADS : 1) /* vectors of an item: add_fetched, add_block */
#if (A_SIZE == 2 || B_SIZE == 2) && WORD_STEPS != 2
#error "operands of bfloat16 need that precision"
#endif

/* The source of four words: with k innermost, words of one row or column; else one word from each
 * of four neighbours. Two steps are fetched if a word holds two. */
typedef struct raw {
  uint4 part[WORD_STEPS];
} raw;

/* The word and the row or column of fetch n. With k outermost, WORDS items write the words of a row
 * in turn. A warp's writes fall into different banks if WORDS is 16, two into each if it is 8. */
INLINE int word_of(int n, int k_major) {
  return k_major ? n % WORDS : n % (WORDS / 4) * 4;
}
INLINE int line_of(int n, int k_major) {
  return k_major ? n / WORDS * 4 : n / (WORDS / 4);
}

/* Finds where an item's fetches from an operand with elements of `size` bytes begin, at step
 * `start`. Lines are the operand's `count` rows or columns; the tile's begin at `first`. */
INLINE void find_places(__global const char **places, __global const void *matrix, int size,
                        int loads, int k_major, int item, int first, int count, int start,
                        int stride) {
  UNROLL
  for (int l = 0; l < loads; l++) {
    const int n = item + l * ITEMS, step = start + word_of(n, k_major) * WORD_STEPS;
    const int line = min(first + line_of(n, k_major), k_major ? (count - 1) & ~3 : count - 1);
    const size_t element = k_major ? (size_t)step * stride + line : (size_t)line * stride + step;
    places[l] = (__global const char *)matrix + element * size;
  }
}

/* Loads four elements unconverted: floats, or bfloat16 numbers in the first two words. */
INLINE uint4 load_four(__global const char *at, int size) {
  if (size == 4) return *(__global const uint4 *)at;
  const uint2 pairs = *(__global const uint2 *)at;
  return (uint4)(pairs.x, pairs.y, 0, 0);
}

/* Fetches an item's part of the block that begins `left` steps before the end. */
INLINE void fetch(raw *fetched, __global const char **places, int size, int loads, int k_major,
                  int item, int left, int stride) {
  UNROLL
  for (int l = 0; l < loads; l++) {
    const int step = word_of(item + l * ITEMS, k_major) * WORD_STEPS;
    const int whole = !k_major && size == 2; /* eight numbers of a line are 16 bytes */
    UNROLL
    for (int p = 0; p < WORD_STEPS; p++) {
      const size_t further = (size_t)p * (k_major ? stride : 4) * size;
      fetched[l].part[p] = (uint4)(0);
      if (step + (k_major ? p : 0) < left && !(whole && p > 0))
        fetched[l].part[p] =
            whole ? *(__global const uint4 *)places[l] : load_four(places[l] + further, size);
    }
    places[l] += (k_major ? (size_t)stride * STEPS : STEPS) * size;
  }
}

/* Converts what was fetched to words. */
INLINE uint4 words_of(const raw *r, int size, int k_major) {
#ifdef PRECISION_BF16
  const uint4 first = r->part[0], second = r->part[1];
  if (size == 2 && !k_major) return first;
  if (size == 2)
    return (uint4)((first.x & 0xffffu) | second.x << 16, first.x >> 16 | (second.x & 0xffff0000u),
                   (first.y & 0xffffu) | second.y << 16, first.y >> 16 | (second.y & 0xffff0000u));
  const float4 a = as_float4(first), b = as_float4(second);
  return k_major ? words(a, b) : words((float4)(a.x, a.z, b.x, b.z), (float4)(a.y, a.w, b.y, b.w));
#else
  return words(as_float4(r->part[0]), (float4)(0.0f));
#endif
}

/* Stores what was fetched in a block in local memory. */
INLINE void put(__local uint *block, const raw *fetched, int size, int loads, int k_major,
                int item) {
  UNROLL
  for (int l = 0; l < loads; l++) {
    const int n = item + l * ITEMS;
    __local uint *at = block + line_of(n, k_major) * PITCH + word_of(n, k_major);
    const uint4 four = words_of(&fetched[l], size, k_major);
    if (!k_major) {
      *(__local uint4 *)at = four;
    } else {
      at[0 * PITCH] = four.x;
      at[1 * PITCH] = four.y;
      at[2 * PITCH] = four.z;
      at[3 * PITCH] = four.w;
    }
  }
}

/* totals += the unrounded sums over the steps of floats that were fetched with k outermost. */
INLINE void add_fetched(float4 *totals, const raw *fetched, int loads) {
  UNROLL
  for (int l = 0; l < loads; l++) UNROLL
  for (int p = 0; p < WORD_STEPS; p++) totals[l] += as_float4(fetched[l].part[p]);
}

/* totals[0].x += the sum over column `item` of a block of bfloat16 numbers, which are what was
 * fetched. A loop and one register, so that two groups of 256 items fit into a multiprocessor; only
 * the groups that store the totals run it. */
INLINE void add_block(float4 *totals, __local const uint *block, int item) {
  if (item >= TILE_COLS) return;
#pragma unroll 1
  for (int w = 0; w < WORDS / 4; w++) {
    const uint4 four = *(__local const uint4 *)(block + item * PITCH + 4 * w);
    const float4 sum = as_float4(four << 16) + as_float4(four & 0xffff0000u);
    totals[0].x += (sum.x + sum.y) + (sum.z + sum.w);
  }
}

/* The total of column n from the items' vectors. */
INLINE float column_total(__local const float4 *totals, int n) {
  if (B_SIZE == 2) return totals[n].x;
  __local const float *share = (__local const float *)(totals + n / 4 * WORDS) + n % 4;
  float total = share[0];
  for (int w = 1; w < WORDS; w++) total += share[4 * w];
  return total;
}

INLINE void multiply_block(float4 sums[SUMS], __local const uint *a, __local const uint *b,
                           int lane) {
  UNROLL
  for (int w = 0; w < WORDS; w += UNIT_WORDS) multiply_words(sums, a + w, b + w, lane);
}

/* The body of a product: declares and computes `sums`, `row`, `column` (an item's first), `slice`
 * and, if `add_b`, b_totals. This is a macro because barriers must be at a kernel's top level. */
#define MULTIPLY(a_k_major, b_k_major, add_b)                                                      \
  __local uint a_blocks[2 * BLOCK(TILE_ROWS)] __attribute__((aligned(16)));                        \
  __local uint b_blocks[2 * BLOCK(TILE_COLS)] __attribute__((aligned(16)));                        \
  const int item = get_local_id(0), lane = item % LANES, warp = item / LANES;                      \
  const int tiles_down = (rows + TILE_ROWS - 1) / TILE_ROWS;                                       \
  const int slice = (int)get_group_id(1) / tiles_down, start = slice * slice_depth;                \
  const int tile_row = ((int)get_group_id(1) - slice * tiles_down) * TILE_ROWS;                    \
  const int tile_column = (int)get_group_id(0) * TILE_COLS;                                        \
  const int warp_row = warp % WARPS_DOWN * WARP_ROWS, warp_column = warp / WARPS_DOWN * WARP_COLS; \
  const int row = tile_row + warp_row + lane / 4,                                                  \
            column = tile_column + warp_column + lane % 4 * 2;                                     \
  float4 sums[SUMS] = {(float4)(0.0f)}, b_totals[B_TOTALS] = {(float4)(0.0f)};                     \
  raw a_fetched[A_LOADS], b_fetched[B_LOADS];                                                      \
  __global const char *a_places[A_LOADS], *b_places[B_LOADS];                                      \
  find_places(a_places, a, A_SIZE, A_LOADS, a_k_major, item, tile_row, rows, start, a_stride);     \
  find_places(b_places, b, B_SIZE, B_LOADS, b_k_major, item, tile_column, cols, start, b_stride);  \
  int left = min(slice_depth, depth - start), buffer = 0;                                          \
  fetch(a_fetched, a_places, A_SIZE, A_LOADS, a_k_major, item, left, a_stride);                    \
  fetch(b_fetched, b_places, B_SIZE, B_LOADS, b_k_major, item, left, b_stride);                    \
  put(a_blocks, a_fetched, A_SIZE, A_LOADS, a_k_major, item);                                      \
  put(b_blocks, b_fetched, B_SIZE, B_LOADS, b_k_major, item);                                      \
  if (add_b && B_SIZE == 4) add_fetched(b_totals, b_fetched, B_LOADS);                             \
  barrier(CLK_LOCAL_MEM_FENCE);                                                                    \
  for (; left > 0; left -= STEPS, buffer ^= 1) {                                                   \
    fetch(a_fetched, a_places, A_SIZE, A_LOADS, a_k_major, item, left - STEPS, a_stride);          \
    fetch(b_fetched, b_places, B_SIZE, B_LOADS, b_k_major, item, left - STEPS, b_stride);          \
    multiply_block(sums, a_blocks + buffer * BLOCK(TILE_ROWS) + warp_row * PITCH,                  \
                   b_blocks + buffer * BLOCK(TILE_COLS) + warp_column * PITCH, lane);              \
    put(a_blocks + (buffer ^ 1) * BLOCK(TILE_ROWS), a_fetched, A_SIZE, A_LOADS, a_k_major, item);  \
    put(b_blocks + (buffer ^ 1) * BLOCK(TILE_COLS), b_fetched, B_SIZE, B_LOADS, b_k_major, item);  \
    if (add_b && B_SIZE == 4) add_fetched(b_totals, b_fetched, B_LOADS);                           \
    if (add_b && B_SIZE == 2 && tile_row == 0)                                                     \
      add_block(b_totals, b_blocks + buffer * BLOCK(TILE_COLS), item);                             \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                  \
  }

/* Half h of an item's elements in all its pieces: first the upper rows, then the lower ones. */
#define HALF(h)      (sums[(h) / 2])
#define PAIR_OF(h)   ((h) % 2 ? HALF(h).hi : HALF(h).lo)
#define ROW_OF(h)    (row + (h) / 2 / MMA_COLS * UNIT_ROWS + (h) % 2 * 8)
#define COLUMN_OF(h) (column + (h) / 2 % MMA_COLS * UNIT_COLS)
#define IN_C(h)      (ROW_OF(h) < rows && COLUMN_OF(h) < cols)

/* c = a.b; with f (APPLIES_F) c = f(z), z = a.b + bias, stored in z unless NULL: (1), (2). c, z
 * [rows, cols]; a [rows, depth]; b [depth, cols]; bias [cols], or NULL.
 * Split: c [slices, rows + 1, cols]. */
__kernel GROUP(ITEMS, 1)
void matmul_nn_mma(__global stored *restrict c, __global stored *restrict z,
                   __global const void *restrict a, __global const void *restrict b,
                   __global const float *restrict bias, int rows, int cols, int depth, int c_stride,
                   int a_stride, int b_stride, int slice_depth) {
  MULTIPLY(0, 1, 0)
  c += (size_t)slice * (rows + 1) * c_stride;
  UNROLL
  for (int h = 0; h < 2 * SUMS; h++)
    if (IN_C(h)) finish_nn(c, z, PAIR_OF(h), bias, ROW_OF(h), COLUMN_OF(h), cols, c_stride);
}

/* c = a.b^T; with `a_below` the hidden gradient (8): each element times f'(z_below). z_below is
 * NULL unless f' needs it. c, z_below, a_below [rows, cols]; a [rows, depth]; b [cols, depth].
 * Split: c [slices, rows + 1, cols]. */
__kernel GROUP(ITEMS, 1)
void matmul_nt_mma(__global stored *restrict c, __global const void *restrict a,
                   __global const void *restrict b, __global const stored *restrict z_below,
                   __global const stored *restrict a_below, int rows, int cols, int depth,
                   int c_stride, int a_stride, int b_stride, int slice_depth) {
  MULTIPLY(0, 0, 0)
  c += (size_t)slice * (rows + 1) * c_stride;
  UNROLL
  for (int h = 0; h < 2 * SUMS; h++)
    if (IN_C(h))
      finish_nt(c, PAIR_OF(h), z_below, a_below, ROW_OF(h), COLUMN_OF(h), cols, c_stride);
}

/* c = a^T.b, the weight gradient (9). With `sums_out`, the groups of the first tile row also
 * compute the sum of b's rows in float32, the bias gradient (10). c [rows, cols]; a [depth, rows];
 * b [depth, cols]; sums_out [cols]. Split: c [slices, rows + 1, cols], whose last row replaces
 * sums_out. */
__kernel GROUP(ITEMS, 1)
void matmul_tn_mma(__global float *restrict c, __global float *restrict sums_out,
                   __global const void *restrict a, __global const void *restrict b, int rows,
                   int cols, int depth, int c_stride, int a_stride, int b_stride, int slice_depth) {
  MULTIPLY(1, 1, 1)
  c += (size_t)slice * (rows + 1) * c_stride;
  UNROLL
  for (int h = 0; h < 2 * SUMS; h++)
    if (IN_C(h))
      store_lanes(c + (size_t)ROW_OF(h) * c_stride + COLUMN_OF(h), PAIR_OF(h), cols - COLUMN_OF(h));
  if (!sums_out || tile_row > 0) return;
  __global float *to = slice_depth < depth ? c + (size_t)rows * c_stride : sums_out;
  __local float4 *totals =
      (__local float4 *)b_blocks; /* blocks are not read after the last barrier */
  UNROLL
  for (int l = 0; l < B_TOTALS; l++) totals[item + l * ITEMS] = b_totals[l];
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int n = item; n < TILE_COLS && tile_column + n < cols; n += ITEMS)
    to[tile_column + n] = column_total(totals, n);
}
#endif
