/* The plain form of a configuration:
 *
 *   # a comment, up to the end of the line
 *   epochs = 20
 *   na = "?, # , none"    # a text that has a # or blanks at its ends is written as in JSON
 *
 *   [regression]          # what follows holds for regressions only
 *   lr = 0.07
 *
 * JSON has no comments, which a file that is printed to be read and changed needs.
 */
#include "config_text.h"

#include "output.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(const char *value) {
  size_t length = strlen(value);
  return length > 0 && !isspace((unsigned char)value[0]) &&
         !isspace((unsigned char)value[length - 1]) && !strpbrk(value, "#\"\n\r");
}

void config_text_value(FILE *stream, const char *value) {
  json_t *text = is_plain(value) ? NULL : json_text(value);
  if (text)
    json_write(stream, text, JSON_ENCODE_ANY);
  else
    print_plain(stream, value);
  json_decref(text);
}

/* Ends a text before trailing blanks; returns its first other character. */
static char *trimmed(char *text) {
  size_t length = strlen(text);
  while (length > 0 && isspace((unsigned char)text[length - 1])) text[--length] = '\0';
  return text + strspn(text, " \t");
}

/* Cuts off a comment, which begins a line or follows a blank; not within quotes. */
static void cut_comment(char *line) {
  bool quoted = false;
  for (char *c = line; *c; c++) {
    bool first = c == line || isspace((unsigned char)c[-1]);
    if (*c == '#' && !quoted && first) {
      *c = '\0';
      return;
    }
    if (*c == '\\' && quoted && c[1])
      c++;
    else if (*c == '"')
      quoted = !quoted;
  }
}

typedef struct reading {
  const char *origin;
  size_t line;
  json_t *all, *section; /* section: where options go now */
} reading;

static int begin_section(reading *r, char *name) {
  char *end = strchr(name, ']');
  if (!end || end[1]) return fail(EXIT_USAGE, "%s:%zu: a section is [name]", r->origin, r->line);
  *end = '\0';
  r->section = json_object_get(r->all, name);
  if (!r->section) {
    put(r->all, name, json_object());
    r->section = json_object_get(r->all, name);
  }
  return EXIT_GOOD;
}

static int read_option(reading *r, char *line) {
  char *equals = strchr(line, '=');
  if (!equals)
    return fail(
        EXIT_INPUT,
        "%s:%zu: \"%.40s\" is no line `option = value`, and the file does not begin as JSON",
        r->origin, r->line, line);
  *equals = '\0';
  char *name = trimmed(line), *value = trimmed(equals + 1);
  if (json_object_get(r->section, name))
    return fail(EXIT_USAGE, "%s:%zu: %s is given twice", r->origin, r->line, name);
  json_t *text = *value == '"' ? json_loads(value, JSON_DECODE_ANY, NULL) : json_text(value);
  if (!json_is_string(text)) {
    json_decref(text);
    return fail(EXIT_USAGE, "%s:%zu: %s: %s is not a text as JSON writes it", r->origin, r->line,
                name, value);
  }
  put(r->section, name, text);
  return EXIT_GOOD;
}

static int read_line(reading *r, char *line) {
  cut_comment(line);
  line = trimmed(line);
  if (!*line) return EXIT_GOOD;
  return *line == '[' ? begin_section(r, line + 1) : read_option(r, line);
}

int config_text_read(json_t **out, const char *origin, const char *text) {
  json_t *all = json_object();
  char *copy = strdup(text), *rest = copy, *line;
  reading r = {origin, 0, all, all};
  int code = copy ? EXIT_GOOD : fail(EXIT_FAILED, "no memory for the options");
  while (code == EXIT_GOOD && (line = rest) != NULL) {
    rest = strchr(line, '\n');
    if (rest) *rest++ = '\0';
    r.line++;
    code = read_line(&r, line);
  }
  free(copy);
  *out = all;
  return code;
}
