/* The command line for training on a table, with the options used to read it. */
#include "data_command.h"

#include "config.h"
#include "output.h"

#include <stdio.h>

static void put_value(FILE *line, const char *value) {
  fputc(' ', line);
  shell_word(line, value);
}

static ebb_status find_missing(bool *missing, const ebb_table *table) {
  *missing = false;
  for (size_t i = 0; i < ebb_table_file_columns(table); i++) {
    ebb_column_info column;
    ebb_status status = ebb_table_column(&column, table, i);
    if (status != EBB_OK) return status;
    if (column.use == EBB_COLUMN_INPUT && column.missing > 0) *missing = true;
  }
  return EBB_OK;
}

/* The given options that also apply to training. */
static void put_options(FILE *line, const settings *s) {
  size_t count;
  const option_row *rows = option_table(&count);
  for (size_t i = 0; i < count; i++) {
    bool both = (rows[i].commands & FOR_TRAIN) && (rows[i].commands & FOR_DATA);
    if (s->sources[i] == FROM_DEFAULT || !both || !config_decides(rows[i].name)) continue;
    bool flag = rows[i].kind == KIND_FLAG;
    if (flag && !*(const bool *)((const char *)s + rows[i].offset)) continue;
    fprintf(line, " --%s", rows[i].name);
    if (!flag) put_value(line, s->owned[i]);
  }
}

int data_command(char **out, const settings *s, const ebb_table *table) {
  size_t size;
  bool missing;
  *out = NULL;
  if (!ebb_table_has_target(table)) return EXIT_GOOD;
  int code = fail_status(find_missing(&missing, table));
  if (code != EXIT_GOOD) return code;
  FILE *line = open_memstream(out, &size);
  if (!line) return fail(EXIT_FAILED, "no memory for the command");
  shell_word(line, tool_name(NULL));
  fputs(" train --data", line);
  put_value(line, s->data);
  put_options(line, s);
  if (!s->target && !s->labels && ebb_table_targets(table) == 1) {
    fputs(" --target", line);
    put_value(line, ebb_table_target_name(table, 0));
  }
  if (s->missing == EBB_MISSING_REFUSE && missing) fputs(" --missing mean", line);
  return fclose(line) == 0 ? EXIT_GOOD : fail(EXIT_FAILED, "no memory for the command");
}
