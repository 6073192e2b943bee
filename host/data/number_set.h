/* Distinct numbers. */
#ifndef EBBI_NUMBER_SET_H
#define EBBI_NUMBER_SET_H

#include "data/raw.h"

/* Initialise with zeros. */
typedef struct ebbi_number_set {
  double *slots;     /* open addressing; NaN: free */
  size_t slot_count; /* 0 or a power of two, at least twice count */
  size_t count;
  uint64_t seed; /* of the hash */
} ebbi_number_set;

void ebbi_number_set_free(ebbi_number_set *set);

/* Adds a number unless it is there; 0 and -0 are equal, NaN is ignored. */
ebb_status ebbi_number_set_add(ebbi_number_set *set, double value);

/* Adds the distinct numbers of a column until there are more than `limit`. */
ebb_status ebbi_number_set_fill(ebbi_number_set *set, const ebbi_raw *raw, size_t col,
                                size_t limit);

/* Sorts the numbers to the front of `slots`. Nothing can be added afterwards. */
void ebbi_number_set_sort(ebbi_number_set *set);

#endif
