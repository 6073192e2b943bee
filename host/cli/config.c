/* A run's options are stored as given, in one object of its result and its log, so that --config
 * repeats the run. Derived values (the whole spec, the number of epochs) would not repeat it if a
 * default or the data decided them. A log consists of JSON lines; the first has the options.
 */
#include "config.h"

#include "config_text.h"
#include "output.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_among(const char *const *names, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

#define AMONG(names, name) is_among(names, sizeof(names) / sizeof *(names), name)

bool config_decides(const char *name) {
  static const char *const apart[] = {"find-lr",
                                      "print-config",
                                      "out",
                                      "log",
                                      "trace",
                                      "profile",
                                      "no-clobber",
                                      "json",
                                      "quiet",
                                      "help",
                                      "config",
                                      "checkpoint",
                                      "every",
                                      "keep-checkpoints",
                                      "resume",
                                      "sentinel",
                                      "no-self-test",
                                      "time-limit",
                                      "device-timeout",
                                      "max-memory"};
  return !AMONG(apart, name);
}

/* False for options of a single command: a resumed training does not take them over. */
static bool lasts(const char *name) {
  static const char *const momentary[] = {"find-lr",    "print-config", "trace",  "profile",
                                          "no-clobber", "json",         "quiet",  "help",
                                          "config",     "checkpoint",   "resume", "time-limit"};
  return !AMONG(momentary, name);
}

bool config_may_change(const char *name) {
  static const char *const free[] = {"epochs", "patience", "device",       "data-on",    "step",
                                     "data",   "labels",   "valid-labels", "test-labels"};
  return !config_decides(name) || AMONG(free, name);
}

/* The given options that `wanted` accepts. */
static json_t *options_where(const settings *s, bool (*wanted)(const char *name)) {
  size_t count;
  const option_row *rows = option_table(&count);
  json_t *object = json_object();
  for (size_t i = 0; i < count; i++)
    if (s->sources[i] != FROM_DEFAULT && wanted(rows[i].name))
      put(object, rows[i].name, json_text(s->owned[i]));
  return object;
}

json_t *config_of(const settings *s) {
  return options_where(s, config_decides);
}

json_t *config_lasting(const settings *s) {
  return options_where(s, lasts);
}

/* True for a result, for the first line of a log, and for an object that contains such options. */
static bool is_written(const json_t *object) {
  const char *type = json_string_value(json_object_get(object, "type"));
  return json_object_get(object, CONFIG_KEY) || json_object_get(object, "reason") ||
         (type && strcmp(type, "start") == 0);
}

/* Reads a file, perhaps a pipe, once; the caller frees the text. Returns false: see errno. */
static bool read_whole(char **text, size_t *size, const char *path) {
  size_t room = 1 << 16;
  FILE *file = fopen(path, "r");
  *text = file ? malloc(room + 1) : NULL;
  *size = 0;
  bool good = *text != NULL;
  while (good && !feof(file)) {
    *size += fread(*text + *size, 1, room - *size, file);
    good = !ferror(file);
    if (*size < room) continue;
    char *more = realloc(*text, 2 * room + 1);
    good = good && more;
    if (more) *text = more;
    if (more) room *= 2;
  }
  int why = errno;
  if (file) fclose(file);
  errno = why;
  if (good) (*text)[*size] = '\0';
  return good;
}

/* True unless the text is empty or begins as JSON does. A section is no array: a word follows. */
static bool is_plain(const char *text) {
  const char *first = text + strspn(text, " \t\r\n");
  return *first && *first != '{' && (*first != '[' || isalpha((unsigned char)first[1]));
}

static int parse_json(json_t **out, const char *path, const char *text, size_t size) {
  json_error_t error, ignored;
  json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  json_t *first =
      object ? NULL
             : json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &ignored);
  if (!object && is_written(first)) object = json_incref(first);
  json_decref(first);
  *out = object;
  if (object) return EXIT_GOOD;
  return fail(EXIT_INPUT, "%s:%d:%d: not JSON: %s", path, error.line, error.column, error.text);
}

/* The options within a result or log, or the object itself. */
static int find_options(json_t **object, bool *written, const char *path) {
  if (!json_is_object(*object))
    return fail(EXIT_INPUT, "%s: a JSON object is expected, such as {\"epochs\": 5}", path);
  *written = is_written(*object);
  if (!*written) return EXIT_GOOD;
  json_t *options = json_incref(json_object_get(*object, CONFIG_KEY));
  json_decref(*object);
  *object = options;
  if (json_is_object(options)) return EXIT_GOOD;
  return fail(EXIT_INPUT,
              "%s: is a result or log without \"" CONFIG_KEY
              "\", written by a version that did not store them",
              path);
}

int config_load(json_t **out, bool *written, const char *origin, const char *path) {
  char *text;
  size_t size;
  int code;
  errno = 0;
  if (!read_whole(&text, &size, path)) {
    code = fail(EXIT_INPUT, "%s: %s: %s", origin, path, strerror(errno ? errno : ENOMEM));
  } else if (is_plain(text)) {
    code = config_text_read(out, path, text);
  } else {
    code = parse_json(out, path, text, size);
    if (code == EXIT_GOOD) code = find_options(out, written, path);
  }
  free(text);
  return code;
}
