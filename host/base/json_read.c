/* Reading JSON texts into jansson's values.
 *
 * jansson's own reader does not check whether its buffer could grow. When memory runs out it loses
 * a byte of a text or number, or the closing quote, and then reads and writes out of bounds or
 * aborts by an assertion. Texts come from anywhere, so this file reads them instead and checks
 * every allocation. A test compares both readers. No number in the text decides how much is
 * allocated.
 */
#include "base/json.h"

#include "base/error.h"
#include "base/text.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
  const char *start, *at, *end;
  char *word; /* the string or number being read */
  size_t length, room;
  size_t depth;
  const char *why; /* the first fault, or NULL */
  bool no_memory;
} reader;

static json_t *read_value(reader *r);

static void *fault(reader *r, const char *why) {
  if (!r->why) r->why = why;
  return NULL;
}

static json_t *made(reader *r, json_t *value) {
  if (!value) r->no_memory = true;
  return value;
}

static bool failed(const reader *r) {
  return r->why || r->no_memory;
}

/* ---- characters ---- */

static char next(const reader *r) {
  return r->at < r->end ? *r->at : '\0';
}

static void skip_blanks(reader *r) {
  while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at) r->at++;
}

/* Skips blanks and then the character c, if it comes next. */
static bool take(reader *r, char c) {
  skip_blanks(r);
  if (next(r) != c) return false;
  r->at++;
  return true;
}

static void save(reader *r, const char *bytes, size_t count) {
  if (r->room - r->length <= count) {
    size_t room = 2 * r->room + count + 64;
    char *larger = realloc(r->word, room);
    if (!larger) {
      r->no_memory = true;
      return;
    }
    r->word = larger;
    r->room = room;
  }
  memcpy(r->word + r->length, bytes, count);
  r->length += count;
  r->word[r->length] = '\0';
}

/* ---- strings ---- */

/* Reads the code unit after `\u`. 0 if there is none; U+0000 is not allowed in a text either. */
static unsigned read_unit(reader *r) {
  unsigned unit = 0;
  for (int i = 0; i < 4; i++, r->at++) {
    char c = next(r), lower = (char)(c | 0x20);
    if (c >= '0' && c <= '9')
      unit = unit << 4 | (unsigned)(c - '0');
    else if (lower >= 'a' && lower <= 'f')
      unit = unit << 4 | (unsigned)(lower - 'a' + 10);
    else
      return 0;
  }
  return unit;
}

static void save_code(reader *r, unsigned code) {
  char bytes[4];
  size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = count; i-- > 1; code >>= 6) bytes[i] = (char)(0x80 | (code & 0x3f));
  bytes[0] = (char)(lead[count] | code);
  save(r, bytes, count);
}

static void read_unicode(reader *r) {
  unsigned code = read_unit(r);
  if (code >= 0xd800 && code <= 0xdbff && r->end - r->at > 2 && r->at[0] == '\\' &&
      r->at[1] == 'u') {
    r->at += 2;
    unsigned low = read_unit(r);
    code = low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0;
  }
  if (code == 0 || (code >= 0xd800 && code <= 0xdfff))
    fault(r, "an escape that is not a character");
  else
    save_code(r, code);
}

static void read_escape(reader *r) {
  static const char letters[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
  char c = next(r);
  const char *letter = c ? strchr(letters, c) : NULL;
  if (c != 'u' && !letter) {
    fault(r, "an unknown escape");
    return;
  }
  r->at++;
  if (c == 'u')
    read_unicode(r);
  else
    save(r, characters + (letter - letters), 1);
}

static bool is_plain(char c) {
  return c >= ' ' && c < 127 && c != '"' && c != '\\';
}

/* Reads a character that needs special treatment. The text may end in the middle of it. */
static void read_character(reader *r) {
  char ahead[5] = "";
  size_t left = (size_t)(r->end - r->at);
  memcpy(ahead, r->at, left < 4 ? left : 4);
  size_t length = ebbi_utf8_character(ahead);
  if (length == 0) {
    fault(r, left == 0 ? "the text ends within a string" : "not UTF-8 text");
  } else if ((unsigned char)*ahead < ' ') {
    fault(r, "a control character in a string");
  } else if (*ahead == '\\') {
    r->at++;
    read_escape(r);
  } else {
    save(r, r->at, length);
    r->at += length;
  }
}

/* Reads a string into r->word. */
static void read_string(reader *r) {
  r->length = 0;
  save(r, "", 0);
  if (!take(r, '"')) fault(r, "a string is missing");
  while (!failed(r) && next(r) != '"') {
    const char *plain = r->at;
    while (r->at < r->end && is_plain(*r->at)) r->at++;
    if (r->at > plain)
      save(r, plain, (size_t)(r->at - plain));
    else
      read_character(r);
  }
  if (!failed(r)) r->at++;
}

/* ---- values ---- */

static size_t save_digits(reader *r) {
  size_t count = 0;
  for (; next(r) >= '0' && next(r) <= '9'; count++) save(r, r->at++, 1);
  return count;
}

static json_t *read_number(reader *r) {
  r->length = 0;
  bool whole = true;
  if (next(r) == '-') save(r, r->at++, 1);
  bool zero = next(r) == '0', good = save_digits(r) > 0;
  if (zero && good && r->word && !failed(r)) good = r->length == (size_t)(*r->word == '-') + 1;
  if (next(r) == '.') {
    whole = false;
    save(r, r->at++, 1);
    good = save_digits(r) > 0 && good;
  }
  if (next(r) == 'e' || next(r) == 'E') {
    whole = false;
    save(r, r->at++, 1);
    if (next(r) == '+' || next(r) == '-') save(r, r->at++, 1);
    good = save_digits(r) > 0 && good;
  }
  if (failed(r)) return NULL;
  if (!good) return fault(r, "neither a value nor a number");
  if (whole) {
    errno = 0;
    long long number = strtoll(r->word, NULL, 10);
    return errno ? fault(r, "a number too large") : made(r, json_integer(number));
  }
  double number;
  good = ebbi_parse_number(&number, r->word, r->length, '.') && isfinite(number);
  return good ? made(r, json_real(number)) : fault(r, "a number too large");
}

static json_t *read_list(reader *r) {
  json_t *list = made(r, json_array());
  if (take(r, ']')) return list;
  do {
    json_t *value = failed(r) ? NULL : read_value(r);
    if (value && json_array_append_new(list, value) != 0) r->no_memory = true;
  } while (!failed(r) && take(r, ','));
  if (!failed(r) && !take(r, ']')) fault(r, "a list without its end");
  return list;
}

static void read_member(reader *r, json_t *object) {
  skip_blanks(r);
  read_string(r);
  if (failed(r)) return;
  if (json_object_get(object, r->word)) {
    fault(r, "a duplicate key");
    return;
  }
  char *key = strdup(r->word); /* the value reuses the word's buffer */
  if (!key) r->no_memory = true;
  if (key && !take(r, ':')) fault(r, "a key without a value");
  json_t *value = failed(r) ? NULL : read_value(r);
  if (value && json_object_set_new(object, key, value) != 0) r->no_memory = true;
  free(key);
}

static json_t *read_object(reader *r) {
  json_t *object = made(r, json_object());
  if (take(r, '}')) return object;
  do
    if (!failed(r)) read_member(r, object);
  while (!failed(r) && take(r, ','));
  if (!failed(r) && !take(r, '}')) fault(r, "an object without its end");
  return object;
}

static json_t *read_word(reader *r) {
  static const char *const words[] = {"true", "false", "null"};
  for (size_t i = 0; i < 3; i++) {
    size_t length = strlen(words[i]);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, words[i], length) != 0) continue;
    r->at += length;
    return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
  }
  return read_number(r);
}

static json_t *read_string_value(reader *r) {
  read_string(r);
  return failed(r) ? NULL : made(r, json_string(r->word));
}

/* NULL after a failure. */
static json_t *read_value(reader *r) {
  json_t *value;
  skip_blanks(r);
  if (++r->depth > EBBI_JSON_DEPTH) return fault(r, "nested too deep");
  if (take(r, '{'))
    value = read_object(r);
  else if (take(r, '['))
    value = read_list(r);
  else
    value = next(r) == '"' ? read_string_value(r) : read_word(r);
  r->depth--;
  if (!failed(r)) return value;
  json_decref(value);
  return NULL;
}

ebb_status ebbi_json_read(json_t **out, ebbi_json_fault *fault_out, const char *text,
                          size_t length) {
  reader r = {.start = text, .at = text, .end = text + length};
  skip_blanks(&r);
  if (next(&r) != '{' && next(&r) != '[') fault(&r, "neither an object nor a list");
  json_t *value = failed(&r) ? NULL : read_value(&r);
  skip_blanks(&r);
  if (!failed(&r) && r.at < r.end) fault(&r, "text after its end");
  free(r.word);
  if (failed(&r)) {
    json_decref(value);
    value = NULL;
  }
  *out = value;
  *fault_out = (ebbi_json_fault){(size_t)(r.at - r.start), r.why};
  return r.no_memory ? EBB_ERR_MEMORY : r.why ? EBB_ERR_INPUT : EBB_OK;
}
