/* Philox from the Random123 library, and the numbers derived from its bits on host and device.
 *
 * Normal numbers must be the same to the last bit on every device. So this file uses no log, sqrt
 * or division of a library, whose rounding OpenCL leaves open, but only +, * and fma, which round
 * correctly everywhere. kernels/philox.h is the device's version, compiled without contraction.
 */
#include "rng.h"

#define R123_ASSERT(condition) ((void)0) /* Random123's own macro would end the process */
#include <Random123/philox.h>
#include <math.h>
#include <string.h>

void ebbi_philox(uint32_t out[4], uint64_t seed, uint32_t use, uint32_t stream, uint64_t counter) {
  philox4x32_ctr_t block = {{(uint32_t)counter, (uint32_t)(counter >> 32), stream, use}};
  philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  block = philox4x32(block, key);
  memcpy(out, block.v, sizeof block.v);
}

float ebbi_uniform(uint32_t bits) {
  return fmaf((float)(bits >> 9), 0x1p-23f, 0x1p-24f);
}

static float polynomial(float x, const float *coefficients, int count) {
  float p = coefficients[0];
  for (int i = 1; i < count; i++) p = fmaf(p, x, coefficients[i]);
  return p;
}

/* Natural logarithm of y in (0, 1]; the polynomial is that of Cephes' logf (Moshier). */
static float log_exact_ops(float y) {
  static const float c[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                            -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                            2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
  uint32_t bits;
  memcpy(&bits, &y, sizeof bits);
  uint32_t shifted = bits - 0x3f3504f3u; /* sqrt(1/2): the mantissa lies between it and sqrt 2 */
  int exponent = (int)shifted >> 23;
  bits = (shifted & 0x7fffffu) + 0x3f3504f3u;
  float m;
  memcpy(&m, &bits, sizeof m);
  float x = m - 1, z = x * x;
  float p = polynomial(x, c, 9) * x * z;
  p = fmaf((float)exponent, -2.12194440e-4f, p);
  p = fmaf(-0.5f, z, p);
  return fmaf((float)exponent, 0.693359375f, x + p);
}

/* Square root of w in [5, 17] by Newton's iteration for 1 / sqrt(w). */
static float sqrt_exact_ops(float w) {
  uint32_t bits;
  memcpy(&bits, &w, sizeof bits);
  bits = 0x5f3759dfu - (bits >> 1);
  float r, half = 0.5f * w;
  memcpy(&r, &bits, sizeof r);
  for (int i = 0; i < 3; i++) {
    float t = half * r;
    r = r * fmaf(-t, r, 1.5f);
  }
  return w * r;
}

/* sqrt(2) erfinv(2u - 1), by the polynomials of Giles, "Approximating the erfinv function", 2010.
 */
float ebbi_normal(uint32_t bits) {
  static const float centre[] = {2.81022636e-08f,  3.43273939e-07f, -3.5233877e-06f,
                                 -4.39150654e-06f, 0.00021858087f,  -0.00125372503f,
                                 -0.00417768164f,  0.246640727f,    1.50140941f};
  static const float tail[] = {-0.000200214257f, 0.000100950558f, 0.00134934322f,
                               -0.00367342844f,  0.00573950773f,  -0.0076224613f,
                               0.00943887047f,   1.00167406f,     2.83297682f};
  float x = fmaf(2.0f, ebbi_uniform(bits), -1.0f);
  float w = -log_exact_ops(fmaf(-x, x, 1.0f));
  float p = w < 5 ? polynomial(w - 2.5f, centre, 9) : polynomial(sqrt_exact_ops(w) - 3, tail, 9);
  return 1.41421356f * (p * x);
}

void ebbi_permute_keys(uint32_t keys[EBBI_PERMUTE_ROUNDS], uint64_t seed, uint32_t use,
                       uint32_t stream) {
  uint32_t block[4];
  for (int i = 0; i < EBBI_PERMUTE_ROUNDS; i++) {
    if (i % 4 == 0) ebbi_philox(block, seed, use, stream, (uint64_t)i);
    keys[i] = block[i % 4];
  }
}

/* MurmurHash3's finaliser (Appleby): each bit of the result depends on each bit of h. */
static uint32_t mix(uint32_t h) {
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

/* A Feistel network over the smallest power of two that holds `count`, repeated until the result is
 * below `count`. */
uint32_t ebbi_permute(uint32_t index, uint32_t count, const uint32_t keys[EBBI_PERMUTE_ROUNDS]) {
  uint32_t bits = 8; /* with fewer bits, six rounds would leave small permutations uneven */
  while ((1u << bits) < count) bits++;
  uint32_t low_bits = bits / 2, low_mask = (1u << low_bits) - 1;
  uint32_t high_mask = (1u << (bits - low_bits)) - 1;
  do {
    uint32_t low = index & low_mask, high = index >> low_bits;
    for (int i = 0; i < EBBI_PERMUTE_ROUNDS; i += 2) {
      high ^= mix(low ^ keys[i]) & high_mask;
      low ^= mix(high ^ keys[i + 1]) & low_mask;
    }
    index = high << low_bits | low;
  } while (index >= count);
  return index;
}
