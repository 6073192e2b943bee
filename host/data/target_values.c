/* A target's values in the form in which they are learned.
 *
 * Classes are always stored as codes and names, so that splitting and encoding need not know their
 * source: a label 7 of an array is the class "7". A class is named by its first text in the file,
 * or, in an array of numbers, by the number's shortest text.
 */
#include "data/target.h"

#include "base/error.h"
#include "base/text.h"
#include "data/columns.h"
#include "data/decimal.h"
#include "data/number_set.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

ebb_status ebbi_target_count(ebbi_wholes *out, const ebbi_raw *raw, size_t col) {
  ebbi_number_set set = {0};
  ebbi_run run;
  run.count = 0;
  *out = (ebbi_wholes){.whole = true, .low = INFINITY, .high = -INFINITY};
  for (size_t row = 0; row < raw->rows && out->whole; row++) {
    double value = ebbi_raw_next(&run, raw, row, col);
    if (isnan(value)) continue;
    out->whole = value == floor(value);
    out->low = value < out->low ? value : out->low;
    out->high = value > out->high ? value : out->high;
  }
  ebb_status status = EBB_OK;
  if (out->whole) status = ebbi_number_set_fill(&set, raw, col, EBBI_MAX_CLASSES);
  out->distinct = set.count;
  ebbi_number_set_free(&set);
  return status;
}

static ebb_status no_codes(ebbi_target *target, const ebbi_raw *raw) {
  target->codes = ebbi_cells_new();
  REQUIRE(target->codes, EBB_ERR_MEMORY, "%s: no memory for %zu labels", raw->path, raw->rows);
  return EBB_OK;
}

static ebb_status check_count(const ebbi_raw *raw, size_t col, size_t count) {
  char shown[EBBI_SHOWN];
  REQUIRE(count <= EBBI_MAX_CLASSES, EBB_ERR_INPUT,
          "%s: target \"%s\": more than %d distinct values, too many to be classes", raw->path,
          ebbi_shown(shown, raw->names.items[col]), EBBI_MAX_CLASSES);
  return EBB_OK;
}

static ebb_status sort_classes(ebbi_target *target, const ebbi_raw *raw, size_t col, int32_t *map,
                               bool numbers) {
  const ebbi_cells *codes = raw->columns[col].codes;
  ebbi_run run;
  run.count = 0;
  TRY(ebbi_names_copy(&target->classes, &raw->columns[col].texts));
  TRY(ebbi_names_sort(&target->classes, map, numbers));
  for (size_t row = 0; row < raw->rows; row++) {
    double code = ebbi_run_at(&run, codes, row);
    TRY(ebbi_cells_add_code(target->codes, isnan(code) ? -1 : map[(size_t)code]));
  }
  return EBB_OK;
}

static ebb_status classes_of_texts(ebbi_target *target, const ebbi_raw *raw, size_t col) {
  const ebbi_raw_column *column = &raw->columns[col];
  bool numbers = column->numbers != NULL;
  double value;
  TRY(check_count(raw, col, column->texts.count));
  for (size_t i = 0; i < column->texts.count && numbers; i++)
    numbers = ebbi_parse_double(&value, column->texts.items[i]);
  TRY(no_codes(target, raw));
  int32_t *map = malloc((column->texts.count + 1) * sizeof *map);
  REQUIRE(map, EBB_ERR_MEMORY, "%s: no memory for %zu classes", raw->path, column->texts.count);
  ebb_status status = sort_classes(target, raw, col, map, numbers);
  free(map);
  return status;
}

/* The class of a value, found by binary search. */
static int32_t class_of(const ebbi_number_set *set, double value) {
  size_t low = 0, high = set->count; /* it lies in [low, high) */
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (set->slots[middle] <= value)
      low = middle;
    else
      high = middle;
  }
  return isnan(value) ? -1 : (int32_t)low;
}

static ebb_status add_classes(ebbi_target *target, const ebbi_raw *raw, size_t col,
                              const ebbi_number_set *set) {
  char text[EBBI_NUMBER_TEXT];
  size_t index;
  for (size_t i = 0; i < set->count; i++)
    TRY(ebbi_names_add(&target->classes, &index, ebbi_number_text(text, set->slots[i])));
  ebbi_run run;
  run.count = 0;
  for (size_t row = 0; row < raw->rows; row++)
    TRY(ebbi_cells_add_code(target->codes, class_of(set, ebbi_raw_next(&run, raw, row, col))));
  return EBB_OK;
}

static ebb_status classes_of_numbers(ebbi_target *target, const ebbi_raw *raw, size_t col) {
  ebbi_number_set set = {0};
  TRY(ebbi_column_check_range(raw, col));
  ebb_status status = ebbi_number_set_fill(&set, raw, col, EBBI_MAX_CLASSES);
  if (status == EBB_OK) status = check_count(raw, col, set.count);
  if (status == EBB_OK) status = no_codes(target, raw);
  if (status == EBB_OK) {
    ebbi_number_set_sort(&set);
    status = add_classes(target, raw, col, &set);
  }
  ebbi_number_set_free(&set);
  return status;
}

ebb_status ebbi_target_classes(ebbi_target *target, const ebbi_raw *raw, size_t col) {
  bool texts = raw->columns && raw->columns[col].codes;
  return texts ? classes_of_texts(target, raw, col) : classes_of_numbers(target, raw, col);
}

ebb_status ebbi_target_values(ebbi_target *target, const ebbi_raw *raw, const ebbi_list *cols) {
  for (size_t k = 0; k < cols->count; k++) TRY(ebbi_column_check_range(raw, cols->items[k]));
  target->numbers = calloc(cols->count, sizeof *target->numbers);
  ebbi_run run;
  for (size_t k = 0; k < cols->count; k++) {
    ebbi_cells *numbers = target->numbers ? ebbi_cells_new() : NULL;
    REQUIRE(numbers, EBB_ERR_MEMORY, "%s: no memory for %zu rows of %zu targets", raw->path,
            raw->rows, cols->count);
    target->numbers[k] = numbers;
    run.count = 0;
    for (size_t row = 0; row < raw->rows; row++)
      TRY(ebbi_cells_add(numbers, ebbi_raw_next(&run, raw, row, cols->items[k])));
    ebbi_cells_trim(numbers);
  }
  return EBB_OK;
}

/* The column of a row's single 1 if all other columns hold 0; otherwise EBBI_NO_INDEX. */
static size_t hot_column(const ebbi_raw *raw, size_t row, const ebbi_list *cols) {
  size_t hot = EBBI_NO_INDEX;
  for (size_t k = 0; k < cols->count; k++) {
    double value = ebbi_raw_number(raw, row, cols->items[k]);
    if (value == 1 && hot == EBBI_NO_INDEX)
      hot = k;
    else if (value != 0)
      return EBBI_NO_INDEX;
  }
  return hot;
}

bool ebbi_target_is_one_hot(const ebbi_raw *raw, const ebbi_list *cols) {
  if (cols->count < 2 || cols->count > EBBI_MAX_CLASSES) return false;
  for (size_t k = 0; k < cols->count && raw->columns; k++)
    if (!raw->columns[cols->items[k]].numbers) return false;
  for (size_t row = 0; row < raw->rows; row++)
    if (hot_column(raw, row, cols) == EBBI_NO_INDEX) return false;
  return true;
}

ebb_status ebbi_target_one_hot(ebbi_target *target, const ebbi_raw *raw, const ebbi_list *cols) {
  TRY(no_codes(target, raw));
  TRY(ebbi_names_copy(&target->classes, &target->names));
  for (size_t row = 0; row < raw->rows; row++)
    TRY(ebbi_cells_add_code(target->codes, (int32_t)hot_column(raw, row, cols)));
  return EBB_OK;
}
