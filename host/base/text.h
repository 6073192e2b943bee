/* Text: numbers that do not depend on the locale, characters. (ebb_suggest is declared in
 * ebb/status.h.) */
#ifndef EBBI_TEXT_H
#define EBBI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole string as a decimal number with a point, blanks around allowed; no hex, no
 * grouping. Reads "nan" and "inf" too: the caller decides. False: not a number. */
bool ebbi_parse_double(double *out, const char *text);

/* The same of a part of a text, all of it, without blanks and words and with a point of your own.
 * A number beyond the range of doubles is infinite. */
bool ebbi_parse_number(double *out, const char *text, size_t length, char point);

/* The words among numbers, in any case: inf, infinity and nan, with a sign or without. */
bool ebbi_parse_word(double *out, const char *text, size_t length);

/* Bytes of the UTF-8 character at `text`, which ends by a 0; 0: there is none (RFC 3629: no
 * surrogates, nothing overlong, at most U+10FFFF). Reads up to that 0 at most. */
size_t ebbi_utf8_character(const char *text);

#endif
