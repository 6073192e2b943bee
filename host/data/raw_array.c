/* IDX and NPY arrays as raw files.
 *
 * Numbers stay in the file's bytes. Two kinds are converted: texts, which become codes as in every
 * other format, and images in Fortran order, because the encoder takes rows of pixels as they lie.
 */
#include "formats.h"

#include "base/error.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static ebb_status name_columns(ebbi_raw *raw) {
  char name[24];
  size_t index;
  for (size_t c = 0; c < raw->cols; c++) {
    snprintf(name, sizeof name, "%zu", c);
    TRY(ebbi_names_add(&raw->names, &index, name));
  }
  return EBB_OK;
}

/* `text` has room for an element. */
static ebb_status keep_texts(ebbi_raw *raw, const ebbi_array *array, char *text) {
  ebbi_raw_column *column = raw->columns;
  double number;
  for (size_t row = 0; row < raw->rows; row++) {
    size_t index;
    REQUIRE(ebbi_array_text(text, array, row), EBB_ERR_INPUT,
            "%s: row %zu (from 0) is not text: it has bytes that are not characters; save "
            "numpy.char.decode(x, 'latin1'), or whatever the encoding is",
            raw->path, row);
    if (*text == '\0') {
      column->missing++;
      TRY(ebbi_cells_add_code(column->codes, -1));
      continue;
    }
    TRY(ebbi_names_add(&column->texts, &index, text));
    column->numeric += ebbi_parse_double(&number, text);
    TRY(ebbi_cells_add_code(column->codes, (int32_t)index));
  }
  return EBB_OK;
}

/* Texts that are all numbers may be meant as numbers. */
static ebb_status add_numbers(ebbi_raw *raw) {
  ebbi_raw_column *column = raw->columns;
  if (column->numeric == 0 || column->numeric + column->missing < raw->rows) return EBB_OK;
  column->numbers = ebbi_cells_new();
  REQUIRE(column->numbers, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", raw->path, raw->rows);
  for (size_t row = 0; row < raw->rows; row++) {
    double number = NAN;
    int32_t code = ebbi_cells_code(column->codes, row);
    if (code >= 0) ebbi_parse_double(&number, column->texts.items[code]);
    TRY(ebbi_cells_add(column->numbers, number));
  }
  return EBB_OK;
}

static ebb_status load_texts(ebbi_raw *raw, const ebbi_array *array) {
  char shown[EBBI_ARRAY_SHOWN];
  REQUIRE(raw->cols == 1, EBB_ERR_INPUT,
          "%s: %s: texts can be read as one column only; save the table as CSV", raw->path,
          ebbi_array_shown(shown, array));
  raw->columns = calloc(1, sizeof *raw->columns);
  REQUIRE(raw->columns, EBB_ERR_MEMORY, "%s: no memory for a column", raw->path);
  raw->columns->codes = ebbi_cells_new();
  char *text = malloc(array->item + 1);
  ebb_status status = raw->columns->codes && text
                          ? keep_texts(raw, array, text)
                          : ebbi_fail(EBB_ERR_MEMORY, "%s: no memory for %zu texts of %zu bytes",
                                      raw->path, raw->rows, array->item);
  free(text);
  return status == EBB_OK ? add_numbers(raw) : status;
}

/* Copies the pixels into row order. */
static ebb_status lay_by_rows(ebbi_raw *raw) {
  size_t count = raw->rows * raw->cols;
  unsigned char *pixels = malloc(count);
  REQUIRE(pixels, EBB_ERR_MEMORY, "%s: no memory for %zu bytes", raw->path, count);
  for (size_t i = 0; i < count; i++) pixels[i] = (unsigned char)ebbi_array_get(&raw->array, i);
  free(raw->bytes);
  raw->bytes = (char *)pixels;
  raw->size = count;
  raw->array.data = pixels;
  raw->array.fortran = false;
  return EBB_OK;
}

ebb_status ebbi_raw_take_array(ebbi_raw *raw, const ebbi_array *array) {
  REQUIRE(array->rows <= EBBI_MAX_ROWS && array->cols <= EBBI_MAX_COLUMNS, EBB_ERR_INPUT,
          "%s: %zu rows of %zu columns, at most %d of %d", raw->path, array->rows, array->cols,
          EBBI_MAX_ROWS, EBBI_MAX_COLUMNS);
  raw->rows = array->rows;
  raw->cols = array->cols;
  raw->array = *array;
  return name_columns(raw);
}

ebb_status ebbi_raw_from_array(ebbi_raw *raw) {
  ebbi_array array;
  if (ebbi_is_npy(raw->bytes, raw->size))
    TRY(ebbi_npy_parse(&array, raw->path, raw->bytes, raw->size));
  else
    TRY(ebbi_idx_parse(&array, raw->path, raw->bytes, raw->size));
  TRY(ebbi_raw_take_array(raw, &array));
  if (ebbi_array_is_text(&array)) {
    TRY(load_texts(raw, &array));
    ebbi_raw_drop_bytes(raw);
    return EBB_OK;
  }
  raw->image = array.element == EBBI_U8 && array.rank >= 3;
  return raw->image && array.fortran ? lay_by_rows(raw) : EBB_OK;
}
