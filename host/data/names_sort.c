/* Sorts names by text or by number: the order in which classes are listed. */
#include "base/error.h"
#include "base/text.h"
#include "names.h"
#include <stdlib.h>
#include <string.h>

typedef struct entry {
  const char *text;
  double value; /* 0 for texts */
  size_t index;
} entry;

static int compare(const void *left, const void *right) {
  const entry *a = left, *b = right;
  if (a->value != b->value) return a->value < b->value ? -1 : 1;
  return a->index < b->index ? -1 : a->index > b->index;
}

static int compare_texts(const void *left, const void *right) {
  return strcmp(((const entry *)left)->text, ((const entry *)right)->text);
}

/* Fills `sorted` with the entries in their new order, and `map` with old index → new index. */
static ebb_status merge(ebbi_names *sorted, int32_t *map, const entry *entries, size_t count,
                        bool numbers) {
  size_t index = 0;
  for (size_t i = 0; i < count; i++) {
    bool same = numbers && i > 0 && entries[i].value == entries[i - 1].value;
    if (!same) TRY(ebbi_names_add(sorted, &index, entries[i].text));
    map[entries[i].index] = (int32_t)index;
  }
  return EBB_OK;
}

ebb_status ebbi_names_sort(ebbi_names *names, int32_t *map, bool numbers) {
  if (names->count == 0) return EBB_OK;
  entry *entries = calloc(names->count, sizeof *entries);
  REQUIRE(entries, EBB_ERR_MEMORY, "data: no memory to sort %zu names", names->count);
  ebbi_names sorted = {0};
  for (size_t i = 0; i < names->count; i++) {
    entries[i] = (entry){.text = names->items[i], .index = i};
    if (numbers) ebbi_parse_double(&entries[i].value, names->items[i]);
  }
  qsort(entries, names->count, sizeof *entries, numbers ? compare : compare_texts);
  ebb_status status = merge(&sorted, map, entries, names->count, numbers);
  free(entries);
  ebbi_names_free(status == EBB_OK ? names : &sorted);
  if (status == EBB_OK) *names = sorted;
  return status;
}
