/* Ordered sets of texts: column names, categories, class names. */
#ifndef EBBI_NAMES_H
#define EBBI_NAMES_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. Item i is the i-th distinct text that was added. */
typedef struct ebbi_names {
  char **items; /* texts in the blocks */
  size_t count;
  uint32_t *slots;   /* open addressing: 1 + index, 0 where free */
  size_t slot_count; /* 0 or a power of two, at least twice count */
  struct ebbi_names_block *blocks;
} ebbi_names;

#define EBBI_NO_INDEX SIZE_MAX

void ebbi_names_free(ebbi_names *names);

/* Finds the text or adds it. */
ebb_status ebbi_names_add(ebbi_names *names, size_t *index, const char *text);

/* The same for a part of a text, without 0 in it. */
ebb_status ebbi_names_add_part(ebbi_names *names, size_t *index, const char *text, size_t length);

/* EBBI_NO_INDEX if it is not there. */
size_t ebbi_names_find(const ebbi_names *names, const char *text);
size_t ebbi_names_find_part(const ebbi_names *names, const char *text, size_t length);

ebb_status ebbi_names_copy(ebbi_names *names, const ebbi_names *from);

/* Sorts the names and rewrites `codes` [rows], which are indices of names or negative. Texts are
 * sorted by bytes; numbers by value, and equal ones become one, named as it first stood. */
ebb_status ebbi_names_sort(ebbi_names *names, int32_t *codes, size_t rows, bool numbers);

enum { EBBI_SHOWN = 48 };

/* A text from a file as a message may show it: cut to fit, nothing unprintable. Returns `out`. */
const char *ebbi_shown(char out[EBBI_SHOWN], const char *text);

enum { EBBI_QUOTED = EBBI_SHOWN + 8 };

/* The same, as a word that a shell would hand on as it stands: what an option is to be given. */
const char *ebbi_quoted(char out[EBBI_QUOTED], const char *text);

#endif
