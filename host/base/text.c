/* Locale-independent numbers, and the nearest of some names.
 *
 * strtod follows the program's locale: under one with a decimal comma "0.5" would read as 0. So
 * numbers are read in a fixed "C" locale object, whatever the program has set.
 */
#define _GNU_SOURCE
#include "text.h"

#include <ctype.h>
#include <ebb/status.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

bool ebbi_parse_double(double *out, const char *text) {
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

/* Levenshtein's distance, ignoring case; one row of the table at a time. */
static size_t distance(const char *a, const char *b) {
  size_t row[SUGGEST_MAX + 1], columns = strlen(b);
  for (size_t j = 0; j <= columns; j++) row[j] = j;
  for (size_t i = 0; a[i] != '\0'; i++) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < columns; j++) {
      bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
      size_t best = diagonal + !same;
      diagonal = row[j + 1];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (diagonal + 1 < best) best = diagonal + 1;
      row[j + 1] = best;
    }
  }
  return row[columns];
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
