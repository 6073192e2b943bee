/* Descriptions of a table's target and texts, for people. */
#include "base/error.h"
#include "data/table.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

size_t ebb_table_targets(const ebb_table *table) {
  return table->target.names.count;
}

const char *ebb_table_target_name(const ebb_table *table, size_t index) {
  return index < table->target.names.count ? table->target.names.items[index] : NULL;
}

size_t ebb_table_classes(const ebb_table *table) {
  return table->target.codes ? table->target.classes.count : 0;
}

const char *ebb_table_class(size_t *rows, const ebb_table *table, size_t index) {
  const ebbi_target *target = &table->target;
  *rows = 0;
  if (index >= ebb_table_classes(table)) return NULL;
  for (size_t row = 0; row < table->rows; row++)
    *rows += ebbi_table_class(table, row) == (int32_t)index;
  return target->classes.items[index];
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

/* Interpolates linearly between two values of a sorted list, as most programs define a quantile.
 * Quantiles never decrease as the share grows: `low + part * (high - low)` cannot fall with part,
 * however it is rounded. */
static double quantile(const double *sorted, size_t count, double share) {
  double at = share * (double)(count - 1);
  size_t below = (size_t)at;
  if (below + 1 >= count) return sorted[count - 1];
  double part = at - (double)below, low = sorted[below], high = sorted[below + 1];
  return isfinite(high - low) ? low + part * (high - low) : low * (1 - part) + high * part;
}

ebb_status ebb_table_quartiles(double out[5], const ebb_table *table, size_t index) {
  const ebbi_target *target = &table->target;
  REQUIRE(target->numbers && index < target->cols && table->rows > 0, EBB_ERR_ARGUMENT,
          "ebb_table_quartiles: there is no target %zu of numbers", index);
  double *sorted = malloc(table->rows * sizeof *sorted);
  REQUIRE(sorted, EBB_ERR_MEMORY, "data: no memory to sort %zu rows", table->rows);
  for (size_t row = 0; row < table->rows; row++) sorted[row] = ebbi_table_value(table, row, index);
  qsort(sorted, table->rows, sizeof *sorted, compare);
  for (int i = 0; i < 5; i++) out[i] = quantile(sorted, table->rows, i / 4.0);
  free(sorted);
  return EBB_OK;
}

ebb_status ebb_table_check_targets(const ebb_table *table, double least, double most, bool above,
                                   const char *needs) {
  const ebbi_target *target = &table->target;
  for (size_t row = 0; target->numbers && row < table->rows; row++)
    for (size_t k = 0; k < target->cols; k++) {
      double value = ebbi_table_value(table, row, k);
      if ((above ? value > least : value >= least) && value <= most) continue;
      return ebbi_target_fail(table, row,
                              "the target is %g, which is not %s; leave such rows out, "
                              "or choose a loss for any number, such as mse",
                              value, needs);
    }
  return EBB_OK;
}

ebb_status ebb_table_check_sums(const ebb_table *table, double sum, double spread,
                                const char *needs) {
  const ebbi_target *target = &table->target;
  for (size_t row = 0; target->numbers && row < table->rows; row++) {
    double found = 0;
    for (size_t k = 0; k < target->cols; k++) found += ebbi_table_value(table, row, k);
    if (!(fabs(found - sum) <= spread))
      return ebbi_target_fail(table, row, "the %zu targets sum to %g, not to %g, %s", target->cols,
                              found, sum, needs);
  }
  return EBB_OK;
}

const char *ebb_table_text(const ebb_table *table, size_t column, size_t index) {
  if (column >= table->raw.cols || !table->raw.columns) return NULL;
  const ebbi_names *texts = &table->raw.columns[column].texts;
  return index < texts->count ? texts->items[index] : NULL;
}

const char *ebb_column_value(char *text, size_t size, ebb_column_kind kind, double value) {
  struct tm date;
  bool is_date = kind == EBB_COLUMN_DATE && fabs(value) < 1e7; /* NaN is not a date */
  time_t seconds = is_date ? (time_t)floor(value * 86400 + 0.5) : 0;
  is_date = is_date && gmtime_r(&seconds, &date);
  bool day = value == floor(value);
  const char *format = day                      ? "%Y-%m-%d"
                       : is_date && date.tm_sec ? "%Y-%m-%d %H:%M:%S"
                                                : "%Y-%m-%d %H:%M";
  if (!is_date || strftime(text, size, format, &date) == 0) snprintf(text, size, "%g", value);
  return text;
}
