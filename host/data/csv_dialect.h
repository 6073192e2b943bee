/* The dialect of a text table: where it begins and what delimits its fields. */
#ifndef EBBI_CSV_DIALECT_H
#define EBBI_CSV_DIALECT_H

#include "data/csv_scan.h"
#include "data/na.h"
#include <ebb/data.h>

typedef struct ebbi_csv_dialect {
  char delimiter;
  const char *text; /* the table, after `sep=` and comments */
  size_t line;      /* line in which it begins */
  size_t comments;  /* number of lines above it that begin with # */
  const char *note; /* text of the last such line if it has as many fields as the rows, since it may
                     * be the header; otherwise NULL */
  size_t note_line;
  size_t below; /* number of lines below the header that are not rows either */
} ebbi_csv_dialect;

/* Errors: EBB_ERR_ARGUMENT (an impossible delimiter), EBB_ERR_MEMORY. */
ebb_status ebbi_csv_dialect_find(ebbi_csv_dialect *dialect, const char *path, const char *text,
                                 const ebbi_na *na, const ebb_read_options *options);

#endif
