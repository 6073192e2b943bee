/* Values of options: converting texts to the types of the option table. */
#ifndef EBB_CLI_OPTION_VALUES_H
#define EBB_CLI_OPTION_VALUES_H

#include "options.h"

/* Converts `text` into `member`, whose type is the row's kind; texts are stored as the pointer.
 * Returns false if `text` is not valid, with the allowed values in `allowed`: "a number from 0 to
 * 1". */
bool option_convert(void *member, const option_row *row, const char *text, char *allowed,
                    size_t size);

/* Sets the value of an option that was not given and has no default. */
void option_clear(void *member, const option_row *row);

/* True if two members hold the same value. */
bool option_equal(const void *a, const void *b, const option_row *row);

#endif
