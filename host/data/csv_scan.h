/* The rows of a text table, one at a time, as spans of the text. */
#ifndef EBBI_CSV_SCAN_H
#define EBBI_CSV_SCAN_H

#include "data/span.h"
#include <ebb/status.h>
#include <stdbool.h>

#define EBBI_CSV_BLANKS ' ' /* the delimiter that is a run of spaces and tabs */

/* What a field of the row says that holds doubled quotes. */
typedef struct ebbi_csv_copy {
  struct ebbi_csv_copy *next;
  char text[];
} ebbi_csv_copy;

/* Zero-initialise; free in every case. */
typedef struct ebbi_csv_scan {
  const char *path;
  const char *at; /* what comes next */
  char *own;      /* the bytes that it lies in, to be read for the last time, so that doubled quotes
                   * are made single where they stand; NULL: in a copy */
  char delimiter;
  bool stops[256];   /* bytes at which a field without quotes may end */
  size_t line;       /* where the row begins, from 1 */
  size_t next_line;  /* where the next one does */
  ebbi_span *fields; /* of the row, blanks around them cut off */
  size_t count, capacity;
  ebbi_csv_copy *copies;
  size_t skipped, skipped_line; /* rows of delimiters and dashes alone, and where the first is */
  ebb_status looked;            /* EBB_ERR_MEMORY: a look ended for lack of it */
} ebbi_csv_scan;

/* Begins at `text`, line `line` of its file, and keeps the memory of earlier use. The text ends
 * with its first 0. Sets own to NULL. */
void ebbi_csv_scan_begin(ebbi_csv_scan *scan, const char *path, const char *text, size_t line,
                         char delimiter);
void ebbi_csv_scan_free(ebbi_csv_scan *scan);

/* Reads the next row; *found is false at the end. Empty lines and rows of delimiters or dashes
 * alone are none. Errors: EBB_ERR_INPUT (stray quotes, too many fields). */
ebb_status ebbi_csv_scan_row(ebbi_csv_scan *scan, bool *found);

/* The same for who only wants to see what the text is like: false at the end, and at a row that
 * cannot be read, since the reading will report it. Lack of memory is no property of the text: it
 * ends this look and all later ones, and whoever looked returns `looked`. */
bool ebbi_csv_scan_look(ebbi_csv_scan *scan);

#endif
