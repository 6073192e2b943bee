/* Raw files: memory, cells, and messages about a cell. */
#include "data/raw.h"

#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void ebbi_raw_free(ebbi_raw *raw) {
  for (size_t c = 0; c < raw->cols && raw->columns; c++) {
    ebbi_cells_free(raw->columns[c].numbers);
    ebbi_cells_free(raw->columns[c].codes);
    ebbi_names_free(&raw->columns[c].texts);
  }
  free(raw->columns);
  free(raw->unnamed);
  ebbi_cells_free(raw->lines);
  free(raw->bytes);
  free(raw->path);
  ebbi_names_free(&raw->names);
  ebbi_notes_free(&raw->notes);
  if (raw->labels) ebbi_raw_free(raw->labels);
  free(raw->labels);
  *raw = (ebbi_raw){0};
}

double ebbi_raw_number(const ebbi_raw *raw, size_t row, size_t col) {
  if (raw->columns) return ebbi_cells_get(raw->columns[col].numbers, row);
  return ebbi_array_get(&raw->array, row * raw->cols + col);
}

double ebbi_raw_next(ebbi_run *run, const ebbi_raw *raw, size_t row, size_t col) {
  if (raw->columns) return ebbi_run_at(run, raw->columns[col].numbers, row);
  return ebbi_array_get(&raw->array, row * raw->cols + col);
}

ebb_status ebbi_raw_fail(const ebbi_raw *raw, size_t row, size_t col, const char *format, ...) {
  char what[512], name[EBBI_SHOWN];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  if (raw->lines)
    return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: column \"%s\": %s", raw->path, ebbi_raw_line(raw, row),
                     ebbi_shown(name, raw->names.items[col]), what);
  return ebbi_fail(EBB_ERR_INPUT, "%s: row %zu, column %zu (from 0): %s", raw->path, row, col,
                   what);
}
