/* The epilogues of the dense layer's passes: bias and activation, or the activation's derivative.
 *
 * c, z, z_below and a_below are of type `stored`: float, or bfloat16 with -DC_BF16. A bfloat16 is
 * rounded once, from the float result.
 */
#ifndef FINISH_H
#define FINISH_H

#include "activation.h"
#include "bf16.h"
#include "common.h"

#ifdef C_BF16
typedef ushort stored;
typedef PASTE(ushort, WIDTH) stored_vec;

INLINE vec load_stored(__global const stored *at) {
  const uvec bits = PASTE(convert_uint, WIDTH)(*(__global const stored_vec *)at);
  return as_vec(bits << 16);
}

/* Stores the lanes left of the edge, as store_lanes does. */
INLINE void store_stored(__global stored *row, vec value, int left) {
  const stored_vec bits = PASTE(convert_ushort, WIDTH)(PASTE(bf16_bits, WIDTH)(value));
  if (left >= WIDTH) {
    *(__global stored_vec *)row = bits;
    return;
  }
#if WIDTH == 4
  if (left & 2) vstore2(bits.lo, 0, row);
  if (left & 1) row[left & 2] = left & 2 ? bits.z : bits.x;
#else
  if (left & 1) row[0] = bits.x;
#endif
}
#else
typedef float stored;

INLINE vec load_stored(__global const stored *at) {
  return *(__global const vec *)at;
}

INLINE void store_stored(__global stored *row, vec value, int left) {
  store_lanes(row, value, left);
}
#endif

/* For a vector of sums at row r and column n: with f, z = sum + bias, stored unless z is NULL,
 * and c = f(z) (1) (2). */
INLINE void finish_nn(__global stored *c, __global stored *z, vec sum, __global const float *bias,
                      int r, int n, int cols, int c_stride) {
  const size_t at = (size_t)r * c_stride + n;
  if (APPLIES_F(bias)) {
    if (bias) sum += *(__global const vec *)(bias + n);
    if (z) store_stored(z + at, sum, cols - n);
    sum = ACTIVATE(vec, sum);
  }
  store_stored(c + at, sum, cols - n);
}

/* With a_below c = sum * f'(z_below) (8). */
INLINE void finish_nt(__global stored *c, vec sum, __global const stored *z_below,
                      __global const stored *a_below, int r, int n, int cols, int c_stride) {
  const size_t at = (size_t)r * c_stride + n;
  if (a_below) {
    const vec below = load_stored(a_below + at);
    const vec z = z_below ? load_stored(z_below + at) : below;
    sum *= SLOPE(vec, z, below);
  }
  store_stored(c + at, sum, cols - n);
}

#endif
