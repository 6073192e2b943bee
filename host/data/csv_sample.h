/* The first rows of a text table: their widths, and the kinds of values in their columns.
 */
#ifndef EBBI_CSV_SAMPLE_H
#define EBBI_CSV_SAMPLE_H

#include "data/csv_dialect.h"

typedef enum ebbi_csv_kind {
  EBBI_CSV_EMPTY,
  EBBI_CSV_MISSING, /* a text that means a missing value */
  EBBI_CSV_NUMBER,  /* also an amount or a date: begins with a digit and has no letters */
  EBBI_CSV_MIXED,   /* begins with a digit and has letters: 5 km, 1st_floor */
  EBBI_CSV_TEXT
} ebbi_csv_kind;

/* A column, without the first row. */
typedef struct ebbi_csv_column {
  size_t numbers, mixed, texts; /* count of each kind */
  size_t pointed;               /* numbers with a decimal point */
  size_t repeats;               /* of the first row's text */
  ebbi_names distinct;          /* the texts, unless there are many */
  bool many;
} ebbi_csv_column;

typedef struct ebbi_csv_width {
  size_t fields, used; /* used: without empty fields at the end */
} ebbi_csv_width;

/* Initialise with zeros; free in every case. */
typedef struct ebbi_csv_sample {
  ebbi_csv_scan scan;     /* at the first row, which may be the header; its fields are valid */
  ebbi_csv_width *widths; /* [rows], of all rows including the first */
  size_t rows, capacity;
  ebbi_csv_column *columns; /* [scan.count] */
  const ebbi_na *na;
  char decimal;
} ebbi_csv_sample;

ebb_status ebbi_csv_sample_take(ebbi_csv_sample *sample, const char *path,
                                const ebbi_csv_dialect *dialect, const ebbi_na *na, char decimal);
void ebbi_csv_sample_free(ebbi_csv_sample *sample);

ebbi_csv_kind ebbi_csv_kind_of(const ebbi_csv_sample *sample, ebbi_span field);

/* The commonest width of the rows from `first` on, the first if several are equally common. `used`
 * is the maximum over these rows. *alike receives their number. */
ebbi_csv_width ebbi_csv_common_width(const ebbi_csv_sample *sample, size_t first, size_t *alike);

#endif
