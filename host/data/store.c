/* Fields to columns of numbers or texts.
 *
 * A column is taken for numbers until a text comes, and for texts if that comes first; no text of a
 * number is kept, as the copies of a million of them would be. So a column that turns after some
 * numbers is filled by a second pass over the file, which only such columns pay for. What is wrong
 * with a column (an infinite number, decimal commas) is reported when all of it is known: among
 * texts "inf" is a text, and a row of too many fields explains more than what stands in them.
 */
#include "store.h"

#include "base/error.h"
#include "base/text.h"
#include "decimal.h"
#include "limits.h"
#include <math.h>
#include <stdlib.h>

typedef enum stage {
  SKIPPED, /* or filled by the first pass */
  OPEN,    /* missing values so far */
  NUMBERS,
  BOTH, /* numbers, and their texts beside them */
  TEXTS,
  TURNED /* numbers, then a text: to be read again */
} stage;

typedef enum value_kind { MISSING, NUMBER, INFINITE, TEXT } value_kind;

/* What a column holds somewhere, and where first. */
typedef struct seen {
  size_t count, row;
  char text[EBBI_SHOWN];
} seen;

struct ebbi_store_column {
  stage stage;
  bool asked; /* to be texts whatever they are */
  seen infinite, comma, grouped;
};

static void see(seen *what, size_t row, ebbi_span field) {
  if (what->count++ > 0) return;
  char text[2 * EBBI_SHOWN];
  size_t length = field.length < sizeof text ? field.length : sizeof text - 1;
  memcpy(text, field.text, length);
  text[length] = '\0';
  what->row = row;
  ebbi_shown(what->text, text);
}

ebb_status ebbi_store_begin(ebbi_store *store, ebbi_raw *raw, const ebbi_form *forms,
                            const ebbi_na *na, char decimal) {
  static const stage begin[] = {[EBBI_FORM_AUTO] = OPEN,
                                [EBBI_FORM_TEXT] = TEXTS,
                                [EBBI_FORM_BOTH] = BOTH,
                                [EBBI_FORM_SKIP] = SKIPPED};
  *store = (ebbi_store){.raw = raw, .na = na, .decimal = decimal};
  raw->columns = calloc(raw->cols, sizeof *raw->columns);
  store->columns = calloc(raw->cols, sizeof *store->columns);
  REQUIRE(raw->columns && store->columns, EBB_ERR_MEMORY, "data: no memory for %zu columns",
          raw->cols);
  for (size_t c = 0; c < raw->cols; c++) {
    store->columns[c].stage = begin[forms[c]];
    store->columns[c].asked = forms[c] == EBBI_FORM_TEXT;
  }
  return EBB_OK;
}

void ebbi_store_free(ebbi_store *store) {
  free(store->columns);
  *store = (ebbi_store){0};
}

/* Gives the arrays of a column room for so many rows, those that it has or, if new, should have. */
static ebb_status fit_column(ebbi_raw_column *column, size_t rows, bool numbers, bool codes) {
  if (rows == 0) rows = 1;
  if (numbers) {
    double *moved = realloc(column->numbers, rows * sizeof *moved);
    REQUIRE(moved, EBB_ERR_MEMORY, "data: no memory for a column of %zu rows", rows);
    column->numbers = moved;
  }
  if (codes) {
    int32_t *moved = realloc(column->codes, rows * sizeof *moved);
    REQUIRE(moved, EBB_ERR_MEMORY, "data: no memory for a column of %zu rows", rows);
    column->codes = moved;
  }
  return EBB_OK;
}

static bool holds_numbers(const ebbi_store_column *column) {
  return column->stage == NUMBERS || column->stage == BOTH;
}

static bool holds_texts(const ebbi_store_column *column) {
  return column->stage == TEXTS || column->stage == BOTH;
}

static ebb_status fit_rows(ebbi_store *store, size_t rows) {
  ebbi_raw *raw = store->raw;
  size_t *lines = realloc(raw->lines, (rows ? rows : 1) * sizeof *lines);
  REQUIRE(lines, EBB_ERR_MEMORY, "data: no memory for %zu rows", rows);
  raw->lines = lines;
  for (size_t c = 0; c < raw->cols; c++) {
    const ebbi_store_column *column = &store->columns[c];
    TRY(fit_column(&raw->columns[c], rows, holds_numbers(column), holds_texts(column)));
  }
  store->capacity = rows;
  return EBB_OK;
}

/* Numbers, or texts, from this row on; those before it were missing. */
static ebb_status open_column(ebbi_store *store, size_t c, stage phase) {
  ebbi_raw_column *column = &store->raw->columns[c];
  store->columns[c].stage = phase;
  TRY(fit_column(column, store->capacity, phase == NUMBERS, phase == TEXTS));
  for (size_t i = 0; i < store->raw->rows && phase == NUMBERS; i++) column->numbers[i] = NAN;
  for (size_t i = 0; i < store->raw->rows && phase == TEXTS; i++) column->codes[i] = -1;
  return EBB_OK;
}

static value_kind read_value(const ebbi_store *store, double *value, ebbi_span field) {
  if (field.length == 0) return MISSING;
  if (ebbi_decimal_read(value, field, store->decimal)) {
    if (store->na->numbers && ebbi_na_has_number(store->na, *value)) return MISSING;
    return isfinite(*value) ? NUMBER : INFINITE;
  }
  if (ebbi_na_has(store->na, field)) return MISSING;
  return ebbi_parse_word(value, field.text, field.length) && isinf(*value) ? INFINITE : TEXT;
}

/* 02139, which as a number is another text. */
static bool begins_with_zero(ebbi_span field) {
  return field.length > 1 && field.text[0] == '0' && field.text[1] >= '0' && field.text[1] <= '9';
}

static ebb_status add_text(ebbi_store *store, size_t c, ebbi_span field, value_kind kind) {
  ebbi_raw_column *column = &store->raw->columns[c];
  ebbi_store_column *fate = &store->columns[c];
  size_t index;
  TRY(ebbi_names_add_part(&column->texts, &index, field.text, field.length));
  column->codes[store->raw->rows] = (int32_t)index;
  if (kind == TEXT && !fate->asked) {
    ebbi_comma comma = ebbi_comma_of(field);
    if (comma == EBBI_COMMA_DECIMAL) see(&fate->comma, store->raw->rows, field);
    if (comma == EBBI_COMMA_GROUPED) see(&fate->grouped, store->raw->rows, field);
  }
  if (fate->stage != BOTH || column->texts.count <= EBBI_MAX_CLASSES) return EBB_OK;
  free(column->codes);
  column->codes = NULL;
  ebbi_names_free(&column->texts);
  fate->stage = NUMBERS; /* so many are no classes */
  return EBB_OK;
}

/* A text comes where numbers were. */
static void turn(ebbi_store *store, size_t c) {
  ebbi_raw_column *column = &store->raw->columns[c];
  store->columns[c].stage = store->columns[c].stage == BOTH ? TEXTS : TURNED;
  free(column->numbers);
  column->numbers = NULL;
}

/* Whatever is no number in a column of numbers. */
static ebb_status add_value(ebbi_store *store, size_t c, ebbi_span field) {
  ebbi_raw_column *column = &store->raw->columns[c];
  ebbi_store_column *fate = &store->columns[c];
  size_t row = store->raw->rows;
  double value = NAN;
  value_kind kind = read_value(store, &value, field);
  if (kind == MISSING) {
    column->missing++;
    if (column->numbers) column->numbers[row] = NAN;
    if (column->codes) column->codes[row] = -1;
    return EBB_OK;
  }
  if (fate->stage == OPEN) TRY(open_column(store, c, kind == TEXT ? TEXTS : NUMBERS));
  if (kind == TEXT && holds_numbers(fate)) turn(store, c);
  if (kind == INFINITE && holds_numbers(fate)) see(&fate->infinite, row, field);
  column->numeric += kind == NUMBER;
  column->zeros += kind == NUMBER && begins_with_zero(field);
  if (column->numbers) column->numbers[row] = value;
  return holds_texts(fate) ? add_text(store, c, field, kind) : EBB_OK;
}

ebb_status ebbi_store_row(ebbi_store *store, size_t line, const ebbi_span *fields) {
  ebbi_raw *raw = store->raw;
  REQUIRE(raw->rows < EBBI_MAX_ROWS, EBB_ERR_INPUT, "%s:%zu: more than %d rows", raw->path, line,
          EBBI_MAX_ROWS);
  if (raw->rows == store->capacity)
    TRY(fit_rows(store, store->capacity ? 2 * store->capacity : 64));
  raw->lines[raw->rows] = line;
  for (size_t c = 0; c < raw->cols; c++) {
    stage phase = store->columns[c].stage;
    double value;
    if (phase == SKIPPED || phase == TURNED) continue;
    if (phase == NUMBERS && read_value(store, &value, fields[c]) == NUMBER) {
      raw->columns[c].numbers[raw->rows] = value;
      raw->columns[c].numeric++;
      raw->columns[c].zeros += begins_with_zero(fields[c]);
      continue;
    }
    TRY(add_value(store, c, fields[c]));
  }
  raw->rows++;
  return EBB_OK;
}

ebb_status ebbi_store_end(ebbi_store *store, bool *again) {
  ebbi_raw *raw = store->raw;
  *again = false;
  for (size_t c = 0; c < raw->cols; c++) {
    if (store->columns[c].stage == OPEN) TRY(open_column(store, c, NUMBERS));
    *again |= store->columns[c].stage == TURNED;
  }
  if (!*again) return EBB_OK;
  raw->rows = 0;
  for (size_t c = 0; c < raw->cols; c++) {
    bool turned = store->columns[c].stage == TURNED;
    store->columns[c].stage = SKIPPED;
    if (!turned) continue;
    raw->columns[c].missing = raw->columns[c].numeric = 0;
    TRY(open_column(store, c, TEXTS));
  }
  return EBB_OK;
}

/* A column of texts that are numbers with a decimal comma, all of them or most. */
static ebb_status check_commas(ebbi_store *store, size_t c) {
  ebbi_raw *raw = store->raw;
  const ebbi_store_column *column = &store->columns[c];
  size_t values = raw->rows - raw->columns[c].missing;
  size_t commas = column->comma.count + column->grouped.count;
  char name[EBBI_SHOWN];
  if (column->comma.count == 0) return EBB_OK;
  if (commas + raw->columns[c].numeric == values)
    return ebbi_raw_fail(raw, column->comma.row, c,
                         "\"%s\" has a decimal comma; read such numbers with --decimal ,",
                         column->comma.text);
  if (2 * commas <= values) return EBB_OK;
  return ebbi_notes_add(
      &raw->notes, true,
      "column \"%s\": %zu of %zu values are numbers with a decimal comma, as \"%s\" "
      "in line %zu; --decimal , reads them so",
      ebbi_shown(name, raw->names.items[c]), commas, values, column->comma.text,
      raw->lines[column->comma.row]);
}

ebb_status ebbi_store_finish(ebbi_store *store) {
  ebbi_raw *raw = store->raw;
  for (size_t c = 0; c < raw->cols; c++) {
    const ebbi_raw_column *column = &raw->columns[c];
    const seen *infinite = &store->columns[c].infinite;
    if (column->numbers && infinite->count > 0)
      return ebbi_raw_fail(
          raw, infinite->row, c,
          "\"%s\" is not a finite number; --na %s if it stands for a missing value", infinite->text,
          infinite->text);
    if (column->codes && !column->numbers) TRY(check_commas(store, c));
    TRY(fit_column(&raw->columns[c], raw->rows, column->numbers != NULL, column->codes != NULL));
  }
  return EBB_OK;
}
