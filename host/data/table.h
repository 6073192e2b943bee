/* What a file holds, before encoding: columns of a CSV file, or the array of an IDX or NPY file. */
#ifndef EBBI_TABLE_H
#define EBBI_TABLE_H

#include "data/limits.h"
#include "data/names.h"
#include <ebb/data.h>

/* A column of a CSV file: numbers or categories, never both. */
typedef struct ebbi_column {
  bool known;        /* false while all values are missing */
  bool category;     /* codes and names; else numbers */
  double *numbers;   /* [rows], NaN where missing */
  int32_t *codes;    /* [rows], indices of names, -1 where missing */
  ebbi_names names;  /* sorted once the file is read */
  size_t missing;    /* how many */
  size_t first_line; /* of the first value, for messages */
} ebbi_column;

typedef struct ebbi_target {
  size_t cols; /* 0: there is no target */
  char *name;
  char *path; /* of the file of labels; NULL: a column of the table's file */
  ebb_task task;
  char reason[64];    /* why this task, "" if it was asked for */
  size_t position;    /* of the column in the file */
  int32_t *codes;     /* classification: [rows], indices of classes */
  ebbi_names classes; /* classification */
  double *numbers;    /* regression: [rows, cols] */
} ebbi_target;

struct ebb_table {
  char *path;
  size_t rows, cols;
  char *bytes;          /* the file, while `u8` points into it */
  const uint8_t *u8;    /* [rows, cols], or NULL */
  float *f32;           /* [rows, cols], or NULL */
  ebbi_column *columns; /* [cols]: a CSV file, or NULL */
  ebbi_names names;     /* [cols] of columns; positions in the file where it has no header */
  bool named;           /* the file has a header */
  bool short_header;    /* which does not name the first column */
  size_t *lines;        /* [rows] of a CSV file: where each row begins, from 1 */
  ebbi_target target;
  char summary[512];
};

/* Reads a table from the bytes of a file, which are freed here or with the table; bytes[size] must
 * be 0. `path` serves in messages only; options->labels is not looked at. */
ebb_status ebbi_table_parse(ebb_table **out, const char *path, char *bytes, size_t size,
                            const ebb_read_options *options);

/* Gives the table the targets of an IDX or NPY file. */
ebb_status ebbi_table_add_labels(ebb_table *table, const char *path, const char *bytes, size_t size,
                                 ebb_task task);

/* Fails with EBB_ERR_INPUT and `path:line: column "name": …`, or the like for arrays. */
ebb_status ebbi_table_fail(const ebb_table *table, size_t row, size_t col, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for the row's target. */
ebb_status ebbi_target_fail(const ebb_table *table, size_t row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The number of a cell that is not one of a category column; NaN where missing. */
double ebbi_table_number(const ebb_table *table, size_t row, size_t col);

/* Fills an empty table from CSV text (csv.c). */
ebb_status ebbi_csv_parse(ebb_table *table, const char *bytes, size_t size,
                          const ebb_read_options *options);

#endif
