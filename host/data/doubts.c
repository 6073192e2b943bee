/* Inputs that are read as written although they may mean something else: spellings, stand-ins for
 * missing numbers, numeric codes, a totals row.
 *
 * None of this is certain, so it is reported and not corrected: one note per kind of doubt, listing
 * all of its columns.
 */
#include "data/doubts.h"

#include "base/error.h"
#include "data/columns.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FEW_TEXTS = 1000, LONGEST = 64, FEWEST_ROWS = 3, LEAST = 9, LEAST_HIGH = 99 };

ebb_status ebbi_case_twins(bool *found, const char *twins[2], const ebbi_names *texts) {
  ebbi_names lower = {0};
  ebb_status status = EBB_OK;
  *found = false;
  for (size_t i = 0; i < texts->count && texts->count <= FEW_TEXTS && !*found; i++) {
    char text[LONGEST];
    size_t length = strlen(texts->items[i]), index;
    if (length < sizeof text)
      for (size_t k = 0; k <= length; k++)
        text[k] = (char)tolower((unsigned char)texts->items[i][k]);
    bool word = length > 1 && length < sizeof text; /* single letters may well differ */
    status = ebbi_names_add(&lower, &index, word ? text : texts->items[i]);
    if (status != EBB_OK) break;
    *found = lower.count == i; /* so far no two were equal */
    twins[0] = texts->items[index];
    twins[1] = texts->items[i];
  }
  ebbi_names_free(&lower);
  return status;
}

/* What is suspicious about a column, and the argument for the option that resolves it. */
typedef struct finding {
  char why[96], argument[EBBI_QUOTED];
} finding;

typedef ebb_status doubt(finding *f, const ebb_table *table, size_t col);

static ebb_status differ_in_case(finding *f, const ebb_table *table, size_t col) {
  bool found;
  const char *twins[2];
  if (table->columns[col].kind != EBB_COLUMN_CATEGORY || !table->raw.columns) return EBB_OK;
  TRY(ebbi_case_twins(&found, twins, &table->raw.columns[col].texts));
  if (found) snprintf(f->why, sizeof f->why, "\"%.24s\", \"%.24s\"", twins[0], twins[1]);
  return EBB_OK;
}

/* The two extremes of a column of numbers, with the neighbours of each. */
typedef struct ends {
  double low, above, below, high;
  size_t lows, highs;
} ends;

static ends find_ends(const ebbi_cells *numbers) {
  ends e = {.low = INFINITY, .above = INFINITY, .below = -INFINITY, .high = -INFINITY};
  ebbi_run run;
  run.count = 0;
  for (size_t row = 0; row < numbers->count; row++) {
    double value = ebbi_run_at(&run, numbers, row);
    if (value < e.low) {
      e.above = e.low;
      e.low = value;
      e.lows = 0;
    } else if (value > e.low && value < e.above) {
      e.above = value;
    }
    if (value > e.high) {
      e.below = e.high;
      e.high = value;
      e.highs = 0;
    } else if (value < e.high && value > e.below) {
      e.below = value;
    }
    e.lows += value == e.low;
    e.highs += value == e.high;
  }
  return e;
}

static bool is_nines(double value) {
  for (double nines = 9; nines <= 999999; nines = 10 * nines + 9)
    if (fabs(value) == nines) return true;
  return false;
}

/* -999 among numbers from 0 to 5: it recurs, and its distance from the others exceeds their
 * range. */
static ebb_status stand_apart(finding *f, const ebb_table *table, size_t col) {
  const ebbi_cells *numbers = table->raw.columns ? table->raw.columns[col].numbers : NULL;
  if (table->columns[col].kind != EBB_COLUMN_NUMBER || !numbers) return EBB_OK;
  ends e = find_ends(numbers);
  bool low = e.lows >= FEWEST_ROWS && e.low <= -LEAST && e.low == floor(e.low) &&
             (e.above >= 0 || is_nines(e.low)) && e.above < e.high &&
             e.above - e.low > e.high - e.above;
  bool high = e.highs >= FEWEST_ROWS && e.high >= LEAST_HIGH && is_nines(e.high) &&
              e.below > e.low && e.high - e.below > e.below - e.low;
  if (!low && !high) return EBB_OK;
  double apart = low ? e.low : e.high;
  snprintf(f->why, sizeof f->why, "%.9g in %zu rows, all others are %.4g to %.4g", apart,
           low ? e.lows : e.highs, low ? e.above : e.low, low ? e.high : e.below);
  snprintf(f->argument, sizeof f->argument, "%.9g", apart);
  return EBB_OK;
}

static ebb_status begin_with_zeros(finding *f, const ebb_table *table, size_t col) {
  bool number = table->columns[col].kind == EBB_COLUMN_NUMBER && table->raw.columns;
  size_t zeros = number ? table->raw.columns[col].zeros : 0;
  if (zeros < 2 || table->columns[col].why[0] != '\0') return EBB_OK;
  snprintf(f->why, sizeof f->why, "in %zu rows", zeros);
  ebbi_quoted(f->argument, table->raw.names.items[col]);
  return EBB_OK;
}

/* Column names whose whole numbers are more often codes than amounts. */
static bool is_code_name(const char *name) {
  static const char *const names[] = {
      "month",   "mnth",    "season", "weekday", "dow",      "dayofweek", "day_of_week", "hour",
      "hr",      "quarter", "code",   "type",    "category", "group",     "region",      "district",
      "station", "store",   "shop",   "sector",  "origin",   "pclass",    "department"};
  static const char *const endings[] = {"_code", "_type", "_month", "_hour", "_weekday"};
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    size_t ending = strlen(endings[i]);
    if (length > ending && strcasecmp(name + length - ending, endings[i]) == 0) return true;
  }
  return false;
}

/* True for missing values as well. */
static bool is_whole(double value) {
  return isnan(value) || value == floor(value);
}

/* A season from 1 to 4: read as a number, the fourth would be four times the first. */
static ebb_status may_be_codes(finding *f, const ebb_table *table, size_t col) {
  enum { MOST_CODES = 100, OFTEN = 5 };
  const ebbi_cells *numbers = table->raw.columns ? table->raw.columns[col].numbers : NULL;
  const char *name = table->raw.names.items[col];
  bool codes = table->columns[col].kind == EBB_COLUMN_NUMBER && numbers && table->raw.header;
  if (!codes || table->columns[col].why[0] != '\0' || !is_code_name(name)) return EBB_OK;
  for (size_t row = 0; row < table->raw.rows && codes; row++)
    codes = is_whole(ebbi_cells_get(numbers, row));
  ends e = find_ends(numbers);
  double count = e.high - e.low + 1;
  if (!codes || !(count > 2 && count <= MOST_CODES && OFTEN * count <= (double)table->raw.rows))
    return EBB_OK;
  snprintf(f->why, sizeof f->why, "%.9g to %.9g", e.low, e.high);
  ebbi_quoted(f->argument, name);
  return EBB_OK;
}

static const struct {
  doubt *doubt;
  const char *what;
  const char *option, *gives; /* followed by the first column's name and the effect */
} doubts[] = {
    {differ_in_case, "texts that differ only in capitals are different categories", NULL, NULL},
    {stand_apart, "one number is far from all others", "; --na ", " if it means a missing value"},
    {begin_with_zeros, "numbers with leading zeros, like codes", "; --categorical ",
     " makes them categories"},
    {may_be_codes, "whole numbers that may be codes", "; --categorical ",
     " makes them categories"}};

static ebb_status note_doubt(ebb_table *table, size_t which) {
  char list[320] = "";
  finding first = {0};
  size_t count = 0;
  for (size_t i = 0; i < table->cols; i++) {
    finding f = {0};
    const char *name = table->raw.names.items[table->inputs[i]];
    TRY(doubts[which].doubt(&f, table, table->inputs[i]));
    if (f.why[0] == '\0') continue;
    if (count == 0) first = f;
    ebbi_say_name(list, sizeof list, &count, name);
    size_t used = strlen(list);
    if (count <= 5) snprintf(list + used, sizeof list - used, " (%s)", f.why);
  }
  if (count == 0) return EBB_OK;
  ebbi_say_more(list, sizeof list, count);
  const char *option = doubts[which].option;
  return ebbi_notes_add(&table->notes, false, "%s: %s%s%s%s", doubts[which].what, list,
                        option ? option : "", first.argument, option ? doubts[which].gives : "");
}

/* Notes a word such as "total" that occurs only in the last row. */
static ebb_status note_total(ebb_table *table) {
  static const char *const words[] = {"total", "totals",  "grand total", "sum",
                                      "summe", "average", "gesamt",      "insgesamt",
                                      "all",   "mean",    "overall",     "grand totals"};
  const ebbi_raw *raw = &table->raw;
  size_t last = raw->rows - 1;
  char shown[EBBI_SHOWN], name[EBBI_SHOWN];
  if (table->rows < 2 || ebbi_table_row(table, table->rows - 1) != last || !raw->lines)
    return EBB_OK;
  for (size_t c = 0; c < raw->cols; c++) {
    const ebbi_raw_column *column = &raw->columns[c];
    int32_t code = column->codes ? ebbi_cells_code(column->codes, last) : -1;
    if (code < 0 || (size_t)code + 1 != column->texts.count) continue; /* occurred before */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (strcasecmp(column->texts.items[code], words[i]) == 0)
        return ebbi_notes_add(
            &table->notes, true,
            "the last row, in line %zu, has \"%s\" in column \"%s\": delete it if "
            "it sums up the others",
            ebbi_raw_line(raw, last), ebbi_shown(shown, column->texts.items[code]),
            ebbi_shown(name, raw->names.items[c]));
  }
  return EBB_OK;
}

ebb_status ebbi_doubts_note(ebb_table *table) {
  if (!table->raw.columns) return EBB_OK;
  for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++) TRY(note_doubt(table, i));
  return note_total(table);
}
