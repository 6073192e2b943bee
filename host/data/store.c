/* Fields to columns of numbers or texts.
 *
 * A column counts as numbers until a text arrives. Texts of numbers are not kept: a million copies
 * would be too much. So if a text arrives later, a second pass over the file fills the column. So
 * it is with columns of many texts: in the last pass nothing else reads the bytes after a field, so
 * a 0 there makes it a text in place, whereas copies would double the file. Few texts are copied
 * during the first pass; most files need no second one.
 *
 * A fault of a column (an infinite number, decimal commas) is reported only when the whole column
 * is known: among texts "inf" is a text, and a row with too many fields explains more than their
 * contents do.
 */
#include "store.h"

#include "base/error.h"
#include "base/text.h"
#include "budget.h"
#include "decimal.h"
#include "limits.h"
#include <math.h>
#include <stdlib.h>

typedef enum stage {
  SKIPPED, /* or filled by the first pass */
  OPEN,    /* only missing values so far */
  NUMBERS,
  BOTH, /* numbers, and their texts beside them */
  TEXTS,
  SECOND_PASS /* left to the second pass */
} stage;

typedef enum value_kind { MISSING, NUMBER, INFINITE, TEXT } value_kind;

/* Whether an oddity occurs in a column, and where first. */
typedef struct seen {
  size_t count, row;
  char text[EBBI_SHOWN];
} seen;

typedef enum oddity { NOT_FINITE, COMMA, GROUPED, ODDITIES } oddity;

struct ebbi_store_column {
  stage stage;
  bool asked; /* texts are requested, whatever the values */
  seen *seen; /* [ODDITIES], or NULL: nothing odd so far, as in nearly all columns */
};

enum {
  FIELDS = 1 << 20,      /* interval at which memory is measured */
  COPY = 32,             /* overhead of a copied text */
  FREE_COPIES = 64 << 10 /* bytes of copies in all, besides a sixteenth of the file */
};

static ebb_status see(ebbi_store_column *column, oddity what, size_t row, ebbi_span field) {
  if (!column->seen) column->seen = calloc(ODDITIES, sizeof *column->seen);
  REQUIRE(column->seen, EBB_ERR_MEMORY, "data: no memory for a text");
  if (column->seen[what].count++ > 0) return EBB_OK;
  char text[2 * EBBI_SHOWN];
  size_t length = field.length < sizeof text ? field.length : sizeof text - 1;
  memcpy(text, field.text, length);
  text[length] = '\0';
  column->seen[what].row = row;
  ebbi_shown(column->seen[what].text, text);
  return EBB_OK;
}

static size_t seen_count(const ebbi_store_column *column, oddity what) {
  return column->seen ? column->seen[what].count : 0;
}

static void list_active(ebbi_store *store) {
  store->active_count = 0;
  for (size_t c = 0; c < store->raw->cols; c++) {
    stage phase = store->columns[c].stage;
    if (phase != SKIPPED && phase != SECOND_PASS) store->active[store->active_count++] = c;
  }
}

/* Makes a column's cells, filled with missing values up to this row. */
static ebb_status begin_cells(ebbi_cells **cells, size_t rows) {
  *cells = ebbi_cells_new();
  REQUIRE(*cells, EBB_ERR_MEMORY, "data: no memory for a column");
  return ebbi_cells_add_missing(*cells, rows);
}

static ebb_status open_column(ebbi_store *store, size_t c, stage phase) {
  ebbi_raw_column *column = &store->raw->columns[c];
  size_t rows = store->raw->rows;
  store->columns[c].stage = phase;
  if (phase == NUMBERS || phase == BOTH) TRY(begin_cells(&column->numbers, rows));
  return phase == TEXTS || phase == BOTH ? begin_cells(&column->codes, rows) : EBB_OK;
}

/* Checks that all memory that must be kept is within the budget. */
static ebb_status measure(ebbi_store *store) {
  const ebbi_raw *raw = store->raw;
  uint64_t bytes = raw->size + raw->lines->bytes;
  store->measured = 0;
  bytes += (uint64_t)raw->cols * (sizeof *raw->columns + sizeof *store->columns);
  for (size_t c = 0; c < raw->cols; c++) {
    const ebbi_raw_column *column = &raw->columns[c];
    bytes += column->numbers ? column->numbers->bytes : 0;
    bytes += column->codes ? column->codes->bytes : 0;
    bytes += ebbi_names_bytes(&column->texts);
  }
  return ebbi_budget_check(store->options, raw->path, bytes,
                           raw->rows > 0 ? raw->rows : EBBI_NO_INDEX);
}

ebb_status ebbi_store_begin(ebbi_store *store, ebbi_raw *raw, const ebbi_form *forms,
                            const ebbi_na *na, const ebb_read_options *options) {
  static const stage begin[] = {[EBBI_FORM_AUTO] = OPEN,
                                [EBBI_FORM_TEXT] = TEXTS,
                                [EBBI_FORM_BOTH] = BOTH,
                                [EBBI_FORM_SKIP] = SKIPPED};
  *store = (ebbi_store){.raw = raw, .na = na, .options = options};
  raw->columns = calloc(raw->cols, sizeof *raw->columns);
  raw->lines = ebbi_cells_new();
  store->columns = calloc(raw->cols, sizeof *store->columns);
  store->active = calloc(raw->cols, sizeof *store->active);
  REQUIRE(raw->columns && raw->lines && store->columns && store->active, EBB_ERR_MEMORY,
          "data: no memory for %zu columns", raw->cols);
  for (size_t c = 0; c < raw->cols; c++) {
    store->columns[c].asked = forms[c] == EBBI_FORM_TEXT;
    TRY(open_column(store, c, begin[forms[c]]));
  }
  list_active(store);
  return measure(store);
}

void ebbi_store_free(ebbi_store *store) {
  for (size_t c = 0; store->columns && c < store->raw->cols; c++) free(store->columns[c].seen);
  free(store->columns);
  free(store->active);
  *store = (ebbi_store){0};
}

static value_kind read_value(const ebbi_store *store, double *value, ebbi_span field) {
  if (field.length == 0) return MISSING;
  if (ebbi_decimal_read(value, field, store->options->decimal)) {
    if (store->na->numbers && ebbi_na_has_number(store->na, *value)) return MISSING;
    return isfinite(*value) ? NUMBER : INFINITE;
  }
  if (ebbi_na_has(store->na, field)) return MISSING;
  return ebbi_parse_word(value, field.text, field.length) && isinf(*value) ? INFINITE : TEXT;
}

/* 02139, whose text differs from that of its number. */
static bool begins_with_zero(ebbi_span field) {
  return field.length > 1 && field.text[0] == '0' && field.text[1] >= '0' && field.text[1] <= '9';
}

static void drop_codes(ebbi_raw_column *column) {
  ebbi_cells_free(column->codes);
  column->codes = NULL;
  ebbi_names_free(&column->texts);
}

/* Leaves a column to the second pass. */
static void leave_to_second_pass(ebbi_store *store, size_t c) {
  ebbi_raw_column *column = &store->raw->columns[c];
  ebbi_store_column *fate = &store->columns[c];
  fate->stage = SECOND_PASS;
  free(fate->seen);
  fate->seen = NULL;
  ebbi_cells_free(column->numbers);
  column->numbers = NULL;
  drop_codes(column);
}

/* Adds the text of a number, as long as it may be the text of a class. */
static ebb_status add_beside(ebbi_store *store, size_t c, ebbi_span field) {
  ebbi_raw_column *column = &store->raw->columns[c];
  size_t index;
  TRY(ebbi_names_add_part(&column->texts, &index, field.text, field.length));
  if (column->texts.count <= EBBI_MAX_CLASSES)
    return ebbi_cells_add_code(column->codes, (int32_t)index);
  drop_codes(column);
  store->columns[c].stage = NUMBERS;
  return EBB_OK;
}

/* The first pass copies texts. Once all copies together are large, the column that has just
 * received a text is left to the second pass. */
static ebb_status find_text(ebbi_store *store, size_t *index, size_t c, ebbi_span field) {
  ebbi_raw *raw = store->raw;
  ebbi_names *texts = &raw->columns[c].texts;
  size_t before = texts->count;
  if (store->second)
    return ebbi_names_add_in_place(texts, index, raw->bytes, field.text, field.length);
  TRY(ebbi_names_add_part(texts, index, field.text, field.length));
  if (texts->count == before) return EBB_OK;
  store->copied += COPY + field.length;
  if (store->copied <= FREE_COPIES + raw->size / 16) return EBB_OK;
  store->copied -= COPY * texts->count + texts->length;
  leave_to_second_pass(store, c);
  return EBB_OK;
}

static ebb_status add_text(ebbi_store *store, size_t c, ebbi_span field, value_kind kind) {
  ebbi_raw_column *column = &store->raw->columns[c];
  ebbi_store_column *fate = &store->columns[c];
  size_t index;
  if (kind == TEXT && !fate->asked) {
    ebbi_comma comma = ebbi_comma_of(field);
    if (comma == EBBI_COMMA_DECIMAL) TRY(see(fate, COMMA, store->raw->rows, field));
    if (comma == EBBI_COMMA_GROUPED) TRY(see(fate, GROUPED, store->raw->rows, field));
  }
  TRY(find_text(store, &index, c, field));
  return fate->stage == TEXTS ? ebbi_cells_add_code(column->codes, (int32_t)index) : EBB_OK;
}

/* Begins texts in a column of numbers. Earlier numbers have no text, unless they may be classes. */
static ebb_status begin_texts(ebbi_store *store, size_t c) {
  ebbi_raw_column *column = &store->raw->columns[c];
  ebbi_store_column *fate = &store->columns[c];
  if (fate->stage == OPEN) return open_column(store, c, TEXTS);
  if (fate->stage == NUMBERS) leave_to_second_pass(store, c);
  if (fate->stage != BOTH) return EBB_OK;
  fate->stage = TEXTS;
  store->copied += COPY * column->texts.count + column->texts.length;
  ebbi_cells_free(column->numbers);
  column->numbers = NULL;
  return EBB_OK;
}

/* Takes the field by address: passing it by value would split and reassemble it on the stack, which
 * stalls the processor. */
static ebb_status add_value(ebbi_store *store, size_t c, const ebbi_span *field) {
  ebbi_raw_column *column = &store->raw->columns[c];
  ebbi_store_column *fate = &store->columns[c];
  double value = NAN;
  value_kind kind = read_value(store, &value, *field);
  if (kind == NUMBER) {
    column->numeric++;
    column->zeros += begins_with_zero(*field);
    if (fate->stage == NUMBERS) return ebbi_cells_add(column->numbers, value);
  }
  if (kind == MISSING) {
    column->missing++;
    if (column->codes) TRY(ebbi_cells_add_code(column->codes, -1));
    return column->numbers ? ebbi_cells_add(column->numbers, NAN) : EBB_OK;
  }
  if (kind == TEXT && fate->stage != TEXTS) TRY(begin_texts(store, c));
  if (fate->stage == OPEN) TRY(open_column(store, c, NUMBERS));
  if (fate->stage == TEXTS) return add_text(store, c, *field, kind);
  if (fate->stage == SECOND_PASS) return EBB_OK;
  if (kind == INFINITE) TRY(see(fate, NOT_FINITE, store->raw->rows, *field));
  TRY(ebbi_cells_add(column->numbers, value));
  return fate->stage == BOTH ? add_beside(store, c, *field) : EBB_OK;
}

ebb_status ebbi_store_row(ebbi_store *store, size_t line, const ebbi_span *fields) {
  ebbi_raw *raw = store->raw;
  bool turned = false;
  REQUIRE(raw->rows < EBBI_MAX_ROWS, EBB_ERR_INPUT, "%s:%zu: more than %d rows", raw->path, line,
          EBBI_MAX_ROWS);
  if (!store->second) TRY(ebbi_cells_add(raw->lines, (double)(line - raw->rows)));
  for (size_t i = 0; i < store->active_count; i++) {
    size_t c = store->active[i];
    TRY(add_value(store, c, &fields[c]));
    turned |= store->columns[c].stage == SECOND_PASS;
  }
  if (turned) list_active(store);
  raw->rows++;
  store->measured +=
      raw->cols; /* visiting a million columns at each row would take longer than the row */
  return store->measured < FIELDS + 4 * raw->cols ? EBB_OK : measure(store);
}

ebb_status ebbi_store_end(ebbi_store *store, bool *again) {
  ebbi_raw *raw = store->raw;
  *again = false;
  for (size_t c = 0; c < raw->cols; c++) {
    if (store->columns[c].stage == OPEN) TRY(open_column(store, c, NUMBERS));
    *again |= store->columns[c].stage == SECOND_PASS;
  }
  TRY(measure(store));
  if (!*again) return EBB_OK;
  raw->rows = 0;
  store->second = true;
  for (size_t c = 0; c < raw->cols; c++) {
    ebbi_raw_column *column = &raw->columns[c];
    bool turned = store->columns[c].stage == SECOND_PASS;
    store->columns[c].stage = SKIPPED;
    if (!turned) continue;
    column->missing = column->numeric = column->zeros = 0;
    TRY(open_column(store, c, TEXTS));
  }
  list_active(store);
  return EBB_OK;
}

/* Refuses a column of texts that are all or mostly numbers with a decimal comma. */
static ebb_status check_commas(ebbi_store *store, size_t c) {
  ebbi_raw *raw = store->raw;
  const ebbi_store_column *column = &store->columns[c];
  size_t values = raw->rows - raw->columns[c].missing;
  size_t decimals = seen_count(column, COMMA), commas = decimals + seen_count(column, GROUPED);
  char name[EBBI_SHOWN];
  if (decimals == 0) return EBB_OK;
  const seen *first = &column->seen[COMMA];
  if (commas + raw->columns[c].numeric == values)
    return ebbi_raw_fail(raw, first->row, c,
                         "\"%s\" has a decimal comma; read such numbers with --decimal ,",
                         first->text);
  if (2 * commas <= values) return EBB_OK;
  return ebbi_notes_add(&raw->notes, true,
                        "column \"%s\": %zu of %zu values are numbers with a decimal comma, such "
                        "as \"%s\" in line %zu; --decimal , reads them",
                        ebbi_shown(name, raw->names.items[c]), commas, values, first->text,
                        ebbi_raw_line(raw, first->row));
}

static ebb_status check_column(ebbi_store *store, size_t c) {
  const ebbi_raw_column *column = &store->raw->columns[c];
  const seen *odd = store->columns[c].seen;
  if (column->numbers && seen_count(&store->columns[c], NOT_FINITE) > 0)
    return ebbi_raw_fail(store->raw, odd[NOT_FINITE].row, c,
                         "\"%s\" is not a finite number; --na %s if it stands for a missing value",
                         odd[NOT_FINITE].text, odd[NOT_FINITE].text);
  return column->codes && !column->numbers ? check_commas(store, c) : EBB_OK;
}

/* Moves the texts of all columns to their final place: they stay in the file's bytes, or, if they
 * are few, they are copied so that these bytes can be freed. */
static ebb_status place_texts(ebbi_raw *raw) {
  size_t length = 0;
  bool some = false;
  for (size_t c = 0; c < raw->cols; c++) {
    some |= raw->columns[c].texts.place != NULL;
    if (raw->columns[c].texts.place) length += raw->columns[c].texts.length;
  }
  raw->texts_in_bytes = some && length > raw->size / 2;
  for (size_t c = 0; c < raw->cols; c++)
    TRY(ebbi_names_finish(&raw->columns[c].texts, !raw->texts_in_bytes));
  if (!raw->texts_in_bytes) ebbi_raw_drop_bytes(raw);
  return EBB_OK;
}

ebb_status ebbi_store_finish(ebbi_store *store) {
  ebbi_raw *raw = store->raw;
  ebbi_cells_trim(raw->lines);
  for (size_t c = 0; c < raw->cols; c++) {
    ebbi_raw_column *column = &raw->columns[c];
    TRY(check_column(store, c));
    if (column->numbers) ebbi_cells_trim(column->numbers);
    if (column->codes) ebbi_cells_trim(column->codes);
  }
  return place_texts(raw);
}
