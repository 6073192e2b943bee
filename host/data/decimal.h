/* Numbers as a table may write them: with a decimal point, or a decimal comma. */
#ifndef EBBI_DECIMAL_H
#define EBBI_DECIMAL_H

#include "base/text.h"
#include "data/span.h"

/* Reads all of the span, trimmed, as a finite or infinite number with a decimal comma; groups of
 * three digits parted by points are read too. */
bool ebbi_decimal_read_comma(double *out, ebbi_span span);

/* The same with a decimal point, without groups, unless `decimal` is ','. */
static inline bool ebbi_decimal_read(double *out, ebbi_span span, char decimal) {
  return decimal == ',' ? ebbi_decimal_read_comma(out, span)
                        : ebbi_parse_number(out, span.text, span.length, '.');
}

typedef enum ebbi_comma {
  EBBI_COMMA_NONE,    /* no number with a decimal comma */
  EBBI_COMMA_GROUPED, /* one such as 1,234, whose comma may as well part groups of digits */
  EBBI_COMMA_DECIMAL
} ebbi_comma;
ebbi_comma ebbi_comma_of(ebbi_span span);

enum { EBBI_NUMBER_TEXT = 32 };

/* The fewest digits, 15 or more, that read back as the same double: 1, 0.1, 1e+20. With a point,
 * whatever the program's locale has. Returns `out`. */
const char *ebbi_number_text(char out[EBBI_NUMBER_TEXT], double value);

#endif
