/* Amounts: numbers with a currency, a unit or grouped digits.
 *
 * A column is read as amounts only if all of it can be, with one unit: a single "A12" makes the
 * whole column text. A unit that is a word must follow every number: "2, 3, 5more" is not a list of
 * amounts. The digits are copied without grouping and read by ebbi_parse_double, so there is a
 * single reader of numbers.
 */
#include "data/reading.h"

#include "base/text.h"
#include "data/decimal.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PLAIN = 64 }; /* bytes of a number's text; longer texts are not numbers */

bool ebbi_number_parse(double *value, const char *text, char decimal) {
  ebbi_span span = {.text = text, .length = strlen(text)};
  return ebbi_decimal_read(value, span, decimal) && isfinite(*value);
}

/* The length of the first of `marks` that `text` begins with; 0: none of them. */
static size_t starts_with(const char *text, const char *const *marks) {
  for (; *marks; marks++)
    if (strncmp(text, *marks, strlen(*marks)) == 0) return strlen(*marks);
  return 0;
}

static size_t blank_at(const char *text) { /* also the no-break, thin and narrow no-break space */
  static const char *const blanks[] = {" ", "\t", "\xc2\xa0", "\xe2\x80\x89", "\xe2\x80\xaf", NULL};
  return starts_with(text, blanks);
}

static void skip_blanks(const char **at) {
  for (size_t length; (length = blank_at(*at)) > 0;) *at += length;
}

/* -1 or 1. */
static double take_sign(const char **at) {
  static const char *const minus[] = {"-", "\xe2\x88\x92", NULL};
  size_t length = starts_with(*at, minus);
  double sign = length ? -1 : 1;
  *at += length ? length : **at == '+';
  if (length) skip_blanks(at);
  return sign;
}

/* A currency may precede its number. Any other text before the digits makes a code such as A12. */
static void take_currency(const char **at, char unit[EBBI_FORMAT]) {
  static const char *const currencies[] = {
      "US$", "A$",  "C$",  "R$",  "HK$", "NZ$", "S$",  "$",   "€",   "£",   "¥",   "₹",
      "₩",   "₽",   "₺",   "₫",   "₦",   "₪",   "USD", "EUR", "GBP", "JPY", "CHF", "CNY",
      "INR", "AUD", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "BRL", "MXN",
      "ZAR", "RUB", "TRY", "KRW", "SGD", "HKD", "Rs.", "Rs",  NULL};
  size_t length = starts_with(*at, currencies);
  if (length == 0) return;
  memcpy(unit, *at, length);
  unit[length] = '\0';
  *at += length;
  skip_blanks(at);
}

/* The length of the mark between two groups of digits; 0: not a group mark. */
static size_t group_mark(const char *text, char decimal) {
  if (*text == (decimal == ',' ? '.' : ',') || *text == '\'') return 1;
  if (strncmp(text, "\xe2\x80\x99", 3) == 0) return 3;
  return blank_at(text);
}

static size_t count_digits(const char *text) {
  return strspn(text, "0123456789");
}

/* The number of digits in the group after a mark: three, or two in Indian lakhs and crores, where
 * the last group again has three: 12,34,567. 0: not a group. */
static size_t group_digits(const char *text, size_t mark, size_t before, bool pairs) {
  size_t digits = count_digits(text + mark);
  if (digits == 3) return 3;
  if (digits != 2 || *text != ',' || text[mark + 2] != ',') return 0;
  return pairs || before <= 2 ? 2 : 0;
}

/* The digits after the first, up to three, without group marks. A number that begins with 0, such
 * as a telephone number, has no groups. */
static size_t take_groups(const char **at, char plain[PLAIN], size_t used, char decimal) {
  const char *mark = NULL;
  bool pairs = false, done = false;
  while (!done && used < PLAIN / 2) {
    size_t length = group_mark(*at, decimal);
    size_t digits = length ? group_digits(*at, length, used, pairs) : 0;
    if (digits == 0 || (mark && strncmp(mark, *at, length) != 0)) break;
    done = pairs && digits == 3;
    pairs = digits == 2;
    mark = *at;
    memcpy(plain + used, *at + length, digits);
    used += digits;
    *at += length + digits;
  }
  return used;
}

/* Copies the digits, without group marks, and a fraction into `plain`. */
static bool take_digits(const char **at, char plain[PLAIN], char decimal) {
  const char *text = *at;
  size_t used = count_digits(text);
  if (used > PLAIN / 4) return false;
  memcpy(plain, text, used);
  text += used;
  if (used > 0 && used <= 3 && plain[0] != '0') used = take_groups(&text, plain, used, decimal);
  size_t decimals = *text == decimal ? count_digits(text + 1) : 0;
  if (decimals > PLAIN / 4) return false;
  if (decimals > 0) {
    plain[used++] = '.';
    memcpy(plain + used, text + 1, decimals);
    used += decimals;
    text += 1 + decimals;
  }
  plain[used] = '\0';
  *at = text;
  return used > 0;
}

/* Letters and signs such as km, km/h, m², m2, %, €, at the end or before a parenthesis. */
static bool take_unit(const char **at, char unit[EBBI_FORMAT]) {
  size_t length = strcspn(*at, ")");
  while (length > 0 && (*at)[length - 1] == ' ') length--;
  if (length == 0) return true;
  if (length >= EBBI_FORMAT || unit[0] != '\0') return false;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)(*at)[i];
    bool sign = isalpha(c) || c >= 0x80 || c == '%' || c == '$';
    bool inside = i > 0 && (c == '/' || c == '.');
    bool power = i > 0 && i + 1 == length && (c == '2' || c == '3');
    if (!sign && !inside && !power) return false;
  }
  memcpy(unit, *at, length);
  unit[length] = '\0';
  *at += length;
  return true;
}

/* Thousands, millions, billions: $1.5M. Without a currency the letter may be a unit, unless the
 * column has several such letters. */
static double take_magnitude(const char **at) {
  static const struct {
    const char *text;
    double value;
  } magnitudes[] = {{"k", 1e3}, {"K", 1e3}, {"m", 1e6},  {"M", 1e6},
                    {"b", 1e9}, {"B", 1e9}, {"bn", 1e9}, {"Bn", 1e9}};
  size_t length = strcspn(*at, " )");
  for (size_t i = 0; i < sizeof magnitudes / sizeof *magnitudes; i++)
    if (strlen(magnitudes[i].text) == length && strncmp(*at, magnitudes[i].text, length) == 0) {
      *at += length;
      return magnitudes[i].value;
    }
  return 1;
}

static bool take_bracket(const char **at) {
  bool there = **at == '(';
  *at += there;
  if (there) skip_blanks(at);
  return there;
}

/* A sign after the number, as some programs write it. */
static bool take_late_sign(const char **at) {
  bool there = (*at)[0] == '-' && ((*at)[1] == '\0' || (*at)[1] == ' ');
  *at += there;
  return there;
}

bool ebbi_amount_parse(double *value, char unit[EBBI_FORMAT], const char *text, char decimal) {
  char plain[PLAIN];
  unit[0] = '\0';
  skip_blanks(&text);
  bool owed = take_bracket(&text);
  double sign = take_sign(&text), magnitude;
  take_currency(&text, unit);
  if (unit[0] && strcmp(text, "-") == 0) { /* accountants write $ - for 0 */
    *value = 0;
    return !owed;
  }
  if (!owed && unit[0]) owed = take_bracket(&text);
  if (sign > 0) sign = take_sign(&text);
  if (!take_digits(&text, plain, decimal)) return false;
  magnitude = unit[0] ? take_magnitude(&text) : 1;
  if (sign > 0 && !owed && take_late_sign(&text)) sign = -1;
  skip_blanks(&text);
  if (!take_unit(&text, unit)) return false;
  skip_blanks(&text);
  if (owed && *text++ != ')') return false;
  skip_blanks(&text);
  if (*text != '\0' || !ebbi_parse_double(value, plain)) return false;
  *value *= magnitude * (owed ? -sign : sign);
  return true;
}

static const char magnitudes_format[] = "k, M, B";

/* 950, 1.2k, 3M: two different letters, or numbers without a letter beside numbers with one. */
static bool read_magnitudes(ebbi_reading *reading, const ebbi_names *texts, char decimal) {
  bool differ = reading->format[0] != '\0';
  int first = -1;
  for (size_t i = 0; i < texts->count; i++) {
    char unit[EBBI_FORMAT] = "";
    const char *text = texts->items[i], *at = unit;
    double *value = &reading->values[i];
    reading->bad = i;
    if (!ebbi_number_parse(value, text, decimal) && !ebbi_amount_parse(value, unit, text, decimal))
      return false;
    if (unit[0] != '\0' && (unit[1] != '\0' || !strchr("kKMB", unit[0]))) return false;
    *value *= take_magnitude(&at);
    int letter = toupper((unsigned char)unit[0]);
    differ |= first >= 0 && letter != first;
    first = letter;
  }
  return differ;
}

/* True for units such as km; false for $ and %, which may be left out, as in "$5, 0, $7". */
static bool is_word(const char *unit) {
  char unused[EBBI_FORMAT] = "";
  const char *at = unit;
  take_currency(&at, unused);
  return *at != '\0' && *at != '%';
}

static bool read_units(ebbi_reading *reading, const ebbi_names *texts, char decimal) {
  bool fixed = reading->format[0] != '\0', bare = false;
  for (size_t i = 0; i < texts->count; i++) {
    char unit[EBBI_FORMAT] = "";
    const char *text = texts->items[i];
    reading->bad = i;
    if (!ebbi_number_parse(&reading->values[i], text, decimal) &&
        !ebbi_amount_parse(&reading->values[i], unit, text, decimal))
      return false;
    bare |= unit[0] == '\0';
    if (unit[0] == '\0') {
      if (!fixed && is_word(reading->format)) return false;
      continue;
    }
    if (reading->format[0] == '\0') {
      if (bare && is_word(unit)) return false;
      snprintf(reading->format, sizeof reading->format, "%s", unit);
    }
    if (strcmp(reading->format, unit) != 0) return false;
  }
  return true;
}

bool ebbi_read_amounts(ebbi_reading *reading, const ebbi_names *texts, char decimal) {
  ebbi_reading magnitudes = *reading;
  bool fixed = strcmp(reading->format, magnitudes_format) == 0;
  if (fixed) return read_magnitudes(reading, texts, decimal);
  if (reading->format[0] == '\0' && read_magnitudes(&magnitudes, texts, decimal)) {
    memcpy(reading->format, magnitudes_format, sizeof magnitudes_format);
    return true;
  }
  return read_units(reading, texts, decimal);
}
