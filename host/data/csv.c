/* CSV text to columns.
 *
 * One pass, no allocation a value: a field is parsed where it stands and its number or category
 * code kept. The first value of a column decides whether it holds numbers or categories, and the
 * first that differs is an error which names both lines: a column half read as text would become a
 * thousand one-hot inputs. Memory grows with the rows that are there.
 */
#include "base/error.h"
#include "base/text.h"
#include "csv_layout.h"
#include "csv_walk.h"
#include "encoder.h"
#include "table.h"
#include "target.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct loader {
  ebb_table *table;
  const ebbi_csv_layout *layout;
  const ebb_encoder *encoder;
  ebb_task task; /* asked for */
  ebbi_column target;
  size_t capacity; /* rows */
  size_t field;    /* that comes next */
  bool in_header;
} loader;

static ebb_status fail_at(const ebbi_csv_walk *walk, const char *what, const char *text,
                          const char *why) {
  const loader *l = walk->user;
  char name[EBBI_SHOWN], shown[EBBI_SHOWN];
  return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: column \"%s\": %s\"%s\"%s", walk->path, walk->line,
                   ebbi_shown(name, l->layout->names.items[l->field]), what,
                   ebbi_shown(shown, text), why);
}

static ebb_status fit_column(ebbi_column *column, size_t capacity) {
  double *numbers = column->numbers ? realloc(column->numbers, capacity * sizeof *numbers) : NULL;
  if (numbers) column->numbers = numbers;
  int32_t *codes = column->codes ? realloc(column->codes, capacity * sizeof *codes) : NULL;
  if (codes) column->codes = codes;
  REQUIRE(!numbers == !column->numbers && !codes == !column->codes, EBB_ERR_MEMORY,
          "data: no memory for a column of %zu rows", capacity);
  return EBB_OK;
}

static ebb_status fit_rows(loader *l, size_t capacity) {
  size_t *lines = realloc(l->table->lines, capacity * sizeof *lines);
  REQUIRE(lines, EBB_ERR_MEMORY, "data: no memory for %zu rows", capacity);
  l->table->lines = lines;
  for (size_t c = 0; c < l->table->cols; c++) TRY(fit_column(&l->table->columns[c], capacity));
  TRY(fit_column(&l->target, capacity));
  l->capacity = capacity;
  return EBB_OK;
}

/* Makes room for the column's values once its kind is known; the rows so far were missing. */
static ebb_status begin_column(ebbi_column *column, const loader *l, bool category) {
  column->known = true;
  column->category = category;
  if (category)
    column->codes = malloc(l->capacity * sizeof *column->codes);
  else
    column->numbers = malloc(l->capacity * sizeof *column->numbers);
  REQUIRE(column->codes || column->numbers, EBB_ERR_MEMORY,
          "data: no memory for a column of %zu rows", l->capacity);
  for (size_t i = 0; i < l->table->rows; i++)
    if (category)
      column->codes[i] = -1;
    else
      column->numbers[i] = NAN;
  return EBB_OK;
}

static ebb_status fail_mixed(const ebbi_csv_walk *walk, const ebbi_column *column,
                             const char *text) {
  char why[160];
  if (ebbi_csv_has_decimal_comma(text))
    return fail_at(walk, "", text,
                   " has a decimal comma or grouped digits; write numbers with a decimal point");
  if (column->first_line == 0)
    return fail_at(walk, "", text, " is not a number, as the model was trained on here");
  snprintf(why, sizeof why, " is %s, but line %zu has %s; a column holds either",
           column->category ? "a number" : "text", column->first_line,
           column->category ? "text" : "a number");
  return fail_at(walk, "", text, why);
}

static ebb_status add_number(ebbi_column *column, const ebbi_csv_walk *walk, const char *text,
                             double value) {
  const loader *l = walk->user;
  if (!(fabs(value) <= FLT_MAX))
    return fail_at(walk, "", text, " is not a finite number in the range of float32");
  column->numbers[l->table->rows] = value;
  return EBB_OK;
}

static ebb_status add_category(ebbi_column *column, const ebbi_csv_walk *walk, const char *text) {
  const loader *l = walk->user;
  size_t index;
  TRY(ebbi_names_add(&column->names, &index, text));
  if (column->names.count > EBBI_MAX_CATEGORIES)
    return fail_at(walk, "", text,
                   " is the 1001st distinct text of this column, too many to be categories; remove "
                   "the column or make it numbers");
  column->codes[l->table->rows] = (int32_t)index;
  return EBB_OK;
}

static ebb_status add_input(ebbi_column *column, const ebbi_csv_walk *walk, const char *text) {
  const loader *l = walk->user;
  double value;
  if (ebbi_csv_is_missing(text)) {
    column->missing++;
    if (column->codes) column->codes[l->table->rows] = -1;
    if (column->numbers) column->numbers[l->table->rows] = NAN;
    return EBB_OK;
  }
  bool forced = l->encoder != NULL, text_wanted = forced && column->category;
  bool number = !text_wanted && ebbi_parse_double(&value, text);
  if (!number && !text_wanted && ebbi_csv_has_decimal_comma(text))
    return fail_mixed(walk, column, text);
  if (!column->known) {
    TRY(begin_column(column, l, forced ? column->category : !number));
    if (!forced) column->first_line = walk->line;
  }
  if (column->category != !number) return fail_mixed(walk, column, text);
  return number ? add_number(column, walk, text, value) : add_category(column, walk, text);
}

/* A target is numbers or texts like an input, unless classes are asked for: these may be both. */
static ebb_status check_target(ebbi_column *column, const ebbi_csv_walk *walk, const char *text,
                               bool number) {
  const loader *l = walk->user;
  if (l->task == EBB_TASK_CLASSIFICATION) {
    column->category |= !number;
    return EBB_OK;
  }
  if (!number && ebbi_csv_has_decimal_comma(text)) return fail_mixed(walk, column, text);
  if (!number && l->task == EBB_TASK_REGRESSION)
    return fail_at(walk, "", text, " is not a number, as the target of a regression must be");
  if (!column->known) {
    column->known = true;
    column->category = !number;
    column->first_line = walk->line;
  }
  return column->category != number ? EBB_OK : fail_mixed(walk, column, text);
}

/* The target's texts are kept beside its numbers, as they may turn out to be classes, until they
 * are too many for that. */
static ebb_status add_target(ebbi_column *column, const ebbi_csv_walk *walk, const char *text) {
  const loader *l = walk->user;
  double value;
  size_t index;
  if (ebbi_csv_is_missing(text))
    return fail_at(walk, "the target is missing (", text,
                   "); remove the row, only inputs can be filled");
  bool number = ebbi_parse_double(&value, text);
  TRY(check_target(column, walk, text, number));
  if (number) TRY(add_number(column, walk, text, value));
  if (column->names.count > EBBI_MAX_CATEGORIES) return EBB_OK;
  TRY(ebbi_names_add(&column->names, &index, text));
  column->codes[l->table->rows] = (int32_t)index;
  bool classes = column->category || l->task == EBB_TASK_CLASSIFICATION;
  if (classes && column->names.count > EBBI_MAX_CATEGORIES)
    return fail_at(walk, "", text, " is the 1001st distinct value, too many to be classes");
  return EBB_OK;
}

static ebb_status load_field(ebbi_csv_walk *walk, const char *text) {
  loader *l = walk->user;
  ebb_table *table = l->table;
  size_t field = l->field;
  if (!l->in_header && field < l->layout->names.count) {
    if (field == 0) {
      REQUIRE(table->rows < EBBI_MAX_ROWS, EBB_ERR_INPUT, "%s:%zu: more than %d rows", walk->path,
              walk->line, EBBI_MAX_ROWS);
      if (table->rows == l->capacity) TRY(fit_rows(l, 2 * l->capacity));
    }
    if (field == l->layout->target)
      TRY(add_target(&l->target, walk, text));
    else
      TRY(add_input(&table->columns[l->layout->place[field]], walk, text));
  }
  l->field++;
  return EBB_OK;
}

static ebb_status load_row(ebbi_csv_walk *walk) {
  loader *l = walk->user;
  size_t expected = l->layout->names.count - (l->in_header && l->layout->short_header);
  REQUIRE(l->field == expected, EBB_ERR_INPUT, "%s:%zu: %zu field%s, expected %zu", walk->path,
          walk->line, l->field, l->field == 1 ? "" : "s", expected);
  if (!l->in_header) l->table->lines[l->table->rows++] = walk->line;
  l->in_header = false;
  l->field = 0;
  return EBB_OK;
}

/* Sets the table up for its columns; an encoder says what they hold. */
static ebb_status begin(loader *l) {
  const ebbi_names *names = &l->layout->names;
  bool has_target = l->layout->target != EBBI_NO_INDEX;
  ebb_table *table = l->table;
  l->capacity = 64;
  table->columns = calloc(names->count, sizeof *table->columns);
  table->lines = malloc(l->capacity * sizeof *table->lines);
  l->target.numbers = malloc(l->capacity * sizeof *l->target.numbers);
  l->target.codes = malloc(l->capacity * sizeof *l->target.codes);
  REQUIRE(table->columns && table->lines && l->target.numbers && l->target.codes, EBB_ERR_MEMORY,
          "data: no memory for %zu columns", names->count);
  table->cols = names->count - has_target;
  table->named = l->layout->header;
  table->short_header = l->layout->short_header;
  for (size_t c = 0; c < table->cols && l->encoder && l->encoder->features; c++)
    table->columns[c].category = l->encoder->features[c].category;
  if (l->encoder && l->encoder->named && l->layout->header)
    return ebbi_names_copy(&table->names, &l->encoder->names);
  for (size_t i = 0, index; i < names->count; i++)
    if (i != l->layout->target) TRY(ebbi_names_add(&table->names, &index, names->items[i]));
  return EBB_OK;
}

/* Sorts categories; a column without any value becomes one of missing numbers or categories. */
static ebb_status finish_columns(loader *l) {
  ebb_table *table = l->table;
  for (size_t c = 0; c < table->cols; c++) {
    ebbi_column *column = &table->columns[c];
    if (!column->known) TRY(begin_column(column, l, column->category));
    TRY(ebbi_names_sort(&column->names, column->codes, column->codes ? table->rows : 0, false));
    TRY(fit_column(column, table->rows));
  }
  return EBB_OK;
}

static ebb_status load(loader *l, const char *bytes, size_t size) {
  ebb_table *table = l->table;
  ebbi_csv_walk walk = {.path = table->path, .field = load_field, .row = load_row, .user = l};
  TRY(begin(l));
  TRY(ebbi_csv_walk_text(&walk, bytes, size, l->layout->delimiter));
  REQUIRE(table->rows > 0, EBB_ERR_INPUT, "%s: a header, but no rows below it", table->path);
  TRY(finish_columns(l));
  if (l->layout->target == EBBI_NO_INDEX) return EBB_OK;
  TRY(fit_column(&l->target, table->rows));
  table->target.position = l->layout->target;
  return ebbi_target_from_column(table, &l->target, l->layout->names.items[l->layout->target],
                                 l->task);
}

ebb_status ebbi_csv_parse(ebb_table *table, const char *bytes, size_t size,
                          const ebb_read_options *options) {
  ebbi_csv_layout layout = {0};
  TRY(ebbi_csv_check_text(table->path, bytes, size));
  size_t mark = memcmp(bytes, "\xef\xbb\xbf", size < 3 ? size : 3) == 0 ? 3 : 0;
  ebb_status status =
      ebbi_csv_layout_find(&layout, table->path, bytes + mark, size - mark, options);
  if (status == EBB_OK) {
    const ebb_encoder *encoder = options->encoder;
    loader l = {.table = table,
                .layout = &layout,
                .encoder = encoder,
                .task = encoder ? encoder->task : options->task,
                .in_header = layout.header};
    status = load(&l, bytes + mark, size - mark);
    free(l.target.numbers);
    free(l.target.codes);
    ebbi_names_free(&l.target.names);
  }
  ebbi_csv_layout_free(&layout);
  return status;
}
