/* Locale-independent numbers, and the nearest of some names.
 *
 * strtod follows the program's locale: under one with a decimal comma "0.5" would read as 0. So
 * numbers are read in a fixed "C" locale object, whatever the program has set. Plain short numbers,
 * nearly all of a data file, take a path of their own that gives the same bits ten times as fast.
 */
#define _GNU_SOURCE
#include "text.h"

#include <ctype.h>
#include <ebb/status.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Digits with at most one point: both the digits (< 2^53) and the power of ten are exact doubles,
 * so their quotient is rounded once, correctly (Clinger, "How to read floating point numbers
 * accurately", 1990). */
static bool parse_plain(double *out, const char *text) {
  static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  bool negative = *text == '-', point = false;
  uint64_t digits = 0;
  unsigned count = 0, decimals = 0;
  for (text += *text == '-' || *text == '+'; *text != '\0'; text++) {
    if (*text == '.' && !point) {
      point = true;
      continue;
    }
    if (*text < '0' || *text > '9' || ++count > 15) return false;
    digits = 10 * digits + (unsigned)(*text - '0');
    decimals += point;
  }
  double value = (double)digits / powers[decimals];
  *out = negative ? -value : value;
  return count > 0;
}

bool ebbi_parse_double(double *out, const char *text) {
  if (parse_plain(out, text)) return true;
  while (isspace((unsigned char)*text)) text++;
  if (*text == '\0' || strpbrk(text, "xX") != NULL) return false;
  locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (c_locale == (locale_t)0) return false;
  char *end;
  *out = strtod_l(text, &end, c_locale);
  freelocale(c_locale);
  if (end == text) return false;
  while (isspace((unsigned char)*end)) end++;
  return *end == '\0';
}

enum { SUGGEST_MAX = 64 };

static bool same_letter(char a, char b) {
  return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Edits that make b of a, ignoring case: letters changed, left out, put in, or swapped with their
 * neighbour, the commonest slip of all. The table of the beginnings' distances, of which only the
 * last three rows are needed (Damerau and Levenshtein). */
static size_t distance(const char *a, const char *b) {
  size_t rows[3][SUGGEST_MAX + 1], columns = strlen(b);
  for (size_t j = 0; j <= columns; j++) rows[0][j] = j;
  size_t i = 0;
  for (; a[i] != '\0'; i++) {
    size_t *row = rows[(i + 1) % 3], *above = rows[i % 3], *second = rows[(i + 2) % 3];
    row[0] = i + 1;
    for (size_t j = 1; j <= columns; j++) {
      row[j] =
          smaller(above[j - 1] + !same_letter(a[i], b[j - 1]), smaller(above[j], row[j - 1]) + 1);
      if (i > 0 && j > 1 && same_letter(a[i], b[j - 2]) && same_letter(a[i - 1], b[j - 1]))
        row[j] = smaller(row[j], second[j - 2] + 1);
    }
  }
  return rows[i % 3][columns];
}

const char *ebb_suggest(const char *word, const char *const *names, size_t count) {
  size_t length = strlen(word), best = 1 + (length + 1) / 3; /* more edits are another word */
  const char *nearest = NULL;
  for (size_t i = 0; i < count && length <= SUGGEST_MAX; i++) {
    if (strlen(names[i]) > SUGGEST_MAX) continue;
    size_t d = distance(word, names[i]);
    if (d < best) {
      best = d;
      nearest = names[i];
    }
  }
  return nearest;
}
