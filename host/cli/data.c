/* `ebb data`: how a file is read: each column's type, what is done with it and why, the target, and
 * the command that would train on it; or the same table written in another format.
 *
 * Everything comes from the table that a training would read, so it is what would happen there.
 */
#include "commands.h"
#include "data_command.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_CLASSES = 20, SHOWN_TEXTS = 3, NAME_WIDTH = 20, VALUES_WIDTH = 28 };

static const char *kind_name(ebb_column_kind kind) {
  static const char *const names[] = {"number", "amount", "date", "category", "pixel"};
  return names[kind];
}

static const char *use_name(ebb_column_use use) {
  static const char *const names[] = {"input", "target", "id", "left out", "weight"};
  return names[use];
}

/* The smallest and the largest value. Returns false if the column has none. */
static bool describe_range(char *text, size_t size, const ebb_column_info *column) {
  char low[32], high[32];
  if (!isfinite(column->min)) return false;
  ebb_column_value(low, sizeof low, column->kind, column->min);
  ebb_column_value(high, sizeof high, column->kind, column->max);
  snprintf(text, size, "%s to %s", low, high);
  return true;
}

/* The first texts. */
static void describe_texts(char *text, size_t size, const ebb_table *table, size_t index) {
  const char *value;
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; i <= SHOWN_TEXTS && used < size; i++) {
    if (!(value = ebb_table_text(table, index, i))) return;
    used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
                             i == SHOWN_TEXTS ? "…" : value);
  }
}

static int print_column(const ebb_table *table, size_t index) {
  char values[256];
  ebb_column_info column;
  ebb_status status = ebb_table_column(&column, table, index);
  if (status != EBB_OK) return fail_status(status);
  if (!describe_range(values, sizeof values, &column))
    describe_texts(values, sizeof values, table, index);
  print_name(stdout, column.name, NAME_WIDTH, true);
  printf(" %-8s %-8s %8zu %9zu  ", kind_name(column.kind), use_name(column.use), column.missing,
         column.distinct);
  print_name(stdout, values, *column.why ? VALUES_WIDTH : characters(values), true);
  printf("%s", *column.why ? " " : "");
  print_plain(stdout, column.why);
  putchar('\n');
  return EXIT_GOOD;
}

static int print_columns(const ebb_table *table) {
  int code = EXIT_GOOD;
  printf("%-*s %-8s %-8s %8s %9s  %-*s %s\n", NAME_WIDTH, "column", "type", "use", "missing",
         "distinct", VALUES_WIDTH, "values", "why");
  for (size_t i = 0; i < ebb_table_file_columns(table) && code == EXIT_GOOD; i++)
    code = print_column(table, i);
  return code;
}

static void print_classes(const ebb_table *table) {
  size_t classes = ebb_table_classes(table), rows = ebb_table_rows(table);
  for (size_t i = 0; i < classes && i < SHOWN_CLASSES; i++) {
    size_t count;
    const char *name = ebb_table_class(&count, table, i);
    printf("  ");
    print_name(stdout, name, NAME_WIDTH, true);
    printf(" %8zu rows, %.1f %%\n", count, 100.0 * (double)count / (double)rows);
  }
  if (classes > SHOWN_CLASSES) printf("  and %zu more classes\n", classes - SHOWN_CLASSES);
}

/* The number of target columns with statistics of their own; classes have one for all columns. */
static size_t described_targets(const ebb_table *table) {
  size_t count = ebb_table_targets(table);
  return ebb_table_task(table) == EBB_TASK_CLASSIFICATION && count > 1 ? 1 : count;
}

/* The name of such a target; for classes in several columns, all names. */
static void name_target(char *text, size_t size, const ebb_table *table, size_t index) {
  size_t last = described_targets(table) == 1 ? ebb_table_targets(table) - 1 : index, used = 0;
  for (size_t i = index; i <= last && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%s", i > index ? ", " : "",
                             ebb_table_target_name(table, i));
}

static int print_target(const ebb_table *table, size_t index) {
  ebb_status status;
  double q[5];
  char name[512];
  name_target(name, sizeof name, table, index);
  printf("\ntarget   ");
  print_plain(stdout, name);
  printf(": %s\n", ebb_task_name(ebb_table_task(table)));
  if (ebb_table_task(table) == EBB_TASK_CLASSIFICATION)
    print_classes(table);
  else if ((status = ebb_table_quartiles(q, table, index)) != EBB_OK)
    return fail_status(status);
  else
    printf("  smallest %g, lower quartile %g, median %g, upper quartile %g, largest %g\n", q[0],
           q[1], q[2], q[3], q[4]);
  return EXIT_GOOD;
}

/* A number, or a date as text. */
static void put_value(json_t *object, const char *key, ebb_column_kind kind, double value) {
  char text[32];
  if (kind == EBB_COLUMN_DATE && isfinite(value))
    put(object, key, json_string(ebb_column_value(text, sizeof text, kind, value)));
  else
    put_number(object, key, value);
}

static json_t *column_json(const ebb_column_info *column) {
  json_t *object = json_pack("{s:o, s:s, s:s, s:I, s:I}", "name", json_text(column->name), "type",
                             kind_name(column->kind), "use", use_name(column->use), "missing",
                             (json_int_t)column->missing, "distinct", (json_int_t)column->distinct);
  put_value(object, "min", column->kind, column->min);
  put_value(object, "max", column->kind, column->max);
  if (*column->why) put(object, "why", json_text(column->why));
  return object;
}

static json_t *columns_json(const ebb_table *table) {
  json_t *list = json_array();
  ebb_column_info column;
  for (size_t i = 0; i < ebb_table_file_columns(table); i++)
    if (ebb_table_column(&column, table, i) == EBB_OK)
      json_array_append_new(list, column_json(&column));
    else
      json_lose();
  return list;
}

static json_t *target_json(const ebb_table *table, size_t index) {
  char name[512];
  name_target(name, sizeof name, table, index);
  json_t *object = json_pack("{s:o, s:s}", "name", json_text(name), "task",
                             ebb_task_name(ebb_table_task(table)));
  double q[5];
  if (ebb_table_task(table) == EBB_TASK_CLASSIFICATION) {
    json_t *list = json_array();
    for (size_t i = 0; i < ebb_table_classes(table); i++) {
      size_t count;
      const char *class = ebb_table_class(&count, table, i);
      json_array_append_new(
          list, json_pack("{s:o, s:I}", "class", json_text(class), "rows", (json_int_t)count));
    }
    put(object, "classes", list);
  } else if (ebb_table_quartiles(q, table, index) == EBB_OK) {
    put(object, "quartiles", json_pack("[f, f, f, f, f]", q[0], q[1], q[2], q[3], q[4]));
  } else {
    json_lose();
  }
  return object;
}

static json_t *notes_json(const ebb_table *table) {
  json_t *list = json_array();
  for (size_t i = 0; i < ebb_table_notes(table); i++)
    json_array_append_new(list, json_text(ebb_table_note(table, i).text));
  return list;
}

static int print_as_json(const settings *s, const ebb_table *table, const char *line) {
  json_t *targets = json_array();
  for (size_t i = 0; i < described_targets(table); i++)
    json_array_append_new(targets, target_json(table, i));
  json_t *object = json_pack("{s:o, s:I, s:o, s:o, s:o}", "data", json_text(s->data), "rows",
                             (json_int_t)ebb_table_rows(table), "columns", columns_json(table),
                             "targets", targets, "notes", notes_json(table));
  if (line) put(object, "command", json_text(line));
  return print_json(object);
}

static int describe(const settings *s, const ebb_table *table) {
  char *line;
  int code = data_command(&line, s, table);
  if (code == EXIT_GOOD && s->json) {
    code = print_as_json(s, table, line);
  } else if (code == EXIT_GOOD) {
    code = print_columns(table);
    for (size_t i = 0; i < described_targets(table) && code == EXIT_GOOD; i++)
      code = print_target(table, i);
    if (code == EXIT_GOOD)
      printf("\ncommand  %s\n",
             line ? line : "none: a training needs a target (--target, --labels)");
  }
  free(line);
  return code;
}

static int print_written(const settings *s, const ebb_table *table) {
  return print_json(json_pack("{s:o, s:o, s:I, s:o}", "data", json_text(s->data), "written",
                              json_text(s->to), "rows", (json_int_t)ebb_table_rows(table), "notes",
                              notes_json(table)));
}

static int write_to(const settings *s, ebb_table *table) {
  ebb_encoder_options options = {.size = sizeof(ebb_encoder_options),
                                 .no_scale = s->no_scale,
                                 .missing = (ebb_missing)s->missing};
  size_t told = ebb_table_notes(table);
  signals_doing("the table is written");
  int code = fail_status(ebb_table_write(table, s->to, &options));
  if (code != EXIT_GOOD) return code;
  note_table(s, table, told);
  note(s, "written  %s: %zu rows", s->to, ebb_table_rows(table));
  return s->json ? print_written(s, table) : EXIT_GOOD;
}

int data_run(const settings *given) {
  settings s = *given;
  ebb_table *table = NULL;
  s.data = given->argument;
  if (same_file(s.to, s.data) || same_file(s.to, s.labels))
    return fail(EXIT_USAGE, "--to: %s is also read from; writing would destroy it", s.to);
  signals_doing("the data are read");
  int code = check_streams(&s);
  if (code == EXIT_GOOD) code = read_table(&table, &s, NULL, false);
  if (code == EXIT_GOOD) code = s.to ? write_to(&s, table) : describe(&s, table);
  ebb_table_free(table);
  return code;
}
