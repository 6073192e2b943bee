/* Checked size arithmetic. Every product of sizes from outside is computed here. */
#ifndef EBBI_SIZE_H
#define EBBI_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* *out = a * b; false if it does not fit. */
static inline bool ebbi_size_mul(size_t *out, size_t a, size_t b) {
  return !__builtin_mul_overflow(a, b, out);
}

/* *out = a + b; false if it does not fit. */
static inline bool ebbi_size_add(size_t *out, size_t a, size_t b) {
  return !__builtin_add_overflow(a, b, out);
}

static inline size_t ebbi_ceil_div(size_t a, size_t b) {
  return a / b + (a % b != 0);
}

/* The next multiple of `unit`. `a` must be far from SIZE_MAX: use after a checked product. */
static inline size_t ebbi_round_up(size_t a, size_t unit) {
  return ebbi_ceil_div(a, unit) * unit;
}

#endif
