/* Tables: reading a file of any format, deciding about its columns, and access to cells.
 *
 * The values stay as the readers stored them. A table adds which columns and rows of the file
 * belong to it. Rows are left out by number, never copied.
 */
#include "data/table.h"

#include "base/error.h"
#include "base/options.h"
#include "base/read.h"
#include "data/columns.h"
#include "data/doubts.h"
#include "data/input.h"
#include "data/target.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ebb_status choose(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  ebbi_roles *roles = user;
  TRY(ebbi_roles_make(roles, raw, false));
  ebbi_roles_forms(forms, roles, raw);
  return EBB_OK;
}

/* Makes all columns of `labels` the target. */
static ebb_status take_labels(ebb_table *table, ebbi_raw *labels, const ebb_read_options *options) {
  ebbi_roles roles = {.options = options, .notes = &table->notes};
  REQUIRE(labels->rows == table->raw.rows, EBB_ERR_INPUT, "%s: %zu labels, but %s has %zu rows",
          labels->path, labels->rows, table->raw.path, table->raw.rows);
  REQUIRE(labels->cols > 0, EBB_ERR_INPUT, "%s: no labels: all fields are empty", labels->path);
  for (size_t i = 0; i < labels->notes.count; i++)
    TRY(ebbi_notes_add(&table->notes, labels->notes.items[i].weighty, "%s",
                       labels->notes.items[i].text));
  table->labels_path = strdup(labels->path);
  roles.targets.items = malloc(labels->cols * sizeof *roles.targets.items);
  REQUIRE(table->labels_path && roles.targets.items, EBB_ERR_MEMORY,
          "%s: no memory for %zu columns", labels->path, labels->cols);
  for (size_t c = 0; c < labels->cols; c++) roles.targets.items[roles.targets.count++] = c;
  ebb_status status = ebbi_target_make(table, labels, &roles);
  ebbi_roles_free(&roles);
  return status;
}

static ebb_status decide(ebb_table *table, ebbi_roles *roles) {
  ebbi_raw *raw = &table->raw;
  const ebb_read_options *options = roles->options;
  if (!roles->of) TRY(ebbi_roles_make(roles, raw, true));
  TRY(ebbi_roles_default_target(roles, raw));
  table->rows = raw->rows;
  table->weighted = roles->weighted;
  table->weight = roles->weight;
  TRY(ebbi_columns_decide(table, roles));
  bool wanted = !options->no_target && !options->ignore_target && roles->targets.count == 0;
  TRY(raw->labels && wanted ? take_labels(table, raw->labels, options)
                            : ebbi_target_make(table, raw, roles));
  if (options->encoder) return EBB_OK;
  TRY(ebbi_doubts_note(table));
  return ebbi_doubts_note_target(table);
}

ebb_status ebbi_table_parse(ebb_table **out, const char *path, char *bytes, size_t size,
                            const ebb_read_options *options) {
  ebb_table *table = calloc(1, sizeof *table);
  if (!table) {
    free(bytes);
    return ebbi_fail(EBB_ERR_MEMORY, "%s: no memory for a table", path);
  }
  ebbi_roles roles = {.options = options, .notes = &table->notes};
  ebbi_wishes wishes = {.options = options, .choose = choose, .user = &roles};
  table->refuse_unknown = options->refuse_unknown;
  ebb_status status = ebbi_raw_parse(&table->raw, path, bytes, size, &wishes);
  if (status == EBB_OK) status = decide(table, &roles);
  ebbi_roles_free(&roles);
  if (status == EBB_OK)
    *out = table;
  else
    ebb_table_free(table);
  return status;
}

ebb_status ebbi_table_take(ebb_table **out, ebbi_raw *raw, const ebb_read_options *options) {
  ebb_table *table = calloc(1, sizeof *table);
  if (!table) {
    ebb_status status = ebbi_fail(EBB_ERR_MEMORY, "%s: no memory for a table", raw->path);
    ebbi_raw_free(raw);
    return status;
  }
  ebbi_roles roles = {.options = options, .notes = &table->notes};
  table->raw = *raw;
  ebb_status status = decide(table, &roles);
  ebbi_roles_free(&roles);
  if (status != EBB_OK) {
    ebb_table_free(table);
    return status;
  }
  ebbi_table_summarise(table);
  *out = table;
  return EBB_OK;
}

static ebb_status choose_both(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  (void)user;
  for (size_t c = 0; c < raw->cols; c++) forms[c] = EBBI_FORM_BOTH;
  return EBB_OK;
}

ebb_status ebbi_table_add_labels(ebb_table *table, const char *path, char *bytes, size_t size,
                                 const ebb_read_options *options) {
  ebb_read_options own = *options;
  ebbi_wishes wishes = {.options = &own, .choose = choose_both, .labels = true};
  ebbi_raw labels = {0};
  own.target = NULL; /* names refer to the labels file */
  ebb_status status = ebbi_raw_parse(&labels, path, bytes, size, &wishes);
  if (status == EBB_OK) status = take_labels(table, &labels, options);
  if (status == EBB_OK && !options->encoder) status = ebbi_doubts_note_target(table);
  ebbi_raw_free(&labels);
  return status;
}

static ebb_status read_labels(ebb_table *table, const ebb_read_options *options) {
  char *bytes;
  size_t size;
  TRY(ebbi_data_read(&bytes, &size, options->labels, options));
  return ebbi_table_add_labels(table, ebbi_input_name(options->labels), bytes, size, options);
}

ebb_status ebb_table_read(ebb_table **out, const char *path, const ebb_read_options *options) {
  ebb_read_options own = EBB_READ_OPTIONS_INIT;
  char *bytes;
  size_t size;
  ebb_table *table = NULL;
  *out = NULL;
  if (options) TRY(ebbi_options_take("ebb_table_read", &own, sizeof own, options));
  REQUIRE(!own.labels || !own.target, EBB_ERR_ARGUMENT,
          "%s: the target is either a column (--target %s) or a separate file (--labels %s)", path,
          own.target, own.labels);
  bool with_labels = own.labels && !own.no_target && !own.ignore_target;
  own.no_target |= own.labels != NULL; /* not a column of this file */
  TRY(ebbi_data_read(&bytes, &size, path, &own));
  TRY(ebbi_table_parse(&table, ebbi_input_name(path), bytes, size, &own));
  ebb_status status = with_labels ? read_labels(table, &own) : EBB_OK;
  if (status != EBB_OK) {
    ebb_table_free(table);
    return status;
  }
  ebbi_table_summarise(table);
  *out = table;
  return EBB_OK;
}

void ebb_table_free(ebb_table *table) {
  if (!table) return;
  ebbi_raw_free(&table->raw);
  free(table->columns);
  free(table->inputs);
  free(table->ids);
  free(table->kept);
  free(table->labels_path);
  ebbi_target_free(&table->target);
  ebbi_notes_free(&table->notes);
  free(table);
}

ebb_status ebbi_table_keep(ebb_table *table, const bool *good) {
  size_t count = 0;
  for (size_t i = 0; i < table->rows; i++) count += good[i];
  if (count == table->rows) return EBB_OK;
  uint32_t *kept = malloc((count + 1) * sizeof *kept);
  REQUIRE(kept, EBB_ERR_MEMORY, "%s: no memory for %zu rows", table->raw.path, count);
  count = 0;
  for (size_t i = 0; i < table->rows; i++)
    if (good[i]) kept[count++] = (uint32_t)ebbi_table_row(table, i);
  free(table->kept);
  table->kept = kept;
  table->rows = count;
  return EBB_OK;
}

static void find_missing(bool *good, const ebb_table *table, size_t input) {
  bool category = ebbi_table_kind(table, input) == EBB_COLUMN_CATEGORY;
  for (size_t i = 0; i < table->rows; i++)
    good[i] &= category ? ebbi_table_code(table, i, input) >= 0
                        : !isnan(ebbi_table_number(table, i, input));
}

ebb_status ebb_table_drop_missing(ebb_table *table, size_t *dropped) {
  size_t before = table->rows, left = 0;
  bool *good = malloc(before + 1);
  REQUIRE(good, EBB_ERR_MEMORY, "%s: no memory for %zu rows", table->raw.path, before);
  for (size_t i = 0; i < before; i++) good[i] = true;
  for (size_t c = 0; c < table->cols && !table->raw.image; c++) find_missing(good, table, c);
  for (size_t i = 0; i < before; i++) left += good[i];
  ebb_status status = EBB_OK;
  if (left > 0)
    status = ebbi_table_keep(table, good);
  else
    status = ebbi_fail(EBB_ERR_INPUT, "%s: each of the %zu rows lacks an input, so none is left",
                       table->raw.path, before);
  free(good);
  TRY(status);
  *dropped = before - table->rows;
  ebbi_table_summarise(table);
  return EBB_OK;
}

double ebbi_table_number(const ebb_table *table, size_t row, size_t input) {
  return ebbi_raw_number(&table->raw, ebbi_table_row(table, row), table->inputs[input]);
}

int32_t ebbi_table_code(const ebb_table *table, size_t row, size_t input) {
  return ebbi_cells_code(table->raw.columns[table->inputs[input]].codes,
                         ebbi_table_row(table, row));
}

const ebbi_names *ebbi_table_texts(const ebb_table *table, size_t input) {
  return &table->raw.columns[table->inputs[input]].texts;
}

ebb_column_kind ebbi_table_kind(const ebb_table *table, size_t input) {
  return table->columns[table->inputs[input]].kind;
}

const char *ebbi_table_name(const ebb_table *table, size_t input) {
  return table->raw.names.items[table->inputs[input]];
}

ebb_status ebbi_table_fail(const ebb_table *table, size_t row, size_t input, const char *format,
                           ...) {
  char what[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return ebbi_raw_fail(&table->raw, ebbi_table_row(table, row), table->inputs[input], "%s", what);
}

ebb_status ebbi_target_fail(const ebb_table *table, size_t row, const char *format, ...) {
  char what[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  row = ebbi_table_row(table, row);
  if (table->labels_path)
    return ebbi_fail(EBB_ERR_INPUT, "%s: row %zu (from 0): %s", table->labels_path, row, what);
  size_t col = ebbi_names_find(&table->raw.names, table->target.names.items[0]);
  return ebbi_raw_fail(&table->raw, row, col, "%s", what);
}
