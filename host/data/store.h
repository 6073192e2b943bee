/* The values of a text table on their way into raw columns. */
#ifndef EBBI_STORE_H
#define EBBI_STORE_H

#include "data/na.h"
#include "data/raw.h"

typedef struct ebbi_store_column ebbi_store_column;

/* Zero-initialise; free in every case. */
typedef struct ebbi_store {
  ebbi_raw *raw;
  const ebbi_na *na;
  char decimal;
  size_t capacity;            /* rows that there is room for */
  ebbi_store_column *columns; /* [raw->cols] */
} ebbi_store;

/* Begins raw->columns, whose forms are given [raw->cols]. na stays the caller's. */
ebb_status ebbi_store_begin(ebbi_store *store, ebbi_raw *raw, const ebbi_form *forms,
                            const ebbi_na *na, char decimal);
void ebbi_store_free(ebbi_store *store);

/* Adds a row that begins in `line` and has raw->cols fields. */
ebb_status ebbi_store_row(ebbi_store *store, size_t line, const ebbi_span *fields);

/* After the last row. *again: a column began with numbers and turned out to hold texts; then all
 * rows are to be added again, of which only such columns are kept. */
ebb_status ebbi_store_end(ebbi_store *store, bool *again);

/* After all rows. Errors: EBB_ERR_INPUT (a number that is not finite, a decimal comma). */
ebb_status ebbi_store_finish(ebbi_store *store);

#endif
