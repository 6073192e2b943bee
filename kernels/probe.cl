/* Yardsticks: two kernels that measure a device's limits, in fused multiply-adds and in bytes to
 * and from memory.
 *
 * `ebb bench` compares the other kernels with them in the same run, instead of with a data sheet.
 * An item of the first keeps CHAINS vectors in registers and advances them in turn, so that each
 * can wait for its previous result while the others compute. The results are stored, and the
 * factors are arguments, so no compiler can omit work. Dot products would need a load for every
 * multiply-add and would measure the cache.
 */
#include "common.h"

/* Vectors that an item advances: enough to hide the latency of a multiply-add, few enough to leave
 * registers for the factors. A device has 32 registers with vectors of 16 floats, 16 with others.
 */
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

/* a = b + scale c: the triad of the STREAM benchmark. a, b, c [vectors * WIDTH]; zeros past the
 * edge of the last vector stay zero. */
__kernel GROUP(ELEMENT_GROUP, 1)
void probe_triad(__global float *restrict a, __global const float *restrict b,
                 __global const float *restrict c, int vectors, float scale) {
  const int start = get_global_id(0) * ELEMENT_VECTORS;
  const int end = min(start + ELEMENT_VECTORS, vectors);
  for (int i = start; i < end; i++) store_vec(load_vec(i, b) + scale * load_vec(i, c), i, a);
}
