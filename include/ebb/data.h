/* Data: files, tables, encoding, splits. Host only: nothing here needs a device.
 *
 * A file is read into an ebb_table: its columns, and what each is for; an ebb_encoder, fitted on
 * the training rows, says how a row becomes network inputs and targets; applying it gives an
 * ebb_dataset, plain arrays ready for the device. The encoder goes into the model file, so that
 * prediction takes raw rows. Texts that a function returns live as long as what it was asked about.
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
 * a category; a lone - or . may be one. \N and the date of zeros are those of SQL dumps, those with
 * # are a spreadsheet's errors. */
#define EBB_DEFAULT_NA                                                                             \
  "?,NA,N/A,na,n/a,#NA,#N/A,#N/A N/A,<NA>,NaN,NAN,nan,-NaN,-nan,NULL,Null,null,None,"              \
  "n.a.,N.A.,NaT,\\N,0000-00-00,0000-00-00 00:00:00,"                                              \
  "#DIV/0!,#VALUE!,#REF!,#NAME?,#NUM!,#NULL!,1.#IND,-1.#IND,1.#QNAN,-1.#QNAN"

/* How to read a file; zero is the default of every field. A list of columns names them by commas: a
 * name of the header, or a position from 0, negative ones from the end; a name that holds a comma
 * stands alone. A column stands in one list at most. */
typedef struct ebb_read_options {
  const char *labels;   /* file of targets beside a file of inputs */
  const char *target;   /* list of target columns; NULL: the last column that is not empty. An array
                           has no target unless this or `labels` is given */
  bool no_target;       /* every column is an input */
  bool ignore_target;   /* with an encoder: the target is not looked at, if it is there */
  ebb_task task;        /* AUTO: classes if the target is text or has at most 20 distinct whole
                           numbers, or one 1 among the 0s of several columns; regression else */
  char delimiter;       /* 0: detects , ; tab | or runs of blanks (' ') */
  char decimal;         /* '.' or ','; 0: '.' */
  ebb_header header;    /* AUTO compares the first line with the lines below it */
  const char *encoding; /* of text, as iconv calls it; NULL: UTF-8, or UTF-16 with its mark */
  const char *na;       /* texts that stand for a missing value, by commas, in place of
                           EBB_DEFAULT_NA; an empty or blank field always does, "": it alone */
  const char *drop, *keep;           /* lists: left out, never left out */
  const char *categorical, *numeric; /* lists: values are categories, numbers */
  const char *id;                    /* list: carried along, no inputs: ebb_table_id */
  bool refuse_unknown; /* ebb_encoder_apply fails at a category that the encoder does not know */
  uint64_t max_memory; /* bytes of host memory that reading may take; 0: half of what the machine
                          has. EBB_ERR_MEMORY says how many it would be at least */
  const ebb_encoder *encoder; /* read as this encoder's input: its columns, found by name where both
                                 have a header, else by position; the target where it is there. No
                                 drop, keep, categorical or numeric then */
} ebb_read_options;

/* Reads CSV and its like, ARFF, libsvm, IDX, NPY or NPZ, told apart by content; any of them may be
 * gzipped. The path "-", here and for the labels, is standard input, read to its end. Rows whose
 * target is missing are left out. `options` NULL: all defaults. docs/tables.md says how each column
 * is read.
 * Errors: EBB_ERR_INPUT; the message says file, row or byte, what and why. EBB_ERR_ARGUMENT:
 * options that exclude each other, an unknown encoding. Nothing is allocated by a size that the
 * file only claims. */
ebb_status ebb_table_read(ebb_table **out, const char *path, const ebb_read_options *options);

/* Arrays of the caller's, dense and row-major; NaN is a missing value. */
typedef struct ebb_arrays {
  const float *x;        /* [rows, inputs] */
  const int32_t *labels; /* [rows]: classes, any whole numbers; or NULL */
  const float *values;   /* [rows, outputs]: a regression; or NULL */
  size_t rows, inputs;
  size_t outputs; /* columns of values */
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
/* One line on what was found, to be shown: `150 rows, 4 numeric columns, target "4": 3 classes`. */
const char *ebb_table_summary(const ebb_table *table);

/* What was decided about the data and might be wrong, a line each, with the option of the tool
 * `ebb` that decides otherwise. index: below ebb_table_notes. */
typedef struct ebb_note {
  const char *text;
  bool weighty; /* to be shown even where only errors are */
} ebb_note;
size_t ebb_table_notes(const ebb_table *table);
ebb_note ebb_table_note(const ebb_table *table, size_t index);

typedef struct ebb_column_info {
  const char *name;
  ebb_column_use use;
  ebb_column_kind kind;
  const char *why; /* of use and kind, in words; "" where there was nothing to decide */
  size_t missing,
      distinct;    /* values, among all rows of the file; 0 for a column that was not read */
  double min, max; /* dates: days since 1970-01-01. NaN for categories, or if unread */
} ebb_column_info;

/* Columns of the file, the target too, and what was decided about each. Counts on each call.
 * Errors: EBB_ERR_ARGUMENT (no such column), EBB_ERR_MEMORY. */
size_t ebb_table_file_columns(const ebb_table *table);
ebb_status ebb_table_column(ebb_column_info *out, const ebb_table *table, size_t index);

/* The columns of options->id, in its order, and their texts; "" where missing.
 * index: below ebb_table_ids; row: below ebb_table_rows. */
size_t ebb_table_ids(const ebb_table *table);
const char *ebb_table_id_name(const ebb_table *table, size_t index);
const char *ebb_table_id(const ebb_table *table, size_t index, size_t row);

/* Leaves rows that lack an input out; *dropped gets their number.
 * Errors: EBB_ERR_INPUT (no row would be left). */
ebb_status ebb_table_drop_missing(ebb_table *table, size_t *dropped);

/* Columns of the target, and their names; index: below ebb_table_targets. */
size_t ebb_table_targets(const ebb_table *table);
const char *ebb_table_target_name(const ebb_table *table, size_t index);

/* Classes of the target, 0 for a regression; the name of one, NULL if there is none, and how many
 * rows of the table are of it. */
size_t ebb_table_classes(const ebb_table *table);
const char *ebb_table_class(size_t *rows, const ebb_table *table, size_t index);

/* Regression: smallest value, lower quartile, median, upper quartile, largest value of a target; a
 * quartile between two values is interpolated. Units: the target's own.
 * Errors: EBB_ERR_ARGUMENT (no such target), EBB_ERR_MEMORY. */
ebb_status ebb_table_quartiles(double out[5], const ebb_table *table, size_t index);

/* The distinct texts of a column of the file, in the order of their appearance; NULL: no more, or
 * the column holds numbers. */
const char *ebb_table_text(const ebb_table *table, size_t column, size_t index);

/* Writes a number of a column as people read it, 12.5 or 2021-03-04, cut to fit: 32 bytes are
 * enough. Returns `text`. */
const char *ebb_column_value(char *text, size_t size, ebb_column_kind kind, double value);

/* Tells data apart: a hash of the values of all inputs and targets, row by row and rounded to
 * float32, never 0; the same for the same table in another format or with other column names. Takes
 * one pass over the data. */
uint64_t ebb_table_fingerprint(const ebb_table *table);

/* How to part rows into training, validation and test. */
typedef struct ebb_split {
  double valid, test; /* fractions of the rows, in [0, 1), less than 1 together */
  bool last;          /* the test rows are the last, the validation rows those before them; else
                         random by seed, and class by class for classes */
  uint64_t seed;      /* random only */
} ebb_split;

typedef struct ebb_parts {
  size_t train, valid, test; /* rows */
} ebb_parts;

/* Writes all row numbers to `order` [rows]: training rows, validation rows, test rows, each part
 * ascending. A part whose fraction is not 0 gets at least one row, and so does training.
 * Errors: EBB_ERR_INPUT (too few rows), EBB_ERR_ARGUMENT. */
ebb_status ebb_table_split(size_t *order, ebb_parts *parts, const ebb_table *table,
                           const ebb_split *split);

/* What becomes of missing inputs. X(NAME, name, what) */
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

typedef struct ebb_encoder_options {
  bool no_scale;        /* leave numbers as they are: no standardisation, pixels times 1 */
  bool no_scale_target; /* regression: learn the target as it stands, not (y - mean) / deviation */
  ebb_missing missing;
} ebb_encoder_options;

/* Fits an encoder on the given rows of a table. What a column becomes:
 *
 * - number, amount: one input, (value - mean) / deviation; a constant has deviation 1.
 * - date: year, month, weekday (0: Monday), days since 1970-01-01 and hour, each standardised. Of
 *   these, all but the days are left out where the training rows have one value.
 * - category: an input a category, 1 or 0, sorted. The 20 most frequent ones have an input each;
 *   so have further ones of at least 5 training rows, up to 100 in all. The others share one input.
 * - pixels: the byte divided by the largest one (255 of most photographs, 16 of some scans).
 * - missing INDICATOR, and a value is missing: one more input, 1 where it is; no category then.
 *
 * Regression standardises targets too; ebb_encoder_decode turns outputs back. All figures come from
 * the given rows alone. The lists of categories and classes (sorted; numbers by value) come from
 * the whole table, so that a rare one among the other rows is known too. Numbers are rounded to
 * float32 first, unless an input would feel it. `rows` NULL: all of them; `options` NULL: zeros.
 * The caller frees the encoder, which does not need the table any more.
 * Errors: EBB_ERR_INPUT (a missing value with REFUSE or DROP: names row, column and how many; a
 * column without any value; too many inputs). */
ebb_status ebb_encoder_fit(ebb_encoder **out, const ebb_table *table, const size_t *rows,
                           size_t count, const ebb_encoder_options *options);

/* An encoder for a network that came without one: input column i is input i as it stands, class i
 * is output i. Task AUTO: not known yet, ebb_encoder_take_task gives it the one that a table's
 * target shows; but one output alone is no choice of classes: regression.
 * Errors: EBB_ERR_ARGUMENT (no inputs or outputs, or too many), EBB_ERR_MEMORY. */
ebb_status ebb_encoder_bare(ebb_encoder **out, size_t inputs, size_t outputs, ebb_task task);

/* Changes nothing if the encoder knows its task, or the table has no target.
 * Errors: EBB_ERR_MEMORY. */
ebb_status ebb_encoder_take_task(ebb_encoder *encoder, const ebb_table *table);
void ebb_encoder_free(ebb_encoder *encoder);

size_t ebb_encoder_inputs(const ebb_encoder *encoder);  /* of the network */
size_t ebb_encoder_outputs(const ebb_encoder *encoder); /* classes, or target columns */
ebb_task ebb_encoder_task(const ebb_encoder *encoder);
ebb_missing ebb_encoder_missing(const ebb_encoder *encoder);
const char *ebb_encoder_class(const ebb_encoder *encoder, size_t index);  /* NULL: no such class */
const char *ebb_encoder_target(const ebb_encoder *encoder, size_t index); /* name; NULL: none */

/* Regression: what the target's values were standardised by; 0 and 1 where they were not. */
double ebb_encoder_target_mean(const ebb_encoder *encoder, size_t index);
double ebb_encoder_target_deviation(const ebb_encoder *encoder, size_t index);

/* Outputs of a network, or a dataset's values, in the target's own units; of classes, unchanged.
 * Shapes: values and outputs [rows, outputs of the encoder]. */
void ebb_encoder_decode(double *values, const ebb_encoder *encoder, const float *outputs,
                        size_t rows);

/* How an encoder reads one of its columns. */
typedef struct ebb_encoder_column_info {
  const char *name; /* "" where columns have none */
  ebb_column_kind kind;
  size_t inputs;          /* of the network that it makes */
  double mean, deviation; /* numbers: x = (value - mean) / deviation; a date: of its days since
                           * 1970-01-01 */
  size_t categories;      /* with an input of their own */
  bool other;             /* one more input for all other categories */
  bool indicator;         /* one more input: 1 where the value is missing */
} ebb_encoder_column_info;
size_t ebb_encoder_columns(const ebb_encoder *encoder);
/* Errors: EBB_ERR_ARGUMENT (no such column). */
ebb_status ebb_encoder_column(ebb_encoder_column_info *out, const ebb_encoder *encoder,
                              size_t index);

/* Encodes rows of a table (`rows` NULL: all of them, in order). A table without target gives a
 * dataset without labels and values. A category that the encoder does not know gives zeros, or the
 * input that rare ones share; ebb_read_options.refuse_unknown makes the former an error.
 * Errors: EBB_ERR_INPUT (unknown class, wrong number of columns, missing value, a number too far
 * from the training rows for float32). */
ebb_status ebb_encoder_apply(ebb_dataset *out, const ebb_encoder *encoder, const ebb_table *table,
                             const size_t *rows, size_t count);

/* How many values of the table are categories that give zeros, not seen in training; `text` [size],
 * size 0 or more, gets a line about them, cut to fit: `column "city": 1 of 3 values unknown
 * ("bonn")`. */
size_t ebb_encoder_unknown(char *text, size_t size, const ebb_encoder *encoder,
                           const ebb_table *table);

/* Writes inputs and targets of a table; the path's ending tells the format. `.csv`: its columns,
 * texts as they were read, amounts as plain numbers, dates as days since 1970-01-01. `.npz`, `.svm`
 * or `.libsvm`: the inputs of an encoder fitted on all rows by `options`, but with nothing scaled.
 * What their readers must know becomes notes of the table. The file is replaced as a whole or not
 * at all.
 * Errors: EBB_ERR_ARGUMENT (the ending), EBB_ERR_INPUT (the format cannot hold it),
 * EBB_ERR_OUTPUT. */
ebb_status ebb_table_write(ebb_table *table, const char *path, const ebb_encoder_options *options);

/* The encoder as JSON text and back. The caller frees the text with free().
 * Errors: EBB_ERR_INPUT (no encoder's JSON: says what is wrong), EBB_ERR_MEMORY. */
ebb_status ebb_encoder_to_json(char **out, const ebb_encoder *encoder);
ebb_status ebb_encoder_from_json(ebb_encoder **out, const char *text);

#ifdef __cplusplus
}
#endif
#endif
