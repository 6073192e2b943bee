/* A column of numbers or of codes, in as few bytes as its values let it have. */
#ifndef EBBI_CELLS_H
#define EBBI_CELLS_H

#include <ebb/status.h>
#include <stddef.h>
#include <stdint.h>

enum { EBBI_CELLS_BLOCK = 4080 }; /* values that lie together */

/* Zero-initialise. Values come back to the last bit. */
typedef struct ebbi_cells {
  struct ebbi_cells_block *blocks;
  size_t block_count, block_room;
  size_t count;   /* values; of the blocks that are not there all are 0 */
  size_t bytes;   /* of memory */
  uint64_t *word; /* in a block: that of the next value; NULL: to be found */
  unsigned shift; /* of the next value in its word */
} ebbi_cells;

/* An empty one. NULL: no memory. */
ebbi_cells *ebbi_cells_new(void);
void ebbi_cells_free(ebbi_cells *cells); /* NULL is accepted */

/* Appends a value; NaN is a missing one. Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_cells_add(ebbi_cells *cells, double value);

/* Appends a code; -1 is a missing one. */
ebb_status ebbi_cells_add_code(ebbi_cells *cells, int32_t code);

/* Appends missing values until there are `count`; zeros, which take no memory. */
ebb_status ebbi_cells_add_missing(ebbi_cells *cells, size_t count);
void ebbi_cells_add_zeros(ebbi_cells *cells, size_t count);

/* Gives back what was allocated for more values. */
void ebbi_cells_trim(ebbi_cells *cells);

/* Reads `count` values from `first` on; one by one they take several times as long. */
void ebbi_cells_read(double *out, const ebbi_cells *cells, size_t first, size_t count);

enum { EBBI_RUN = 240 };

/* The same for values that are asked for in ascending order. Begin with count 0. */
typedef struct ebbi_run {
  size_t first, count;
  double values[EBBI_RUN];
} ebbi_run;

static inline double ebbi_run_at(ebbi_run *run, const ebbi_cells *cells, size_t index) {
  if (run->count == 0 || index - run->first >= run->count) {
    run->first = index;
    run->count = cells->count - index < EBBI_RUN ? cells->count - index : EBBI_RUN;
    ebbi_cells_read(run->values, cells, index, run->count);
  }
  return run->values[index - run->first];
}

/* One anywhere. */
double ebbi_cells_get(const ebbi_cells *cells, size_t index);
int32_t ebbi_cells_code(const ebbi_cells *cells, size_t index);

#endif
