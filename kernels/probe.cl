/* Two probes of what a device can do at most: fused multiply-adds, and bytes to and from memory.
 *
 * They are what `ebb bench` measures the other kernels against, in the same run, instead of a data
 * sheet. An item of the first holds CHAINS vectors in registers and advances them in turn, so that
 * each waits for its predecessor while the others compute; the results are stored, and the factors
 * come from outside, so no compiler can leave work out. Dot products would need a load for every
 * multiply-add and measure the cache.
 */
#include "common.h"

/* Vectors that an item advances: as many as hide the latency of a multiply-add and leave registers
 * for the factors. 32 registers go with vectors of 16 floats, 16 with the others. */
#ifndef CHAINS
#if WIDTH >= 16
#define CHAINS 24
#else
#define CHAINS 12
#endif
#endif

/* y = x after `steps` times x <- scale x + shift. x, y [count] */
__kernel GROUP(ELEMENT_GROUP, 1)
void probe_fma(__global float *restrict y, __global const float *restrict x, int count, int steps,
               float scale, float shift) {
  const int first = get_global_id(0) * CHAINS, whole = count / WIDTH, left = count % WIDTH;
  const vec factor = (vec)(scale), term = (vec)(shift);
  vec chain[CHAINS];
#pragma unroll
  for (int i = 0; i < CHAINS; i++)
    chain[i] = first + i < whole + (left > 0) ? load_vec(first + i, x) : (vec)(0.0f);
  for (int step = 0; step < steps; step++) {
#pragma unroll
    for (int i = 0; i < CHAINS; i++) chain[i] = fma(chain[i], factor, term);
  }
#pragma unroll
  for (int i = 0; i < CHAINS; i++) {
    if (first + i < whole) store_vec(chain[i], first + i, y);
    if (first + i != whole) continue;
    float values[WIDTH];
    store_vec(chain[i], 0, values);
    for (int lane = 0; lane < left; lane++) y[(size_t)whole * WIDTH + lane] = values[lane];
  }
}

/* a = b + scale c: the triad of the STREAM benchmark. a, b, c [vectors * WIDTH]; the zeros past the
 * edge of the last vector stay zero. */
__kernel GROUP(ELEMENT_GROUP, 1)
void probe_triad(__global float *restrict a, __global const float *restrict b,
                 __global const float *restrict c, int vectors, float scale) {
  const int start = get_global_id(0) * ELEMENT_VECTORS;
  const int end = min(start + ELEMENT_VECTORS, vectors);
  for (int i = start; i < end; i++) store_vec(load_vec(i, b) + scale * load_vec(i, c), i, a);
}
