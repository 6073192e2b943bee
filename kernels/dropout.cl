/* Dropout and its gradient: an element is multiplied by 1 / (1 - rate), or replaced by 0.
 *
 * No mask is stored. Whether the element at (row, column) is kept is a pure function of (seed,
 * node, step, row, column), computed by Philox, so that the gradient uses the same mask. One Philox
 * call serves four columns; the bits depend neither on the vectors' width nor on the stride.
 */
#include "activation.h"
#include "elements.h"
#include "philox.h"
#include "state.h"

/* Random words for columns from c, a multiple of WIDTH. */
INLINE uvec random_words(ulong key, uint use, int row, int c) {
  const ulong at = (ulong)row << 32 | (uint)c / 4;
#if WIDTH == 16
  return (uint16)(philox(key, use, 0, at), philox(key, use, 0, at + 1), philox(key, use, 0, at + 2),
                  philox(key, use, 0, at + 3));
#elif WIDTH == 8
  return (uint8)(philox(key, use, 0, at), philox(key, use, 0, at + 1));
#elif WIDTH == 4
  return philox(key, use, 0, at);
#else
  const uint4 words = philox(key, use, 0, at);
  return c & 2 ? words.hi : words.lo;
#endif
}

/* y = x m, where m = scale if the element's uniform number is at least rate, else 0. With f also
 * times f'(z) (8); x is then dy, and y a gradient. All are [rows, cols] with one stride, `vectors`
 * in total. state: the open step; use, node: the stream of random numbers. */
__kernel GROUP(ELEMENT_GROUP, 1)
void dropout(__global c_number *restrict y, __global const a_number *restrict x,
             __global const c_number *restrict z, __global const c_number *restrict f,
             __global const step_state *restrict state, ulong seed, uint use, uint node, float rate,
             float scale, int vectors, int cols, int stride) {
  const uint4 words = philox(seed, use, node, state->step);
  const ulong key = words.x | (ulong)words.y << 32;
  const span item = item_span(vectors, cols);
  int row = item.first / item.across, v = item.first % item.across;
  for (int i = item.first; i < item.end; i++) {
    const int c = v * WIDTH;
    const size_t at = (size_t)row * stride + c;
    const uvec bits = random_words(key, use, row, c) >> 9;
    const vec uniform = fma(PASTE(convert_float, WIDTH)(bits), (vec)(0x1p-23f), (vec)(0x1p-24f));
    vec value = load_a(x + at) * select((vec)(0.0f), (vec)(scale), uniform >= (vec)(rate));
    if (f) {
      const vec below = load_c(f + at), before = z ? load_c(z + at) : below;
      value *= SLOPE(vec, before, below);
    }
    store_c(y + at, value, cols - c);
    if (++v == item.across) row++, v = 0;
  }
}
