/* Deciding what each column of a file is. */
#ifndef EBBI_COLUMNS_H
#define EBBI_COLUMNS_H

#include "data/plan.h"
#include "data/table.h"

/* Fills columns, inputs and ids of a table whose raw file has been read, and notes what was decided
 * by values. Errors: EBB_ERR_INPUT. */
ebb_status ebbi_columns_decide(ebb_table *table, const ebbi_plan *plan);

/* The parts of it. Columns are whole columns of the file; `low` and `high` bound their numbers. */
ebb_status ebbi_column_judge_numbers(ebbi_column *column, const ebbi_raw *raw, size_t col,
                                     double low, double high);
ebb_status ebbi_column_judge_texts(ebbi_column *column, ebbi_raw *raw, size_t col, char decimal,
                                   bool keep);
ebb_status ebbi_columns_match(ebb_table *table, const ebbi_plan *plan); /* by the encoder's kinds */
ebb_status ebbi_columns_note(ebb_table *table);

/* A name by which people call row numbers and keys. */
bool ebbi_is_index_name(const ebbi_raw *raw, size_t col);
bool ebbi_is_id_name(const char *name);
bool ebbi_is_key_name(const ebbi_raw *raw, size_t col);

/* Texts of which more than half differ, and enough of them to tell. */
bool ebbi_mostly_differ(const ebbi_raw *raw, size_t col);

/* Makes numbers of a column of texts if all of them are amounts, times or dates; *done tells. */
ebb_status ebbi_column_read_texts(ebbi_column *column, ebbi_raw *raw, size_t col, char decimal,
                                  bool *done);

/* The same of a column of texts that are all dates. */
ebb_status ebbi_column_read_dates(ebbi_column *column, ebbi_raw *raw, size_t col);

/* Fails where a column of texts was meant to be numbers: with a decimal point where a comma was
 * asked for, or except for a few texts that stand for a missing value. */
ebb_status ebbi_column_check_texts(const ebbi_raw *raw, size_t col, char decimal);

/* Fails at the first number that is not finite or beyond float32. */
ebb_status ebbi_column_check_range(const ebbi_raw *raw, size_t col);

/* Numbers in place of texts: values[texts->count]. Texts in place of numbers: `1`, `2.5`. */
ebb_status ebbi_raw_take_numbers(ebbi_raw *raw, size_t col, const double *values);
ebb_status ebbi_raw_take_texts(ebbi_raw *raw, size_t col);

/* The row in which a text first stands, and the first text that is no number. */
size_t ebbi_raw_first_row(const ebbi_raw *raw, size_t col, size_t text);
size_t ebbi_raw_first_word(const ebbi_raw *raw, size_t col, char decimal);

/* The options' decimal mark. */
static inline char ebbi_decimal(const ebb_read_options *options) {
  return options->decimal ? options->decimal : '.';
}

#endif
