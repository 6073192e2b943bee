/* Writing JSON texts (json_read.c reads them).
 *
 * Every jansson function that makes or adds a value can run out of memory. A text that lacks a
 * value is still valid JSON: the loss would show only when the text is read again. So the rest of
 * the library writes JSON only through these functions, which keep the first failure.
 */
#include "base/json.h"

#include "base/error.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_FAULT, NO_MEMORY, NO_UTF8, TWICE, NO_NUMBER, TOO_DEEP };

static void fail(ebbi_json *json, int fault, const char *key) {
  if (json->fault != NO_FAULT) return;
  json->fault = fault;
  if (key) snprintf(json->key, sizeof json->key, "%s", key);
}

bool ebbi_json_can_hold(const char *text) {
  size_t length = 1;
  for (; *text != '\0' && length > 0; text += length) length = ebbi_utf8_character(text);
  return length > 0;
}

/* Takes ownership of `value`; NULL means that memory ran out. Returns the value once it is in the
 * text. */
static json_t *add(ebbi_json *json, const char *key, json_t *value) {
  if (value == NULL) fail(json, NO_MEMORY, key);
  json_t *parent = json->depth > 0 ? json->open[json->depth - 1] : NULL;
  if (key && !ebbi_json_can_hold(key)) fail(json, NO_UTF8, key);
  if (key && json_object_get(parent, key)) fail(json, TWICE, key);
  if (json->fault != NO_FAULT) {
    json_decref(value);
    return NULL;
  }
  bool added = key ? json_object_set_new(parent, key, value) == 0
                   : json_array_append_new(parent, value) == 0;
  if (!added) fail(json, NO_MEMORY, key); /* jansson has freed the value */
  return added ? value : NULL;
}

static void open_value(ebbi_json *json, const char *key, json_t *value) {
  value = add(json, key, value);
  if (json->depth == EBBI_JSON_DEPTH)
    fail(json, TOO_DEEP, key);
  else
    json->open[json->depth++] = value;
}

void ebbi_json_begin(ebbi_json *json) {
  *json = (ebbi_json){.open = {json_object()}, .depth = 1};
  if (json->open[0] == NULL) fail(json, NO_MEMORY, NULL);
}

void ebbi_json_object(ebbi_json *json, const char *key) {
  open_value(json, key, json_object());
}

void ebbi_json_list(ebbi_json *json, const char *key) {
  if (key && json->fault == NO_FAULT) snprintf(json->key, sizeof json->key, "%s", key);
  open_value(json, key, json_array());
}

void ebbi_json_end(ebbi_json *json) {
  if (json->depth > 1) json->depth--;
}

void ebbi_json_text(ebbi_json *json, const char *key, const char *text) {
  if (!ebbi_json_can_hold(text))
    fail(json, NO_UTF8, key);
  else
    add(json, key, json_string(text));
}

void ebbi_json_number(ebbi_json *json, const char *key, double number) {
  if (!isfinite(number))
    fail(json, NO_NUMBER, key);
  else
    add(json, key, json_real(number));
}

void ebbi_json_whole(ebbi_json *json, const char *key, size_t number) {
  add(json, key, json_integer((json_int_t)number));
}

void ebbi_json_flag(ebbi_json *json, const char *key, bool flag) {
  add(json, key, json_boolean(flag));
}

/* ---- the text ---- */

typedef struct buffer {
  char *text;
  size_t length, room;
  bool failed;
} buffer;

static int keep(const char *bytes, size_t size, void *to) {
  buffer *b = to;
  if (!b->failed && b->room - b->length <= size) {
    size_t room = 2 * b->room + size + 256;
    char *larger = realloc(b->text, room);
    b->failed = larger == NULL;
    if (larger) {
      b->text = larger;
      b->room = room;
    }
  }
  if (b->failed) return -1;
  memcpy(b->text + b->length, bytes, size);
  b->length += size;
  b->text[b->length] = '\0';
  return 0;
}

/* NULL: out of memory. json_dumps will not do: when memory runs out it skips keys. */
static char *text_of(const json_t *value, size_t flags) {
  buffer b = {0};
  if (json_dump_callback(value, keep, &b, flags) == 0 && !b.failed) return b.text;
  free(b.text);
  return NULL;
}

ebb_status ebbi_json_finish(char **text, ebbi_json *json, size_t flags, const char *where) {
  *text = json->fault == NO_FAULT ? text_of(json->open[0], flags) : NULL;
  if (*text == NULL) fail(json, NO_MEMORY, NULL);
  json_decref(json->open[0]);
  json->open[0] = NULL;
  static const char *const what[] = {[NO_UTF8] = "or its value is not UTF-8 text",
                                     [TWICE] = "would be written twice",
                                     [NO_NUMBER] = "holds NaN or Inf",
                                     [TOO_DEEP] = "is nested too deep"};
  if (json->fault == NO_FAULT) return EBB_OK;
  REQUIRE(json->fault != NO_MEMORY, EBB_ERR_MEMORY, "%s: no memory for its JSON text", where);
  return ebbi_fail(json->fault == NO_NUMBER ? EBB_ERR_NUMBERS : EBB_ERR_ARGUMENT, "%s: \"%s\" %s",
                   where, json->key, what[json->fault]);
}
