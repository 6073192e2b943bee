/* Writing a table in another format.
 *
 * CSV keeps columns and texts as read. NPZ and libsvm hold only numbers, so they receive a
 * network's inputs without scaling: categories one-hot, dates in parts.
 */
#include "base/error.h"
#include "data/decimal.h"
#include "data/encoder.h"
#include "data/table.h"
#include "data/write.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DATE_TEXT = 48 };

/* The columns of a sheet: inputs, then targets. */
typedef struct source {
  const ebb_table *table;
  size_t inputs, cols;
  const ebb_encoder *encoder; /* NULL: the inputs are the table's columns */
  const ebb_dataset *encoded;
  char **names; /* [cols] */
  bool *texts;  /* [cols] */
  char *date;   /* [DATE_TEXT]: text of the last date returned */
} source;

static bool is_classes(const source *s) {
  return s->table->target.codes != NULL;
}

static double class_number(const ebbi_names *classes, size_t index) {
  const char *text = classes->items[index];
  ebbi_span span = {.text = text, .length = strlen(text)};
  double value;
  return ebbi_decimal_read(&value, span, '.') ? value : NAN;
}

/* In formats without texts, classes that are distinct numbers are written as these numbers: a class
 * 1 that became label 0 would mislead whoever knows the table. */
static bool classes_are_numbers(const ebbi_names *classes) {
  double before = -INFINITY;
  for (size_t i = 0; i < classes->count; i++) {
    double value = class_number(classes, i);
    if (!isfinite(value) || value <= before) return false;
    before = value;
  }
  return true;
}

static double number_at(const void *user, size_t row, size_t col) {
  const source *s = user;
  const ebbi_target *target = &s->table->target;
  if (col >= s->inputs && target->codes)
    return class_number(&target->classes, (size_t)ebbi_table_class(s->table, row));
  if (col >= s->inputs) return ebbi_table_value(s->table, row, col - s->inputs);
  if (!s->encoder) return ebbi_table_number(s->table, row, col);
  size_t within, from = ebbi_encoder_column_of(&within, s->encoder, col);
  double value = NAN; /* as read, in double precision, if it is a plain number */
  if (within == 0 && ebbi_table_kind(s->table, from) < EBB_COLUMN_DATE)
    value = ebbi_table_number(s->table, row, from);
  if (!isnan(value)) return value;
  size_t at = row * s->inputs + col;
  return s->encoded->x ? (double)s->encoded->x[at] : s->encoded->x_u8[at];
}

static const char *text_at(const void *user, size_t row, size_t col) {
  const source *s = user;
  const ebbi_target *target = &s->table->target;
  if (col >= s->inputs) return target->classes.items[ebbi_table_class(s->table, row)];
  if (ebbi_table_kind(s->table, col) == EBB_COLUMN_DATE) {
    double days = ebbi_table_number(s->table, row, col);
    return isnan(days) ? NULL : ebb_column_value(s->date, DATE_TEXT, EBB_COLUMN_DATE, days);
  }
  int32_t code = ebbi_table_code(s->table, row, col);
  return code < 0 ? NULL : ebbi_table_texts(s->table, col)->items[code];
}

/* A name already taken gets the prefix `labels_`: a labels file may use the names of the input
 * file, and no reader accepts duplicates. NULL: out of memory. */
static char *free_name(ebbi_names *taken, const char *text) {
  size_t index, count = taken->count;
  char *name = strdup(text);
  while (name && ebbi_names_add(taken, &index, name) == EBB_OK) {
    if (taken->count > count) return name;
    size_t room = strlen(name) + sizeof "labels_";
    char *longer = malloc(room);
    if (longer) snprintf(longer, room, "labels_%s", name);
    free(name);
    name = longer;
  }
  free(name);
  return NULL;
}

static ebb_status name_columns(source *s, ebbi_names *taken) {
  const ebb_encoder *encoder = s->encoder;
  const ebbi_target *target = &s->table->target;
  bool text_target = is_classes(s) && !(encoder && classes_are_numbers(&target->classes));
  s->names = calloc(s->cols, sizeof *s->names);
  s->texts = calloc(s->cols, sizeof *s->texts);
  REQUIRE(s->names && s->texts, EBB_ERR_MEMORY, "%s: no memory for %zu columns", s->table->raw.path,
          s->cols);
  for (size_t c = 0; c < s->cols; c++) {
    char name[512];
    const char *text = name;
    if (c >= s->inputs)
      text = target->names.items[c - s->inputs];
    else if (encoder)
      ebbi_encoder_input_name(name, sizeof name, encoder, c);
    else
      text = ebbi_table_name(s->table, c);
    s->names[c] = free_name(taken, text);
    REQUIRE(s->names[c], EBB_ERR_MEMORY, "%s: no memory for a name", s->table->raw.path);
    bool input = c < s->inputs;
    ebb_column_kind kind = input && !encoder ? ebbi_table_kind(s->table, c) : EBB_COLUMN_NUMBER;
    s->texts[c] = input ? kind == EBB_COLUMN_CATEGORY || kind == EBB_COLUMN_DATE : text_target;
  }
  return EBB_OK;
}

static ebb_status write_sheet(source *s, const char *path, ebbi_notes *notes) {
  size_t targets = is_classes(s) ? 1 : s->table->target.cols;
  s->inputs = s->encoder ? s->encoder->inputs : s->table->cols;
  s->cols = s->inputs + targets;
  ebbi_names taken = {0};
  ebb_status status = name_columns(s, &taken);
  ebbi_names_free(&taken);
  ebbi_sheet sheet = {.rows = s->table->rows,
                      .cols = s->cols,
                      .targets = targets,
                      .names = (const char *const *)s->names,
                      .texts = s->texts,
                      .number = number_at,
                      .text = text_at,
                      .user = s};
  if (status == EBB_OK) status = ebbi_sheet_write(path, &sheet, notes);
  for (size_t c = 0; s->names && c < s->cols; c++) free(s->names[c]);
  free(s->names);
  free(s->texts);
  return status;
}

static ebb_status write_encoded(source *s, const char *path, const ebb_encoder_options *options,
                                ebbi_notes *notes) {
  ebb_encoder *encoder = NULL;
  ebb_dataset encoded = {0};
  ebb_encoder_options plain = *options;
  plain.no_scale = plain.no_scale_target = true;
  ebb_status status = ebb_encoder_fit(&encoder, s->table, NULL, 0, &plain);
  if (status == EBB_OK) status = ebb_encoder_apply(&encoded, encoder, s->table, NULL, 0);
  s->encoder = encoder;
  s->encoded = &encoded;
  if (status == EBB_OK) status = write_sheet(s, path, notes);
  ebb_dataset_clear(&encoded);
  ebb_encoder_free(encoder);
  return status;
}

ebb_status ebb_table_write(ebb_table *table, const char *path, const ebb_encoder_options *options) {
  char date[DATE_TEXT];
  source s = {.table = table, .date = date};
  const char *ending = strrchr(path, '.');
  if (ending && strcasecmp(ending, ".csv") == 0) return write_sheet(&s, path, &table->notes);
  return write_encoded(&s, path, options, &table->notes);
}
