/* Philox4x32-10 (Salmon et al., SC 2011), and what is computed from its bits: uniform and normal
 * numbers and a keyed permutation. host/base/rng.c computes the same bits with the Random123
 * library.
 *
 * The code is written out because including Random123 would add some thousand lines to compile
 * before the first step; the tests compare all bits. Contraction is off, and only +, * and fma are
 * used, so that every device gives the same bits.
 */
#ifndef PHILOX_H
#define PHILOX_H

#include "common.h"

#pragma OPENCL FP_CONTRACT OFF

#define RNG_WEIGHTS    1u
#define RNG_SHUFFLE    2u
#define PERMUTE_ROUNDS 6

static inline uint4 philox(ulong seed, uint use, uint stream, ulong counter) {
  uint4 x = (uint4)((uint)counter, (uint)(counter >> 32), stream, use);
  uint2 key = (uint2)((uint)seed, (uint)(seed >> 32));
  for (int round = 0; round < 10; round++) {
    x = (uint4)(mul_hi(0xcd9e8d57u, x.z) ^ x.y ^ key.x, 0xcd9e8d57u * x.z,
                mul_hi(0xd2511f53u, x.x) ^ x.w ^ key.y, 0xd2511f53u * x.x);
    key += (uint2)(0x9e3779b9u, 0xbb67ae85u);
  }
  return x;
}

/* Uniform in (0, 1) from the upper 23 bits, exact. */
static inline float uniform_bits(uint bits) {
  return fma((float)(bits >> 9), 0x1p-23f, 0x1p-24f);
}

static inline float polynomial(float x, __constant float *c, int count) {
  float p = c[0];
  for (int i = 1; i < count; i++) p = fma(p, x, c[i]);
  return p;
}

/* Cephes' logf (Moshier) for y in (0, 1]. */
__constant float log_coefficients[9] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                                        -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                                        2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};

static inline float log_exact_ops(float y) {
  uint shifted = as_uint(y) - 0x3f3504f3u;
  float exponent = (float)((int)shifted >> 23);
  float x = as_float((shifted & 0x7fffffu) + 0x3f3504f3u) - 1.0f, z = x * x;
  float p = polynomial(x, log_coefficients, 9) * x * z;
  p = fma(exponent, -2.12194440e-4f, p);
  p = fma(-0.5f, z, p);
  return fma(exponent, 0.693359375f, x + p);
}

/* Square root of w in [5, 17] by Newton's iteration for 1 / sqrt(w). */
static inline float sqrt_exact_ops(float w) {
  float r = as_float(0x5f3759dfu - (as_uint(w) >> 1)), half_w = 0.5f * w;
  for (int i = 0; i < 3; i++) r = r * fma(-(half_w * r), r, 1.5f);
  return w * r;
}

/* Giles, "Approximating the erfinv function", 2010. */
__constant float normal_centre[9] = {2.81022636e-08f,  3.43273939e-07f, -3.5233877e-06f,
                                     -4.39150654e-06f, 0.00021858087f,  -0.00125372503f,
                                     -0.00417768164f,  0.246640727f,    1.50140941f};
__constant float normal_tail[9] = {-0.000200214257f, 0.000100950558f, 0.00134934322f,
                                   -0.00367342844f,  0.00573950773f,  -0.0076224613f,
                                   0.00943887047f,   1.00167406f,     2.83297682f};

static inline float normal_bits(uint bits) {
  float x = fma(2.0f, uniform_bits(bits), -1.0f);
  float w = -log_exact_ops(fma(-x, x, 1.0f));
  float p = w < 5.0f ? polynomial(w - 2.5f, normal_centre, 9)
                     : polynomial(sqrt_exact_ops(w) - 3.0f, normal_tail, 9);
  return 1.41421356f * (p * x);
}

/* MurmurHash3's finaliser (Appleby). */
static inline uvec mix_bits(uvec h) {
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

/* The keys of the permutation for (seed, use, stream). */
static inline void permutation_keys(uint keys[PERMUTE_ROUNDS], ulong seed, uint use, uint stream) {
  const uint4 first = philox(seed, use, stream, 0), second = philox(seed, use, stream, 4);
  vstore4(first, 0, keys);
  keys[4] = second.x;
  keys[5] = second.y;
}

/* Maps each lane of `index`, all below count, by the permutation of 0 ... count-1 with these keys:
 * a Feistel network over the least power of two that holds `count`, repeated until the result is
 * below count. */
static inline uvec permute_lanes(uvec index, uint count, const uint keys[PERMUTE_ROUNDS]) {
  uint bits = 8; /* with fewer, six rounds leave small permutations uneven */
  while ((1u << bits) < count) bits++;
  const uint low_bits = bits / 2, low_mask = (1u << low_bits) - 1;
  const uint high_mask = (1u << (bits - low_bits)) - 1;
  uvec out = (uvec)(count);
  do {
    uvec low = index & low_mask, high = index >> low_bits;
    for (int i = 0; i < PERMUTE_ROUNDS; i += 2) {
      high ^= mix_bits(low ^ keys[i]) & high_mask;
      low ^= mix_bits(high ^ keys[i + 1]) & low_mask;
    }
    index = high << low_bits | low;
    out = select(index, out, out < count); /* lanes that are done stay */
  } while (any(out >= count));
  return out;
}

static inline uint permute(uint index, uint count, ulong seed, uint use, uint stream) {
  uint keys[PERMUTE_ROUNDS];
  permutation_keys(keys, seed, use, stream);
  return permute_lanes((uvec)(index), count, keys).s0;
}

#endif
