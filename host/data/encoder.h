/* The encoder's internals, shared by fitting, applying, JSON and the reading of further files. */
#ifndef EBBI_ENCODER_H
#define EBBI_ENCODER_H

#include "data/names.h"
#include "data/reading.h"
#include "data/rows.h"
#include <ebb/data.h>

enum {
  EBBI_DATE_PARTS = 5, /* year, month, weekday, days, hour */
  EBBI_DATE_DAYS = 3,
  EBBI_EMBEDDINGS = 16 /* sizes of embeddings */
};

/* How a column is encoded. */
typedef struct ebbi_feature {
  ebb_column_kind kind;
  char format[EBBI_FORMAT]; /* format of its texts: see ebbi_column */
  /* NUMBER, AMOUNT: one input, (value - mean[0]) / deviation[0]. DATE: one input for each part,
   * standardised alike; parts with deviation 0 are left out. */
  double mean[EBBI_DATE_PARTS], deviation[EBBI_DATE_PARTS];
  double limit;          /* bound of a number's input: see ebb_encoder_column_limit */
  double fill;           /* replaces a missing number or date, unscaled */
  double *ends;          /* [pieces + 1], ascending: a number in pieces */
  size_t pieces;         /* 0: the number is one input */
  ebbi_names categories; /* one-hot, sorted, without the rare ones */
  bool other;            /* one more input for all unlisted categories */
  size_t fill_category;  /* replaces a missing category */
  bool indicator;        /* one more input, after the others: 1 if missing */
  size_t units; /* of an embedding; 0: none. Otherwise the category has one input, a code */
  bool front;   /* its code, or its number, is among the first inputs, which embeddings take */
  size_t input; /* the index of that input */
  size_t code;  /* the first code; a category's is this plus the index of its input without one */
} ebbi_feature;

struct ebb_encoder {
  ebb_task task;
  ebb_missing missing;
  size_t columns;         /* input columns of the file */
  ebbi_feature *features; /* [columns]; NULL: pixels or bare, x = value * scale */
  bool bare;
  ebbi_names names;    /* [columns]; empty if features is NULL */
  size_t *positions;   /* [columns]: their positions in a file without a header */
  size_t file_columns; /* of the training file, including target and left-out columns */
  ebbi_names left_out; /* columns of the training file that are neither input nor target */
  ebbi_names ids;      /* columns that are passed through */
  char *weight;        /* the column of weights; NULL: none */
  bool named;          /* the names come from a header, so columns are found by name */
  double scale;
  ebbi_names targets;       /* names of the target columns; count 0: fitted without a target, or
                             * bare */
  size_t *target_positions; /* [targets]; file_columns + k: column k of a file of labels */
  double *target_mean, *target_deviation; /* regression: [outputs]; NULL: bare, or classification */
  size_t inputs, outputs;
  size_t *first;         /* [columns]: index of the column's first input that is not in front; NULL
                          * without features */
  ebbi_names classes;    /* classification: [outputs] */
  double *class_weights; /* [outputs]; NULL: all are 1. Not part of a model */
  size_t front;          /* the first inputs: codes, then numbers for a periodic embedding */
  ebb_periodic periodic; /* frequencies 0: none */
  size_t embedding_count;
  ebb_embedding embeddings[EBBI_EMBEDDINGS]; /* in the order of the inputs */
};

/* Sets `inputs` and `first` from the columns.  Errors: EBB_ERR_INPUT (too many), EBB_ERR_MEMORY. */
ebb_status ebbi_encoder_count(ebb_encoder *encoder);

/* The class with the same text or the same number. EBBI_NO_INDEX: none. */
size_t ebbi_encoder_find_class(const ebb_encoder *encoder, const char *text);

/* The number of a column's inputs, and of those that encode categories. */
size_t ebbi_feature_inputs(const ebbi_feature *feature);
size_t ebbi_feature_places(const ebbi_feature *feature);

/* The index of a category's input within the column; EBBI_NO_INDEX: unknown. */
size_t ebbi_feature_place(const ebbi_feature *feature, const char *text);

/* The codes of a column with an embedding: one for each input that it would have without. */
size_t ebbi_feature_rows(const ebbi_feature *feature);

/* Decides which columns have an embedding, by ebb_encoder_options.embed; and places the inputs that
 * embeddings take.  Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_fit_embeddings(ebb_encoder *encoder, const ebb_table *table, const char *list);
ebb_status ebbi_encoder_place_front(ebb_encoder *encoder);

/* Steps of fitting: number columns, then the parts of dates, … */
ebb_status ebbi_fit_numbers(ebb_encoder *encoder, const ebbi_rows *rows,
                            const ebb_encoder_options *options);
void ebbi_fit_date(ebbi_feature *feature, const ebbi_rows *rows, size_t input, bool no_scale);
ebb_status ebbi_fit_categories(ebb_encoder *encoder, const ebbi_rows *rows, size_t input);
ebb_status ebbi_fit_target(ebb_encoder *encoder, const ebbi_rows *rows, bool no_scale);

/* A number in pieces: finds the ends, at most `most` pieces; and puts a value's [pieces] inputs. */
ebb_status ebbi_fit_pieces(ebbi_feature *feature, const double *sorted, size_t count, size_t most);
void ebbi_put_pieces(float *x, const ebbi_feature *feature, double value);

/* Rounds numbers to float32 unless that would change the standardised value noticeably. With
 * deviation 0, not known yet, nothing is rounded. */
void ebbi_round_numbers(double *values, size_t count, double mean, double deviation);
void ebbi_round_feature(double *values, size_t count, const ebbi_feature *feature);

/* Fails if a training row lacks this input, or all do, unless missing values may be filled. */
ebb_status ebbi_fit_missing(const ebb_encoder *encoder, const ebbi_rows *rows, size_t input,
                            size_t missing);

/* Encodes rows of a target as labels [count] or values [count, outputs]. */
ebb_status ebbi_encode_labels(int32_t *labels, const ebb_encoder *encoder, const ebbi_rows *rows);
ebb_status ebbi_encode_values(float *values, const ebb_encoder *encoder, const ebbi_rows *rows);

/* The weights of rows [count]: those of the table times those of the classes; `labels` may be NULL.
 * (weights.c)  Errors: EBB_ERR_INPUT (too large for float32). */
ebb_status ebbi_encode_weights(float *weights, const ebb_encoder *encoder, const ebbi_rows *rows,
                               const int32_t *labels);

/* Year, month (1 to 12), weekday (0: Monday), whole days and hours of a number of days since
 * 1970-01-01. */
void ebbi_date_parts(double parts[EBBI_DATE_PARTS], double days);

/* The column that a network input comes from; *within: its index among the column's inputs. */
size_t ebbi_encoder_column_of(size_t *within, const ebb_encoder *encoder, size_t index);

/* The name of a network input: `age`, `city=rome`, `date=weekday`. */
void ebbi_encoder_input_name(char *out, size_t size, const ebb_encoder *encoder, size_t index);

#endif
