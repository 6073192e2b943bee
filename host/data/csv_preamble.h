/* Lines above the rows of a text table that are neither comments nor its header. */
#ifndef EBBI_CSV_PREAMBLE_H
#define EBBI_CSV_PREAMBLE_H

#include "data/csv_dialect.h"
#include "data/notes.h"

/* Moves the dialect past titles and header lines above the actual header, sets `below` to the
 * number of header lines after it, and notes what was left out. */
ebb_status ebbi_csv_preamble_skip(ebbi_csv_dialect *dialect, ebbi_notes *notes, const char *path,
                                  const ebbi_na *na, const ebb_read_options *options);

#endif
