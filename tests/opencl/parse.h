/* The words of a preprocessed program, its types, and its constants. */
#ifndef CHECKER_PARSE_H
#define CHECKER_PARSE_H

#include "checker.h"

/* A reader over the text: the current word, which is empty at the end. */
typedef struct reader {
  const char *at;
  char word[NAME_MAX_];
  char why[256]; /* the first fault; "": none */
} reader;

void begin_reading(reader *r, const char *text);
void next_word(reader *r);
bool is_word(const reader *r, const char *word);
bool is_name(const reader *r);

/* Skips the word if it is this one. */
bool skip_word(reader *r, const char *word);

/* Skips from an opening bracket, the current word, to what follows its closing one. */
void skip_brackets(reader *r);
void complain(reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

typedef struct type {
  char name[NAME_MAX_];
  size_t size, alignment;
} type;

enum { TYPES_MAX = 256 };

typedef struct types {
  type list[TYPES_MAX];
  size_t count;
} types;

/* The type of this name: built in, or one of the list; NULL: unknown. `room` may hold it. */
const type *find_type(type *room, const types *known, const char *name);

/* Reads a typedef; the current word is the one after `typedef`. */
void read_typedef(reader *r, types *known);

/* A constant expression of integers. Stops at the first word that is none of it. */
long long read_constant(reader *r, const types *known);

/* Reads `[n]`… after a declared name; the product of the dimensions. */
size_t read_dimensions(reader *r, const types *known);

/* Skips `__attribute__((…))`s. Of one that requires a group's size, reads the size. */
void read_attributes(reader *r, const types *known, size_t group[3]);

#endif
