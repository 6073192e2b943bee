/* The values of a text table on their way into raw columns. */
#ifndef EBBI_STORE_H
#define EBBI_STORE_H

#include "data/na.h"
#include "data/raw.h"

typedef struct ebbi_store_column ebbi_store_column;

/* Zero-initialise; free in every case. */
typedef struct ebbi_store {
  ebbi_raw *raw;
  const ebb_read_options *options;
  const ebbi_na *na;
  ebbi_store_column *columns; /* [raw->cols] */
  size_t *active;             /* [active_count]: columns that this pass fills */
  size_t active_count;
  bool second;     /* the pass */
  size_t copied;   /* bytes of texts in the first pass */
  size_t measured; /* fields that were added since the memory was measured */
} ebbi_store;

/* Begins raw->columns, whose forms are given [raw->cols]. na stays the caller's. */
ebb_status ebbi_store_begin(ebbi_store *store, ebbi_raw *raw, const ebbi_form *forms,
                            const ebbi_na *na, const ebb_read_options *options);
void ebbi_store_free(ebbi_store *store);

/* Adds a row that begins in `line` and has raw->cols fields. In the second pass they lie in
 * raw->bytes, and bytes behind them become 0.
 * Errors: EBB_ERR_INPUT (too many rows), EBB_ERR_MEMORY. */
ebb_status ebbi_store_row(ebbi_store *store, size_t line, const ebbi_span *fields);

/* After the last row. *again: some columns hold texts; then all rows are to be added again, and
 * these columns are filled. */
ebb_status ebbi_store_end(ebbi_store *store, bool *again);

/* After all rows. Drops raw->bytes unless most of them are texts of columns.
 * Errors: EBB_ERR_INPUT (a number that is not finite, a decimal comma). */
ebb_status ebbi_store_finish(ebbi_store *store);

#endif
