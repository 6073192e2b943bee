/* Columns that number the rows.
 *
 * Such a column tells a network where a row was in the file. A sorted file is ordered by class, so
 * on noise the column looks like knowledge. Consecutive whole numbers, one a row, are not a
 * measurement if there are at least thirty rows; with fewer rows the column's name must confirm it.
 * A key with gaps is recognised only by its name, or by having no name, as in an index that was
 * sorted or filtered: prices may all differ, too. A column named as a time is a time axis.
 */
#include "data/columns.h"

#include "base/error.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MANY_ROWS = 30, MANY_TEXTS = 20, FIRST_ROWS = 4096 };

static bool is_listed(const char *name, const char *const *list) {
  for (; *list; list++)
    if (strcasecmp(name, *list) == 0) return true;
  return false;
}

/* A column of row labels as programs write it: unnamed, or with one of their names. */
static bool is_label(const ebbi_raw *raw, size_t col) {
  static const char *const names[] = {"index", "idx", "rownum", "row_number", "rownames", NULL};
  const char *name = raw->names.items[col];
  if (raw->unnamed && raw->unnamed[col]) return true;
  return raw->header && (strncasecmp(name, "Unnamed:", 8) == 0 || is_listed(name, names));
}

static bool is_time_name(const ebbi_raw *raw, size_t col) {
  static const char *const names[] = {"t",   "time", "date",   "year",   "month",     "week",
                                      "day", "hour", "minute", "second", "timestamp", NULL};
  return raw->header && is_listed(raw->names.items[col], names);
}

bool ebbi_is_index_name(const ebbi_raw *raw, size_t col) {
  static const char *const names[] = {"row", "rows", "no",  "no.",  "number", "nr",     "nr.",
                                      "#",   "id",   "sno", "s.no", "s.no.",  "serial", NULL};
  return is_label(raw, col) || (raw->header && is_listed(raw->names.items[col], names));
}

/* id, user_id, user-id, "user id", userId, userID, and the same with uuid. */
bool ebbi_is_id_name(const char *name) {
  size_t length = strlen(name);
  if (strcasecmp(name, "id") == 0 || strcasecmp(name, "uuid") == 0) return true;
  if (length < 3 || strcasecmp(name + length - 2, "id") != 0) return false;
  char before = name[length - 3];
  return strchr("_- .", before) || (islower((unsigned char)before) && name[length - 2] == 'I');
}

static bool counts_up(const ebbi_raw *raw, size_t col, double low) {
  for (size_t row = 0; row < raw->rows; row++)
    if (ebbi_raw_number(raw, row, col) != low + (double)row) return false;
  return true;
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Whole numbers in all rows, without duplicates. Sorts the column: a set would take several times
 * its memory. Most other columns are ruled out by their first rows. */
static ebb_status all_differ(bool *differ, const ebbi_raw *raw, size_t col) {
  size_t rows = raw->rows, first = rows < FIRST_ROWS ? rows : FIRST_ROWS;
  double *sorted = malloc(rows * sizeof *sorted);
  REQUIRE(sorted, EBB_ERR_MEMORY, "%s: no memory to sort %zu numbers", raw->path, rows);
  *differ = true;
  for (size_t count = first;; count = rows) {
    for (size_t row = 0; row < count && *differ; row++) {
      sorted[row] = ebbi_raw_number(raw, row, col);
      *differ = sorted[row] == floor(sorted[row]);
    }
    if (*differ) qsort(sorted, count, sizeof *sorted, compare);
    for (size_t i = 1; i < count && *differ; i++) *differ = sorted[i] != sorted[i - 1];
    if (count == rows || !*differ) break;
  }
  free(sorted);
  return EBB_OK;
}

ebb_status ebbi_column_judge_numbers(ebbi_column *column, const ebbi_raw *raw, size_t col,
                                     double low, double high) {
  bool index_name = ebbi_is_index_name(raw, col);
  bool id_name = raw->header && ebbi_is_id_name(raw->names.items[col]), differ = false;
  bool no_gap = high - low == (double)raw->rows - 1 && low == floor(low);
  bool many = raw->rows >= MANY_ROWS && !is_time_name(raw, col);
  column->kind = EBB_COLUMN_NUMBER;
  if (low == high) snprintf(column->why, sizeof column->why, "the same in all rows");
  bool suspect = id_name || (no_gap && (index_name || many)) || (low >= 0 && is_label(raw, col));
  if (raw->rows < 2 || !suspect) return EBB_OK;
  bool in_order = no_gap && (low == 0 || low == 1) && counts_up(raw, col, low);
  if (!in_order) TRY(all_differ(&differ, raw, col));
  if (!in_order && !differ) return EBB_OK;
  column->use = EBB_COLUMN_LEFT_OUT;
  column->reason = in_order ? EBBI_ROW_NUMBERS : EBBI_NUMBERED;
  snprintf(column->why, sizeof column->why, "%s",
           in_order ? "row numbers" : "a different whole number in each row");
  return EBB_OK;
}

bool ebbi_is_key_name(const ebbi_raw *raw, size_t col) {
  return ebbi_is_index_name(raw, col) || (raw->header && ebbi_is_id_name(raw->names.items[col]));
}

bool ebbi_mostly_differ(const ebbi_raw *raw, size_t col) {
  const ebbi_raw_column *column = &raw->columns[col];
  size_t there = raw->rows - column->missing, distinct = column->texts.count;
  if (ebbi_is_key_name(raw, col) && there >= 2 && distinct == there) return true;
  return there >= MANY_TEXTS && 2 * distinct > there;
}
