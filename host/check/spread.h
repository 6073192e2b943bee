/* How rounding errors propagate through a node: the variances of its results. Rules: rounding.c.
 */
#ifndef EBBI_SPREAD_H
#define EBBI_SPREAD_H

#include "check/kind.h"

static inline double ebbi_square(double x) {
  return x * x;
}

/* A factor of a product: its values, their variances (NULL: exact), whether it is transposed. */
typedef struct ebbi_factor {
  const double *values, *variances;
  bool transposed;
} ebbi_factor;

/* The variances of op(a).op(b) [m, n] over k. A factor of exactly 0 adds no error. */
void ebbi_spread_product(const ebbi_node_spread *s, double *out, ebbi_factor a, ebbi_factor b,
                         size_t m, size_t n, size_t k);

/* Adds two variances. The errors may have a common cause, so the deviations add. */
double ebbi_spread_add(double variance, double other);

#endif
