/* Iterates over rows of a table, block by block. */
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

/* The parts of a split are in ascending order, so their rows are read in file order. */
static void read_cells(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first,
                       const ebbi_cells *cells) {
  enum { NEAR = 4 * EBBI_BLOCK };
  size_t count = ebbi_rows_block(rows, first), places[EBBI_BLOCK] = {0};
  double near[NEAR];
  bool ascend = true;
  for (size_t i = 0; i < count; i++) {
    places[i] = ebbi_table_row(rows->table, ebbi_rows_at(rows, first + i));
    ascend &= i == 0 || places[i] > places[i - 1];
  }
  size_t span = count > 0 ? places[count - 1] - places[0] + 1 : 0;
  bool read = ascend && span <= NEAR;
  if (read) ebbi_cells_read(near, cells, places[0], span);
  for (size_t i = 0; i < count; i++)
    out[i] = read ? near[places[i] - places[0]] : ebbi_cells_get(cells, places[i]);
}

void ebbi_rows_numbers(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t input) {
  const ebb_table *table = rows->table;
  size_t column = table->inputs[input];
  if (table->raw.columns) {
    read_cells(out, rows, first, table->raw.columns[column].numbers);
    return;
  }
  for (size_t i = 0; i < ebbi_rows_block(rows, first); i++)
    out[i] =
        ebbi_raw_number(&table->raw, ebbi_table_row(table, ebbi_rows_at(rows, first + i)), column);
}

void ebbi_rows_codes(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t input) {
  read_cells(out, rows, first, rows->table->raw.columns[rows->table->inputs[input]].codes);
}

void ebbi_rows_values(double out[EBBI_BLOCK], const ebbi_rows *rows, size_t first, size_t target) {
  read_cells(out, rows, first, rows->table->target.numbers[target]);
}

const unsigned char *ebbi_row_bytes(const ebb_table *table, size_t row) {
  const ebbi_raw *raw = &table->raw;
  if (raw->columns || raw->array.element != EBBI_U8) return NULL;
  return raw->array.data + ebbi_table_row(table, row) * raw->cols;
}

bool ebbi_is_missing(const ebb_table *table, size_t row, size_t input) {
  if (ebbi_table_kind(table, input) == EBB_COLUMN_CATEGORY)
    return ebbi_table_code(table, row, input) < 0;
  return isnan(ebbi_table_number(table, row, input));
}

ebb_status ebbi_missing_fail(const ebb_table *table, size_t row, size_t input, const char *advice) {
  size_t missing = 0;
  for (size_t r = 0; r < table->rows; r++) missing += ebbi_is_missing(table, r, input);
  return ebbi_table_fail(table, row, input, "a value is missing (here in %zu of %zu rows); %s",
                         missing, table->rows, advice);
}
