/* Columns: decided by options, otherwise by their values.
 *
 * One pass finds the bounds of all numbers. Costlier checks are made only for the few columns whose
 * bounds or names call for them. This file changes values only if texts turn out to be numbers.
 */
#include "data/columns.h"

#include "base/error.h"
#include "data/decimal.h"
#include "data/reading.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The smallest and largest number of a column; INFINITY and -INFINITY if it has none. */
typedef struct range {
  double low, high;
} range;

static range widened(range r, double value) {
  r.low = value < r.low ? value : r.low;
  r.high = value > r.high ? value : r.high;
  return r;
}

/* Row by row for an array, in its own order. Pixels need no bounds. */
static void find_ranges(range *ranges, const ebbi_raw *raw) {
  ebbi_run run;
  for (size_t c = 0; c < raw->cols; c++) {
    const ebbi_cells *numbers = raw->columns ? raw->columns[c].numbers : NULL;
    range r = {INFINITY, -INFINITY};
    run.count = 0;
    for (size_t row = 0; row < raw->rows && numbers; row++)
      r = widened(r, ebbi_run_at(&run, numbers, row));
    ranges[c] = r;
  }
  if (raw->columns || raw->image) return;
  for (size_t row = 0; row < raw->rows; row++)
    for (size_t c = 0; c < raw->cols; c++)
      ranges[c] = widened(ranges[c], ebbi_raw_number(raw, row, c));
}

ebb_status ebbi_column_check_range(const ebbi_raw *raw, size_t col) {
  for (size_t row = 0; row < raw->rows; row++) {
    double value = ebbi_raw_number(raw, row, col);
    if (fabs(value) > FLT_MAX)
      return ebbi_raw_fail(raw, row, col, "%g is %s; numbers must lie within float32, 3.4e38",
                           value, isinf(value) ? "not a finite number" : "too large");
  }
  return EBB_OK;
}

static void set(ebbi_column *column, ebb_column_use use, ebb_column_kind kind, const char *why) {
  column->use = use;
  column->kind = kind;
  snprintf(column->why, sizeof column->why, "%s", why);
}

static ebb_status judge_numeric(ebbi_column *column, ebbi_raw *raw, size_t col, char decimal) {
  bool done;
  char shown[EBBI_SHOWN];
  set(column, EBB_COLUMN_INPUT, EBB_COLUMN_NUMBER, "--numeric");
  if (!raw->columns || !raw->columns[col].codes) return EBB_OK;
  TRY(ebbi_column_read_texts(column, raw, col, decimal, &done));
  column->reason = EBBI_PLAIN; /* as requested */
  if (done) return EBB_OK;
  TRY(ebbi_column_check_texts(raw, col, decimal));
  size_t word = ebbi_raw_first_word(raw, col, decimal);
  return ebbi_raw_fail(raw, ebbi_raw_first_row(raw, col, word), col,
                       "\"%s\" is not a number, as --numeric requires",
                       ebbi_shown(shown, raw->columns[col].texts.items[word]));
}

/* 20210304: a column of whole numbers that are all calendar days is a column of dates. Only one
 * number in thirty is a valid day. */
static ebb_status judge_compact(bool *done, ebbi_column *column, ebbi_raw *raw, size_t col,
                                range r) {
  enum { FEWEST_ROWS = 10 };
  double days;
  *done = raw->columns && raw->rows >= FEWEST_ROWS && r.low >= 19000101 && r.high <= 21991231 &&
          r.low < r.high;
  for (size_t row = 0; row < raw->rows && *done; row++) {
    double value = ebbi_raw_number(raw, row, col);
    char text[EBBI_NUMBER_TEXT];
    if (!isnan(value)) *done = ebbi_date_parse(&days, ebbi_number_text(text, value), EBBI_DATE_YMD);
  }
  if (!*done) return EBB_OK;
  TRY(ebbi_raw_take_texts(raw, col));
  return ebbi_column_read_dates(column, raw, col);
}

/* A column of which only the values are known. */
static ebb_status judge_values(ebbi_column *column, ebbi_raw *raw, size_t col, range r,
                               char decimal, bool keep) {
  if (raw->columns && raw->columns[col].codes)
    return ebbi_column_judge_texts(column, raw, col, decimal, keep);
  column->kind = raw->image ? EBB_COLUMN_PIXEL : EBB_COLUMN_NUMBER;
  if (keep || raw->image) return EBB_OK;
  bool done;
  TRY(judge_compact(&done, column, raw, col, r));
  if (done) return EBB_OK;
  return ebbi_column_judge_numbers(column, raw, col, r.low, r.high);
}

/* Notes that a requested category column has hardly any repeated values. */
static void judge_scattered(ebbi_column *column, const ebbi_raw *raw, size_t col) {
  enum { MANY = 100 }; /* different values; with fewer, most have an input of their own */
  size_t distinct = raw->columns ? raw->columns[col].texts.count : 0;
  if (column->kind != EBB_COLUMN_CATEGORY || distinct <= MANY || !ebbi_mostly_differ(raw, col))
    return;
  column->reason = EBBI_SCATTERED;
  snprintf(column->why, sizeof column->why, "%zu different values in %zu rows", distinct,
           raw->rows - raw->columns[col].missing);
}

static ebb_status judge_input(ebbi_column *column, ebbi_raw *raw, size_t col, range r, char decimal,
                              ebbi_role role) {
  bool empty = raw->columns ? ebbi_raw_is_empty(raw, col) : !raw->image && r.low > r.high;
  if (empty) {
    set(column, EBB_COLUMN_LEFT_OUT, EBB_COLUMN_NUMBER, "empty");
    column->reason = EBBI_EMPTY;
    return EBB_OK;
  }
  if (r.low <= r.high && (r.low < -FLT_MAX || r.high > FLT_MAX))
    return ebbi_column_check_range(raw, col);
  if (role == EBBI_ROLE_NUMERIC) return judge_numeric(column, raw, col, decimal);
  if (role == EBBI_ROLE_CATEGORICAL) {
    set(column, EBB_COLUMN_INPUT, EBB_COLUMN_CATEGORY, "--categorical");
    TRY(ebbi_raw_take_texts(raw, col));
  } else {
    TRY(judge_values(column, raw, col, r, decimal, role == EBBI_ROLE_KEEP));
  }
  if (column->use == EBB_COLUMN_INPUT) judge_scattered(column, raw, col);
  return EBB_OK;
}

static ebb_status judge(ebb_table *table, const ebbi_roles *roles, size_t col, range r) {
  ebbi_column *column = &table->columns[col];
  char decimal = ebbi_decimal(roles->options);
  switch (roles->of[col]) {
  case EBBI_ROLE_DROP:
    set(column, EBB_COLUMN_LEFT_OUT, EBB_COLUMN_NUMBER, "--drop");
    return EBB_OK;
  case EBBI_ROLE_UNUSED:
    set(column, EBB_COLUMN_LEFT_OUT, EBB_COLUMN_NUMBER, "no input of the model");
    return EBB_OK;
  case EBBI_ROLE_ID:
    set(column, EBB_COLUMN_ID, EBB_COLUMN_CATEGORY, "--id");
    return ebbi_raw_take_texts(&table->raw, col);
  case EBBI_ROLE_TARGET: /* decided with the target */
    set(column, EBB_COLUMN_TARGET, EBB_COLUMN_NUMBER, roles->guessed ? "the last column" : "");
    return EBB_OK;
  case EBBI_ROLE_WEIGHT:
    set(column, EBB_COLUMN_WEIGHT, EBB_COLUMN_NUMBER, "--weight-column");
    return ebbi_weights_check(&table->raw, col, decimal);
  case EBBI_ROLE_INPUT: /* decided by the encoder */
    return EBB_OK;
  default:
    return judge_input(column, &table->raw, col, r, decimal, roles->of[col]);
  }
}

static ebb_status judge_all(ebb_table *table, const ebbi_roles *roles) {
  size_t cols = table->raw.cols;
  range *ranges = malloc(cols * sizeof *ranges);
  REQUIRE(ranges, EBB_ERR_MEMORY, "%s: no memory for %zu columns", table->raw.path, cols);
  if (!roles->options->encoder) find_ranges(ranges, &table->raw);
  ebb_status status = EBB_OK;
  for (size_t c = 0; c < cols && status == EBB_OK; c++) status = judge(table, roles, c, ranges[c]);
  free(ranges);
  return status;
}

static ebb_status list_inputs(ebb_table *table, const ebbi_roles *roles) {
  size_t cols = table->raw.cols;
  table->inputs = malloc((cols + roles->inputs.count + 1) * sizeof *table->inputs);
  table->ids = malloc((roles->ids.count + 1) * sizeof *table->ids);
  REQUIRE(table->inputs && table->ids, EBB_ERR_MEMORY, "%s: no memory for %zu columns",
          table->raw.path, cols);
  for (size_t i = 0; i < roles->ids.count; i++) table->ids[table->id_count++] = roles->ids.items[i];
  for (size_t i = 0; i < roles->inputs.count; i++)
    table->inputs[table->cols++] = roles->inputs.items[i];
  for (size_t c = 0; c < cols && !roles->options->encoder; c++)
    if (table->columns[c].use == EBB_COLUMN_INPUT) table->inputs[table->cols++] = c;
  return EBB_OK;
}

/* If the only column is a row number, such as x of a curve or the year of a series, it is kept:
 * there is nothing else to learn from. */
static ebb_status keep_lone(ebb_table *table) {
  size_t lone = EBBI_NO_INDEX, others = 0;
  char name[EBBI_QUOTED];
  for (size_t c = 0; c < table->raw.cols; c++) {
    const ebbi_column *column = &table->columns[c];
    if (column->use == EBB_COLUMN_TARGET || column->use == EBB_COLUMN_ID ||
        column->use == EBB_COLUMN_WEIGHT)
      continue;
    bool counts = column->reason == EBBI_ROW_NUMBERS || column->reason == EBBI_NUMBERED;
    if (counts && lone == EBBI_NO_INDEX)
      lone = c;
    else
      others++;
  }
  if (table->cols > 0 || lone == EBBI_NO_INDEX || others > 0 ||
      ebbi_is_index_name(&table->raw, lone) || ebbi_is_id_name(table->raw.names.items[lone]))
    return EBB_OK;
  table->inputs[table->cols++] = lone;
  table->columns[lone].use = EBB_COLUMN_INPUT;
  table->columns[lone].reason = EBBI_PLAIN;
  snprintf(table->columns[lone].why, sizeof table->columns[lone].why, "the only input");
  return ebbi_notes_add(
      &table->notes, false,
      "input \"%s\" has a different whole number in each row; it is used because there is no other",
      ebbi_shown(name, table->raw.names.items[lone]));
}

static ebb_status check_inputs(const ebb_table *table) {
  const ebbi_notes *notes = &table->notes;
  REQUIRE(table->cols > 0, EBB_ERR_INPUT, "%s: no column is left as an input%s%s", table->raw.path,
          notes->count ? ": " : ": all are left out by --drop, or are the target",
          notes->count ? notes->items[notes->count - 1].text : "");
  return EBB_OK;
}

ebb_status ebbi_columns_decide(ebb_table *table, const ebbi_roles *roles) {
  const char *path = table->raw.path;
  table->columns = calloc(table->raw.cols, sizeof *table->columns);
  REQUIRE(table->columns, EBB_ERR_MEMORY, "%s: no memory for %zu columns", path, table->raw.cols);
  TRY(judge_all(table, roles));
  TRY(list_inputs(table, roles));
  if (roles->options->encoder) return ebbi_columns_match(table, roles);
  TRY(keep_lone(table));
  TRY(ebbi_columns_note(table));
  return check_inputs(table);
}
