/* Text: numbers independent of the locale, characters. (ebb_suggest is declared in
 * ebb/tool.h.) */
#ifndef EBBI_TEXT_H
#define EBBI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole string as a decimal number with a point. Blanks around it are allowed; hexadecimal
 * and grouped digits are not. Accepts "nan" and "inf": the caller decides about them. Returns false
 * if it is not a number. */
bool ebbi_parse_double(double *out, const char *text);

/* The same for part of a text, without blanks and words, and with a decimal point of the caller's
 * choice. A number beyond the range of double reads as infinite. */
bool ebbi_parse_number(double *out, const char *text, size_t length, char point);

/* Reads the words inf, infinity and nan, in upper or lower case, with or without a sign. */
bool ebbi_parse_word(double *out, const char *text, size_t length);

enum { EBBI_NUMBER_TEXT = 32 };

/* The fewest digits, 15 or more, that read back as the same double: 1, 0.1, 1e+20. With a point,
 * whatever the program's locale has. Returns `out`. */
const char *ebbi_number_text(char out[EBBI_NUMBER_TEXT], double value);

/* The length in bytes of the UTF-8 character at `text`, which must end with a 0; 0 if it is not
 * valid (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). Never reads past that 0. */
size_t ebbi_utf8_character(const char *text);

#endif
