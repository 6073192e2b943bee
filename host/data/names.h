/* Ordered sets of texts: column names, categories, class names. */
#ifndef EBBI_NAMES_H
#define EBBI_NAMES_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. Item i is the i-th distinct text that was added. */
typedef struct ebbi_names {
  char **items; /* texts in the blocks; NULL while they are gathered in place */
  size_t count;
  struct ebbi_names_block *blocks;
  uint32_t *slots; /* a hash table of the indices; NULL: none is needed, as nothing is looked up */
  size_t slot_count;
  uint64_t seed;     /* of the hash: another one for each set, which no file can know */
  char *place;       /* where the texts are gathered in place */
  uint32_t *offsets; /* [count]: of them from there */
  size_t room;       /* of items, or offsets */
  size_t length;     /* bytes of all texts, each with the 0 that ends it */
} ebbi_names;

#define EBBI_NO_INDEX SIZE_MAX

void ebbi_names_free(ebbi_names *names);

/* Finds the text or adds it. */
ebb_status ebbi_names_add(ebbi_names *names, size_t *index, const char *text);

/* The same for a part of a text, without 0 in it. */
ebb_status ebbi_names_add_part(ebbi_names *names, size_t *index, const char *text, size_t length);

/* The same for a part of `place`, 4 GiB at most, which is to live as long as the texts are gathered
 * and is the same each time. It becomes the item: the byte behind it becomes 0. */
ebb_status ebbi_names_add_in_place(ebbi_names *names, size_t *index, char *place, const char *text,
                                   size_t length);

/* Ends the gathering, from which on there are items and nothing is added or looked up any more.
 * `copy`: of the texts, so that the place can go. */
ebb_status ebbi_names_settle(ebbi_names *names, bool copy);

/* Item `index`, gathered in place or not. */
const char *ebbi_names_text(const ebbi_names *names, size_t index);

/* EBBI_NO_INDEX if it is not there. */
size_t ebbi_names_find(const ebbi_names *names, const char *text);
size_t ebbi_names_find_part(const ebbi_names *names, const char *text, size_t length);

ebb_status ebbi_names_copy(ebbi_names *names, const ebbi_names *from);

/* Sorts the names; map [count before] gets the new index of each. Texts are sorted by bytes;
 * numbers by value, and equal ones become one, named as it first stood. */
ebb_status ebbi_names_sort(ebbi_names *names, int32_t *map, bool numbers);

/* Bytes of memory that they take. */
size_t ebbi_names_bytes(const ebbi_names *names);

enum { EBBI_SHOWN = 48 };

/* A text from a file as a message may show it: cut to fit, nothing unprintable. Returns `out`. */
const char *ebbi_shown(char out[EBBI_SHOWN], const char *text);

enum { EBBI_QUOTED = EBBI_SHOWN + 8 };

/* The same, as a word that a shell would hand on as it stands: what an option is to be given. */
const char *ebbi_quoted(char out[EBBI_QUOTED], const char *text);

#endif
