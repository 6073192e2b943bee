/* Dropout and its gradient: an element is multiplied by 1 / (1 - rate), or replaced by 0.
 *
 * No mask is stored. Whether the element at (row, column) is kept is a pure function of (seed,
 * node, step, row, column), computed by Philox, so that the gradient uses the same mask. One Philox
 * call serves four columns that are 16 apart: a vector of calls then gives four vectors of columns,
 * each a word of the calls, without moving a lane. The bits depend neither on the vectors' width
 * nor on the stride.
 *
 * A rate that fades falls in the second half of the training's steps, by a polynomial in whole
 * numbers: the device and its reference must draw the same mask, and cosines differ in their last
 * bits.
 */
#include "activation.h"
#include "elements.h"
#include "philox.h"
#include "state.h"

#define BLOCK 64 /* columns of 16 calls */

/* Two lanes of uvec as one number, the first in its lower half: devices are little-endian. */
#if WIDTH == 16
typedef ulong8 pairs;
#define AS_PAIRS as_ulong8
#elif WIDTH == 8
typedef ulong4 pairs;
#define AS_PAIRS as_ulong4
#else
typedef ulong2 pairs;
#define AS_PAIRS as_ulong2
#endif

/* Upper halves of the products with m: a product of the even lanes and one of the odd ones, whose
 * 64 bits lie in place. mul_hi makes compilers for CPUs widen all lanes and narrow them again,
 * which is slower. */
INLINE uvec upper_halves(uvec x, uint m) {
  const pairs two = AS_PAIRS(x), even = (two & 0xffffffff) * m, odd = (two >> 32) * m;
  return PASTE(as_uint, WIDTH)(even >> 32 | (odd & 0xffffffff00000000));
}

/* word = philox(seed, use, 0, counter), the four words of each call, with the counters of a row in
 * the lanes: row << 32 | from + lane. */
INLINE void philox_lanes(uvec word[4], ulong seed, uint use, uint row, int from) {
  uvec x = PASTE(as_uint, WIDTH)(columns_from(from)), y = (uvec)(row), z = (uvec)(0),
       w = (uvec)(use);
  uint2 key = (uint2)((uint)seed, (uint)(seed >> 32));
  for (int round = 0; round < 10; round++) {
    const uvec next_x = upper_halves(z, 0xcd9e8d57u) ^ y ^ key.x;
    const uvec next_z = upper_halves(x, 0xd2511f53u) ^ w ^ key.y;
    y = z * 0xcd9e8d57u;
    w = x * 0xd2511f53u;
    x = next_x;
    z = next_z;
    key += (uint2)(0x9e3779b9u, 0xbb67ae85u);
  }
  word[0] = x;
  word[1] = y;
  word[2] = z;
  word[3] = w;
}

/* What a fading rate is multiplied by in a step, in 65536ths: 1 - 3 u^2 + 2 u^3, where u is the
 * part of the second half of `span` steps that is gone. It follows a half cosine to within 0.01. */
static inline float faded_part(ulong step, ulong span) {
  const ulong twice = 2 * (step - 1);
  if (twice <= span) return 65536.0f;
  const ulong u = min(((twice - span) << 16) / span, (ulong)65536);
  return (float)(65536 - (u * u * (3 * 65536 - 2 * u) >> 32));
}

/* What an item does to a vector of columns. */
INLINE void drop(__global c_number *y, __global const a_number *x, __global const c_number *z,
                 __global const c_number *f, size_t at, uvec words, float rate, float scale,
                 int left) {
  const vec uniform =
      fma(PASTE(convert_float, WIDTH)(words >> 9), (vec)(0x1p-23f), (vec)(0x1p-24f));
  vec value = load_a(x + at) * select((vec)(0.0f), (vec)(scale), uniform >= (vec)(rate));
  if (f) {
    const vec below = load_c(f + at), before = z ? load_c(z + at) : below;
    value *= SLOPE(vec, before, below);
  }
  store_c(y + at, value, left);
}

/* y = x m, where m = scale if the element's uniform number is at least rate, else 0. With f also
 * times f'(z) (8); x is then dy, and y a gradient. All are [rows, cols] with one stride. A row has
 * `across` shares, each of the columns of WIDTH calls, `shares` in total. state: the open step;
 * use, node: the stream of random numbers; span: the steps in which the rate fades, 0 for never. */
__kernel GROUP(ELEMENT_GROUP, 1)
void dropout(__global c_number *restrict y, __global const a_number *restrict x,
             __global const c_number *restrict z, __global const c_number *restrict f,
             __global const step_state *restrict state, ulong seed, uint use, uint node, float rate,
             float scale, ulong span, int each, int shares, int across, int cols, int stride) {
  if (span > 0) {
    rate *= faded_part(state->step, span) * 0x1p-16f;
    scale = 1.0f / (1.0f - rate);
  }
  const uint4 words = philox(seed, use, node, state->step);
  const ulong key = words.x | (ulong)words.y << 32;
  const int first = get_global_id(0) * each;
  for (int i = first; i < min(first + each, shares); i++) {
    const int row = i / across, call = i % across * WIDTH; /* the first of WIDTH calls */
    uvec random[4];
    philox_lanes(random, key, use, row, call);
#pragma unroll
    for (int k = 0; k < 4; k++) {
      const int c = call / 16 * BLOCK + 16 * k + call % 16;
      if (c < cols) drop(y, x, z, f, (size_t)row * stride + c, random[k], rate, scale, cols - c);
    }
  }
}
