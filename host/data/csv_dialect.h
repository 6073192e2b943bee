/* What a text table is written in: where it begins, and what delimits its fields. */
#ifndef EBBI_CSV_DIALECT_H
#define EBBI_CSV_DIALECT_H

#include "data/csv_scan.h"
#include "data/na.h"
#include <ebb/data.h>

typedef struct ebbi_csv_dialect {
  char delimiter;
  const char *text; /* the table, behind `sep=` and comments */
  size_t line;      /* that it begins in */
  size_t comments;  /* lines above it that begin with # */
  const char *note; /* what the last of them says, if it has as many fields as the rows: it may name
                     * the columns; or NULL */
  size_t note_line;
  size_t below; /* lines below the header that are no rows either */
} ebbi_csv_dialect;

/* Errors: EBB_ERR_ARGUMENT (a delimiter that cannot be one), EBB_ERR_MEMORY. */
ebb_status ebbi_csv_dialect_find(ebbi_csv_dialect *dialect, const char *path, const char *text,
                                 const ebbi_na *na, const ebb_read_options *options);

#endif
