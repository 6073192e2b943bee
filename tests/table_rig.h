/* Tables made by hand, as a reader and the decisions about columns would make them, for tests of
 * later stages. Line 1 is a header; row r is on line r + 2. */
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
  t->raw.lines = ebbi_cells_new();
  for (size_t r = 0; r < rows; r++) assert_int_equal(ebbi_cells_add(t->raw.lines, 2), EBB_OK);
  return t;
}

/* Adds a column of the file, still empty. */
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

static inline ebbi_cells *rig_cells(const double *values, size_t rows) {
  ebbi_cells *cells = ebbi_cells_new();
  assert_non_null(cells);
  for (size_t r = 0; r < rows; r++) assert_int_equal(ebbi_cells_add(cells, values[r]), EBB_OK);
  return cells;
}

/* Replaces one value. */
static inline void rig_set(ebbi_cells **cells, size_t row, double value) {
  ebbi_cells *changed = ebbi_cells_new();
  assert_non_null(changed);
  for (size_t r = 0; r < (*cells)->count; r++)
    assert_int_equal(ebbi_cells_add(changed, r == row ? value : ebbi_cells_get(*cells, r)), EBB_OK);
  ebbi_cells_free(*cells);
  *cells = changed;
}

/* Numbers, amounts or dates; NaN where missing. */
static inline void rig_numbers(ebb_table *t, const char *name, ebb_column_kind kind,
                               const double *values) {
  ebbi_raw_column *column = rig_column(t, name, EBB_COLUMN_INPUT, kind);
  column->numbers = rig_cells(values, t->raw.rows);
}

/* Codes by first appearance; NULL: missing. */
static inline void rig_codes(ebbi_cells **codes, ebbi_names *names, const char *const *texts,
                             size_t rows) {
  *codes = ebbi_cells_new();
  for (size_t r = 0; r < rows; r++) {
    size_t index = 0;
    if (texts[r]) assert_int_equal(ebbi_names_add(names, &index, texts[r]), EBB_OK);
    assert_int_equal(ebbi_cells_add_code(*codes, texts[r] ? (int32_t)index : -1), EBB_OK);
  }
}

static inline void rig_texts(ebb_table *t, const char *name, const char *const *texts) {
  ebbi_raw_column *column = rig_column(t, name, EBB_COLUMN_INPUT, EBB_COLUMN_CATEGORY);
  rig_codes(&column->codes, &column->texts, texts, t->raw.rows);
}

/* A target with classes; `numbers`: sorted by value. */
static inline void rig_classes(ebb_table *t, const char *name, const char *const *texts,
                               bool numbers) {
  size_t index;
  rig_column(t, name, EBB_COLUMN_TARGET, EBB_COLUMN_CATEGORY);
  assert_int_equal(ebbi_names_add(&t->target.names, &index, name), EBB_OK);
  t->target.cols = 1;
  t->target.task = EBB_TASK_CLASSIFICATION;
  ebbi_cells *codes;
  rig_codes(&codes, &t->target.classes, texts, t->raw.rows);
  int32_t *map = rig_grow(NULL, t->raw.rows, sizeof *map);
  assert_int_equal(ebbi_names_sort(&t->target.classes, map, numbers), EBB_OK);
  t->target.codes = ebbi_cells_new();
  for (size_t r = 0; r < t->raw.rows; r++) {
    int32_t code = ebbi_cells_code(codes, r);
    assert_int_equal(ebbi_cells_add_code(t->target.codes, code < 0 ? -1 : map[code]), EBB_OK);
  }
  ebbi_cells_free(codes);
  free(map);
}

/* Adds a target of values. */
static inline void rig_values(ebb_table *t, const char *name, const double *values) {
  ebbi_target *target = &t->target;
  size_t index, cols = target->cols++;
  rig_column(t, name, EBB_COLUMN_TARGET, EBB_COLUMN_NUMBER);
  assert_int_equal(ebbi_names_add(&target->names, &index, name), EBB_OK);
  target->task = EBB_TASK_REGRESSION;
  target->numbers = rig_grow(target->numbers, cols + 1, sizeof *target->numbers);
  target->numbers[cols] = rig_cells(values, t->raw.rows);
}

/* An array of bytes, image or not, instead of columns. */
static inline ebb_table *rig_bytes(size_t rows, size_t cols, const char *bytes, bool image) {
  ebb_table *t = rig_table(rows);
  for (size_t c = 0; c < cols; c++) {
    char name[24];
    snprintf(name, sizeof name, "%zu", c);
    rig_column(t, name, EBB_COLUMN_INPUT, image ? EBB_COLUMN_PIXEL : EBB_COLUMN_NUMBER);
  }
  free(t->raw.columns);
  ebbi_cells_free(t->raw.lines);
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

/* The rows of the file that the table keeps. */
static inline void rig_keep(ebb_table *t, const size_t *rows, size_t count) {
  t->kept = rig_grow(NULL, count, sizeof *t->kept);
  for (size_t i = 0; i < count; i++) t->kept[i] = (uint32_t)rows[i];
  t->rows = count;
}

#endif
