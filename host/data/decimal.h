/* Numbers as written in tables, with a decimal point or a decimal comma. */
#ifndef EBBI_DECIMAL_H
#define EBBI_DECIMAL_H

#include "base/text.h"
#include "data/span.h"

/* Reads the whole span, trimmed, as a finite or infinite number with a decimal comma. Groups of
 * three digits separated by points are allowed. */
bool ebbi_decimal_read_comma(double *out, ebbi_span span);

/* The same with a decimal point and without groups, unless `decimal` is ','. */
static inline bool ebbi_decimal_read(double *out, ebbi_span span, char decimal) {
  return decimal == ',' ? ebbi_decimal_read_comma(out, span)
                        : ebbi_parse_number(out, span.text, span.length, '.');
}

typedef enum ebbi_comma {
  EBBI_COMMA_NONE,    /* not a number with a decimal comma */
  EBBI_COMMA_GROUPED, /* such as 1,234, whose comma may also separate groups */
  EBBI_COMMA_DECIMAL
} ebbi_comma;
ebbi_comma ebbi_comma_of(ebbi_span span);

#endif
