/* The encoder's insides, shared by fitting, applying, JSON and the reading of further files. */
#ifndef EBBI_ENCODER_H
#define EBBI_ENCODER_H

#include "data/names.h"
#include "data/reading.h"
#include "data/rows.h"
#include <ebb/data.h>

enum {
  EBBI_DATE_PARTS = 5, /* year, month, weekday, days, hour */
  EBBI_DATE_DAYS = 3
};

/* What becomes of one column. */
typedef struct ebbi_feature {
  ebb_column_kind kind;
  char format[EBBI_FORMAT]; /* how its texts read: see ebbi_column */
  /* NUMBER, AMOUNT: one input, (value - mean[0]) / deviation[0]. DATE: an input a part, the same
   * for each; a part of deviation 0 is left out. */
  double mean[EBBI_DATE_PARTS], deviation[EBBI_DATE_PARTS];
  double fill;           /* in place of a missing number or date, unscaled */
  ebbi_names categories; /* one-hot, sorted; the rare ones are not among them */
  bool other;            /* one more input for all categories that are not listed */
  size_t fill_category;  /* in place of a missing one */
  bool indicator;        /* one more input, behind the others: 1 where missing */
} ebbi_feature;

struct ebb_encoder {
  ebb_task task;
  ebb_missing missing;
  size_t columns;         /* inputs of the file */
  ebbi_feature *features; /* [columns]; NULL: pixels or bare, x = value * scale */
  bool bare;
  ebbi_names names;    /* [columns]; empty with features NULL */
  size_t *positions;   /* [columns]: where a file without header has them */
  size_t file_columns; /* of the training file, with target and left-out ones */
  ebbi_names left_out; /* columns of the training file that are no inputs and no target */
  ebbi_names ids;      /* columns that were carried along */
  bool named;          /* the names come from a header: columns are found by them */
  double scale;
  ebbi_names targets;       /* names of the target columns; count 0: fitted without, or bare */
  size_t *target_positions; /* [targets]; file_columns + k: column k of a file of labels */
  double *target_mean, *target_deviation; /* regression: [outputs]; NULL: bare, or classes */
  size_t inputs, outputs;
  size_t *first;      /* [columns]: the first of a column's inputs; NULL without features */
  ebbi_names classes; /* classification: [outputs] */
};

/* Sets `inputs` and `first` from the columns.  Errors: EBB_ERR_INPUT (too many), EBB_ERR_MEMORY. */
ebb_status ebbi_encoder_count(ebb_encoder *encoder);

/* The class that a text names: the same text, or the same number. EBBI_NO_INDEX: none. */
size_t ebbi_encoder_find_class(const ebb_encoder *encoder, const char *text);

/* Inputs of a column, and those of them that say which category it is. */
size_t ebbi_feature_inputs(const ebbi_feature *feature);
size_t ebbi_feature_places(const ebbi_feature *feature);

/* The place of a category among them; EBBI_NO_INDEX: unknown. */
size_t ebbi_feature_place(const ebbi_feature *feature, const char *text);

/* Fitting, by concern: all columns whose values are numbers; then the parts of a date. */
ebb_status ebbi_fit_numbers(ebb_encoder *encoder, const ebbi_rows *rows, bool no_scale);
void ebbi_fit_date(ebbi_feature *feature, const ebbi_rows *rows, size_t input, bool no_scale);
ebb_status ebbi_fit_categories(ebb_encoder *encoder, const ebbi_rows *rows, size_t input);
ebb_status ebbi_fit_target(ebb_encoder *encoder, const ebbi_rows *rows, bool no_scale);

/* Rounds numbers to float32 unless that would be felt once they are standardised. Deviation 0: it
 * is not known yet, and nothing is rounded. */
void ebbi_round_numbers(double *values, size_t count, double mean, double deviation);
void ebbi_round_feature(double *values, size_t count, const ebbi_feature *feature);

/* Fails because a training row lacks the input, or because none has it, unless it may be filled. */
ebb_status ebbi_fit_missing(const ebb_encoder *encoder, const ebbi_rows *rows, size_t input,
                            size_t missing);

/* Rows of a target to labels [count] or values [count, outputs]. */
ebb_status ebbi_encode_labels(int32_t *labels, const ebb_encoder *encoder, const ebbi_rows *rows);
ebb_status ebbi_encode_values(float *values, const ebb_encoder *encoder, const ebbi_rows *rows);

/* Year, month (1 to 12), weekday (0: Monday), whole days, and hours, of days since 1970-01-01. */
void ebbi_date_parts(double parts[EBBI_DATE_PARTS], double days);

/* The column that an input of the network comes from; *within: which of its inputs, from 0. */
size_t ebbi_encoder_column_of(size_t *within, const ebb_encoder *encoder, size_t index);

/* Names an input of the network: `age`, `city=rome`, `date=weekday`. */
void ebbi_encoder_input_name(char *out, size_t size, const ebb_encoder *encoder, size_t index);

#endif
