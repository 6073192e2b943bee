/* Seeds for hash tables over the contents of files. */
#ifndef EBBI_SEED_H
#define EBBI_SEED_H

#include <stdint.h>

/* A different number at each call, unpredictable for the author of a file. */
uint64_t ebbi_seed(void);

#endif
