/* Expected numbers, each with how far a device may be off: the arithmetic of comparisons at sampled
 * elements.
 *
 * A device may flush numbers below FLT_MIN to 0 anywhere. A term of a sum is then off by FLT_MIN,
 * or by FLT_MIN times the other factor.
 */
#ifndef EBBI_ESTIMATE_H
#define EBBI_ESTIMATE_H

#include "check/comparison.h"

typedef struct ebbi_estimate {
  double value, error;
} ebbi_estimate;

/* The elements of a tensor that are compared: [rows.count, cols.count]. */
typedef struct ebbi_samples {
  ebbi_picks rows, cols;
  ebbi_estimate at[EBBI_PICKS * EBBI_PICKS];
} ebbi_samples;

/* Picks elements of a tensor, including the watched one. */
void ebbi_sample(ebbi_samples *s, ebbi_comparison *c, const ebb_tensor *tensor);

/* Reads the sampled elements of a tensor: out [rows.count, cols.count]. */
ebb_status ebbi_read_samples(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                             const ebbi_samples *s);

/* A sum of `count` products of operands rounded to the precision. NaN if it may overflow. */
ebbi_estimate ebbi_estimate_dot(ebb_precision precision, const double *a, const double *b,
                                size_t count);

/* The sum of two numbers, rounded. */
ebbi_estimate ebbi_estimate_add(ebbi_estimate a, ebbi_estimate b);

/* The number after rounding to the tensor's type. */
ebbi_estimate ebbi_estimate_keep(ebbi_estimate e, const ebb_tensor *tensor);

/* f(z) of a node; and da * f'(z) from `kept`: z, or a if f' is taken from a. */
ebbi_estimate ebbi_estimate_activate(const ebb_spec *spec, size_t node, ebbi_estimate z);
ebbi_estimate ebbi_estimate_descend(const ebb_spec *spec, size_t node, ebbi_estimate da,
                                    double kept);

#endif
