/* Parts of rows that begin at any column: vectors without an alignment, for kernels that cut rows
 * or put them together. Types are those of elements.h. */
#ifndef COLUMNS_H
#define COLUMNS_H

#include "elements.h"

#ifdef A_BF16
#define PART(at, i)  as_float((uint)(at)[i] << 16)
#define PART_VEC(at) load_bf16(at)
#else
#define PART(at, i)  (at)[i]
#define PART_VEC(at) load_vec(0, at)
#endif

/* A vector whose first `left` lanes are loaded; the others are 0. */
INLINE vec load_part(__global const a_number *at, int left) {
  if (left >= WIDTH) return PART_VEC(at);
  float lanes[WIDTH];
  for (int i = 0; i < WIDTH; i++) lanes[i] = i < left ? PART(at, i) : 0.0f;
  return load_vec(0, lanes);
}

/* Stores the first `left` lanes. */
INLINE void store_part(__global c_number *at, vec value, int left) {
#ifdef C_BF16
  store_bf16(at, value, left);
#else
  if (left >= WIDTH) {
    store_vec(value, 0, at);
    return;
  }
  float lanes[WIDTH];
  store_vec(value, 0, lanes);
  for (int i = 0; i < left; i++) at[i] = lanes[i];
#endif
}

#endif
