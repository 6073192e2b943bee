/* Reading a further file with the column kinds that an encoder was fitted on.
 *
 * Nothing is guessed here. A value that cannot be read as its column was in training is an error,
 * because the network would take it for something else.
 */
#include "base/error.h"
#include "data/columns.h"
#include "data/encoder.h"
#include "data/reading.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct match {
  ebb_table *table;
  size_t col;
  char decimal;
} match;

static ebb_status fail_text(const match *m, size_t text, const char *what) {
  const ebbi_raw *raw = &m->table->raw;
  char shown[EBBI_SHOWN];
  return ebbi_raw_fail(raw, ebbi_raw_first_row(raw, m->col, text), m->col,
                       "\"%s\" %s, unlike the training data",
                       ebbi_shown(shown, raw->columns[m->col].texts.items[text]), what);
}

/* Gives a kind to a column without any value, which was read as neither numbers nor texts. */
static ebb_status fill_empty(const match *m) {
  ebbi_raw *raw = &m->table->raw;
  ebbi_raw_column *column = raw->columns ? &raw->columns[m->col] : NULL;
  if (!column || column->numbers || column->codes) return EBB_OK;
  column->numbers = ebbi_cells_new();
  REQUIRE(column->numbers, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", raw->path, raw->rows);
  return ebbi_cells_add_missing(column->numbers, raw->rows);
}

static ebb_status match_number(const match *m) {
  ebbi_raw *raw = &m->table->raw;
  if (!raw->columns) return EBB_OK; /* an array is checked as a whole */
  if (!raw->columns[m->col].codes) return ebbi_column_check_range(raw, m->col);
  const ebbi_names *texts = &raw->columns[m->col].texts;
  double *values = malloc((texts->count + 1) * sizeof *values);
  REQUIRE(values, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", raw->path, texts->count);
  size_t read = 0;
  while (read < texts->count && ebbi_number_parse(&values[read], texts->items[read], m->decimal))
    read++;
  ebb_status status = read == texts->count ? ebbi_raw_take_numbers(raw, m->col, values)
                                           : fail_text(m, read, "is not a number");
  free(values);
  return status == EBB_OK ? ebbi_column_check_range(raw, m->col) : status;
}

/* Reads all texts of the column in the format of training; `what` names that format in messages. */
static bool read_texts(ebbi_reading *reading, char what[64], const match *m, ebb_column_kind kind,
                       const ebbi_names *texts) {
  if (kind == EBB_COLUMN_DATE) {
    snprintf(what, 64, "is not a date, %s", reading->format);
    return texts->count == 0 || ebbi_read_dates(reading, texts);
  }
  if (strcmp(reading->format, "h:m") == 0 || strcmp(reading->format, "m:s") == 0) {
    snprintf(what, 64, "is not a time, %s", reading->format);
    return ebbi_read_clocks(reading, texts);
  }
  snprintf(what, 64, "is no amount%s%s", reading->format[0] ? " in " : "", reading->format);
  return ebbi_read_amounts(reading, texts, m->decimal);
}

static ebb_status match_texts(const match *m, ebb_column_kind kind, const char *format) {
  ebbi_raw *raw = &m->table->raw;
  ebbi_column *column = &m->table->columns[m->col];
  ebbi_reading reading = {0};
  char what[64];
  if (kind == EBB_COLUMN_AMOUNT && !(raw->columns && raw->columns[m->col].codes))
    return match_number(m);
  TRY(ebbi_raw_take_texts(raw, m->col));
  const ebbi_names *texts = &raw->columns[m->col].texts;
  reading.values = malloc((texts->count + 1) * sizeof *reading.values);
  REQUIRE(reading.values, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", raw->path, texts->count);
  snprintf(reading.format, sizeof reading.format, "%s", format);
  bool good = read_texts(&reading, what, m, kind, texts);
  ebb_status status =
      good ? ebbi_raw_take_numbers(raw, m->col, reading.values) : fail_text(m, reading.bad, what);
  memcpy(column->format, reading.format, sizeof column->format);
  free(reading.values);
  return status == EBB_OK ? ebbi_column_check_range(raw, m->col) : status;
}

static ebb_status match_column(const match *m, const ebbi_feature *feature) {
  ebbi_column *column = &m->table->columns[m->col];
  TRY(fill_empty(m));
  column->kind = feature ? feature->kind : EBB_COLUMN_NUMBER;
  if (!feature && m->table->raw.image) column->kind = EBB_COLUMN_PIXEL;
  switch (column->kind) {
  case EBB_COLUMN_CATEGORY:
    return ebbi_raw_take_texts(&m->table->raw, m->col);
  case EBB_COLUMN_AMOUNT:
  case EBB_COLUMN_DATE:
    return match_texts(m, column->kind, feature->format);
  case EBB_COLUMN_PIXEL:
    return EBB_OK;
  case EBB_COLUMN_NUMBER:
    break;
  }
  return match_number(m);
}

/* Row by row, in an array's own order. */
static ebb_status check_array(const ebbi_raw *raw, const ebbi_roles *roles) {
  for (size_t row = 0; row < raw->rows; row++)
    for (size_t c = 0; c < raw->cols; c++)
      if (roles->of[c] == EBBI_ROLE_INPUT && fabs(ebbi_raw_number(raw, row, c)) > FLT_MAX)
        return ebbi_column_check_range(raw, c);
  return EBB_OK;
}

ebb_status ebbi_columns_match(ebb_table *table, const ebbi_roles *roles) {
  const ebb_encoder *encoder = roles->options->encoder;
  match m = {.table = table, .decimal = ebbi_decimal(roles->options)};
  if (!table->raw.columns && !table->raw.image) TRY(check_array(&table->raw, roles));
  for (size_t i = 0; i < table->cols; i++) {
    m.col = table->inputs[i];
    TRY(match_column(&m, encoder->features ? &encoder->features[i] : NULL));
  }
  return EBB_OK;
}
