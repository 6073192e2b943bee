/* The nearest of some names.
 *
 * For messages: who writes `trian` means `train`. The fewer edits lead from one to the other the
 * nearer they are; beyond a third of the word it is another word, and no suggestion is better.
 */
#include <ctype.h>
#include <ebb/status.h>
#include <stdbool.h>
#include <string.h>

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
