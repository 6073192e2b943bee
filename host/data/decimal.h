/* Numbers as a table may write them: with a decimal point, or a decimal comma. */
#ifndef EBBI_DECIMAL_H
#define EBBI_DECIMAL_H

#include "data/span.h"

/* Reads all of the span, trimmed, as a finite or infinite number. Decimal ',': groups of three
 * digits parted by points are read too. */
bool ebbi_decimal_read(double *out, ebbi_span span, char decimal);

typedef enum ebbi_comma {
  EBBI_COMMA_NONE,    /* no number with a decimal comma */
  EBBI_COMMA_GROUPED, /* one such as 1,234, whose comma may as well part groups of digits */
  EBBI_COMMA_DECIMAL
} ebbi_comma;
ebbi_comma ebbi_comma_of(ebbi_span span);

#endif
