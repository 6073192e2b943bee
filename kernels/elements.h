/* Elementwise kernels: which vectors of a matrix an item takes, and operands that are float or,
 * with -DA_BF16, -DB_BF16, -DC_BF16, each independently bfloat16. */
#ifndef ELEMENTS_H
#define ELEMENTS_H

#include "bf16.h"
#include "common.h"

/* Vectors [first, end) of a matrix whose rows have `across` vectors. */
typedef struct {
  int first, end, across;
} span;

static inline span item_span(int vectors, int cols) {
  const int first = get_global_id(0) * ELEMENT_VECTORS;
  return (span){first, min(first + ELEMENT_VECTORS, vectors), (cols + WIDTH - 1) / WIDTH};
}

#if WIDTH > 4
BF16_BITS(WIDTH)
#endif

INLINE vec load_float(__global const float *at) {
  return *(__global const vec *)at;
}

INLINE vec load_bf16(__global const ushort *at) {
  return as_vec(PASTE(convert_uint, WIDTH)(PASTE(vload, WIDTH)(0, at)) << 16);
}

/* Stores the lanes left of the edge, as store_lanes does. */
INLINE void store_bf16(__global ushort *row, vec value, int left) {
  const PASTE(ushort, WIDTH) bits = PASTE(convert_ushort, WIDTH)(PASTE(bf16_bits, WIDTH)(value));
  if (left >= WIDTH) {
    PASTE(vstore, WIDTH)(bits, 0, row);
    return;
  }
  ushort lanes[WIDTH];
  PASTE(vstore, WIDTH)(bits, 0, lanes);
  for (int i = 0; i < left; i++) row[i] = lanes[i];
}

#ifdef A_BF16
typedef ushort a_number;
#define load_a load_bf16
#else
typedef float a_number;
#define load_a load_float
#endif

#ifdef B_BF16
typedef ushort b_number;
#define load_b load_bf16
#else
typedef float b_number;
#define load_b load_float
#endif

#ifdef C_BF16
typedef ushort c_number;
#define load_c  load_bf16
#define store_c store_bf16
#else
typedef float c_number;
#define load_c  load_float
#define store_c store_lanes
#endif

#endif
