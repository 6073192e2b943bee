/* Datasets: internal interface. */
#ifndef EBBI_DATASET_H
#define EBBI_DATASET_H

#include <ebb/data.h>

/* The largest magnitudes. Initial weights suit numbers around 1. */
typedef struct ebbi_largest {
  float input, target; /* 0 if there are no values; of bytes, the number that 255 stands for */
} ebbi_largest;

/* Checks as ebb_dataset_check does; `largest` (may be NULL) receives the largest magnitudes. */
ebb_status ebbi_dataset_check(ebbi_largest *largest, const ebb_dataset *dataset);

/* The mean weight of the rows; 1 if there are no weights or all are 0. */
double ebbi_dataset_weight(const ebb_dataset *dataset);

#endif
