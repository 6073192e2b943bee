/* Data: files, tables, encoding, splits. Host only: nothing here needs a device.
 *
 * A file is read into an ebb_table (columns as they stand in the file); an ebb_encoder, fitted on
 * the training rows, says how a row becomes network inputs and targets; applying it gives an
 * ebb_dataset, plain arrays ready for the device. The encoder goes into the model file, so that
 * prediction takes raw rows.
 */
#ifndef EBB_DATA_H
#define EBB_DATA_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a network is trained on: arrays, dense and row-major. Fill one by hand to train on arrays of
 * your own (zero the rest; `storage` NULL), or let ebb_encoder_apply make one. */
typedef struct ebb_dataset {
  size_t rows;
  size_t inputs;         /* columns of x */
  size_t outputs;        /* classes, or target columns */
  const float *x;        /* [rows, inputs], or NULL if x_u8 is given */
  const uint8_t *x_u8;   /* [rows, inputs], multiplied by `scale` on the device */
  float scale;           /* used with x_u8 only */
  const int32_t *labels; /* [rows] in [0, outputs): classification; or NULL */
  const float *values;   /* [rows, outputs]: regression; or NULL */
  void *storage;         /* what ebb_dataset_clear frees; NULL: the arrays are the caller's */
} ebb_dataset;

/* Frees what the dataset owns and zeroes it. NULL is accepted. */
void ebb_dataset_clear(ebb_dataset *dataset);

/* Checks sizes, labels in range and all numbers finite.
 * Errors: EBB_ERR_INPUT, naming row and column. */
ebb_status ebb_dataset_check(const ebb_dataset *dataset);

typedef enum ebb_task { EBB_TASK_AUTO, EBB_TASK_CLASSIFICATION, EBB_TASK_REGRESSION } ebb_task;
const char *ebb_task_name(ebb_task task); /* "auto", "classification", "regression" */

typedef enum ebb_header { EBB_HEADER_AUTO, EBB_HEADER_YES, EBB_HEADER_NO } ebb_header;

typedef struct ebb_encoder ebb_encoder;
typedef struct ebb_table ebb_table;

/* What a column of a file is for. */
typedef enum ebb_column_use {
  EBB_COLUMN_INPUT,
  EBB_COLUMN_TARGET,
  EBB_COLUMN_ID, /* carried along */
  EBB_COLUMN_LEFT_OUT
} ebb_column_use;

/* How the values of a column are read. */
typedef enum ebb_column_kind {
  EBB_KIND_NUMBER,
  EBB_KIND_AMOUNT,   /* a number with a currency, a percent sign, grouped digits or a unit */
  EBB_KIND_DATE,     /* with or without a time of day */
  EBB_KIND_CATEGORY, /* one of some texts */
  EBB_KIND_PIXEL     /* a byte of an image */
} ebb_column_kind;

/* Texts of a table that stand for a missing value, as written. "None" is what Python writes, "none"
 * a category; a lone - or . may be one. */
#define EBB_DEFAULT_NA                                                                             \
  "?,NA,N/A,na,n/a,#NA,#N/A,#N/A N/A,<NA>,NaN,NAN,nan,-NaN,-nan,NULL,Null,null,None,"              \
  "1.#IND,-1.#IND,1.#QNAN,-1.#QNAN"

/* How to read a file; zero is the default of every field. */
typedef struct ebb_read_options {
  const char *labels;         /* file of targets (IDX or NPY) beside an IDX or NPY file of inputs */
  const char *target;         /* CSV: name or 0-based index of the target column; NULL: the last;
                                 negative indices count from the end */
  ebb_task task;              /* AUTO: classes if the target is text or has at most 20 distinct
                                 integer values, regression else */
  char delimiter;             /* CSV: 0 detects , ; tab or | from the first line */
  ebb_header header;          /* CSV: AUTO takes the first line for a header if none of its fields
                                 is a number and the next line has one, or names repeat nothing */
  const ebb_encoder *encoder; /* read as this encoder's input: its columns, target optional */
  bool no_target;             /* every column is an input */
  char decimal;               /* '.' or ','; 0: '.' */
  const char *encoding;       /* of text, as iconv calls it; NULL: UTF-8, or UTF-16 with its mark */
  const char *na;             /* texts that stand for a missing value, by commas, in place of
                                 EBB_DEFAULT_NA; an empty or blank field always does, "": it alone */
  const char *drop, *keep;    /* columns, by commas, as for target: left out, never left out */
  const char *categorical, *numeric; /* columns whose values are categories, numbers */
  const char *id;                    /* columns carried along, no inputs: ebb_table_id */
  bool refuse_unknown; /* ebb_encoder_apply fails at a category that the encoder does not know */
} ebb_read_options;

/* Reads CSV, IDX, IDX.gz or NPY, told apart by content; any of them may be gzipped. The path "-",
 * here and for the labels, is standard input, read to its end.
 * Errors: EBB_ERR_INPUT; the message says file, row or byte, what and why. Nothing is allocated by
 * a size that the file only claims. */
ebb_status ebb_table_read(ebb_table **out, const char *path, const ebb_read_options *options);
void ebb_table_free(ebb_table *table);
size_t ebb_table_rows(const ebb_table *table);
size_t ebb_table_columns(const ebb_table *table); /* input columns, before encoding */
bool ebb_table_has_target(const ebb_table *table);
ebb_task ebb_table_task(const ebb_table *table);
/* One line on what was found, to be shown: `150 rows, 4 numeric columns, target "4": 3 classes`. */
const char *ebb_table_summary(const ebb_table *table);

/* How to part rows into training and validation. */
typedef struct ebb_split {
  double valid;  /* fraction of rows for validation, in [0, 1) */
  bool last;     /* the last rows; else random by seed, and class by class for classes */
  uint64_t seed; /* random only */
} ebb_split;

/* Writes all row numbers to `order` [rows], training rows first, each part ascending; `train` gets
 * the number of training rows. With valid > 0 each part gets at least one row.
 * Errors: EBB_ERR_INPUT (too few rows), EBB_ERR_ARGUMENT. */
ebb_status ebb_table_split(size_t *order, size_t *train, const ebb_table *table,
                           const ebb_split *split);

typedef enum ebb_missing { EBB_MISSING_REFUSE, EBB_MISSING_MEAN } ebb_missing;

typedef struct ebb_encoder_options {
  bool no_scale;       /* leave numbers as they are: no standardisation, uint8 times 1 */
  ebb_missing missing; /* MEAN: numbers take the mean, categories the most frequent one */
} ebb_encoder_options;

/* Fits an encoder on the given rows of a table: mean and deviation of numeric CSV columns.
 * Categories of text columns (one-hot) and class names, sorted (numbers by value), come from the
 * whole table, so that a rare one among the other rows is known too. IDX and uint8 NPY data get
 * scale 1/255; other NPY data stay as they are. Errors: EBB_ERR_INPUT (a missing value and missing
 * is REFUSE: names row and column). */
ebb_status ebb_encoder_fit(ebb_encoder **out, const ebb_table *table, const size_t *rows,
                           size_t count, const ebb_encoder_options *options);
void ebb_encoder_free(ebb_encoder *encoder);

size_t ebb_encoder_inputs(const ebb_encoder *encoder);  /* after one-hot */
size_t ebb_encoder_outputs(const ebb_encoder *encoder); /* classes, or target columns */
ebb_task ebb_encoder_task(const ebb_encoder *encoder);
const char *ebb_encoder_class(const ebb_encoder *encoder, size_t index); /* NULL: no such class */

/* Encodes rows of a table (`rows` NULL: all of them, in order). A table without target gives a
 * dataset without labels and values.
 * Errors: EBB_ERR_INPUT (unknown category or class, wrong number of columns, missing value). */
ebb_status ebb_encoder_apply(ebb_dataset *out, const ebb_encoder *encoder, const ebb_table *table,
                             const size_t *rows, size_t count);

/* The encoder as JSON text and back. The caller frees the text with free(). */
ebb_status ebb_encoder_to_json(char **out, const ebb_encoder *encoder);
ebb_status ebb_encoder_from_json(ebb_encoder **out, const char *text);

#ifdef __cplusplus
}
#endif
#endif
