/* Ordered sets of texts.
 *
 * A hash table of indices beside the list makes a column of a million texts take time proportional
 * to its length; a sorted list with binary search would move its tail for each new text. A slot
 * holds an index and, in the remaining bits, part of the hash, so nearly all different texts are
 * told apart without being read, and the table may be nearly full. Each distinct text is stored
 * once, in blocks that never move, or stays in the file's bytes. Invariant: at most four of five
 * slots are taken.
 */
#include "names.h"

#include "base/error.h"
#include "base/hash.h"
#include "seed.h"
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_BLOCK = 64, LARGEST_BLOCK = 1 << 20, SMALLEST_TABLE = 16, LARGE_TABLE = 1 << 16 };

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
  free(names->offsets);
  free(names->slots);
  *names = (ebbi_names){0};
}

size_t ebbi_names_bytes(const ebbi_names *names) {
  size_t each = names->place ? sizeof *names->offsets : sizeof *names->items;
  size_t texts = names->blocks ? names->length : 0;
  return names->room * each + names->slot_count * sizeof *names->slots + texts;
}

const char *ebbi_names_text(const ebbi_names *names, size_t index) {
  return names->place ? names->place + names->offsets[index] : names->items[index];
}

static bool is_same(const char *item, const char *text, size_t length) {
  return strncmp(item, text, length) == 0 && item[length] == '\0';
}

/* The number of bits that a slot's index takes; indices count from 1. */
static uint32_t index_bits(const ebbi_names *names) {
  return (uint32_t)(UINT64_MAX >> __builtin_clzll((unsigned long long)names->slot_count));
}

/* The slot that holds the text, or the free slot for it. *mark receives the hash bits stored beside
 * the index. */
static size_t find_slot(const ebbi_names *names, uint32_t *mark, const char *text, size_t length) {
  uint64_t hash = ebbi_hash_more(names->seed, text, length);
  size_t slot = (size_t)((uint64_t)(uint32_t)hash * names->slot_count >> 32);
  uint32_t bits = index_bits(names), there;
  *mark = (uint32_t)(hash >> 32) & ~bits;
  for (; (there = names->slots[slot]) != 0; slot = slot + 1 < names->slot_count ? slot + 1 : 0)
    if ((there & ~bits) == *mark &&
        is_same(ebbi_names_text(names, (there & bits) - 1), text, length))
      break;
  return slot;
}

static size_t index_at(const ebbi_names *names, size_t slot) {
  return (names->slots[slot] & index_bits(names)) - 1;
}

static ebb_status no_memory(size_t count) {
  return ebbi_fail(EBB_ERR_MEMORY, "data: no memory for %zu names", count);
}

/* Makes a larger table after freeing the old one: both together would be the peak of the memory for
 * a file's texts. */
static ebb_status grow_table(ebbi_names *names) {
  size_t before = names->slot_count, slot_count = before ? before : SMALLEST_TABLE;
  while (4 * slot_count < 5 * (names->count + 1) || slot_count == before)
    slot_count += slot_count < LARGE_TABLE ? slot_count : slot_count / 2;
  if (slot_count > SMALLEST_TABLE && names->seed == 0) names->seed = ebbi_seed();
  free(names->slots);
  names->slot_count = 0;
  names->slots = calloc(slot_count, sizeof *names->slots);
  if (!names->slots) return no_memory(names->count + 1);
  names->slot_count = slot_count;
  for (size_t i = 0; i < names->count; i++) {
    uint32_t mark;
    const char *text = ebbi_names_text(names, i);
    size_t slot = find_slot(names, &mark, text, strlen(text));
    names->slots[slot] = mark | ((uint32_t)i + 1);
  }
  return EBB_OK;
}

/* Room for one more text in the list and the table. */
static ebb_status make_room(ebbi_names *names) {
  if (4 * names->slot_count < 5 * (names->count + 1)) TRY(grow_table(names));
  if (names->count < names->room) return EBB_OK;
  size_t room = names->room ? names->room + names->room / 2 : SMALLEST_TABLE / 2;
  void *list = names->place ? (void *)names->offsets : (void *)names->items;
  list = realloc(list, room * (names->place ? sizeof *names->offsets : sizeof *names->items));
  if (!list) return no_memory(room);
  if (names->place)
    names->offsets = list;
  else
    names->items = list;
  names->room = room;
  return EBB_OK;
}

static ebb_status add_block(ebbi_names *names, size_t capacity) {
  struct ebbi_names_block *block = malloc(sizeof *block + capacity);
  REQUIRE(block, EBB_ERR_MEMORY, "data: no memory for %zu bytes of text", capacity);
  *block = (struct ebbi_names_block){.next = names->blocks, .capacity = capacity};
  names->blocks = block;
  return EBB_OK;
}

/* Block sizes double up to a limit that is small compared with the texts. */
static ebb_status store(char **out, ebbi_names *names, const char *text, size_t length) {
  struct ebbi_names_block *block = names->blocks;
  if (!block || block->capacity - block->used <= length) {
    size_t capacity = block ? 2 * block->capacity : SMALLEST_BLOCK;
    if (capacity > LARGEST_BLOCK) capacity = LARGEST_BLOCK;
    TRY(add_block(names, capacity <= length ? length + 1 : capacity));
    block = names->blocks;
  }
  *out = memcpy(block->text + block->used, text, length);
  (*out)[length] = '\0';
  block->used += length + 1;
  return EBB_OK;
}

/* Finds the text. If it is not there, *slot receives its place, and the set has room for it. */
static ebb_status find_or_place(bool *found, size_t *slot, uint32_t *mark, ebbi_names *names,
                                const char *text, size_t length) {
  TRY(make_room(names));
  *slot = find_slot(names, mark, text, length);
  *found = names->slots[*slot] != 0;
  return EBB_OK;
}

static void take(ebbi_names *names, size_t slot, uint32_t mark, size_t length) {
  names->count++;
  names->length += length + 1;
  names->slots[slot] = mark | (uint32_t)names->count;
}

ebb_status ebbi_names_add_part(ebbi_names *names, size_t *index, const char *text, size_t length) {
  bool found;
  size_t slot;
  uint32_t mark;
  TRY(find_or_place(&found, &slot, &mark, names, text, length));
  if (!found) {
    TRY(store(&names->items[names->count], names, text, length));
    take(names, slot, mark, length);
  }
  *index = index_at(names, slot);
  return EBB_OK;
}

ebb_status ebbi_names_add_in_place(ebbi_names *names, size_t *index, char *place, const char *text,
                                   size_t length) {
  bool found;
  size_t slot;
  uint32_t mark;
  names->place = place;
  TRY(find_or_place(&found, &slot, &mark, names, text, length));
  if (!found) {
    names->offsets[names->count] = (uint32_t)(text - place);
    place[text - place + (ptrdiff_t)length] = '\0';
    take(names, slot, mark, length);
  }
  *index = index_at(names, slot);
  return EBB_OK;
}

ebb_status ebbi_names_finish(ebbi_names *names, bool copy) {
  free(names->slots);
  names->slots = NULL;
  names->slot_count = 0;
  if (!names->place) return EBB_OK;
  names->items = malloc((names->count + 1) * sizeof *names->items);
  if (!names->items) return no_memory(names->count);
  if (copy) TRY(add_block(names, names->length));
  for (size_t i = 0; i < names->count; i++) {
    char *text = names->place + names->offsets[i];
    if (copy)
      TRY(store(&names->items[i], names, text, strlen(text)));
    else
      names->items[i] = text;
  }
  free(names->offsets);
  names->offsets = NULL;
  names->place = NULL;
  names->room = names->count + 1;
  return EBB_OK;
}

ebb_status ebbi_names_add(ebbi_names *names, size_t *index, const char *text) {
  return ebbi_names_add_part(names, index, text, strlen(text));
}

size_t ebbi_names_find_part(const ebbi_names *names, const char *text, size_t length) {
  uint32_t mark;
  if (names->slot_count == 0) return EBBI_NO_INDEX;
  size_t slot = find_slot(names, &mark, text, length);
  return names->slots[slot] == 0 ? EBBI_NO_INDEX : index_at(names, slot);
}

size_t ebbi_names_find(const ebbi_names *names, const char *text) {
  return ebbi_names_find_part(names, text, strlen(text));
}

ebb_status ebbi_names_copy(ebbi_names *names, const ebbi_names *from) {
  size_t index;
  for (size_t i = 0; i < from->count; i++) TRY(ebbi_names_add(names, &index, from->items[i]));
  return EBB_OK;
}
