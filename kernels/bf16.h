/* bfloat16: the upper half of a float32; rounded to nearest, ties to even. */
#ifndef BF16_H
#define BF16_H

#include "common.h"

/* The bits of n numbers, in the low halves of words. NaN must not round to Inf, so it gets a bit
 * that is kept. */
#define BF16_BITS(n)                                                                               \
  static inline PASTE(uint, n) PASTE(bf16_bits, n)(PASTE(float, n) x) {                            \
    const PASTE(uint, n) bits = PASTE(as_uint, n)(x), upper = bits >> 16;                          \
    const PASTE(uint, n) rounded = (bits + 0x7fffu + (upper & 1u)) >> 16;                          \
    return select(rounded, upper | 0x40u, isnan(x));                                               \
  }
BF16_BITS(2)
BF16_BITS(4)

#endif
