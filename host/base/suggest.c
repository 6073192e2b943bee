/* Suggests the nearest of several names.
 *
 * Used by messages: someone who writes `trian` means `train`. Nearness is the number of edits that
 * lead from one word to the other. Beyond a third of the word's length it is a different word, and
 * no suggestion is given.
 */
#include <ctype.h>
#include <ebb/status.h>
#include <ebb/tool.h>
#include <stdbool.h>
#include <string.h>

enum { SUGGEST_MAX = 64 };

static bool same_letter(char a, char b) {
  return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* The number of edits that turn a into b, ignoring case: letters changed, left out, inserted, or
 * swapped with their neighbour, which is the commonest slip. Only the last three rows of the table
 * of prefix distances are kept (Damerau and Levenshtein). */
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
  size_t length = strlen(word), best = 1 + (length + 1) / 3; /* with more edits it is a different
                                                              * word */
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
