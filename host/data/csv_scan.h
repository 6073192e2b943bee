/* Iterates over the rows of a text table, as spans of the text. */
#ifndef EBBI_CSV_SCAN_H
#define EBBI_CSV_SCAN_H

#include "data/span.h"
#include <ebb/status.h>
#include <stdbool.h>

#define EBBI_CSV_BLANKS ' ' /* the delimiter that stands for runs of spaces and tabs */

/* The unquoted copy of a field with doubled quotes. */
typedef struct ebbi_csv_copy {
  struct ebbi_csv_copy *next;
  char text[];
} ebbi_csv_copy;

/* Initialise with zeros; free in every case. */
typedef struct ebbi_csv_scan {
  const char *path;
  const char *at; /* the rest of the text */
  char *own;      /* the text itself if it is read for the last time: doubled quotes are then
                   * reduced in place; NULL: in a copy */
  char delimiter;
  bool stops[256];   /* bytes that may end an unquoted field */
  size_t line;       /* first line of the row, from 1 */
  size_t next_line;  /* first line of the next row */
  ebbi_span *fields; /* of the row, without blanks around them */
  size_t count, capacity;
  ebbi_csv_copy *copies;
  size_t skipped, skipped_line; /* rows of delimiters and dashes only: their number and the first
                                 * one's line */
  ebb_status try_status;        /* EBB_ERR_MEMORY: ebbi_csv_scan_try has run out of memory */
} ebbi_csv_scan;

/* Begins at `text`, line `line` of its file, reusing memory. The text ends at its first 0. Sets own
 * to NULL. */
void ebbi_csv_scan_begin(ebbi_csv_scan *scan, const char *path, const char *text, size_t line,
                         char delimiter);
void ebbi_csv_scan_free(ebbi_csv_scan *scan);

/* Reads the next row; *found is false at the end. Skips empty lines and rows of delimiters or
 * dashes.
 * Errors: EBB_ERR_INPUT (stray quotes, too many fields). */
ebb_status ebbi_csv_scan_row(ebbi_csv_scan *scan, bool *found);

/* The same for examining a text: false at the end, and at a row that cannot be read, which reading
 * will report. Running out of memory says nothing about the text: it ends this and all later calls,
 * and the caller must return `try_status`. */
bool ebbi_csv_scan_try(ebbi_csv_scan *scan);

#endif
