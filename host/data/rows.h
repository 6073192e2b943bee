/* Rows of a table: those that an encoder is fitted on or encodes.
 *
 * They are processed in blocks, all columns of a block before the next block. So arrays, which lie
 * row by row, and columns are both read within the cache.
 */
#ifndef EBBI_ROWS_H
#define EBBI_ROWS_H

#include "data/table.h"

enum { EBBI_BLOCK = 64 };

typedef struct ebbi_rows {
  const ebb_table *table;
  const size_t *list; /* [count]; NULL: all rows of the table */
  size_t count;
} ebbi_rows;

static inline size_t ebbi_rows_at(const ebbi_rows *rows, size_t i) {
  return rows->list ? rows->list[i] : i;
}

/* Errors: EBB_ERR_ARGUMENT (no rows, or a row beyond the table). */
ebb_status ebbi_rows_check(const ebbi_rows *rows);

/* The number of rows in the block that begins with `first`. */
size_t ebbi_rows_block(const ebbi_rows *rows, size_t first);

/* The numbers of an input column in the block's rows; NaN if missing. */
void ebbi_rows_numbers(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t input);

/* The codes of a categorical input column; NaN if missing. */
void ebbi_rows_codes(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t input);

/* The numbers of a target column (regression). */
void ebbi_rows_values(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t target);

/* The bytes of a row of the file, [raw.cols]; NULL if it is not an array of bytes. */
const unsigned char *ebbi_row_bytes(const ebb_table *table, size_t row);

bool ebbi_is_missing(const ebb_table *table, size_t row, size_t input);

/* Fails because of this missing value: says how many of the table's rows lack a value, then
 * `advice`. */
ebb_status ebbi_missing_fail(const ebb_table *table, size_t row, size_t input, const char *advice);

#endif
