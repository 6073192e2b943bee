/* Ordered sets of texts: column names, categories, class names. */
#ifndef EBBI_NAMES_H
#define EBBI_NAMES_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Initialise with zeros. Item i is the i-th distinct text added. */
typedef struct ebbi_names {
  char **items; /* texts in the blocks; NULL while they are collected in place */
  size_t count;
  struct ebbi_names_block *blocks;
  uint32_t *slots; /* hash table of the indices; NULL: look-ups are over */
  size_t slot_count;
  uint64_t seed;     /* of the hash, different for each set and unknown to any file */
  char *place;       /* base of the texts collected in place */
  uint32_t *offsets; /* [count]: offsets of the texts from `place` */
  size_t room;       /* capacity of items or offsets */
  size_t length;     /* bytes of all texts, each with its final 0 */
} ebbi_names;

#define EBBI_NO_INDEX SIZE_MAX

void ebbi_names_free(ebbi_names *names);

/* Finds the text or adds it. */
ebb_status ebbi_names_add(ebbi_names *names, size_t *index, const char *text);

/* The same for part of a text that contains no 0. */
ebb_status ebbi_names_add_part(ebbi_names *names, size_t *index, const char *text, size_t length);

/* The same for a part of `place`, which is at most 4 GiB, must be the same in each call and must
 * live as long as texts are collected. The part itself becomes the item: the byte after it is set
 * to 0. */
ebb_status ebbi_names_add_in_place(ebbi_names *names, size_t *index, char *place, const char *text,
                                   size_t length);

/* Ends collecting: sets up `items`; nothing can be added or looked up afterwards. With `copy` the
 * texts are copied, so that `place` can be freed. */
ebb_status ebbi_names_finish(ebbi_names *names, bool copy);

/* Item `index`, whether or not it is collected in place. */
const char *ebbi_names_text(const ebbi_names *names, size_t index);

/* The text's index, or EBBI_NO_INDEX. */
size_t ebbi_names_find(const ebbi_names *names, const char *text);
size_t ebbi_names_find_part(const ebbi_names *names, const char *text, size_t length);

ebb_status ebbi_names_copy(ebbi_names *names, const ebbi_names *from);

/* Sorts the names; map [count before] receives the new index of each. Texts are sorted by bytes.
 * Numbers are sorted by value, and equal numbers are merged under the text that came first. */
ebb_status ebbi_names_sort(ebbi_names *names, int32_t *map, bool numbers);

/* Bytes of memory in use. */
size_t ebbi_names_bytes(const ebbi_names *names);

enum { EBBI_SHOWN = 48 };

/* A text from a file, for messages: truncated, without unprintable characters. Returns `out`. */
const char *ebbi_shown(char out[EBBI_SHOWN], const char *text);

enum { EBBI_QUOTED = EBBI_SHOWN + 8 };

/* The same, quoted as a single shell word, for the argument of an option. */
const char *ebbi_quoted(char out[EBBI_QUOTED], const char *text);

/* Appends to a text of `size` bytes like printf, truncating what does not fit. */
void ebbi_append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
