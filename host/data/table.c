/* Tables: reading a file of any of the formats, and what can be asked of the result.
 *
 * The format is told by content, never by name: files get renamed, and a name that lies must not
 * choose the parser. An array of bytes stays in the file's own buffer; all else is converted once.
 */
#include "table.h"

#include "array.h"
#include "base/error.h"
#include "base/file.h"
#include "base/size.h"
#include "encoder.h"
#include "target.h"
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Unpacked. A gzip file may claim to be a thousand times its size. */
#define FILE_LIMIT ((size_t)4 << 30)

static ebb_status convert(ebb_table *table, const ebbi_array *array) {
  size_t count = array->rows * array->cols, bytes; /* the product was checked against the file */
  table->f32 = ebbi_size_mul(&bytes, count, sizeof *table->f32) ? malloc(bytes) : NULL;
  REQUIRE(table->f32, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", table->path, count);
  for (size_t i = 0; i < count; i++) {
    double value = ebbi_array_get(array, i);
    REQUIRE(fabs(value) <= FLT_MAX, EBB_ERR_INPUT,
            "%s: row %zu, column %zu (from 0) is %g: not a finite number in the range of float32",
            table->path, i / array->cols, i % array->cols, value);
    table->f32[i] = (float)value;
  }
  return EBB_OK;
}

static ebb_status load_array(ebb_table *table, size_t size, const ebb_read_options *options) {
  ebbi_array array;
  REQUIRE(!options->target, EBB_ERR_ARGUMENT,
          "%s: an array has no column \"%s\"; its targets come from a second file (--labels)",
          table->path, options->target);
  TRY(ebbi_array_parse(&array, table->path, table->bytes, size));
  REQUIRE(array.rows <= EBBI_MAX_ROWS && array.cols <= EBBI_MAX_COLUMNS, EBB_ERR_INPUT,
          "%s: %zu rows of %zu columns, at most %d of %d", table->path, array.rows, array.cols,
          EBBI_MAX_ROWS, EBBI_MAX_COLUMNS);
  table->rows = array.rows;
  table->cols = array.cols;
  if (array.element != EBBI_U8) return convert(table, &array);
  table->u8 = array.data;
  return EBB_OK;
}

static ebb_status parse(ebb_table *table, const char *path, size_t size,
                        const ebb_read_options *options) {
  table->path = strdup(path);
  REQUIRE(table->path, EBB_ERR_MEMORY, "%s: no memory for its name", path);
  if (ebbi_is_npy(table->bytes, size) || ebbi_is_idx(table->bytes, size))
    TRY(load_array(table, size, options));
  else
    TRY(ebbi_csv_parse(table, table->bytes, size, options));
  if (!table->u8) {
    free(table->bytes);
    table->bytes = NULL;
  }
  return EBB_OK;
}

ebb_status ebbi_table_parse(ebb_table **out, const char *path, char *bytes, size_t size,
                            const ebb_read_options *options) {
  ebb_table *table = calloc(1, sizeof *table);
  if (!table) {
    free(bytes);
    return ebbi_fail(EBB_ERR_MEMORY, "%s: no memory for a table", path);
  }
  table->bytes = bytes;
  ebb_status status = parse(table, path, size, options);
  if (status == EBB_OK)
    *out = table;
  else
    ebb_table_free(table);
  return status;
}

static ebb_status read_labels(ebb_table *table, const ebb_read_options *options) {
  char *bytes;
  size_t size;
  REQUIRE(!table->columns, EBB_ERR_ARGUMENT,
          "%s: a CSV file holds its targets in a column (--target); a file of labels goes with IDX "
          "and NPY",
          table->path);
  TRY(ebbi_input_read(&bytes, &size, options->labels, FILE_LIMIT));
  ebb_task task = options->encoder ? options->encoder->task : options->task;
  ebb_status status =
      ebbi_table_add_labels(table, ebbi_input_name(options->labels), bytes, size, task);
  free(bytes);
  return status;
}

static const char *plural(size_t count) {
  return count == 1 ? "" : "s";
}

/* Writes like printf behind what is in the summary, cutting what does not fit. */
__attribute__((format(printf, 2, 3))) static void say(ebb_table *table, const char *format, ...) {
  size_t used = strlen(table->summary);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(table->summary + used, sizeof table->summary - used, format, arguments);
  va_end(arguments);
}

static void say_columns(ebb_table *table) {
  size_t categories = 0, missing = 0, numbers;
  for (size_t c = 0; c < table->cols && table->columns; c++) {
    categories += table->columns[c].category;
    missing += table->columns[c].missing;
  }
  numbers = table->cols - categories;
  const char *kind = table->u8 ? "uint8" : table->f32 ? "float" : "numeric";
  if (numbers) say(table, ", %zu %s column%s", numbers, kind, plural(numbers));
  if (categories) say(table, ", %zu text column%s", categories, plural(categories));
  if (missing) say(table, ", %zu missing value%s", missing, plural(missing));
}

static void summarise(ebb_table *table) {
  const ebbi_target *target = &table->target;
  char name[EBBI_SHOWN];
  say(table, "%zu row%s%s", table->rows, plural(table->rows),
      table->named ? " below a header" : "");
  if (table->short_header) say(table, " that lacks the first column's name");
  say_columns(table);
  if (target->cols == 0) {
    say(table, ", no target");
    return;
  }
  say(table, ", target \"%s\": ", ebbi_shown(name, target->name));
  size_t classes = target->classes.count;
  if (target->task == EBB_TASK_CLASSIFICATION)
    say(table, "%zu class%s", classes, classes == 1 ? "" : "es");
  else if (target->cols > 1)
    say(table, "regression of %zu values", target->cols);
  else
    say(table, "regression");
  if (target->reason[0]) say(table, " (%s)", target->reason);
}

ebb_status ebb_table_read(ebb_table **out, const char *path, const ebb_read_options *options) {
  static const ebb_read_options defaults;
  char *bytes;
  size_t size;
  ebb_table *table = NULL;
  if (!options) options = &defaults;
  *out = NULL;
  TRY(ebbi_input_read(&bytes, &size, path, FILE_LIMIT));
  TRY(ebbi_table_parse(&table, ebbi_input_name(path), bytes, size, options));
  ebb_status status = options->labels ? read_labels(table, options) : EBB_OK;
  if (status != EBB_OK) {
    ebb_table_free(table);
    return status;
  }
  summarise(table);
  *out = table;
  return EBB_OK;
}

void ebb_table_free(ebb_table *table) {
  if (!table) return;
  for (size_t c = 0; c < table->cols && table->columns; c++) {
    free(table->columns[c].numbers);
    free(table->columns[c].codes);
    ebbi_names_free(&table->columns[c].names);
  }
  free(table->columns);
  free(table->lines);
  free(table->f32);
  free(table->bytes);
  free(table->path);
  ebbi_names_free(&table->names);
  ebbi_target_free(&table->target);
  free(table);
}

size_t ebb_table_rows(const ebb_table *table) {
  return table->rows;
}

size_t ebb_table_columns(const ebb_table *table) {
  return table->cols;
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

double ebbi_table_number(const ebb_table *table, size_t row, size_t col) {
  if (table->columns) return table->columns[col].numbers[row];
  size_t index = row * table->cols + col;
  return table->u8 ? table->u8[index] : (double)table->f32[index];
}

ebb_status ebbi_table_fail(const ebb_table *table, size_t row, size_t col, const char *format,
                           ...) {
  char what[512], name[EBBI_SHOWN];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  if (table->lines)
    return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: column \"%s\": %s", table->path, table->lines[row],
                     ebbi_shown(name, table->names.items[col]), what);
  return ebbi_fail(EBB_ERR_INPUT, "%s: row %zu, column %zu (from 0): %s", table->path, row, col,
                   what);
}

ebb_status ebbi_target_fail(const ebb_table *table, size_t row, const char *format, ...) {
  char what[512], name[EBBI_SHOWN];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  if (table->lines)
    return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: column \"%s\": %s", table->path, table->lines[row],
                     ebbi_shown(name, table->target.name), what);
  return ebbi_fail(EBB_ERR_INPUT, "%s: row %zu (from 0): %s", table->target.path, row, what);
}
