/* Results as JSON, which must be complete. jansson reports a failed allocation as NULL, which its
 * next function takes for "no such field", in a hundred places. So all of its memory is allocated
 * here, any failure is recorded, and a result that may lack something is not written at all.
 *
 * Characters that could steer a terminal are written as escapes, such as \u009b, in files too: to a
 * program the text is the same.
 */
#include "output.h"
#include "plain.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 9 }; /* enough for any float32 */

static atomic_bool lost; /* an allocation for a result has failed */

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (!memory) lost = true;
  return memory;
}

void json_prepare(void) {
  json_set_alloc_funcs(allocate, free);
}

/* Callback of jansson; `to` is the stream. The bytes end with a complete character. */
static int write_part(const char *bytes, size_t size, void *to) {
  size_t from = 0, length;
  unsigned code;
  for (size_t at = 0; at < size; at += length) {
    char next[5] = "";
    memcpy(next, bytes + at, size - at < 4 ? size - at : 4);
    if (is_plain(next, &length, &code) || code < 0x7f) continue; /* line breaks of the layout too */
    fwrite(bytes + from, 1, at - from, to);
    fprintf(to, "\\u%04x", code);
    from = at + length;
  }
  fwrite(bytes + from, 1, size - from, to);
  return ferror((FILE *)to) ? -1 : 0;
}

bool json_write(FILE *stream, const json_t *value, size_t flags) {
  flags |= JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS);
  return !lost && value && json_dump_callback(value, write_part, stream, flags) == 0 && !lost;
}

char *json_line(const json_t *value) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  if (!stream) return NULL;
  bool good = json_write(stream, value, JSON_COMPACT) && fputc('\n', stream) != EOF;
  good = fclose(stream) == 0 && good;
  if (good) return text;
  free(text);
  return NULL;
}

/* The text is complete before any of it is written, so stdout never receives half a result. */
int print_json(json_t *value) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  bool good = stream && json_write(stream, value, JSON_INDENT(2));
  good = stream && fclose(stream) == 0 && good;
  json_decref(value);
  int code = good ? EXIT_GOOD : fail(EXIT_FAILED, "no memory for the result");
  if (good && (fputs(text, stdout) == EOF || putchar('\n') == EOF))
    code = finish_output(EXIT_FAILED);
  free(text);
  return code;
}

json_t *json_text(const char *text) {
  json_t *value = json_string(text);
  char *ascii = value ? NULL : strdup(text);
  if (value) return value;
  if (!ascii) lost = true;
  for (char *c = ascii; c && *c; c++)
    if ((unsigned char)*c > 0x7e) *c = '?';
  value = ascii ? json_string(ascii) : NULL;
  free(ascii);
  return value;
}

void json_lose(void) {
  lost = true;
}

void put(json_t *object, const char *key, json_t *value) {
  json_t *name = json_text(key);
  if (!name || json_object_set(object, json_string_value(name), value) != 0) lost = true;
  json_decref(name);
  json_decref(value);
}

void put_number(json_t *object, const char *key, double value) {
  if (isfinite(value)) put(object, key, json_real(value));
}

void put_device(json_t *object, const ebb_device *device) {
  const ebb_device_info *info = ebb_device_get_info(device);
  put(object, "device", json_text(info->name));
  put(object, "platform", json_text(info->platform));
  put(object, "driver", json_text(info->driver));
  const char *unit = ebb_device_matrix_unit(device);
  put(object, "precision", json_string(ebb_precision_name(ebb_device_precision(device))));
  if (unit) put(object, "matrix_unit", json_string(unit));
}
