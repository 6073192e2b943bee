/* Samples the first rows, as evidence about the header.
 *
 * Takes a thousand rows, fewer if they are very wide: enough to see whether a text of the first row
 * recurs in its column, which tells a category from a name. A row that cannot be read ends the
 * sample; reading will report it.
 */
#include "csv_sample.h"

#include "base/error.h"
#include "base/text.h"
#include "decimal.h"
#include <stdlib.h>

enum { ROWS = 1000, FIELDS = 1 << 18, DISTINCT = 64 };

void ebbi_csv_sample_free(ebbi_csv_sample *sample) {
  for (size_t c = 0; sample->columns && c < sample->scan.count; c++)
    ebbi_names_free(&sample->columns[c].distinct);
  ebbi_csv_scan_free(&sample->scan);
  free(sample->columns);
  free(sample->widths);
  *sample = (ebbi_csv_sample){0};
}

static bool skip_sign(ebbi_span *field) {
  static const char *const signs[] = {"+", "-",      "(",      ".",      " ",
                                      "$", "\u00a3", "\u00a5", "\u20ac", "\u20b9"};
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
    size_t length = strlen(signs[i]);
    if (length > field->length || memcmp(field->text, signs[i], length) != 0) continue;
    field->text += length;
    field->length -= length;
    return true;
  }
  return false;
}

/* Begins with a digit, after optional signs and a currency. */
static bool is_like_number(ebbi_span field) {
  while (skip_sign(&field)) {
  }
  return field.length > 0 && field.text[0] >= '0' && field.text[0] <= '9';
}

static bool has_letters(ebbi_span field) {
  for (size_t i = 0; i < field.length; i++)
    if ((field.text[i] | 0x20) >= 'a' && (field.text[i] | 0x20) <= 'z') return true;
  return false;
}

ebbi_csv_kind ebbi_csv_kind_of(const ebbi_csv_sample *sample, ebbi_span field) {
  double value;
  if (field.length == 0) return EBBI_CSV_EMPTY;
  if (ebbi_na_has(sample->na, field)) return EBBI_CSV_MISSING;
  if (ebbi_decimal_read(&value, field, sample->decimal)) return EBBI_CSV_NUMBER;
  if (ebbi_parse_word(&value, field.text, field.length)) return EBBI_CSV_NUMBER;
  if (!is_like_number(field)) return EBBI_CSV_TEXT;
  return has_letters(field) ? EBBI_CSV_MIXED : EBBI_CSV_NUMBER;
}

static bool are_same(ebbi_span a, ebbi_span b) {
  return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

static ebb_status count_field(ebbi_csv_column *column, const ebbi_csv_sample *sample,
                              ebbi_span name, ebbi_span field) {
  size_t index;
  ebbi_csv_kind kind = ebbi_csv_kind_of(sample, field);
  if (kind == EBBI_CSV_NUMBER) {
    column->numbers++;
    column->pointed += memchr(field.text, '.', field.length) != NULL;
  }
  column->mixed += kind == EBBI_CSV_MIXED;
  column->repeats += kind != EBBI_CSV_EMPTY && are_same(name, field);
  if (kind != EBBI_CSV_TEXT) return EBB_OK;
  column->texts++;
  if (column->many) return EBB_OK;
  TRY(ebbi_names_add_part(&column->distinct, &index, field.text, field.length));
  column->many = column->distinct.count > DISTINCT;
  return EBB_OK;
}

static ebb_status add_width(ebbi_csv_sample *sample, const ebbi_csv_scan *row) {
  if (sample->rows == sample->capacity) {
    size_t capacity = sample->capacity ? 2 * sample->capacity : 64;
    ebbi_csv_width *widths = realloc(sample->widths, capacity * sizeof *widths);
    REQUIRE(widths, EBB_ERR_MEMORY, "%s: no memory for %zu rows", row->path, capacity);
    sample->widths = widths;
    sample->capacity = capacity;
  }
  size_t used = row->count;
  while (used > 0 && row->fields[used - 1].length == 0) used--;
  sample->widths[sample->rows++] = (ebbi_csv_width){.fields = row->count, .used = used};
  return EBB_OK;
}

/* A repetition of the first row adds no evidence. */
static bool is_repeat(const ebbi_csv_scan *row, const ebbi_csv_scan *first) {
  bool same = row->count == first->count && row->count > 1;
  for (size_t c = 0; c < row->count && same; c++) same = are_same(row->fields[c], first->fields[c]);
  return same;
}

static ebb_status take_below(ebbi_csv_sample *sample, ebbi_csv_scan *row, size_t below) {
  const ebbi_csv_scan *first = &sample->scan;
  size_t fields = 0;
  ebbi_csv_scan_begin(row, first->path, first->at, first->next_line, first->delimiter);
  while (sample->rows <= ROWS && (fields < FIELDS || sample->rows < 4) && ebbi_csv_scan_try(row)) {
    if (below > 0) {
      below--;
      continue;
    }
    TRY(add_width(sample, row));
    fields += row->count;
    if (is_repeat(row, first)) continue;
    for (size_t c = 0; c < row->count && c < first->count; c++)
      TRY(count_field(&sample->columns[c], sample, first->fields[c], row->fields[c]));
  }
  return row->try_status;
}

ebb_status ebbi_csv_sample_take(ebbi_csv_sample *sample, const char *path,
                                const ebbi_csv_dialect *dialect, const ebbi_na *na, char decimal) {
  bool found;
  sample->na = na;
  sample->decimal = decimal;
  ebbi_csv_scan_begin(&sample->scan, path, dialect->text, dialect->line, dialect->delimiter);
  TRY(ebbi_csv_scan_row(&sample->scan, &found));
  REQUIRE(found, EBB_ERR_INPUT, "%s: no rows, only blank lines", path);
  sample->columns = calloc(sample->scan.count, sizeof *sample->columns);
  REQUIRE(sample->columns, EBB_ERR_MEMORY, "%s: no memory for %zu columns", path,
          sample->scan.count);
  TRY(add_width(sample, &sample->scan));
  ebbi_csv_scan row = {0};
  ebb_status status = take_below(sample, &row, dialect->below);
  ebbi_csv_scan_free(&row);
  return status;
}

ebbi_csv_width ebbi_csv_common_width(const ebbi_csv_sample *sample, size_t first, size_t *alike) {
  ebbi_csv_width common = {0};
  *alike = 0;
  for (size_t i = first; i < sample->rows; i++) {
    ebbi_csv_width width = sample->widths[i];
    size_t count = 0, used = 0;
    if (i > first && width.fields == sample->widths[i - 1].fields) continue; /* counted already */
    for (size_t j = first; j < sample->rows; j++) {
      if (sample->widths[j].fields != width.fields) continue;
      count++;
      if (sample->widths[j].used > used) used = sample->widths[j].used;
    }
    if (count <= *alike) continue;
    *alike = count;
    common = (ebbi_csv_width){.fields = width.fields, .used = used};
  }
  return common;
}
