/* Decimal points, decimal commas and grouped digits.
 *
 * "1,234" may be either of two numbers that differ by a factor of a thousand. It is read only if
 * the user has said which, and otherwise counted as ambiguous; "0,9" and "12,50" can only be
 * decimals.
 */
#include "decimal.h"

#include "base/text.h"
#include <math.h>
#include <stdio.h>

enum { LONGEST = 64 };

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Length of a number's integer part in groups of three separated by `mark`: at least two groups,
 * the first not 0. 0 if there is none. */
static size_t grouped(const char *text, size_t length, char mark) {
  size_t first = 0, used;
  while (first < length && is_digit(text[first])) first++;
  if (first == 0 || first > 3 || text[0] == '0') return 0;
  for (used = first; length - used >= 4 && text[used] == mark; used += 4)
    for (size_t i = 1; i <= 3; i++)
      if (!is_digit(text[used + i])) return 0;
  bool ends = used == length || (text[used] != mark && !is_digit(text[used]));
  return used > first && ends ? used : 0;
}

bool ebbi_decimal_read_comma(double *out, ebbi_span span) {
  if (ebbi_parse_number(out, span.text, span.length, ',')) return true;
  bool sign = span.length > 0 && (span.text[0] == '-' || span.text[0] == '+');
  size_t whole = grouped(span.text + sign, span.length - sign, '.'), count = 0;
  char plain[LONGEST];
  if (whole == 0 || span.length > LONGEST) return false;
  for (size_t i = 0; i < span.length; i++)
    if (i >= whole + sign || span.text[i] != '.') plain[count++] = span.text[i];
  return ebbi_parse_number(out, plain, count, ',');
}

ebbi_comma ebbi_comma_of(ebbi_span span) {
  double value;
  const char *comma = span.length > 0 ? memchr(span.text, ',', span.length) : NULL;
  if (!comma || !ebbi_decimal_read(&value, span, ',')) return EBBI_COMMA_NONE;
  bool sign = span.text[0] == '-' || span.text[0] == '+';
  size_t whole = grouped(span.text + sign, span.length - sign, ',');
  return whole > 0 && whole == span.length - sign ? EBBI_COMMA_GROUPED : EBBI_COMMA_DECIMAL;
}
