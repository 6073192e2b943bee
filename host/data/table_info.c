/* Accessors of a table: size, columns, notes, a summary line. */
#include "base/error.h"
#include "data/number_set.h"
#include "data/table.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

size_t ebb_table_rows(const ebb_table *table) {
  return table->rows;
}

size_t ebb_table_columns(const ebb_table *table) {
  return table->cols;
}

size_t ebb_table_file_columns(const ebb_table *table) {
  return table->raw.cols;
}

bool ebb_table_has_target(const ebb_table *table) {
  return table->target.cols > 0;
}

ebb_task ebb_table_task(const ebb_table *table) {
  return table->target.task;
}

const char *ebb_table_summary(const ebb_table *table) {
  return table->summary;
}

const char *ebb_task_name(ebb_task task) {
  static const char *const names[] = {"auto", "classification", "regression"};
  return (unsigned)task < sizeof names / sizeof *names ? names[task] : "?";
}

/* Notes on the format come first. */
size_t ebb_table_notes(const ebb_table *table) {
  return table->raw.notes.count + table->notes.count;
}

ebb_note ebb_table_note(const ebb_table *table, size_t index) {
  size_t first = table->raw.notes.count;
  const struct ebbi_note_item *item =
      index < first ? &table->raw.notes.items[index] : &table->notes.items[index - first];
  return (ebb_note){item->text, item->weighty};
}

size_t ebb_table_ids(const ebb_table *table) {
  return table->id_count;
}

const char *ebb_table_id_name(const ebb_table *table, size_t index) {
  return table->raw.names.items[table->ids[index]];
}

const char *ebb_table_id(const ebb_table *table, size_t index, size_t row) {
  const ebbi_raw_column *column = &table->raw.columns[table->ids[index]];
  int32_t code = ebbi_cells_code(column->codes, ebbi_table_row(table, row));
  return code < 0 ? "" : column->texts.items[code];
}

static ebb_status measure(ebb_column_info *out, const ebbi_raw *raw, size_t index) {
  ebbi_number_set set = {0};
  out->min = INFINITY;
  out->max = -INFINITY;
  for (size_t row = 0; row < raw->rows; row++) {
    double value = ebbi_raw_number(raw, row, index);
    out->missing += isnan(value);
    out->min = fmin(out->min, value);
    out->max = fmax(out->max, value);
  }
  ebb_status status = ebbi_number_set_fill(&set, raw, index, SIZE_MAX);
  out->distinct = set.count;
  ebbi_number_set_free(&set);
  if (out->distinct == 0) out->min = out->max = NAN;
  return status;
}

ebb_status ebb_table_column(ebb_column_info *out, const ebb_table *table, size_t index) {
  const ebbi_raw *raw = &table->raw;
  REQUIRE(index < raw->cols, EBB_ERR_ARGUMENT, "%s: column %zu of %zu", raw->path, index,
          raw->cols);
  const ebbi_column *column = &table->columns[index];
  *out = (ebb_column_info){.name = raw->names.items[index],
                           .use = column->use,
                           .kind = column->kind,
                           .why = column->why,
                           .min = NAN,
                           .max = NAN};
  const ebbi_raw_column *values = raw->columns ? &raw->columns[index] : NULL;
  if (!values || values->numbers) return measure(out, raw, index);
  if (!values->codes) return EBB_OK;
  out->missing = values->missing;
  out->distinct = values->texts.count;
  return EBB_OK;
}

static const char *plural(size_t count) {
  return count == 1 ? "" : "s";
}

static void say_count(ebb_table *table, size_t count, const char *before, const char *what,
                      const char *after) {
  if (count > 0)
    ebbi_append(table->summary, sizeof table->summary, ", %zu %s%s%s%s", count, before, what,
                plural(count), after);
}

static void say_columns(ebb_table *table) {
  static const char *const kinds[] = {[EBB_COLUMN_NUMBER] = "numeric ",
                                      [EBB_COLUMN_AMOUNT] = "amount ",
                                      [EBB_COLUMN_DATE] = "date ",
                                      [EBB_COLUMN_CATEGORY] = "text ",
                                      [EBB_COLUMN_PIXEL] = "uint8 "};
  size_t counts[sizeof kinds / sizeof *kinds] = {0}, missing = 0, out = 0;
  for (size_t i = 0; i < table->cols; i++) {
    size_t col = table->inputs[i];
    counts[table->columns[col].kind]++;
    missing += table->raw.columns ? table->raw.columns[col].missing : 0;
  }
  for (size_t c = 0; c < table->raw.cols; c++) out += table->columns[c].use == EBB_COLUMN_LEFT_OUT;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    say_count(table, counts[k], kinds[k], "column", "");
  say_count(table, table->id_count, "id ", "column", "");
  if (table->weighted) ebbi_append(table->summary, sizeof table->summary, ", with weights");
  say_count(table, out, "", "column", " left out");
  say_count(table, missing, "missing ", "value", "");
}

static void say_target(ebb_table *table) {
  const ebbi_target *target = &table->target;
  char name[EBBI_SHOWN];
  size_t classes = target->classes.count;
  ebbi_append(table->summary, sizeof table->summary, ", target%s \"%s\"", plural(target->cols),
              ebbi_shown(name, target->names.items[0]));
  for (size_t k = 1; k < target->cols && k < 5; k++)
    ebbi_append(table->summary, sizeof table->summary, ", \"%s\"",
                ebbi_shown(name, target->names.items[k]));
  if (target->cols > 5)
    ebbi_append(table->summary, sizeof table->summary, " and %zu more", target->cols - 5);
  if (target->task == EBB_TASK_CLASSIFICATION)
    ebbi_append(table->summary, sizeof table->summary, ": %zu class%s", classes,
                classes == 1 ? "" : "es");
  else if (target->cols > 1)
    ebbi_append(table->summary, sizeof table->summary, ": regression of %zu values", target->cols);
  else
    ebbi_append(table->summary, sizeof table->summary, ": regression");
  if (target->reason[0])
    ebbi_append(table->summary, sizeof table->summary, " (%s)", target->reason);
}

void ebbi_table_summarise(ebb_table *table) {
  const ebbi_raw *raw = &table->raw;
  table->summary[0] = '\0';
  ebbi_append(table->summary, sizeof table->summary, "%zu row%s%s", table->rows,
              plural(table->rows), raw->header ? " below a header" : "");
  if (raw->header && raw->unnamed && raw->unnamed[0])
    ebbi_append(table->summary, sizeof table->summary, " that lacks the first column's name");
  say_columns(table);
  if (table->target.cols > 0)
    say_target(table);
  else
    ebbi_append(table->summary, sizeof table->summary, ", no target");
}
