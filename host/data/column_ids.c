/* Columns that number the rows.
 *
 * Such a column tells a network where a row stood in the file, and a sorted file has its classes
 * there: on noise it looks like knowledge. Whole numbers without a gap, one a row, are no
 * measurement in thirty rows or more; in fewer they may be, so their name must say it. A key with
 * gaps is known by its name alone, or by having none, as an index that was sorted or thinned out:
 * prices may all differ, too. What is named as a time counts it.
 */
#include "data/columns.h"

#include "base/error.h"
#include "data/number_set.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MANY_ROWS = 30, MANY_TEXTS = 20 };

static bool is_listed(const char *name, const char *const *list) {
  for (; *list; list++)
    if (strcasecmp(name, *list) == 0) return true;
  return false;
}

/* A column of row labels as programs write it: without a name, or named by them. */
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

/* id, user_id, user-id, "user id", userId, userID, and the same of uuid. */
bool ebbi_is_id_name(const char *name) {
  size_t length = strlen(name);
  if (strcasecmp(name, "id") == 0 || strcasecmp(name, "uuid") == 0) return true;
  if (length < 3 || strcasecmp(name + length - 2, "id") != 0) return false;
  char before = name[length - 3];
  return strchr("_- .", before) || (islower((unsigned char)before) && name[length - 2] == 'I');
}

/* Whole numbers in all rows, and no two the same. */
static ebb_status all_differ(bool *differ, const ebbi_raw *raw, size_t col) {
  ebbi_number_set set = {0};
  ebb_status status = EBB_OK;
  *differ = true;
  for (size_t row = 0; row < raw->rows && *differ && status == EBB_OK; row++) {
    double value = ebbi_raw_number(raw, row, col);
    *differ = value == floor(value);
    if (*differ) status = ebbi_number_set_add(&set, value);
    if (status == EBB_OK && set.count <= row) *differ = false;
  }
  ebbi_number_set_free(&set);
  return status;
}

ebb_status ebbi_column_judge_numbers(ebbi_column *column, const ebbi_raw *raw, size_t col,
                                     double low, double high) {
  bool index_name = ebbi_is_index_name(raw, col);
  bool id_name = raw->header && ebbi_is_id_name(raw->names.items[col]), differ = false;
  bool no_gap = high - low == (double)raw->rows - 1 && low == floor(low);
  bool many = raw->rows >= MANY_ROWS && !is_time_name(raw, col);
  column->kind = EBB_KIND_NUMBER;
  if (low == high) snprintf(column->why, sizeof column->why, "the same in all rows");
  bool suspect = id_name || (no_gap && (index_name || many)) || (low >= 0 && is_label(raw, col));
  if (raw->rows < 2 || !suspect) return EBB_OK;
  TRY(all_differ(&differ, raw, col));
  if (!differ) return EBB_OK;
  bool in_order = no_gap && (low == 0 || low == 1);
  for (size_t row = 0; row < raw->rows && in_order; row++)
    in_order = ebbi_raw_number(raw, row, col) == low + (double)row;
  column->use = EBB_COLUMN_LEFT_OUT;
  column->reason = in_order ? EBBI_ROW_NUMBERS : EBBI_NUMBERED;
  snprintf(column->why, sizeof column->why, "%s",
           in_order ? "row numbers" : "a whole number of its own in each row");
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
