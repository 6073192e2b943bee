/* Encoders: how the rows of a table become the inputs and targets of a network. ebb/data.h includes
 * this header.
 */
#ifndef EBB_ENCODER_H
#define EBB_ENCODER_H

#include <ebb/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Treatment of missing inputs. X(NAME, name, what) */
#define EBB_MISSING_LIST(X)                                                                        \
  X(REFUSE, "refuse", "an error that names row and column")                                        \
  X(MEAN, "mean", "numbers take the column's mean, categories the most frequent one")              \
  X(MEDIAN, "median", "numbers take the column's median, categories the most frequent one")        \
  X(MOST, "most", "the most frequent value")                                                       \
  X(INDICATOR, "indicator", "as mean, and one more input that says whether it was missing")        \
  X(DROP, "drop", "rows with a missing input are left out (ebb_table_drop_missing)")

typedef enum ebb_missing {
#define EBB_MISSING_ENUM(NAME, name, what) EBB_MISSING_##NAME,
  EBB_MISSING_LIST(EBB_MISSING_ENUM)
#undef EBB_MISSING_ENUM
} ebb_missing;

/* Scaling of number columns. X(NAME, name, what) */
#define EBB_SCALING_LIST(X)                                                                        \
  X(STANDARD, "standard", "mean 0 and deviation 1")                                                \
  X(ROBUST, "robust", "median 0, interquartile range 1, limited smoothly to between -3 and 3")

typedef enum ebb_scaling {
#define EBB_SCALING_ENUM(NAME, name, what) EBB_SCALING_##NAME,
  EBB_SCALING_LIST(EBB_SCALING_ENUM)
#undef EBB_SCALING_ENUM
} ebb_scaling;

typedef struct ebb_encoder_options {
  size_t size;          /* of this struct, in bytes: EBB_ENCODER_OPTIONS_INIT sets it */
  bool no_scale;        /* keeps numbers unchanged: no standardisation, pixels multiplied by 1 */
  bool no_scale_target; /* regression: learns the target itself, not (y - mean) / deviation */
  ebb_missing missing;
  ebb_scaling scaling; /* of numbers, unless no_scale */
  int reserved;        /* 0 */
  const char *embed;  /* categories that become codes of an embedding; NULL: none. A list, separated
                       * by commas, of which later entries overrule earlier ones: `auto`, 8 numbers
                       * for a column of more than 20 categories, which any list begins with; `none`;
                       * `all=8`; `COLUMN=8`, where 0 means none. A column as in ebb_read_options */
  size_t frequencies; /* of a periodic embedding of numbers and amounts; 0: none */
  size_t number_units; /* numbers that it makes of each; 0: 4 */
  size_t pieces;       /* most inputs of a number or amount in pieces; 0: it is one input */
} ebb_encoder_options;

#define EBB_ENCODER_OPTIONS_INIT                                                                   \
  {sizeof(ebb_encoder_options),                                                                    \
   false,                                                                                          \
   false,                                                                                          \
   EBB_MISSING_REFUSE,                                                                             \
   EBB_SCALING_STANDARD,                                                                           \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   0}

/* Fits an encoder on the given rows of a table. Each kind of column becomes:
 *
 * - number, amount: one input, (value - mean) / deviation; a constant has deviation 1. With scaling
 *   ROBUST one input, s / sqrt(1 + (s / 3)^2) with s = (value - median) / (interquartile range);
 *   where half of all values are equal, half of the whole range stands for the interquartile one.
 * - date: year, month, weekday (0: Monday), days since 1970-01-01 and hour, each standardised. All
 *   of these except the days are left out if they are constant over the training rows.
 * - number or amount in pieces: an input for each part of the range between quantiles of the
 * training rows, which grows from 0 to 1 over this part. A column of fewer than three such
 * quantiles is as above.
 * - category: one input a category, 1 or 0, sorted. The 20 most frequent ones have an input each;
 *   so have further ones with at least 5 training rows, up to 100 in all. The rest share one input.
 * - category with an embedding: one input, a code. The code is the index that the category's input
 *   would have, plus a number that makes the codes of all columns of one size differ. The inputs of
 *   such columns come first, see ebb_encoder_embedding. An unknown category has the code -1.
 * - pixel: the byte divided by the largest one (255 in most photographs, 16 in some scans).
 * - with missing INDICATOR, a column with missing values: one more input, 1 where the value is
 *   missing; a missing value is no category then.
 *
 * Regression standardises targets too; ebb_encoder_decode converts outputs back. All statistics
 * come from the given rows alone. The lists of categories and classes (sorted, numbers by value)
 * come from the whole table, so that a rare one in the other rows is known too. Numbers are rounded
 * to float32 first, unless that would change an input noticeably. `rows` NULL: all rows; `options`
 * NULL: zeros. The caller frees the encoder, which no longer needs the table. Errors: EBB_ERR_INPUT
 * (missing values with REFUSE or DROP: names row, column and count; a column without any value; too
 * many inputs). */
ebb_status ebb_encoder_fit(ebb_encoder **out, const ebb_table *table, const size_t *rows,
                           size_t count, const ebb_encoder_options *options);

/* Makes an encoder for a network that came without one: column i is input i unchanged, class i is
 * output i. Task AUTO: ebb_encoder_take_task sets the task from a table's target; a single output
 * always means regression.
 * Errors: EBB_ERR_ARGUMENT (no inputs or outputs, or too many), EBB_ERR_MEMORY. */
ebb_status ebb_encoder_bare(ebb_encoder **out, size_t inputs, size_t outputs, ebb_task task);

/* Does nothing if the encoder's task is known or the table has no target. Errors:
 * EBB_ERR_MEMORY. */
ebb_status ebb_encoder_take_task(ebb_encoder *encoder, const ebb_table *table);
void ebb_encoder_free(ebb_encoder *encoder);

size_t ebb_encoder_inputs(const ebb_encoder *encoder);  /* of the network */
size_t ebb_encoder_outputs(const ebb_encoder *encoder); /* classes, or target columns */
ebb_task ebb_encoder_task(const ebb_encoder *encoder);
ebb_missing ebb_encoder_missing(const ebb_encoder *encoder);
const char *ebb_encoder_class(const ebb_encoder *encoder, size_t index);  /* NULL: no such class */
const char *ebb_encoder_target(const ebb_encoder *encoder, size_t index); /* name; NULL: no such
                                                                           * target */
const char *ebb_encoder_weight(const ebb_encoder *encoder); /* training's column; NULL: none */

/* Regression: the mean and deviation that standardise the target; 0 and 1 if it is not
 * standardised. */
double ebb_encoder_target_mean(const ebb_encoder *encoder, size_t index);
double ebb_encoder_target_deviation(const ebb_encoder *encoder, size_t index);

/* Converts network outputs, or a dataset's values, to the target's own units; class outputs stay
 * unchanged.
 * Shapes: values and outputs [rows, outputs of the encoder]. */
void ebb_encoder_decode(double *values, const ebb_encoder *encoder, const float *outputs,
                        size_t rows);

/* How an encoder reads one of its columns. */
typedef struct ebb_encoder_column_info {
  const char *name; /* "" if the columns have no names */
  ebb_column_kind kind;
  size_t inputs;          /* number of network inputs made from it */
  double mean, deviation; /* numbers: x = (value - mean) / deviation; dates: of the days since
                           * 1970-01-01 */
  size_t categories;      /* those with an input of their own */
  bool other;             /* one more input shared by all other categories */
  bool indicator;         /* one more input: 1 if the value is missing */
} ebb_encoder_column_info;
size_t ebb_encoder_columns(const ebb_encoder *encoder);

/* The embeddings that a network for this encoder begins with, in this order: ebb_spec_add_embedding
 * with these numbers, or ebb_model_spec. Each has the columns of one size. index: below
 * ebb_encoder_embeddings, else all is 0. */
typedef struct ebb_embedding {
  size_t columns;    /* inputs that hold codes */
  size_t categories; /* codes of all its columns together */
  size_t units;      /* learned numbers of a category */
} ebb_embedding;
size_t ebb_encoder_embeddings(const ebb_encoder *encoder);
ebb_embedding ebb_encoder_embedding(const ebb_encoder *encoder, size_t index);

/* The periodic embedding that follows: ebb_spec_add_periodic with these numbers. All 0: none. */
typedef struct ebb_periodic {
  size_t columns; /* inputs that hold numbers; they come after the codes */
  size_t frequencies, units;
} ebb_periodic;
ebb_periodic ebb_encoder_periodic(const ebb_encoder *encoder);

/* The learned numbers of a column's category; 0: it has no embedding. */
size_t ebb_encoder_column_units(const ebb_encoder *encoder, size_t column);

/* Errors: EBB_ERR_ARGUMENT (no such column). */
ebb_status ebb_encoder_column(ebb_encoder_column_info *out, const ebb_encoder *encoder,
                              size_t index);

/* Returns the bound of a number column's input: with limit l an input is s / sqrt(1 + (s / l)^2),
 * where s = (value - mean) / deviation; with 0, which is also returned for other columns, it is s.
 */
double ebb_encoder_column_limit(const ebb_encoder *encoder, size_t index);

/* From now on ebb_encoder_apply multiplies the weight of each row by that of its class. text:
 * "balanced", for rows / (classes * rows of the class) among the given rows (`rows` NULL: all); or
 * "a=1,b=5", where classes not named have weight 1. Not part of a model.
 * Errors: EBB_ERR_INPUT (the text; an unknown class), EBB_ERR_ARGUMENT (no classes). */
ebb_status ebb_encoder_weigh_classes(ebb_encoder *encoder, const char *text, const ebb_table *table,
                                     const size_t *rows, size_t count);
double ebb_encoder_class_weight(const ebb_encoder *encoder, size_t index); /* 1 by default */

/* Encodes rows of a table (`rows` NULL: all, in order). A table without a target gives a dataset
 * without labels and values. A category unknown to the encoder sets the input shared by rare
 * categories, or gives zeros if there is none; ebb_read_options.refuse_unknown makes the latter an
 * error.
 * Errors: EBB_ERR_INPUT (unknown class, wrong number of columns, missing value, a number too far
 * from the training rows for float32). */
ebb_status ebb_encoder_apply(ebb_dataset *out, const ebb_encoder *encoder, const ebb_table *table,
                             const size_t *rows, size_t count);

/* The number of the table's values whose category was not seen in training and gives zeros. `text`
 * [size], where size may be 0, receives a line about them, truncated to fit: `column "city": 1 of 3
 * values unknown ("bonn")`. */
size_t ebb_encoder_unknown(char *text, size_t size, const ebb_encoder *encoder,
                           const ebb_table *table);

/* Writes inputs and targets of a table; the path's extension decides the format. `.csv`: the
 * table's columns, texts as read, amounts as plain numbers, dates as days since 1970-01-01. `.npz`,
 * `.svm`, `.libsvm`: the inputs of an encoder fitted on all rows with `options`, without scaling.
 * Facts that a reader of the file must know become notes of the table. The file is replaced as a
 * whole or not at all.
 * Errors: EBB_ERR_ARGUMENT (the extension), EBB_ERR_INPUT (the format cannot hold the table),
 * EBB_ERR_OUTPUT. */
ebb_status ebb_table_write(ebb_table *table, const char *path, const ebb_encoder_options *options);

/* Converts an encoder to JSON text and back. The caller frees the text with free().
 * Errors: EBB_ERR_INPUT (not an encoder's JSON: says what is wrong), EBB_ERR_MEMORY. */
ebb_status ebb_encoder_to_json(char **out, const ebb_encoder *encoder);
ebb_status ebb_encoder_from_json(ebb_encoder **out, const char *text);

#ifdef __cplusplus
}
#endif
#endif
