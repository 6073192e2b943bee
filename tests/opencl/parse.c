/* Words, types and constants of OpenCL C: as much of the language as declarations need.
 */
#include "parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

void complain(reader *r, const char *format, ...) {
  va_list list;
  if (r->why[0]) return;
  va_start(list, format);
  vsnprintf(r->why, sizeof r->why, format, list);
  va_end(list);
}

/* Blanks, and lines that are left for the compiler: #pragma. */
static void skip_blanks(reader *r) {
  for (;;) {
    while (isspace((unsigned char)*r->at)) r->at++;
    if (*r->at != '#') return;
    r->at += strcspn(r->at, "\n");
  }
}

static const char *end_of_text(const char *at) {
  for (at++; *at && *at != '"'; at++)
    if (*at == '\\' && at[1]) at++;
  return *at ? at + 1 : at;
}

void next_word(reader *r) {
  skip_blanks(r);
  const char *end = r->at;
  if (isalnum((unsigned char)*end) || *end == '_')
    while (isalnum((unsigned char)*end) || *end == '_' || *end == '.') end++;
  else if (*end == '"')
    end = end_of_text(end);
  else if ((*end == '<' || *end == '>') && end[1] == *end)
    end += 2;
  else if (*end)
    end++;
  snprintf(r->word, sizeof r->word, "%.*s", (int)(end - r->at), r->at);
  r->at = end;
}

void begin_reading(reader *r, const char *text) {
  *r = (reader){.at = text};
  next_word(r);
}

bool is_word(const reader *r, const char *word) {
  return strcmp(r->word, word) == 0;
}

bool is_name(const reader *r) {
  return isalpha((unsigned char)r->word[0]) || r->word[0] == '_';
}

bool skip_word(reader *r, const char *word) {
  if (!is_word(r, word)) return false;
  next_word(r);
  return true;
}

void skip_brackets(reader *r) {
  int depth = 0;
  do {
    if (strchr("([{", r->word[0])) depth++;
    if (strchr(")]}", r->word[0])) depth--;
    next_word(r);
  } while (depth > 0 && r->word[0]);
}

/* ---- types ---- */

static const struct {
  const char *name;
  size_t size;
} scalars[] = {{"char", 1},   {"uchar", 1}, {"short", 2},   {"ushort", 2}, {"int", 4},
               {"uint", 4},   {"long", 8},  {"ulong", 8},   {"float", 4},  {"half", 2},
               {"size_t", 8}, {"bool", 1},  {"unsigned", 4}};

/* A scalar, or a vector of 2, 3 (as large as 4), 4, 8 or 16. */
static bool find_built_in(type *out, const char *name) {
  for (size_t i = 0; i < COUNT(scalars); i++) {
    size_t length = strlen(scalars[i].name);
    if (strncmp(name, scalars[i].name, length) != 0) continue;
    long lanes = name[length] ? strtol(name + length, NULL, 10) : 1;
    if (name[length] && lanes != 2 && lanes != 3 && lanes != 4 && lanes != 8 && lanes != 16)
      continue;
    out->size = out->alignment = scalars[i].size * (size_t)(lanes == 3 ? 4 : lanes);
    return true;
  }
  return false;
}

const type *find_type(type *room, const types *known, const char *name) {
  for (size_t i = known->count; i-- > 0;)
    if (strcmp(known->list[i].name, name) == 0) return &known->list[i];
  return find_built_in(room, name) ? room : NULL;
}

static void add_type(reader *r, types *known, const char *name, size_t size, size_t alignment) {
  if (known->count == TYPES_MAX) {
    complain(r, "more than %d types", TYPES_MAX);
    return;
  }
  type *t = &known->list[known->count++];
  *t = (type){.size = size, .alignment = alignment};
  snprintf(t->name, sizeof t->name, "%s", name);
}

size_t read_dimensions(reader *r, const types *known) {
  size_t count = 1;
  while (skip_word(r, "[")) {
    count *= is_word(r, "]") ? 1 : (size_t)read_constant(r, known);
    if (!skip_word(r, "]")) complain(r, "no ] at \"%s\"", r->word);
  }
  return count;
}

static size_t round_up(size_t size, size_t to) {
  return (size + to - 1) / to * to;
}

/* One line of a struct: a type and its declarators. */
static void read_members(reader *r, const types *known, size_t *size, size_t *alignment) {
  static const char *const words[] = {"const",      "__global",  "__local",
                                      "__constant", "__private", "VALUES"};
  type room;
  for (size_t i = 0; i < COUNT(words); i++)
    if (skip_word(r, words[i])) i = (size_t)-1;
  const type *t = find_type(&room, known, r->word);
  if (!t) complain(r, "unknown type \"%s\" in a struct", r->word);
  next_word(r);
  while (r->word[0] && !skip_word(r, ";") && !r->why[0]) {
    bool pointer = false;
    while (skip_word(r, "*") || skip_word(r, "const") || skip_word(r, "restrict")) pointer = true;
    size_t each = pointer ? 8 : t->size, wanted = pointer ? 8 : t->alignment;
    next_word(r); /* its name */
    *size = round_up(*size, wanted) + each * read_dimensions(r, known);
    if (wanted > *alignment) *alignment = wanted;
    (void)skip_word(r, ",");
  }
}

void read_typedef(reader *r, types *known) {
  type room;
  size_t size = 0, alignment = 1;
  if (skip_word(r, "struct")) {
    if (is_name(r)) next_word(r);
    if (!skip_word(r, "{")) complain(r, "a typedef of a struct without members");
    while (!r->why[0] && r->word[0] && !skip_word(r, "}"))
      read_members(r, known, &size, &alignment);
    size = round_up(size, alignment);
  } else if (skip_word(r, "enum")) {
    if (is_name(r)) next_word(r);
    skip_brackets(r);
    size = alignment = 4;
  } else {
    const type *t = find_type(&room, known, r->word);
    if (!t) complain(r, "a typedef of the unknown type \"%s\"", r->word);
    if (t) size = t->size, alignment = t->alignment;
    next_word(r);
  }
  read_attributes(r, known, NULL);
  add_type(r, known, r->word, size, alignment);
  next_word(r);
  (void)skip_word(r, ";");
}

/* ---- constants ---- */

static long long read_primary(reader *r, const types *known) {
  type room;
  long long value = 0;
  if (skip_word(r, "-")) return -read_primary(r, known);
  if (skip_word(r, "+")) return read_primary(r, known);
  if (skip_word(r, "sizeof")) {
    (void)skip_word(r, "(");
    const type *t = find_type(&room, known, r->word);
    if (!t) complain(r, "sizeof the unknown type \"%s\"", r->word);
    next_word(r);
    (void)skip_word(r, ")");
    return t ? (long long)t->size : 0;
  }
  if (skip_word(r, "(")) {
    if (find_type(&room, known, r->word)) { /* a cast */
      next_word(r);
      (void)skip_word(r, ")");
      return read_primary(r, known);
    }
    value = read_constant(r, known);
    if (!skip_word(r, ")")) complain(r, "no ) at \"%s\"", r->word);
    return value;
  }
  if (!isdigit((unsigned char)r->word[0])) complain(r, "\"%s\" is no constant", r->word);
  value = (long long)strtoull(r->word, NULL, 0);
  next_word(r);
  return value;
}

static const char *const operators[][4] = {{"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}};
enum { LEVELS = sizeof operators / sizeof *operators };

static long long apply(reader *r, char operator, long long a, long long b) {
  if ((operator== '/' || operator== '%') && b == 0) complain(r, "division by 0");
  if (r->why[0]) return 0;
  switch (operator) {
  case '<':
    return a << b;
  case '>':
    return a >> b;
  case '+':
    return a + b;
  case '-':
    return a - b;
  case '*':
    return a * b;
  case '/':
    return a / b;
  default:
    return a % b;
  }
}

static long long read_level(reader *r, const types *known, int level) {
  if (level == LEVELS) return read_primary(r, known);
  long long value = read_level(r, known, level + 1);
  for (size_t i = 0; i < 4 && operators[level][i]; i++) {
    if (!is_word(r, operators[level][i])) continue;
    char operator= r->word[0];
    next_word(r);
    value = apply(r, operator, value, read_level(r, known, level + 1));
    i = (size_t)-1; /* the same level again, from the left */
  }
  return value;
}

long long read_constant(reader *r, const types *known) {
  long long value = read_level(r, known, 0);
  bool less = is_word(r, "<"), more = is_word(r, ">");
  if (less || more) {
    next_word(r);
    long long other = read_level(r, known, 0);
    value = less ? value < other : value > other;
  }
  if (!skip_word(r, "?")) return value;
  long long yes = read_constant(r, known);
  if (!skip_word(r, ":")) complain(r, "no : at \"%s\"", r->word);
  long long no = read_constant(r, known);
  return value ? yes : no;
}

void read_attributes(reader *r, const types *known, size_t group[3]) {
  while (skip_word(r, "__attribute__")) {
    reader inside = *r;
    skip_brackets(r);
    while (inside.at < r->at && skip_word(&inside, "(")) {
    }
    if (!group || !skip_word(&inside, "reqd_work_group_size")) continue;
    for (int i = 0; i < 3; i++) {
      next_word(&inside); /* ( or , */
      group[i] = (size_t)read_constant(&inside, known);
    }
    if (inside.why[0]) complain(r, "%s", inside.why);
  }
}
