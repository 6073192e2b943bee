/* How a CSV file is laid out, found from its first rows before any value is kept. */
#ifndef EBBI_CSV_LAYOUT_H
#define EBBI_CSV_LAYOUT_H

#include "names.h"
#include <ebb/data.h>

typedef struct ebbi_csv_layout {
  char delimiter;
  bool header;
  bool short_header; /* of one name less than there are fields: the first has none */
  ebbi_names names;  /* [fields]; "0", "1", … where there is no header */
  size_t target;     /* field of the target, or EBBI_NO_INDEX */
  size_t *place;     /* [fields]: the input column that a field goes to */
} ebbi_csv_layout;

/* Zero-initialise; free in every case. */
void ebbi_csv_layout_free(ebbi_csv_layout *layout);

ebb_status ebbi_csv_layout_find(ebbi_csv_layout *layout, const char *path, const char *bytes,
                                size_t size, const ebb_read_options *options);

/* A field that stands for a missing value: empty, ?, NA, N/A, nan, null, in any case. */
bool ebbi_csv_is_missing(const char *text);

/* A number as others write it: digits, signs and commas, with a digit and a comma among them. */
bool ebbi_csv_has_decimal_comma(const char *text);

#endif
