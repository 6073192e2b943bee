/* Datasets inside the library. */
#ifndef EBBI_DATASET_H
#define EBBI_DATASET_H

#include <ebb/data.h>

/* The largest magnitudes: networks start from weights that suit numbers around 1. */
typedef struct ebbi_largest {
  float input, target; /* 0 where there are none; of bytes, what 255 stands for */
} ebbi_largest;

/* ebb_dataset_check; `largest` (may be NULL) gets what it has seen. */
ebb_status ebbi_dataset_check(ebbi_largest *largest, const ebb_dataset *dataset);

#endif
