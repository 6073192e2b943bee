/* Raw columns in another form than they were read in.
 *
 * Arrays stay as they lie in the file unless one of their columns becomes texts: then all of them
 * are laid out, since a table has one form or the other.
 */
#include "data/columns.h"

#include "base/error.h"
#include "data/decimal.h"
#include <math.h>
#include <stdlib.h>

ebb_status ebbi_raw_take_numbers(ebbi_raw *raw, size_t col, const double *values) {
  ebbi_raw_column *column = &raw->columns[col];
  if (!column->numbers) column->numbers = malloc(raw->rows * sizeof *column->numbers);
  REQUIRE(column->numbers, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", raw->path, raw->rows);
  for (size_t row = 0; row < raw->rows; row++)
    column->numbers[row] = column->codes[row] < 0 ? NAN : values[column->codes[row]];
  free(column->codes);
  column->codes = NULL;
  ebbi_names_free(&column->texts);
  return EBB_OK;
}

static ebb_status fill_texts(ebbi_raw_column *column, size_t rows) {
  char text[EBBI_NUMBER_TEXT];
  for (size_t row = 0; row < rows; row++) {
    size_t index;
    column->codes[row] = -1;
    if (isnan(column->numbers[row])) continue;
    TRY(ebbi_names_add(&column->texts, &index, ebbi_number_text(text, column->numbers[row])));
    column->codes[row] = (int32_t)index;
  }
  return EBB_OK;
}

/* Lays an array out as columns of numbers. */
static ebb_status spread(ebbi_raw *raw) {
  if (raw->columns) return EBB_OK;
  ebbi_raw_column *columns = calloc(raw->cols, sizeof *columns);
  bool enough = columns != NULL;
  for (size_t c = 0; c < raw->cols && enough; c++) {
    columns[c].numbers = malloc(raw->rows * sizeof *columns[c].numbers);
    enough = columns[c].numbers != NULL;
    for (size_t row = 0; row < raw->rows && enough; row++) {
      columns[c].numbers[row] = ebbi_raw_number(raw, row, c);
      columns[c].missing += isnan(columns[c].numbers[row]);
    }
  }
  for (size_t c = 0; c < raw->cols && columns && !enough; c++) free(columns[c].numbers);
  if (!enough) free(columns);
  REQUIRE(enough, EBB_ERR_MEMORY, "%s: no memory for %zu columns", raw->path, raw->cols);
  raw->columns = columns;
  raw->array = (ebbi_array){0};
  free(raw->bytes);
  raw->bytes = NULL;
  return EBB_OK;
}

ebb_status ebbi_raw_take_texts(ebbi_raw *raw, size_t col) {
  TRY(spread(raw));
  ebbi_raw_column *column = &raw->columns[col];
  if (column->codes) return EBB_OK;
  column->codes = malloc(raw->rows * sizeof *column->codes);
  REQUIRE(column->codes, EBB_ERR_MEMORY, "%s: no memory for %zu texts", raw->path, raw->rows);
  TRY(fill_texts(column, raw->rows));
  free(column->numbers);
  column->numbers = NULL;
  return EBB_OK;
}
