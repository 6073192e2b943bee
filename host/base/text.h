/* Text: numbers that do not depend on the locale. (ebb_suggest is declared in ebb/status.h.) */
#ifndef EBBI_TEXT_H
#define EBBI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole string as a decimal number with a point, blanks around allowed; no hex, no
 * grouping. Reads "nan" and "inf" too: the caller decides. False: not a number. */
bool ebbi_parse_double(double *out, const char *text);

#endif
