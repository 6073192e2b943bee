/* Does the first line of a text table name the columns, and how many are there? */
#ifndef EBBI_CSV_HEADER_H
#define EBBI_CSV_HEADER_H

#include "data/csv_sample.h"
#include "data/raw.h"

typedef struct ebbi_csv_header {
  bool first_row; /* the first row is the header */
  size_t line;    /* of the header */
  size_t names;   /* that it has, without empty ones at the end */
  size_t widest;  /* fields that a row may have, those beyond raw->cols being empty */
} ebbi_csv_header;

/* Decides, names the columns of `raw` and notes what was guessed.
 * Errors: EBB_ERR_INPUT (names that repeat, a header of too few names). */
ebb_status ebbi_csv_header_find(ebbi_csv_header *header, ebbi_raw *raw,
                                const ebbi_csv_sample *sample, const ebbi_csv_dialect *dialect,
                                const ebb_read_options *options);

#endif
