/* What the targets of data formats share: a table all the way, from bytes to what was written. */
#ifndef EBB_FUZZ_TABLES_H
#define EBB_FUZZ_TABLES_H

#include "fuzz.h"

#include <ebb/data.h>

typedef struct table_choices {
  ebb_read_options read;
  ebb_encoder_options encode;
  ebb_split split;
  const char *written; /* "t.csv", or NULL: not written */
} table_choices;

/* Takes a choice a byte: target, task, header, delimiter, decimal mark, texts of missing values,
 * encoding, list of columns, missing inputs, scaling, parts, format that is written. */
enum { TABLE_CHOICES = 12 };
table_choices fuzz_table_choices(fuzz_input *input);

/* Reads the bytes, which it frees, and goes all the way. */
void fuzz_table_bytes(char *bytes, size_t size, const table_choices *choices);

/* The same of a table that has been read, which it frees; `bytes` are to be read once more as
 * further rows for the encoder; NULL: are not. */
void fuzz_table(ebb_table *table, const char *bytes, size_t size, const table_choices *choices);

/* False for a text with an index above 999 in libsvm's format, whose columns are dense: a few bytes
 * ask for a million of them, and one such input takes as long as thousands of others. */
bool fuzz_is_narrow(const char *text);

/* Choices, then a file of the format. */
int fuzz_table_input(const uint8_t *data, size_t size, bool (*is_format)(const char *, size_t));

#endif
