/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). kernels/philox.h computes the same bits on the device.
 */
#ifndef EBBI_RNG_H
#define EBBI_RNG_H

#include <stdint.h>

/* The use of a stream of random numbers. Two uses never share numbers. */
enum {
  EBBI_RNG_WEIGHTS = 1,
  EBBI_RNG_SHUFFLE = 2,
  EBBI_RNG_SPLIT = 3,
  EBBI_RNG_TEST = 4,
  EBBI_RNG_DROPOUT = 5,
  EBBI_RNG_NOISE = 6
};

/* Four random words, a pure function of seed, use, stream and counter. */
void ebbi_philox(uint32_t out[4], uint64_t seed, uint32_t use, uint32_t stream, uint64_t counter);

/* Uniform in (0, 1) from the upper 23 bits, never 0 or 1, exact. */
float ebbi_uniform(uint32_t bits);

/* Standard normal by the inverse distribution function of ebbi_uniform(bits): |x| < 5.5. Uses only
 * +, * and fma, so the bits are the same wherever these round correctly. */
float ebbi_normal(uint32_t bits);

#define EBBI_PERMUTE_ROUNDS 6

/* The keys of the permutation of (seed, use, stream). */
void ebbi_permute_keys(uint32_t keys[EBBI_PERMUTE_ROUNDS], uint64_t seed, uint32_t use,
                       uint32_t stream);

/* The place to which a keyed permutation of 0 … count-1 sends `index` (< count <= 2^31). */
uint32_t ebbi_permute(uint32_t index, uint32_t count, const uint32_t keys[EBBI_PERMUTE_ROUNDS]);

#endif
