/* Columns of texts: formatted numbers, keys and free text, or categories.
 *
 * A column is read as numbers only if all of its values can be: converting half of a column would
 * lose the other half. A column that would be numbers except for a wrong decimal mark or a few
 * tokens is refused, since a network would learn its values by heart as categories.
 */
#include "data/columns.h"

#include "base/error.h"
#include "data/reading.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  FEW_NUMBERS = 20, /* up to this many distinct numbers beside texts may be categories, as in 2, 3,
                     * 5more */
  FEW_TEXTS = 5     /* more texts than this beside numbers are codes: 250.8, E909, V27 */
};

size_t ebbi_raw_first_row(const ebbi_raw *raw, size_t col, size_t text) {
  size_t row = 0;
  while (row + 1 < raw->rows && ebbi_cells_code(raw->columns[col].codes, row) != (int32_t)text)
    row++;
  return row;
}

size_t ebbi_raw_first_word(const ebbi_raw *raw, size_t col, char decimal) {
  const ebbi_names *texts = &raw->columns[col].texts;
  double value;
  size_t i = 0;
  while (i + 1 < texts->count && ebbi_number_parse(&value, texts->items[i], decimal)) i++;
  return i;
}

static void explain(ebbi_column *column, const ebbi_reading *reading) {
  const char *format = column->format;
  char *why = column->why;
  size_t size = sizeof column->why;
  if (column->kind == EBB_COLUMN_DATE)
    snprintf(why, size, "dates, %s%s", format, reading->ambiguous ? "; d-m-y would fit too" : "");
  else if (strcmp(format, "h:m") == 0)
    snprintf(why, size, "times, as hours");
  else if (strcmp(format, "m:s") == 0)
    snprintf(why, size, "times, as minutes");
  else if (format[0] == '\0')
    snprintf(why, size, "numbers with grouped digits");
  else
    snprintf(why, size, "numbers in %s", format);
}

static ebb_status take(ebbi_column *column, ebbi_raw *raw, size_t col, ebb_column_kind kind,
                       const ebbi_reading *found) {
  column->kind = kind;
  column->reason = EBBI_READ_TEXTS;
  memcpy(column->format, found->format, sizeof column->format);
  explain(column, found);
  TRY(ebbi_raw_take_numbers(raw, col, found->values));
  return ebbi_column_check_range(raw, col);
}

static ebb_status begin_values(double **values, const ebbi_raw *raw, size_t col) {
  size_t count = raw->columns[col].texts.count;
  *values = malloc((count + 1) * sizeof **values);
  REQUIRE(*values, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", raw->path, count);
  return EBB_OK;
}

ebb_status ebbi_column_read_texts(ebbi_column *column, ebbi_raw *raw, size_t col, char decimal,
                                  bool *done) {
  const ebbi_names *texts = &raw->columns[col].texts;
  double *values;
  TRY(begin_values(&values, raw, col));
  ebbi_reading amounts = {.values = values}, clocks = amounts, dates = amounts;
  const ebbi_reading *found = ebbi_read_amounts(&amounts, texts, decimal) ? &amounts
                              : ebbi_read_dates(&dates, texts)            ? &dates
                              : ebbi_read_clocks(&clocks, texts)          ? &clocks
                                                                          : NULL;
  ebb_column_kind kind = found == &dates ? EBB_COLUMN_DATE : EBB_COLUMN_AMOUNT;
  *done = found != NULL;
  ebb_status status = found ? take(column, raw, col, kind, found) : EBB_OK;
  free(values);
  return status;
}

ebb_status ebbi_column_read_dates(ebbi_column *column, ebbi_raw *raw, size_t col) {
  double *values;
  TRY(begin_values(&values, raw, col));
  ebbi_reading dates = {.values = values};
  ebb_status status = EBB_OK;
  if (ebbi_read_dates(&dates, &raw->columns[col].texts))
    status = take(column, raw, col, EBB_COLUMN_DATE, &dates);
  free(values);
  return status;
}

/* Fails if most texts are numbers or amounts with the other decimal mark. The reader has already
 * refused plain numbers with a comma. */
static ebb_status check_marks(const ebbi_raw *raw, size_t col, char decimal) {
  const ebbi_names *texts = &raw->columns[col].texts;
  char other = decimal == ',' ? '.' : ',', unit[EBBI_FORMAT];
  size_t found = 0, first = 0;
  double value;
  char shown[EBBI_SHOWN], name[EBBI_QUOTED];
  for (size_t i = 0; i < texts->count; i++)
    if (strchr(texts->items[i], other) && ebbi_amount_parse(&value, unit, texts->items[i], other) &&
        !ebbi_amount_parse(&value, unit, texts->items[i], decimal) && found++ == 0)
      first = i;
  if (2 * found <= texts->count) return EBB_OK;
  ebbi_shown(shown, texts->items[first]);
  size_t row = ebbi_raw_first_row(raw, col, first);
  if (decimal != ',')
    return ebbi_raw_fail(raw, row, col,
                         "\"%s\" has a decimal comma; read such numbers with --decimal ,", shown);
  return ebbi_raw_fail(raw, row, col,
                       "\"%s\" has a decimal point, although --decimal , was given: remove that "
                       "option, or add --categorical %s",
                       shown, ebbi_quoted(name, raw->names.items[col]));
}

/* Fails if most texts are numbers and a few are not. */
static ebb_status check_mixed(const ebbi_raw *raw, size_t col, char decimal) {
  const ebbi_raw_column *column = &raw->columns[col];
  size_t there = raw->rows - column->missing, others = 0, first = 0;
  double value;
  char shown[EBBI_SHOWN], name[EBBI_QUOTED], na[EBBI_QUOTED], list[320] = "";
  if (2 * column->numeric <= there) return EBB_OK;
  for (size_t i = 0; i < column->texts.count; i++) {
    const char *text = column->texts.items[i];
    if (ebbi_number_parse(&value, text, decimal)) continue;
    if (others++ == 0) first = i;
    size_t used = strlen(list);
    snprintf(list + used, sizeof list - used, "%s%s", used ? "," : "", text);
  }
  if (others == 0 || others > FEW_TEXTS || column->texts.count - others <= FEW_NUMBERS)
    return EBB_OK;
  return ebbi_raw_fail(raw, ebbi_raw_first_row(raw, col, first), col,
                       "\"%s\" is not a number, unlike %zu of %zu values: --na %s if %s for a "
                       "missing value, --categorical %s if all are categories",
                       ebbi_shown(shown, column->texts.items[first]), column->numeric, there,
                       ebbi_quoted(na, list), others > 1 ? "these texts stand" : "it stands",
                       ebbi_quoted(name, raw->names.items[col]));
}

ebb_status ebbi_column_check_texts(const ebbi_raw *raw, size_t col, char decimal) {
  TRY(check_marks(raw, col, decimal));
  return check_mixed(raw, col, decimal);
}

/* If most texts are numbers, amounts or dates, records which text prevents reading the column
 * so. */
static bool explain_nearly(ebbi_column *column, const ebbi_raw *raw, size_t col, char decimal) {
  const ebbi_names *texts = &raw->columns[col].texts;
  ebbi_nearly nearly;
  char shown[EBBI_SHOWN];
  if (!ebbi_read_nearly(&nearly, texts, decimal)) return false;
  column->reason = EBBI_NEARLY;
  snprintf(column->why, sizeof column->why, "%zu of %zu texts are %s, \"%.32s\" is not",
           nearly.count, texts->count, nearly.what, ebbi_shown(shown, texts->items[nearly.bad]));
  return true;
}

ebb_status ebbi_column_judge_texts(ebbi_column *column, ebbi_raw *raw, size_t col, char decimal,
                                   bool keep) {
  const ebbi_raw_column *values = &raw->columns[col];
  size_t there = raw->rows - values->missing;
  char shown[EBBI_SHOWN];
  bool done;
  TRY(ebbi_column_read_texts(column, raw, col, decimal, &done));
  if (done) return EBB_OK;
  TRY(ebbi_column_check_texts(raw, col, decimal));
  column->kind = EBB_COLUMN_CATEGORY;
  if (!keep && ebbi_mostly_differ(raw, col)) {
    column->use = EBB_COLUMN_LEFT_OUT;
    if (explain_nearly(column, raw, col, decimal)) return EBB_OK;
    column->reason = EBBI_ALL_TEXTS;
    snprintf(column->why, sizeof column->why, "%zu different texts in %zu rows",
             values->texts.count, there);
  } else if (values->numeric > 0 && values->numeric < there) {
    const char *word = values->texts.items[ebbi_raw_first_word(raw, col, decimal)];
    column->reason = EBBI_MIXED;
    snprintf(column->why, sizeof column->why, "numbers and texts, like \"%s\"",
             ebbi_shown(shown, word));
  } else if (values->texts.count == 1) {
    snprintf(column->why, sizeof column->why, "the same in all rows");
  }
  return EBB_OK;
}
