/* Targets: which task they mean, and in which form they are kept.
 *
 * Classes are kept as codes and names whatever they come from, so that splitting and encoding need
 * not know: a label 7 of an array is the class "7". Where the task is inferred the reason is kept
 * too, since a regression taken for classes is seen from that line or not at all.
 */
#include "target.h"

#include "array.h"
#include "base/error.h"
#include "base/size.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ebbi_target_free(ebbi_target *target) {
  free(target->name);
  free(target->path);
  free(target->codes);
  free(target->numbers);
  ebbi_names_free(&target->classes);
}

static ebb_task infer(char *reason, size_t size, const ebbi_column *column, size_t rows) {
  size_t distinct = column->names.count;
  bool whole = true;
  if (column->category) {
    snprintf(reason, size, "text");
    return EBB_TASK_CLASSIFICATION;
  }
  for (size_t i = 0; i < rows && whole; i++)
    whole = column->numbers[i] == floor(column->numbers[i]);
  if (distinct > EBBI_MAX_CATEGORIES)
    snprintf(reason, size, "more than %d distinct %s", EBBI_MAX_CATEGORIES,
             whole ? "integers" : "numbers");
  else
    snprintf(reason, size, "%zu distinct %s%s", distinct, whole ? "integer" : "number",
             distinct == 1 ? "" : "s");
  return whole && distinct <= EBBI_AUTO_CLASSES ? EBB_TASK_CLASSIFICATION : EBB_TASK_REGRESSION;
}

ebb_status ebbi_target_from_column(ebb_table *table, ebbi_column *column, const char *name,
                                   ebb_task task) {
  ebbi_target *target = &table->target;
  target->name = strdup(name);
  REQUIRE(target->name, EBB_ERR_MEMORY, "%s: no memory for a name", table->path);
  if (column->names.count <= EBBI_MAX_CATEGORIES)
    TRY(ebbi_names_sort(&column->names, column->codes, table->rows, !column->category));
  target->task = task;
  if (task == EBB_TASK_AUTO)
    target->task = infer(target->reason, sizeof target->reason, column, table->rows);
  target->cols = 1;
  if (target->task == EBB_TASK_CLASSIFICATION) {
    target->codes = column->codes;
    target->classes = column->names;
    column->codes = NULL;
    column->names = (ebbi_names){0};
  } else {
    target->numbers = column->numbers;
    column->numbers = NULL;
  }
  return EBB_OK;
}

static ebb_status add_classes(ebb_table *table, const ebbi_array *array) {
  ebbi_target *target = &table->target;
  size_t classes = 0, index;
  REQUIRE(array->cols == 1, EBB_ERR_INPUT,
          "%s: labels are one number a row, not %zu (are data and labels swapped?)", target->path,
          array->cols);
  target->codes = malloc(table->rows * sizeof *target->codes);
  REQUIRE(target->codes, EBB_ERR_MEMORY, "%s: no memory for %zu labels", target->path, table->rows);
  for (size_t i = 0; i < table->rows; i++) {
    double label = ebbi_array_get(array, i);
    if (!(label == floor(label) && label >= 0 && label < EBBI_MAX_CLASSES))
      return ebbi_target_fail(table, i,
                              "label %g is no class: these are 0, 1, 2, … (below %d); numbers to "
                              "be learned as they are need --task regression",
                              label, EBBI_MAX_CLASSES);
    target->codes[i] = (int32_t)label;
    if ((size_t)label >= classes) classes = (size_t)label + 1;
  }
  for (size_t i = 0; i < classes; i++) {
    char name[24];
    snprintf(name, sizeof name, "%zu", i);
    TRY(ebbi_names_add(&target->classes, &index, name));
  }
  return EBB_OK;
}

static ebb_status add_values(ebb_table *table, const ebbi_array *array) {
  ebbi_target *target = &table->target;
  size_t count = array->rows * array->cols, bytes; /* each element is a byte of the file at least */
  REQUIRE(array->cols <= EBBI_MAX_COLUMNS, EBB_ERR_INPUT, "%s: %zu targets a row, at most %d",
          target->path, array->cols, EBBI_MAX_COLUMNS);
  target->numbers = ebbi_size_mul(&bytes, count, sizeof *target->numbers) ? malloc(bytes) : NULL;
  REQUIRE(target->numbers, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", target->path, count);
  for (size_t i = 0; i < count; i++) {
    double value = ebbi_array_get(array, i);
    if (!(fabs(value) <= FLT_MAX))
      return ebbi_target_fail(table, i / array->cols,
                              "column %zu is %g: not a finite number in the range of float32",
                              i % array->cols, value);
    target->numbers[i] = value;
  }
  return EBB_OK;
}

ebb_status ebbi_table_add_labels(ebb_table *table, const char *path, const char *bytes, size_t size,
                                 ebb_task task) {
  ebbi_target *target = &table->target;
  ebbi_array array;
  TRY(ebbi_array_parse(&array, path, bytes, size));
  REQUIRE(array.rows == table->rows, EBB_ERR_INPUT, "%s: %zu labels, but %s has %zu rows", path,
          array.rows, table->path, table->rows);
  target->name = strdup("labels");
  target->path = strdup(path);
  REQUIRE(target->name && target->path, EBB_ERR_MEMORY, "%s: no memory for a name", path);
  bool classes = task == EBB_TASK_CLASSIFICATION;
  if (task == EBB_TASK_AUTO) {
    classes = !ebbi_array_is_float(&array);
    snprintf(target->reason, sizeof target->reason, "%s labels", classes ? "integer" : "float");
  }
  target->task = classes ? EBB_TASK_CLASSIFICATION : EBB_TASK_REGRESSION;
  target->cols = array.cols;
  target->position = table->cols;
  return classes ? add_classes(table, &array) : add_values(table, &array);
}
