/* Mean and deviation of numbers of any magnitude, in two passes. */
#ifndef EBBI_MOMENTS_H
#define EBBI_MOMENTS_H

#include <stddef.h>

/* Pass all numbers, turn, pass all of them again, end. NaN counts as missing. */
typedef struct ebbi_moments {
  size_t count, missing;
  double low, high, sum; /* first pass */
  double scale, pivot;   /* second pass: (value * scale - pivot) is at most 2 */
  int exponent;
  double first, second;
  double mean, deviation; /* of the population; a constant has deviation 1 */
} ebbi_moments;

void ebbi_moments_begin(ebbi_moments *m);
void ebbi_moments_see(ebbi_moments *m, const double *values, size_t count);
void ebbi_moments_turn(ebbi_moments *m);
void ebbi_moments_see_again(ebbi_moments *m, const double *values, size_t count);
void ebbi_moments_end(ebbi_moments *m);

/* The number below which `part` of sorted numbers lie, between two of them by a line. */
double ebbi_quantile(const double *sorted, size_t count, double part);

/* The median, and the commonest number (the smallest if several are equally common). Sorts the
 * numbers; count must not be 0. */
double ebbi_median(double *numbers, size_t count);
double ebbi_commonest(double *numbers, size_t count);

#endif
