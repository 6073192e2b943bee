/* Deciding the use and kind of each column of a file. */
#ifndef EBBI_COLUMNS_H
#define EBBI_COLUMNS_H

#include "data/roles.h"
#include "data/table.h"

/* Fills columns, inputs and ids of a table whose raw file has been read, and notes decisions that
 * rest on values.
 * Errors: EBB_ERR_INPUT. */
ebb_status ebbi_columns_decide(ebb_table *table, const ebbi_roles *roles);

/* The steps of ebbi_columns_decide. `low` and `high` bound the column's numbers. */
ebb_status ebbi_column_judge_numbers(ebbi_column *column, const ebbi_raw *raw, size_t col,
                                     double low, double high);
ebb_status ebbi_column_judge_texts(ebbi_column *column, ebbi_raw *raw, size_t col, char decimal,
                                   bool keep);
ebb_status ebbi_columns_match(ebb_table *table, const ebbi_roles *roles); /* takes kinds from the
                                                                           * encoder */
ebb_status ebbi_columns_note(ebb_table *table);

/* Returns true if the name is a usual name for row numbers and keys. */
bool ebbi_is_index_name(const ebbi_raw *raw, size_t col);
bool ebbi_is_id_name(const char *name);
bool ebbi_is_key_name(const ebbi_raw *raw, size_t col);

/* Returns true if there are enough texts to judge and more than half of them differ. */
bool ebbi_mostly_differ(const ebbi_raw *raw, size_t col);

/* Converts a column of texts to numbers if all of them are amounts, times or dates. *done says
 * whether it did. */
ebb_status ebbi_column_read_texts(ebbi_column *column, ebbi_raw *raw, size_t col, char decimal,
                                  bool *done);

/* The same if all texts are dates. */
ebb_status ebbi_column_read_dates(ebbi_column *column, ebbi_raw *raw, size_t col);

/* Fails if a column of texts was meant to be numbers: it has decimal points while a comma was
 * requested, or is numeric except for a few texts that mean a missing value. */
ebb_status ebbi_column_check_texts(const ebbi_raw *raw, size_t col, char decimal);

/* Fails at the first number that is not finite or too large for float32. */
ebb_status ebbi_column_check_range(const ebbi_raw *raw, size_t col);

/* ebbi_raw_take_numbers replaces texts by numbers: values[texts->count]. The second function
 * replaces numbers by texts: `1`, `2.5`. */
ebb_status ebbi_raw_take_numbers(ebbi_raw *raw, size_t col, const double *values);
ebb_status ebbi_raw_take_texts(ebbi_raw *raw, size_t col);

/* The first row with a text, and the first text that is not a number. */
size_t ebbi_raw_first_row(const ebbi_raw *raw, size_t col, size_t text);
size_t ebbi_raw_first_word(const ebbi_raw *raw, size_t col, char decimal);

/* The decimal mark of the options. */
static inline char ebbi_decimal(const ebb_read_options *options) {
  return options->decimal ? options->decimal : '.';
}

/* Fails unless each value of the column can be a weight. (weights.c) */
ebb_status ebbi_weights_check(ebbi_raw *raw, size_t col, char decimal);

#endif
