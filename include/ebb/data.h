/* Data: files, tables, encoding, splits. Host only: nothing here needs a device.
 *
 * A file is read into an ebb_table: its columns and the use of each. An ebb_encoder, fitted on the
 * training rows, defines how a row becomes network inputs and targets. Applying it gives an
 * ebb_dataset: plain arrays ready for the device. The model file contains the encoder, so
 * prediction takes raw rows. A returned text lives as long as the object that it came from.
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

/* The arrays that a network is trained on, dense and row-major. Fill them in by hand to train on
 * your own arrays (`storage` NULL, all other fields 0), or call ebb_encoder_apply. */
typedef struct ebb_dataset {
  size_t rows;
  size_t inputs;         /* columns of x */
  size_t outputs;        /* classes, or target columns */
  const float *x;        /* [rows, inputs], or NULL if x_u8 is given */
  const uint8_t *x_u8;   /* [rows, inputs]; the device multiplies it by `scale` */
  float scale;           /* used with x_u8 only */
  const int32_t *labels; /* [rows] in [0, outputs): classification; or NULL */
  const float *values;   /* [rows, outputs]: regression; or NULL */
  void *storage;         /* freed by ebb_dataset_clear; NULL: the arrays are the caller's */
  const float
      *weights; /* [rows]: how much each row counts, >= 0, in any unit; or NULL: all alike */
} ebb_dataset;

/* Frees what the dataset owns and zeroes it. Accepts NULL. */
void ebb_dataset_clear(ebb_dataset *dataset);

/* Replaces the labels of two classes by values 0 and 1 in one column, in place, for a loss of one
 * output.
 * Errors: EBB_ERR_INPUT (another number of classes), EBB_ERR_ARGUMENT (no labels, or the arrays are
 * the caller's). */
ebb_status ebb_dataset_to_binary(ebb_dataset *dataset);

/* Checks sizes, that labels are in range, that all numbers are finite, and that weights are not
 * negative and have a positive sum.
 * Errors: EBB_ERR_INPUT, naming row and column. */
ebb_status ebb_dataset_check(const ebb_dataset *dataset);

typedef enum ebb_task { EBB_TASK_AUTO, EBB_TASK_CLASSIFICATION, EBB_TASK_REGRESSION } ebb_task;
const char *ebb_task_name(ebb_task task); /* "auto", "classification", "regression" */

typedef enum ebb_header { EBB_HEADER_AUTO, EBB_HEADER_YES, EBB_HEADER_NO } ebb_header;

typedef struct ebb_encoder ebb_encoder;
typedef struct ebb_table ebb_table;

/* The use of a column. */
typedef enum ebb_column_use {
  EBB_COLUMN_INPUT,
  EBB_COLUMN_TARGET,
  EBB_COLUMN_ID, /* passed through, not an input */
  EBB_COLUMN_LEFT_OUT,
  EBB_COLUMN_WEIGHT /* how much each row counts, not an input */
} ebb_column_use;

/* The kind of a column: how its values are read. */
typedef enum ebb_column_kind {
  EBB_COLUMN_NUMBER,
  EBB_COLUMN_AMOUNT,   /* a number with a currency, a percent sign, grouped digits or a unit */
  EBB_COLUMN_DATE,     /* with or without a time of day */
  EBB_COLUMN_CATEGORY, /* one of a set of texts */
  EBB_COLUMN_PIXEL     /* a byte of an image */
} ebb_column_kind;

/* Texts that stand for a missing value, as written in files. Python writes "None", while "none" is
 * usually a category; a lone - or . may be a category too. \N and the date of zeros come from SQL
 * dumps, the texts with # from spreadsheets. */
#define EBB_DEFAULT_NA                                                                             \
  "?,NA,N/A,na,n/a,#NA,#N/A,#N/A N/A,<NA>,NaN,NAN,nan,-NaN,-nan,NULL,Null,null,None,"              \
  "n.a.,N.A.,NaT,\\N,0000-00-00,0000-00-00 00:00:00,"                                              \
  "#DIV/0!,#VALUE!,#REF!,#NAME?,#NUM!,#NULL!,1.#IND,-1.#IND,1.#QNAN,-1.#QNAN"

/* How to read a file. Zero is the default of every field. A list of columns is separated by commas;
 * each entry is a name from the header or a position from 0, negative from the end. A name that
 * contains a comma must be the only entry. A column may be in one list at most. */
typedef struct ebb_read_options {
  size_t size;          /* of this struct, in bytes: EBB_READ_OPTIONS_INIT sets it */
  const char *labels;   /* path of a file with the targets */
  const char *target;   /* list of target columns; NULL: the last column that is not empty. An array
                         * has no target unless this or `labels` is given */
  bool no_target;       /* every column is an input */
  bool ignore_target;   /* with an encoder: ignores the target even if it is there */
  ebb_task task;        /* AUTO: classification if the target is text, has at most 20 distinct whole
                         * numbers, or is several columns with a single 1 among 0s; regression
                         * otherwise */
  char delimiter;       /* 0: detects one of , ; tab | or runs of blanks (' ') */
  char decimal;         /* '.' or ','; 0: '.' */
  ebb_header header;    /* AUTO compares the first line with the lines below */
  const char *encoding; /* by its iconv name; NULL: UTF-8, or UTF-16 with a byte order mark */
  const char *na;       /* texts that stand for a missing value, separated by commas, replacing
                         * EBB_DEFAULT_NA. Empty and blank fields are always missing; "": only
                         * these */
  const char *drop, *keep;           /* lists: always left out, never left out */
  const char *categorical, *numeric; /* lists: values are read as categories, as numbers */
  const char *id;                    /* list: passed through, not inputs; see ebb_table_id */
  bool refuse_unknown; /* ebb_encoder_apply fails on a category unknown to the encoder */
  uint64_t max_memory; /* bytes of host memory that reading may take; 0: half of the machine's.
                        * EBB_ERR_MEMORY says how many are needed at least */
  const ebb_encoder *encoder; /* reads the file as this encoder's input: its columns, found by name
                               * if both have a header, by position otherwise, and the target if it
                               * is there. drop, keep, categorical and numeric are then not
                               * allowed */
  const char *weight;         /* a column of weights, >= 0: how much each row counts */
} ebb_read_options;

#define EBB_READ_OPTIONS_INIT                                                                      \
  {sizeof(ebb_read_options),                                                                       \
   0,                                                                                              \
   0,                                                                                              \
   false,                                                                                          \
   false,                                                                                          \
   EBB_TASK_AUTO,                                                                                  \
   0,                                                                                              \
   0,                                                                                              \
   EBB_HEADER_AUTO,                                                                                \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   0,                                                                                              \
   false,                                                                                          \
   0,                                                                                              \
   0,                                                                                              \
   0}

/* Reads CSV and its variants, ARFF, libsvm, IDX, NPY or NPZ, recognised by content; each may be
 * gzipped. The path "-", here and for the labels, is standard input, read to its end. Rows without
 * a target are left out. `options` NULL: all defaults. docs/tables.md describes how each column is
 * read.
 * Errors: EBB_ERR_INPUT (the message says file, row or byte, what and why), EBB_ERR_ARGUMENT
 * (options that exclude each other, an unknown encoding). A size that the file merely claims never
 * decides how much is allocated. */
ebb_status ebb_table_read(ebb_table **out, const char *path, const ebb_read_options *options);

/* Arrays of the caller's, dense and row-major; NaN is a missing value. */
typedef struct ebb_arrays {
  const float *x;        /* [rows, inputs] */
  const int32_t *labels; /* [rows]: classes, any whole numbers; or NULL */
  const float *values;   /* [rows, outputs]: a regression; or NULL */
  size_t rows, inputs;
  size_t outputs;       /* columns of values */
  const float *weights; /* [rows]: how much each row counts, >= 0; or NULL: all alike */
} ebb_arrays;

/* Makes a table of arrays, which must live and stay as they are as long as the table does. Classes
 * are the distinct labels, in ascending order; without labels and values there is no target.
 * `encoder` (may be NULL): the rows are read as this encoder's input, by position.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebb_table_from_arrays(ebb_table **out, const ebb_arrays *arrays,
                                 const ebb_encoder *encoder);
void ebb_table_free(ebb_table *table);
size_t ebb_table_rows(const ebb_table *table);
size_t ebb_table_columns(const ebb_table *table); /* input columns, before encoding */
bool ebb_table_has_target(const ebb_table *table);
ebb_task ebb_table_task(const ebb_table *table);
/* One line that sums up the table, for display: `150 rows, 4 numeric columns, target "4": 3
 * classes`. */
const char *ebb_table_summary(const ebb_table *table);

/* Decisions about the data that might be wrong, a line each, with the option of the tool `ebb` that
 * overrules it. index: below ebb_table_notes. */
typedef struct ebb_note {
  const char *text;
  bool weighty; /* shown even if only errors are */
} ebb_note;
size_t ebb_table_notes(const ebb_table *table);
ebb_note ebb_table_note(const ebb_table *table, size_t index);

typedef struct ebb_column_info {
  const char *name;
  ebb_column_use use;
  ebb_column_kind kind;
  const char *why; /* the reason for use and kind; "" if there was no choice */
  size_t missing,
      distinct;    /* values among all rows of the file; 0 for a column that was not read */
  double min, max; /* dates: days since 1970-01-01. NaN for categories and unread columns */
} ebb_column_info;

/* The columns of the file, including the target, and what was decided about each. Each call counts
 * anew.
 * Errors: EBB_ERR_ARGUMENT (no such column), EBB_ERR_MEMORY. */
size_t ebb_table_file_columns(const ebb_table *table);
ebb_status ebb_table_column(ebb_column_info *out, const ebb_table *table, size_t index);

/* The columns of options->id, in that order, and their texts; "" for a missing value. index: below
 * ebb_table_ids; row: below ebb_table_rows. */
size_t ebb_table_ids(const ebb_table *table);
const char *ebb_table_id_name(const ebb_table *table, size_t index);
const char *ebb_table_id(const ebb_table *table, size_t index, size_t row);

/* Removes rows with a missing input; *dropped is set to their number.
 * Errors: EBB_ERR_INPUT (no row would be left). */
ebb_status ebb_table_drop_missing(ebb_table *table, size_t *dropped);

/* The number of target columns, and their names; index: below ebb_table_targets. */
size_t ebb_table_targets(const ebb_table *table);
const char *ebb_table_target_name(const ebb_table *table, size_t index);

/* The number of classes (0: regression), the name of a class (NULL: no such class), and the number
 * of table rows in it. */
size_t ebb_table_classes(const ebb_table *table);
const char *ebb_table_class(size_t *rows, const ebb_table *table, size_t index);

/* Regression: minimum, lower quartile, median, upper quartile and maximum of a target. A quartile
 * between two values is interpolated.
 * Units: the target's own.
 * Errors: EBB_ERR_ARGUMENT (no such target), EBB_ERR_MEMORY. */
ebb_status ebb_table_quartiles(double out[5], const ebb_table *table, size_t index);

/* Checks that a regression's targets lie in a range; `least` itself is not in it if `above`.
 * `needs` says what is needed, and by whom: "0 or more, as poisson needs".
 * Errors: EBB_ERR_INPUT, which names the row and its value. */
ebb_status ebb_table_check_targets(const ebb_table *table, double least, double most, bool above,
                                   const char *needs);

/* Checks that each row's targets sum to `sum`, within `spread`. `needs` says by whom it is
 * needed: "as cross_entropy needs".
 * Errors: EBB_ERR_INPUT, which names the row and its sum. */
ebb_status ebb_table_check_sums(const ebb_table *table, double sum, double spread,
                                const char *needs);

/* The distinct texts of a column of the file, in order of appearance. NULL: no more, or the column
 * holds numbers. */
const char *ebb_table_text(const ebb_table *table, size_t column, size_t index);

/* Writes a number of a column in readable form, 12.5 or 2021-03-04, truncated to `size`; 32 bytes
 * are enough. Returns `text`. */
const char *ebb_column_value(char *text, size_t size, ebb_column_kind kind, double value);

/* A hash that identifies the data: all input and target values, row by row, rounded to float32.
 * Never 0. Format and column names do not matter. Takes one pass over the data. */
uint64_t ebb_table_fingerprint(const ebb_table *table);

/* How to split rows into training, validation and test sets. */
typedef struct ebb_split {
  double valid, test; /* fractions of the rows, in [0, 1), together below 1 */
  bool last;          /* the test rows are the last ones and the validation rows come before them;
                       * otherwise random by seed, and stratified by class for classification */
  uint64_t seed;      /* for random splits */
} ebb_split;

typedef struct ebb_parts {
  size_t train, valid, test; /* rows */
} ebb_parts;

/* Writes all row numbers to `order` [rows]: training, validation, then test rows, each part in
 * ascending order. Each part with a fraction above 0 gets at least one row, and so does training.
 * Errors: EBB_ERR_INPUT (too few rows), EBB_ERR_ARGUMENT. */
ebb_status ebb_table_split(size_t *order, ebb_parts *parts, const ebb_table *table,
                           const ebb_split *split);

#ifdef __cplusplus
}
#endif

#include <ebb/encoder.h>
#endif
