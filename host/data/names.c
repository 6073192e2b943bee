/* Ordered sets of texts.
 *
 * A hash table of indices beside the list, so that a column of a million texts takes time in
 * proportion to its length; a sorted list with binary search would move its tail for each new text.
 * Each distinct text is stored once, behind the one before it in blocks that never move: allocated
 * one by one, short texts would take several times their length. Invariant: at most half of the
 * slots are taken.
 */
#include "names.h"

#include "base/error.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_BLOCK = 64, LARGEST_BLOCK = 1 << 20 };

struct ebbi_names_block {
  struct ebbi_names_block *next;
  size_t used, capacity;
  char text[];
};

void ebbi_names_free(ebbi_names *names) {
  for (struct ebbi_names_block *block = names->blocks, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  free(names->items);
  free(names->slots);
  *names = (ebbi_names){0};
}

/* The slot that holds the text, or the free one where it belongs. FNV-1a (Fowler, Noll, Vo). */
static size_t find_slot(const ebbi_names *names, const char *text, size_t length) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
  size_t mask = names->slot_count - 1, slot = (size_t)(hash ^ hash >> 32) & mask;
  for (; names->slots[slot] != 0; slot = (slot + 1) & mask) {
    const char *item = names->items[names->slots[slot] - 1];
    if (strncmp(item, text, length) == 0 && item[length] == '\0') break;
  }
  return slot;
}

static ebb_status grow(ebbi_names *names) {
  size_t slot_count = names->slot_count ? 2 * names->slot_count : 16;
  uint32_t *slots = calloc(slot_count, sizeof *slots);
  char **items = realloc(names->items, slot_count / 2 * sizeof *items);
  if (items) names->items = items;
  if (!slots || !items) {
    free(slots);
    return ebbi_fail(EBB_ERR_MEMORY, "data: no memory for %zu names", slot_count / 2);
  }
  free(names->slots);
  names->slots = slots;
  names->slot_count = slot_count;
  for (size_t i = 0; i < names->count; i++)
    slots[find_slot(names, names->items[i], strlen(names->items[i]))] = (uint32_t)i + 1;
  return EBB_OK;
}

/* Blocks double, up to a limit that is little beside the texts themselves. */
static ebb_status store(char **out, ebbi_names *names, const char *text, size_t length) {
  struct ebbi_names_block *block = names->blocks;
  if (!block || block->capacity - block->used <= length) {
    size_t capacity = block ? 2 * block->capacity : SMALLEST_BLOCK;
    if (capacity > LARGEST_BLOCK) capacity = LARGEST_BLOCK;
    if (capacity <= length) capacity = length + 1;
    block = malloc(sizeof *block + capacity);
    REQUIRE(block, EBB_ERR_MEMORY, "data: no memory for a text of %zu bytes", length);
    *block = (struct ebbi_names_block){.next = names->blocks, .capacity = capacity};
    names->blocks = block;
  }
  *out = memcpy(block->text + block->used, text, length);
  (*out)[length] = '\0';
  block->used += length + 1;
  return EBB_OK;
}

ebb_status ebbi_names_add_part(ebbi_names *names, size_t *index, const char *text, size_t length) {
  if (2 * names->count >= names->slot_count) TRY(grow(names));
  size_t slot = find_slot(names, text, length);
  if (names->slots[slot] == 0) {
    TRY(store(&names->items[names->count], names, text, length));
    names->count++;
    names->slots[slot] = (uint32_t)names->count;
  }
  *index = names->slots[slot] - 1;
  return EBB_OK;
}

ebb_status ebbi_names_add(ebbi_names *names, size_t *index, const char *text) {
  return ebbi_names_add_part(names, index, text, strlen(text));
}

size_t ebbi_names_find_part(const ebbi_names *names, const char *text, size_t length) {
  if (names->count == 0) return EBBI_NO_INDEX;
  uint32_t slot = names->slots[find_slot(names, text, length)];
  return slot == 0 ? EBBI_NO_INDEX : slot - 1;
}

size_t ebbi_names_find(const ebbi_names *names, const char *text) {
  return ebbi_names_find_part(names, text, strlen(text));
}

ebb_status ebbi_names_copy(ebbi_names *names, const ebbi_names *from) {
  size_t index;
  for (size_t i = 0; i < from->count; i++) TRY(ebbi_names_add(names, &index, from->items[i]));
  return EBB_OK;
}

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

/* Fills `sorted` with the entries in their new order, `map` with old index → new index. */
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

ebb_status ebbi_names_sort(ebbi_names *names, int32_t *codes, size_t rows, bool numbers) {
  if (names->count == 0) return EBB_OK;
  entry *entries = calloc(names->count, sizeof *entries);
  int32_t *map = calloc(names->count, sizeof *map);
  ebbi_names sorted = {0};
  ebb_status status = EBB_OK;
  if (entries && map) {
    for (size_t i = 0; i < names->count; i++) {
      entries[i] = (entry){.text = names->items[i], .index = i};
      if (numbers) ebbi_parse_double(&entries[i].value, names->items[i]);
    }
    qsort(entries, names->count, sizeof *entries, numbers ? compare : compare_texts);
    status = merge(&sorted, map, entries, names->count, numbers);
  } else {
    status = ebbi_fail(EBB_ERR_MEMORY, "data: no memory to sort %zu names", names->count);
  }
  if (status == EBB_OK) {
    for (size_t i = 0; i < rows; i++)
      if (codes[i] >= 0) codes[i] = map[codes[i]];
    ebbi_names swap = *names;
    *names = sorted;
    sorted = swap;
  }
  ebbi_names_free(&sorted);
  free(entries);
  free(map);
  return status;
}

const char *ebbi_shown(char out[EBBI_SHOWN], const char *text) {
  size_t length = 0;
  for (; text[length] != '\0' && length < EBBI_SHOWN - 4; length++) {
    unsigned char c = (unsigned char)text[length];
    out[length] = c < 0x20 || c == 0x7f ? '?' : (char)c;
  }
  if (text[length] != '\0') { /* not in the midst of a UTF-8 character */
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
    snprintf(out + length, 4, "...");
  } else {
    out[length] = '\0';
  }
  return out;
}

const char *ebbi_quoted(char out[EBBI_QUOTED], const char *text) {
  char shown[EBBI_SHOWN];
  ebbi_shown(shown, text);
  bool plain = *shown && !strpbrk(shown, " \"'$&();<>|*?~#\\`[]{}!");
  const char *mark = plain ? "" : strchr(shown, '\'') ? "\"" : "'";
  snprintf(out, EBBI_QUOTED, "%s%s%s", mark, shown, mark);
  return out;
}
