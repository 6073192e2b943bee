/* Targets: classification or regression.
 *
 * The same rule for all formats: texts and few distinct whole numbers are classes, everything else
 * is regression. If the values are ambiguous, a weighty note gives the alternative, since nothing
 * else would reveal a regression that was mistaken for classes.
 */
#include "data/target.h"

#include "base/error.h"
#include "data/columns.h"
#include "data/encoder.h"
#include "data/reading.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  FEW_CODES = 10,    /* up to this many consecutive whole numbers from 0 or 1 are classes without a
                      * note */
  MANY_CODES = 1000, /* more distinct numbers are not codes */
  ROWS_A_CODE = 5    /* average number of rows with each code */
};

void ebbi_target_free(ebbi_target *target) {
  for (size_t k = 0; k < target->cols && target->numbers; k++) ebbi_cells_free(target->numbers[k]);
  free(target->numbers);
  ebbi_cells_free(target->codes);
  ebbi_names_free(&target->names);
  ebbi_names_free(&target->classes);
}

/* The source of a target. */
typedef struct source {
  ebb_table *table;
  ebbi_raw *raw;
  const ebbi_list *cols;
  const ebb_read_options *options;
  bool guessed;
} source;

static bool is_text(const source *s, size_t col) {
  return s->raw->columns && !s->raw->columns[col].numbers;
}

static ebb_status name_targets(const source *s) {
  size_t index;
  bool single_label = s->raw != &s->table->raw && s->cols->count == 1;
  for (size_t k = 0; k < s->cols->count; k++)
    TRY(ebbi_names_add(&s->table->target.names, &index,
                       single_label ? "labels" : s->raw->names.items[s->cols->items[k]]));
  return EBB_OK;
}

/* Why the last column is hardly the target: it names or numbers its rows, or says when they were
 * recorded; otherwise "". */
static ebb_status doubt_guess(char what[160], const source *s, size_t col, ebb_column_kind kind) {
  const ebbi_raw *raw = s->raw;
  const ebbi_raw_column *column = raw->columns ? &raw->columns[col] : NULL;
  char bad[EBBI_SHOWN];
  ebbi_nearly nearly;
  what[0] = '\0';
  if (kind == EBB_COLUMN_DATE) snprintf(what, 160, "holds dates");
  if (is_text(s, col)) {
    if (!ebbi_mostly_differ(raw, col)) return EBB_OK;
    size_t used = (size_t)snprintf(what, 160, "has %zu different texts in %zu rows",
                                   column->texts.count, raw->rows - column->missing);
    if (ebbi_read_nearly(&nearly, &column->texts, ebbi_decimal(s->options)))
      snprintf(what + used, 160 - used, " (%zu are %s, \"%s\" is not)", nearly.count, nearly.what,
               ebbi_shown(bad, column->texts.items[nearly.bad]));
  } else if (kind == EBB_COLUMN_NUMBER && ebbi_is_key_name(raw, col)) {
    ebbi_column judged = {0};
    ebbi_wholes w;
    TRY(ebbi_target_count(&w, raw, col));
    if (w.whole && w.distinct > 1) TRY(ebbi_column_judge_numbers(&judged, raw, col, w.low, w.high));
    if (judged.use == EBB_COLUMN_LEFT_OUT) snprintf(what, 160, "has %s", judged.why);
  }
  return EBB_OK;
}

static ebb_status check_guess(const source *s, size_t col, ebb_column_kind kind) {
  char shown[EBBI_SHOWN], what[160];
  if (!s->guessed) return EBB_OK;
  TRY(doubt_guess(what, s, col, kind));
  REQUIRE(what[0] == '\0', EBB_ERR_INPUT,
          "%s: the last column, \"%s\", %s and is hardly the target; name the target: --target "
          "NAME, or a position from 0",
          s->raw->path, ebbi_shown(shown, s->raw->names.items[col]), what);
  return EBB_OK;
}

static ebb_status fail_word(const source *s, size_t col) {
  char shown[EBBI_SHOWN];
  size_t word = ebbi_raw_first_word(s->raw, col, ebbi_decimal(s->options));
  return ebbi_raw_fail(s->raw, ebbi_raw_first_row(s->raw, col, word), col,
                       "\"%s\" is not a number, as the target of a regression must be",
                       ebbi_shown(shown, s->raw->columns[col].texts.items[word]));
}

/* Converts a column of texts to numbers if they are amounts, times or dates. With AUTO a few
 * distinct texts stay texts: they are classes. */
static ebb_status read_texts(ebb_column_kind *kind, const source *s, size_t col, ebb_task task) {
  ebbi_column column = {.kind = EBB_COLUMN_NUMBER};
  char decimal = ebbi_decimal(s->options), shown[EBBI_SHOWN];
  bool few = is_text(s, col) && s->raw->columns[col].texts.count <= EBBI_AUTO_CLASSES;
  bool done, own = s->raw == &s->table->raw;
  *kind = EBB_COLUMN_NUMBER;
  if (!is_text(s, col) || task == EBB_TASK_CLASSIFICATION) return EBB_OK;
  if (task == EBB_TASK_AUTO && few) return EBB_OK;
  TRY(ebbi_column_read_texts(&column, s->raw, col, decimal, &done));
  if (!done) {
    TRY(ebbi_column_check_texts(s->raw, col, decimal));
    return task == EBB_TASK_REGRESSION ? fail_word(s, col) : EBB_OK;
  }
  *kind = column.kind;
  if (own) {
    ebbi_column *target = &s->table->columns[col];
    target->kind = column.kind;
    memcpy(target->format, column.format, sizeof target->format);
    memcpy(target->why, column.why, sizeof target->why);
  }
  return ebbi_notes_add(&s->table->notes, false, "target \"%s\": texts read as numbers (%s)%s",
                        ebbi_shown(shown, s->raw->names.items[col]), column.why,
                        task == EBB_TASK_AUTO ? "; --task classification if they are classes" : "");
}

/* Classes that may be amounts: they have gaps, or are too many. */
static bool doubtful_classes(const ebbi_wholes *w) {
  bool codes = (w->low == 0 || w->low == 1) && w->high - w->low == (double)w->distinct - 1;
  return w->distinct > 2 && !(codes && w->distinct <= FEW_CODES);
}

static bool doubtful_values(const ebbi_wholes *w, size_t rows) {
  return w->distinct <= MANY_CODES && rows / ROWS_A_CODE >= w->distinct;
}

/* The task that a column of numbers suggests. */
static ebb_status infer(ebb_task *task, const source *s, size_t col) {
  ebbi_target *target = &s->table->target;
  ebbi_wholes w;
  char shown[EBBI_SHOWN];
  const char *name = ebbi_shown(shown, target->names.items[0]);
  TRY(ebbi_target_count(&w, s->raw, col));
  *task = EBB_TASK_REGRESSION;
  if (!w.whole) {
    snprintf(target->reason, sizeof target->reason, "numbers with fractions");
    return EBB_OK;
  }
  if (w.distinct > EBBI_MAX_CLASSES)
    snprintf(target->reason, sizeof target->reason, "more than %d distinct integers",
             EBBI_MAX_CLASSES);
  else
    snprintf(target->reason, sizeof target->reason, "%zu distinct integer%s", w.distinct,
             w.distinct == 1 ? "" : "s");
  if (w.distinct > EBBI_AUTO_CLASSES) {
    if (!doubtful_values(&w, s->raw->rows)) return EBB_OK;
    return ebbi_notes_add(&s->table->notes, true,
                          "target \"%s\": %zu distinct whole numbers: regression; --task "
                          "classification if they are codes",
                          name, w.distinct);
  }
  *task = EBB_TASK_CLASSIFICATION;
  if (!doubtful_classes(&w)) return EBB_OK;
  return ebbi_notes_add(&s->table->notes, true,
                        "target \"%s\": %zu distinct whole numbers: %zu classes; --task regression "
                        "if they are amounts",
                        name, w.distinct, w.distinct);
}

static ebb_status make_one(const source *s, ebb_task task) {
  ebbi_target *target = &s->table->target;
  size_t col = s->cols->items[0];
  ebb_column_kind kind;
  bool own = s->raw == &s->table->raw;
  TRY(read_texts(&kind, s, col, task));
  TRY(check_guess(s, col, kind));
  if (task == EBB_TASK_AUTO && is_text(s, col)) {
    task = EBB_TASK_CLASSIFICATION;
    snprintf(target->reason, sizeof target->reason, "text");
  } else if (task == EBB_TASK_AUTO && kind != EBB_COLUMN_NUMBER) {
    task = EBB_TASK_REGRESSION;
    snprintf(target->reason, sizeof target->reason, "%s",
             kind == EBB_COLUMN_DATE ? "dates" : "amounts");
  } else if (task == EBB_TASK_AUTO) {
    TRY(infer(&task, s, col));
  }
  target->task = task;
  if (task == EBB_TASK_REGRESSION) return ebbi_target_values(target, s->raw, s->cols);
  if (own) s->table->columns[col].kind = EBB_COLUMN_CATEGORY;
  return ebbi_target_classes(target, s->raw, col);
}

static ebb_status make_many(const source *s, ebb_task task) {
  ebbi_target *target = &s->table->target;
  ebb_column_kind kind;
  if (task != EBB_TASK_REGRESSION && ebbi_target_is_one_hot(s->raw, s->cols)) {
    target->task = EBB_TASK_CLASSIFICATION;
    if (task == EBB_TASK_AUTO)
      snprintf(target->reason, sizeof target->reason, "a single 1 per row in %zu columns",
               s->cols->count);
    return ebbi_target_one_hot(target, s->raw, s->cols);
  }
  REQUIRE(
      task != EBB_TASK_CLASSIFICATION, EBB_ERR_INPUT,
      "%s: %zu target columns; classes must be in one column, or a single 1 among 0s in each row",
      s->raw->path, s->cols->count);
  for (size_t k = 0; k < s->cols->count; k++)
    TRY(read_texts(&kind, s, s->cols->items[k], EBB_TASK_REGRESSION));
  target->task = EBB_TASK_REGRESSION;
  return ebbi_target_values(target, s->raw, s->cols);
}

/* The task for a bare encoder: column i of the targets, or class i, is output i. */
static ebb_status bare_task(ebb_task *task, const source *s) {
  size_t outputs = s->options->encoder->outputs, col = s->cols->items[0];
  ebbi_wholes w = {0};
  if (s->options->task != EBB_TASK_AUTO) {
    *task = s->options->task;
    return EBB_OK;
  }
  if (s->cols->count == 1 && !is_text(s, col)) TRY(ebbi_target_count(&w, s->raw, col));
  bool classes = w.whole && w.low >= 0 && w.high < (double)outputs && outputs >= 2;
  *task = classes ? EBB_TASK_CLASSIFICATION : EBB_TASK_REGRESSION;
  REQUIRE(
      classes || s->cols->count == outputs, EBB_ERR_INPUT,
      "%s: the target is neither a class, from 0 to %zu, nor one number for each of the model's "
      "%zu outputs; --no-target reads all columns as inputs",
      s->raw->path, outputs - 1, outputs);
  return EBB_OK;
}

static void find_good(bool *good, const ebb_table *table, const ebbi_cells *cells) {
  ebbi_run run;
  run.count = 0;
  for (size_t i = 0; i < table->rows; i++)
    good[i] &= !isnan(ebbi_run_at(&run, cells, ebbi_table_row(table, i)));
}

/* Keeps the rows that have a target. */
static ebb_status keep_rows(ebb_table *table) {
  const ebbi_target *target = &table->target;
  bool *good = malloc(table->rows + 1);
  size_t before = table->rows, first = table->rows;
  REQUIRE(good, EBB_ERR_MEMORY, "%s: no memory for %zu rows", table->raw.path, table->rows);
  memset(good, true, before);
  if (target->codes) find_good(good, table, target->codes);
  for (size_t k = 0; k < target->cols && target->numbers; k++)
    find_good(good, table, target->numbers[k]);
  for (size_t i = before; i-- > 0;)
    if (!good[i]) first = i;
  size_t row = first < before ? ebbi_table_row(table, first) : 0;
  ebb_status status = ebbi_table_keep(table, good);
  free(good);
  TRY(status);
  if (first == before) return EBB_OK;
  bool lines = table->raw.lines && !table->labels_path;
  REQUIRE(table->rows > 0, EBB_ERR_INPUT, "%s: no row has a target",
          table->labels_path ? table->labels_path : table->raw.path);
  return ebbi_notes_add(&table->notes, false, "%zu row%s without a target left out (first: %s %zu)",
                        before - table->rows, before - table->rows == 1 ? "" : "s",
                        lines ? "line" : "row", lines ? ebbi_raw_line(&table->raw, row) : row);
}

ebb_status ebbi_target_make(ebb_table *table, ebbi_raw *raw, const ebbi_roles *roles) {
  const ebb_encoder *encoder = roles->options->encoder;
  source s = {table, raw, &roles->targets, roles->options, roles->guessed};
  ebb_task task = encoder ? encoder->task : roles->options->task;
  if (s.cols->count == 0) return EBB_OK;
  table->target.cols = s.cols->count;
  TRY(name_targets(&s));
  if (encoder && task == EBB_TASK_AUTO) TRY(bare_task(&task, &s));
  TRY(s.cols->count == 1 ? make_one(&s, task) : make_many(&s, task));
  REQUIRE(!encoder || table->target.codes || table->target.cols == encoder->outputs, EBB_ERR_INPUT,
          "%s: %zu target columns, but the model has %zu outputs", raw->path, table->target.cols,
          encoder->outputs);
  return keep_rows(table);
}
