/* The first rows of a text table: how wide they are, and what kinds of values their columns hold.
 */
#ifndef EBBI_CSV_SAMPLE_H
#define EBBI_CSV_SAMPLE_H

#include "data/csv_dialect.h"

typedef enum ebbi_csv_kind {
  EBBI_CSV_EMPTY,
  EBBI_CSV_MISSING, /* a text that stands for it */
  EBBI_CSV_NUMBER,  /* or an amount, a date: what begins with a digit and has no letters */
  EBBI_CSV_MIXED,   /* what does and has: 5 km, 1st_floor */
  EBBI_CSV_TEXT
} ebbi_csv_kind;

/* A column below the first row. */
typedef struct ebbi_csv_look {
  size_t numbers, mixed, texts; /* that many of each kind */
  size_t pointed;               /* numbers with a decimal point */
  size_t repeats;               /* of the first row's text */
  ebbi_names distinct;          /* texts, unless they are many */
  bool many;
} ebbi_csv_look;

typedef struct ebbi_csv_width {
  size_t fields, used; /* used: up to the last that is not empty */
} ebbi_csv_width;

/* Zero-initialise; free in every case. */
typedef struct ebbi_csv_sample {
  ebbi_csv_scan scan;     /* at the first row, which can name the columns; its fields are */
  ebbi_csv_width *widths; /* [rows], of all rows, the first included */
  size_t rows, capacity;
  ebbi_csv_look *looks; /* [scan.count] */
  const ebbi_na *na;
  char decimal;
} ebbi_csv_sample;

ebb_status ebbi_csv_sample_take(ebbi_csv_sample *sample, const char *path,
                                const ebbi_csv_dialect *dialect, const ebbi_na *na, char decimal);
void ebbi_csv_sample_free(ebbi_csv_sample *sample);

ebbi_csv_kind ebbi_csv_kind_of(const ebbi_csv_sample *sample, ebbi_span field);

/* The most common width of the rows from `first` on, the first of several; `used` is that of
 * all such rows together. *alike gets their number. */
ebbi_csv_width ebbi_csv_common_width(const ebbi_csv_sample *sample, size_t first, size_t *alike);

#endif
