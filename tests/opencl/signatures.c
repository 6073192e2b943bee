/* The kernels of a preprocessed program: their arguments, the group that they require, and the
 * local memory that they declare.
 *
 * The reader knows top-level declarations, and looks into a kernel's body only for arrays in local
 * memory, which OpenCL C allows nowhere deeper. What it does not understand is a fault, never a
 * guess.
 */
#include "parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_space(space *found, const char *word) {
  static const struct {
    const char *word;
    space space;
  } rows[] = {{"__global", GLOBAL},   {"global", GLOBAL}, {"__constant", CONSTANT},
              {"constant", CONSTANT}, {"__local", LOCAL}, {"local", LOCAL}};
  for (size_t i = 0; i < COUNT(rows); i++)
    if (strcmp(rows[i].word, word) == 0) {
      *found = rows[i].space;
      return true;
    }
  return false;
}

/* One argument: qualifiers, a type, pointers, a name. */
static void read_argument(reader *r, const types *known, signature *k) {
  type room;
  const type *t = NULL;
  bool constant = false, pointer = false;
  space found = BY_VALUE;
  if (k->count == ARGUMENTS_MAX) complain(r, "%s: too many arguments", k->name);
  if (r->why[0]) return;
  for (; r->word[0] && !is_word(r, ",") && !is_word(r, ")"); next_word(r)) {
    const type *named = find_type(&room, known, r->word);
    if (is_word(r, "const"))
      constant = true;
    else if (is_word(r, "*"))
      pointer = true;
    else if (named && !t)
      t = named;
    else if (is_name(r) && !read_space(&found, r->word))
      snprintf(k->arguments[k->count].name, NAME_MAX_, "%s", r->word); /* the last one counts */
    else if (!is_name(r))
      complain(r, "%s: \"%s\" in argument %u", k->name, r->word, k->count);
  }
  bool empty = !t && found != BY_VALUE; /* __global const void * */
  if (!t && !empty && !pointer)
    complain(r, "%s: argument %u has an unknown type", k->name, k->count);
  if (pointer != (found != BY_VALUE))
    complain(r, "%s: argument %u is a pointer without an address space, or none with one", k->name,
             k->count);
  k->arguments[k->count].space = found;
  k->arguments[k->count].writes = found != CONSTANT && !constant;
  k->arguments[k->count++].size = t ? t->size : 0;
}

/* `__local TYPE name[n], …;` in a kernel's body. A pointer to local memory takes no room. */
static void read_local(reader *r, const types *known, signature *k) {
  type room;
  (void)skip_word(r, "const");
  (void)skip_word(r, "volatile");
  const type *t = find_type(&room, known, r->word);
  if (!t) return; /* the cast of a pointer */
  next_word(r);
  (void)skip_word(r, "const");
  while (is_name(r) && !r->why[0]) {
    next_word(r);
    size_t bytes = t->size * read_dimensions(r, known);
    read_attributes(r, known, NULL);
    k->local_bytes = (k->local_bytes + t->alignment - 1) / t->alignment * t->alignment + bytes;
    if (!skip_word(r, ",")) return;
  }
}

static void read_body(reader *r, const types *known, signature *k) {
  int depth = 0;
  do {
    if (skip_word(r, "__local") || skip_word(r, "local")) {
      read_local(r, known, k);
      continue;
    }
    if (is_word(r, "close_step")) k->closes_step = true;
    if (is_word(r, "{")) depth++;
    if (is_word(r, "}")) depth--;
    next_word(r);
  } while (depth > 0 && r->word[0] && !r->why[0]);
}

static void read_kernel(reader *r, const types *known, signature *k) {
  *k = (signature){.count = 0};
  read_attributes(r, known, k->group);
  if (!skip_word(r, "void")) complain(r, "a kernel begins with \"%s\"", r->word);
  read_attributes(r, known, k->group);
  snprintf(k->name, sizeof k->name, "%s", r->word);
  next_word(r);
  if (!skip_word(r, "(")) complain(r, "%s: no arguments", k->name);
  while (r->word[0] && !r->why[0] && !skip_word(r, ")")) {
    read_argument(r, known, k);
    (void)skip_word(r, ",");
  }
  if (!is_word(r, "{")) complain(r, "%s: no body", k->name);
  if (!r->why[0]) read_body(r, known, k);
}

int read_kernels(signature kernels[KERNELS_MAX], char why[256], const char *text) {
  types *known = calloc(1, sizeof *known);
  reader r;
  int count = 0;
  if (!known) abort();
  begin_reading(&r, text);
  while (r.word[0] && !r.why[0]) {
    if (skip_word(&r, "typedef"))
      read_typedef(&r, known);
    else if (strchr("([{", r.word[0]))
      skip_brackets(&r);
    else if ((skip_word(&r, "__kernel") || skip_word(&r, "kernel")) && count < KERNELS_MAX)
      read_kernel(&r, known, &kernels[count++]);
    else
      next_word(&r);
  }
  snprintf(why, 256, "%s", r.why);
  free(known);
  return why[0] ? -1 : count;
}
