/* Tables by hand: what a reader and the decisions about columns would make of a file, for tests of
 * what comes after them. Line 1 is a header; row r stands in line r + 2. */
#ifndef EBB_TABLE_RIG_H
#define EBB_TABLE_RIG_H

#include "test_data.h"

static inline void *rig_copy(const void *from, size_t bytes) {
  void *copy = malloc(bytes);
  assert_non_null(copy);
  memcpy(copy, from, bytes);
  return copy;
}

static inline void *rig_grow(void *list, size_t count, size_t size) {
  void *grown = realloc(list, count * size);
  assert_non_null(grown);
  return grown;
}

/* A table "t" without columns. */
static inline ebb_table *rig_table(size_t rows) {
  ebb_table *t = calloc(1, sizeof *t);
  assert_non_null(t);
  t->raw.path = rig_copy("t", 2);
  t->raw.rows = t->rows = rows;
  t->raw.header = true;
  t->raw.lines = rig_grow(NULL, rows, sizeof *t->raw.lines);
  for (size_t r = 0; r < rows; r++) t->raw.lines[r] = r + 2;
  return t;
}

/* One more column of the file, empty yet. */
static inline ebbi_raw_column *rig_column(ebb_table *t, const char *name, ebb_column_use use,
                                          ebb_column_kind kind) {
  size_t c = t->raw.cols++, index;
  assert_int_equal(ebbi_names_add(&t->raw.names, &index, name), EBB_OK);
  t->raw.columns = rig_grow(t->raw.columns, t->raw.cols, sizeof *t->raw.columns);
  t->raw.columns[c] = (ebbi_raw_column){0};
  t->columns = rig_grow(t->columns, t->raw.cols, sizeof *t->columns);
  t->columns[c] = (ebbi_column){.use = use, .kind = kind};
  if (use == EBB_COLUMN_INPUT) {
    t->inputs = rig_grow(t->inputs, t->cols + 1, sizeof *t->inputs);
    t->inputs[t->cols++] = c;
  }
  return &t->raw.columns[c];
}

/* Numbers, amounts or dates; NaN where missing. */
static inline void rig_numbers(ebb_table *t, const char *name, ebb_column_kind kind,
                               const double *values) {
  ebbi_raw_column *column = rig_column(t, name, EBB_COLUMN_INPUT, kind);
  column->numbers = rig_copy(values, t->raw.rows * sizeof *values);
}

/* Codes by first appearance; NULL: missing. */
static inline void rig_codes(int32_t **codes, ebbi_names *names, const char *const *texts,
                             size_t rows) {
  *codes = rig_grow(NULL, rows, sizeof **codes);
  for (size_t r = 0; r < rows; r++) {
    size_t index = 0;
    if (texts[r]) assert_int_equal(ebbi_names_add(names, &index, texts[r]), EBB_OK);
    (*codes)[r] = texts[r] ? (int32_t)index : -1;
  }
}

static inline void rig_texts(ebb_table *t, const char *name, const char *const *texts) {
  ebbi_raw_column *column = rig_column(t, name, EBB_COLUMN_INPUT, EBB_KIND_CATEGORY);
  rig_codes(&column->codes, &column->texts, texts, t->raw.rows);
}

/* A target of classes; `numbers`: sorted by value. */
static inline void rig_classes(ebb_table *t, const char *name, const char *const *texts,
                               bool numbers) {
  size_t index;
  rig_column(t, name, EBB_COLUMN_TARGET, EBB_KIND_CATEGORY);
  assert_int_equal(ebbi_names_add(&t->target.names, &index, name), EBB_OK);
  t->target.cols = 1;
  t->target.task = EBB_TASK_CLASSIFICATION;
  rig_codes(&t->target.codes, &t->target.classes, texts, t->raw.rows);
  assert_int_equal(ebbi_names_sort(&t->target.classes, t->target.codes, t->raw.rows, numbers),
                   EBB_OK);
}

/* A target of values, or one more of them. */
static inline void rig_values(ebb_table *t, const char *name, const double *values) {
  ebbi_target *target = &t->target;
  size_t index, cols = target->cols++, rows = t->raw.rows;
  rig_column(t, name, EBB_COLUMN_TARGET, EBB_KIND_NUMBER);
  assert_int_equal(ebbi_names_add(&target->names, &index, name), EBB_OK);
  target->task = EBB_TASK_REGRESSION;
  double *numbers = rig_grow(NULL, rows * (cols + 1), sizeof *numbers);
  for (size_t r = 0; r < rows; r++) {
    for (size_t k = 0; k < cols; k++) numbers[r * (cols + 1) + k] = target->numbers[r * cols + k];
    numbers[r * (cols + 1) + cols] = values[r];
  }
  free(target->numbers);
  target->numbers = numbers;
}

/* An array of bytes, image or not, in place of columns. */
static inline ebb_table *rig_bytes(size_t rows, size_t cols, const char *bytes, bool image) {
  ebb_table *t = rig_table(rows);
  for (size_t c = 0; c < cols; c++) {
    char name[24];
    snprintf(name, sizeof name, "%zu", c);
    rig_column(t, name, EBB_COLUMN_INPUT, image ? EBB_KIND_PIXEL : EBB_KIND_NUMBER);
  }
  free(t->raw.columns);
  free(t->raw.lines);
  t->raw.columns = NULL;
  t->raw.lines = NULL;
  t->raw.header = false;
  t->raw.image = image;
  t->raw.bytes = rig_copy(bytes, rows * cols);
  t->raw.array = (ebbi_array){.element = EBBI_U8,
                              .item = 1,
                              .rows = rows,
                              .cols = cols,
                              .data = (unsigned char *)t->raw.bytes};
  return t;
}

/* Rows of the file that are rows of the table. */
static inline void rig_keep(ebb_table *t, const size_t *rows, size_t count) {
  t->kept = rig_copy(rows, count * sizeof *rows);
  t->rows = count;
}

#endif
