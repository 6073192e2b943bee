/* Rows of a table, block by block. */
#include "data/rows.h"

#include "base/error.h"
#include <math.h>

ebb_status ebbi_rows_check(const ebbi_rows *rows) {
  REQUIRE(rows->count > 0, EBB_ERR_ARGUMENT, "encoder: no rows");
  for (size_t i = 0; i < rows->count; i++)
    REQUIRE(ebbi_rows_at(rows, i) < rows->table->rows, EBB_ERR_ARGUMENT, "encoder: row %zu of %zu",
            ebbi_rows_at(rows, i), rows->table->rows);
  return EBB_OK;
}

size_t ebbi_rows_block(const ebbi_rows *rows, size_t first) {
  size_t left = rows->count - first;
  return left < EBBI_BLOCK ? left : EBBI_BLOCK;
}

void ebbi_rows_numbers(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t input) {
  const ebb_table *table = rows->table;
  size_t count = ebbi_rows_block(rows, first), column = table->inputs[input];
  const double *numbers = table->raw.columns ? table->raw.columns[column].numbers : NULL;
  for (size_t i = 0; i < count; i++) {
    size_t row = ebbi_table_row(table, ebbi_rows_at(rows, first + i));
    out[i] = numbers ? numbers[row] : ebbi_raw_number(&table->raw, row, column);
  }
}

void ebbi_rows_values(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t target) {
  const ebb_table *table = rows->table;
  for (size_t i = 0; i < ebbi_rows_block(rows, first); i++) {
    size_t row = ebbi_table_row(table, ebbi_rows_at(rows, first + i));
    out[i] = table->target.numbers[row * table->target.cols + target];
  }
}

const unsigned char *ebbi_row_bytes(const ebb_table *table, size_t row) {
  const ebbi_raw *raw = &table->raw;
  if (raw->columns || raw->array.element != EBBI_U8) return NULL;
  return raw->array.data + ebbi_table_row(table, row) * raw->cols;
}

bool ebbi_is_missing(const ebb_table *table, size_t row, size_t input) {
  if (ebbi_table_kind(table, input) == EBB_KIND_CATEGORY)
    return ebbi_table_code(table, row, input) < 0;
  return isnan(ebbi_table_number(table, row, input));
}

ebb_status ebbi_missing_fail(const ebb_table *table, size_t row, size_t input, const char *advice) {
  size_t missing = 0;
  for (size_t r = 0; r < table->rows; r++) missing += ebbi_is_missing(table, r, input);
  return ebbi_table_fail(table, row, input, "a value is missing (here in %zu of %zu rows); %s",
                         missing, table->rows, advice);
}
