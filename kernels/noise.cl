/* Gaussian noise: y = x + deviation n with standard normal n.
 *
 * n at (row, column) is a pure function of (seed, node, step, row, column), as dropout's mask is.
 * One Philox call serves four columns.
 */
#include "elements.h"
#include "philox.h"
#include "state.h"

/* Standard normal numbers for the columns from c on. */
INLINE vec normal_numbers(ulong key, uint use, int row, int c) {
  uint words[4];
  float numbers[WIDTH];
  for (int lane = 0; lane < WIDTH; lane++) {
    const int col = c + lane;
    if (lane == 0 || col % 4 == 0)
      vstore4(philox(key, use, 0, (ulong)row << 32 | (uint)col / 4), 0, words);
    numbers[lane] = normal_bits(words[col % 4]);
  }
  return PASTE(vload, WIDTH)(0, numbers);
}

/* x, y [rows, cols] with one stride, `vectors` in total. state: the open step; use, node: the
 * stream of random numbers. */
__kernel GROUP(ELEMENT_GROUP, 1)
void noise(__global c_number *restrict y, __global const a_number *restrict x,
           __global const step_state *restrict state, ulong seed, uint use, uint node,
           float deviation, int vectors, int cols, int stride) {
  const uint4 words = philox(seed, use, node, state->step);
  const ulong key = words.x | (ulong)words.y << 32;
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    const size_t at = (size_t)row * stride + c;
    store_c(y + at, load_a(x + at) + deviation * normal_numbers(key, use, row, c), cols - c);
  }
}
