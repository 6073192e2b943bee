/* First values of parameters. Element e = i * O + o of w [I, O] takes word e % 4 of Philox's block
 * e / 4, so random numbers depend only on seed, stream and element, not on geometry or device. */
#include "common.h"
#include "philox.h"

enum { DRAW_UNIFORM, DRAW_NORMAL, DRAW_NOTHING, DRAW_SIGN }; /* the host's ebbi_draw */

/* w[i, o] = scale * n, n uniform in (-1, 1), standard normal, 1, or 1 or -1 by the
 * highest bit. One item for each block. */
__kernel GROUP(ELEMENT_GROUP, 1)
void init_weights(__global float *restrict w, int count, int cols, int stride, float scale,
                  int draw, ulong seed, uint stream) {
  const int block = get_global_id(0);
  const uint4 words = philox(seed, RNG_WEIGHTS, stream, (ulong)block);
  const uint bits[4] = {words.x, words.y, words.z, words.w};
  for (int lane = 0; lane < 4; lane++) {
    const int e = block * 4 + lane;
    if (e >= count) return;
    float n = 1;
    if (draw == DRAW_UNIFORM) n = fma(2.0f, uniform_bits(bits[lane]), -1.0f);
    if (draw == DRAW_NORMAL) n = normal_bits(bits[lane]);
    if (draw == DRAW_SIGN) n = bits[lane] >> 31 ? -1.0f : 1.0f;
    const int row = e / cols, col = e - row * cols;
    w[(size_t)row * stride + col] = scale * n;
  }
}
