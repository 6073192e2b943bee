/* Converting raw columns to another form.
 *
 * Arrays stay in the file's bytes unless one of their columns becomes texts. Then all columns are
 * unpacked, since a table is either an array or columns.
 */
#include "data/columns.h"

#include "base/error.h"
#include "data/decimal.h"
#include <math.h>
#include <stdlib.h>

static ebb_status no_memory(const ebbi_raw *raw) {
  return ebbi_fail(EBB_ERR_MEMORY, "%s: no memory for a column of %zu rows", raw->path, raw->rows);
}

ebb_status ebbi_raw_take_numbers(ebbi_raw *raw, size_t col, const double *values) {
  ebbi_raw_column *column = &raw->columns[col];
  ebbi_cells_free(column->numbers);
  column->numbers = ebbi_cells_new();
  if (!column->numbers) return no_memory(raw);
  for (size_t row = 0; row < raw->rows; row++) {
    int32_t code = ebbi_cells_code(column->codes, row);
    TRY(ebbi_cells_add(column->numbers, code < 0 ? NAN : values[code]));
  }
  ebbi_cells_free(column->codes);
  column->codes = NULL;
  ebbi_names_free(&column->texts);
  return EBB_OK;
}

static ebb_status fill_texts(ebbi_raw_column *column, size_t rows) {
  char text[EBBI_NUMBER_TEXT];
  for (size_t row = 0; row < rows; row++) {
    double number = ebbi_cells_get(column->numbers, row);
    size_t index = 0;
    if (!isnan(number)) TRY(ebbi_names_add(&column->texts, &index, ebbi_number_text(text, number)));
    TRY(ebbi_cells_add_code(column->codes, isnan(number) ? -1 : (int32_t)index));
  }
  return EBB_OK;
}

/* Unpacks an array into columns of numbers. */
static ebb_status spread(ebbi_raw *raw) {
  if (raw->columns) return EBB_OK;
  raw->columns = calloc(raw->cols, sizeof *raw->columns);
  if (!raw->columns) return no_memory(raw);
  for (size_t c = 0; c < raw->cols; c++) {
    ebbi_raw_column *column = &raw->columns[c];
    column->numbers = ebbi_cells_new();
    if (!column->numbers) return no_memory(raw);
    for (size_t row = 0; row < raw->rows; row++) {
      double number = ebbi_array_get(&raw->array, row * raw->cols + c);
      column->missing += isnan(number);
      TRY(ebbi_cells_add(column->numbers, number));
    }
    ebbi_cells_trim(column->numbers);
  }
  raw->array = (ebbi_array){0};
  ebbi_raw_drop_bytes(raw);
  return EBB_OK;
}

ebb_status ebbi_raw_take_texts(ebbi_raw *raw, size_t col) {
  TRY(spread(raw));
  ebbi_raw_column *column = &raw->columns[col];
  if (column->codes) return EBB_OK;
  column->codes = ebbi_cells_new();
  if (!column->codes) return no_memory(raw);
  TRY(fill_texts(column, raw->rows));
  ebbi_cells_free(column->numbers);
  column->numbers = NULL;
  return EBB_OK;
}
