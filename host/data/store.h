/* Stores the values of a text table in raw columns. */
#ifndef EBBI_STORE_H
#define EBBI_STORE_H

#include "data/na.h"
#include "data/raw.h"

typedef struct ebbi_store_column ebbi_store_column;

/* Initialise with zeros; free in every case. */
typedef struct ebbi_store {
  ebbi_raw *raw;
  const ebb_read_options *options;
  const ebbi_na *na;
  ebbi_store_column *columns; /* [raw->cols] */
  size_t *active;             /* [active_count]: columns filled in this pass */
  size_t active_count;
  bool second;     /* in the second pass */
  size_t copied;   /* bytes of copied texts in the first pass */
  size_t measured; /* fields added since memory was last measured */
} ebbi_store;

/* Begins raw->columns, in the given forms [raw->cols]. `na` stays with the caller. */
ebb_status ebbi_store_begin(ebbi_store *store, ebbi_raw *raw, const ebbi_form *forms,
                            const ebbi_na *na, const ebb_read_options *options);
void ebbi_store_free(ebbi_store *store);

/* Adds a row with raw->cols fields that begins on `line`. In the second pass the fields must lie in
 * raw->bytes, where the bytes after them become 0.
 * Errors: EBB_ERR_INPUT (too many rows), EBB_ERR_MEMORY. */
ebb_status ebbi_store_row(ebbi_store *store, size_t line, const ebbi_span *fields);

/* Call this after the last row. If *again is true, some columns hold texts: add all rows again to
 * fill these columns. */
ebb_status ebbi_store_end(ebbi_store *store, bool *again);

/* Call this after all passes. Frees raw->bytes unless most of them are texts of columns.
 * Errors: EBB_ERR_INPUT (a number that is not finite, a decimal comma). */
ebb_status ebbi_store_finish(ebbi_store *store);

#endif
