/* The values of options: from a text to what a row of the option table keeps. */
#ifndef EBB_CLI_OPTION_VALUES_H
#define EBB_CLI_OPTION_VALUES_H

#include "options.h"

/* Writes the value of `text` to `member`, whose type is the kind of the row; texts are kept as the
 * pointer. False: `text` is no such value, and `allowed` says what is: "a number from 0 to 1". */
bool option_convert(void *member, const option_row *row, const char *text, char *allowed,
                    size_t size);

/* The value of an option that was not given and has no default. */
void option_clear(void *member, const option_row *row);

/* True if two members hold the same value. */
bool option_equal(const void *a, const void *b, const option_row *row);

#endif
