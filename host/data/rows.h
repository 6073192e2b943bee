/* Rows of a table: those that an encoder is fitted on, or that it encodes.
 *
 * They are gone through in blocks, all columns of a block before the next one, so that arrays,
 * which lie row by row, and columns are read alike without leaving the cache.
 */
#ifndef EBBI_ROWS_H
#define EBBI_ROWS_H

#include "data/table.h"

enum { EBBI_BLOCK = 64 };

typedef struct ebbi_rows {
  const ebb_table *table;
  const size_t *list; /* [count]; NULL: all of the table */
  size_t count;
} ebbi_rows;

static inline size_t ebbi_rows_at(const ebbi_rows *rows, size_t i) {
  return rows->list ? rows->list[i] : i;
}

/* Errors: EBB_ERR_ARGUMENT (none, or one that the table does not have). */
ebb_status ebbi_rows_check(const ebbi_rows *rows);

/* How many rows the block that begins with `first` has. */
size_t ebbi_rows_block(const ebbi_rows *rows, size_t first);

/* The numbers of an input column in the block's rows, NaN where missing. */
void ebbi_rows_numbers(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t input);

/* The codes of an input column of categories, NaN where missing. */
void ebbi_rows_codes(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t input);

/* The numbers of a target column (regression). */
void ebbi_rows_values(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t target);

/* The bytes of a row of the file, [raw.cols]; NULL: it holds none. */
const unsigned char *ebbi_row_bytes(const ebb_table *table, size_t row);

bool ebbi_is_missing(const ebb_table *table, size_t row, size_t input);

/* Fails because of the missing value there: how many of the table's rows lack one, then `advice`.
 */
ebb_status ebbi_missing_fail(const ebb_table *table, size_t row, size_t input, const char *advice);

#endif
