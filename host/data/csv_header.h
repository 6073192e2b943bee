/* Finds out whether the first line of a text table names the columns, and how many columns there
 * are. */
#ifndef EBBI_CSV_HEADER_H
#define EBBI_CSV_HEADER_H

#include "data/csv_sample.h"
#include "data/raw.h"

typedef struct ebbi_csv_header {
  bool first_row; /* the first row is the header */
  size_t line;    /* line of the header */
  size_t names;   /* number of names, without empty ones at the end */
  size_t widest;  /* fields that a row may have; those beyond raw->cols must be empty */
} ebbi_csv_header;

/* Decides, names the columns of `raw` and notes what was guessed.
 * Errors: EBB_ERR_INPUT (duplicate names, a header with too few names). */
ebb_status ebbi_csv_header_find(ebbi_csv_header *header, ebbi_raw *raw,
                                const ebbi_csv_sample *sample, const ebbi_csv_dialect *dialect,
                                const ebb_read_options *options);

#endif
