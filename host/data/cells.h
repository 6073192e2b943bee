/* A column of numbers or of codes, stored compactly. */
#ifndef EBBI_CELLS_H
#define EBBI_CELLS_H

#include <ebb/status.h>
#include <stddef.h>
#include <stdint.h>

enum { EBBI_CELLS_BLOCK = 4080 }; /* values per block */

/* Initialise with zeros. Values are returned exactly, to the last bit. */
typedef struct ebbi_cells {
  struct ebbi_cells_block *blocks;
  size_t block_count, block_room;
  size_t count;   /* number of values; blocks that were never made hold zeros */
  size_t bytes;   /* memory in use */
  uint64_t *word; /* the word of the next value within its block; NULL: not known yet */
  unsigned shift; /* position of the next value in its word */
} ebbi_cells;

/* Makes an empty column. NULL: out of memory. */
ebbi_cells *ebbi_cells_new(void);
void ebbi_cells_free(ebbi_cells *cells); /* accepts NULL */

/* Appends a value; NaN means missing. Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_cells_add(ebbi_cells *cells, double value);

/* Appends a code; -1 means missing. */
ebb_status ebbi_cells_add_code(ebbi_cells *cells, int32_t code);

/* Appends missing values until there are `count`. _add_zeros appends zeros, which take no
 * memory. */
ebb_status ebbi_cells_add_missing(ebbi_cells *cells, size_t count);
void ebbi_cells_add_zeros(ebbi_cells *cells, size_t count);

/* Frees memory reserved for more values. */
void ebbi_cells_trim(ebbi_cells *cells);

/* Reads `count` values starting at `first`, several times faster than one by one. */
void ebbi_cells_read(double *out, const ebbi_cells *cells, size_t first, size_t count);

enum { EBBI_RUN = 240 };

/* Reads single values by ascending index. Begin with count 0. */
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

/* Reads the value at any index. */
double ebbi_cells_get(const ebbi_cells *cells, size_t index);
int32_t ebbi_cells_code(const ebbi_cells *cells, size_t index);

#endif
