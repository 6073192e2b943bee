/* Distinct numbers. */
#ifndef EBBI_NUMBER_SET_H
#define EBBI_NUMBER_SET_H

#include "data/raw.h"

/* Zero-initialise. */
typedef struct ebbi_number_set {
  double *slots;     /* open addressing; NaN where free */
  size_t slot_count; /* 0 or a power of two, at least twice count */
  size_t count;
  uint64_t seed; /* of the hash */
} ebbi_number_set;

void ebbi_number_set_free(ebbi_number_set *set);

/* Adds a number that is none of those there; 0 and -0 are the same one, NaN is none. */
ebb_status ebbi_number_set_add(ebbi_number_set *set, double value);

/* The distinct numbers of a column, until there are more than `limit`. */
ebb_status ebbi_number_set_fill(ebbi_number_set *set, const ebbi_raw *raw, size_t col,
                                size_t limit);

/* Moves the numbers, ascending, to the beginning of slots, where nothing can be added any more. */
void ebbi_number_set_sort(ebbi_number_set *set);

#endif
