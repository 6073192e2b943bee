/* NPY, NumPy's format for one array: magic, version, length of the header, a Python dictionary
 * with 'descr', 'fortran_order' and 'shape', then the elements (NumPy Enhancement Proposal 1).
 *
 * The dictionary is read by a grammar of just these three values; nothing is evaluated and nothing
 * is allocated. Objects (pickles) are never read: they are programs, not data.
 */
#include "array.h"

#include "base/error.h"
#include "base/size.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { HEADER_LIMIT = 65536, TEXT_LIMIT = 24 };

typedef struct cursor {
  const char *path, *start, *at, *end;
} cursor;

bool ebbi_is_npy(const char *bytes, size_t size) {
  return size >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0;
}

static ebb_status damaged(const cursor *c, const char *expected) {
  return ebbi_fail(EBB_ERR_INPUT, "%s: byte %zu of the NPY header: expected %s", c->path,
                   (size_t)(c->at - c->start), expected);
}

/* Steps over blanks; 0 at the end. */
static char peek(cursor *c) {
  while (c->at < c->end && isspace((unsigned char)*c->at)) c->at++;
  return c->at < c->end ? *c->at : '\0';
}

static bool accept(cursor *c, char wanted) {
  if (peek(c) != wanted || c->at == c->end) return false;
  c->at++;
  return true;
}

static ebb_status read_string(char text[TEXT_LIMIT], cursor *c) {
  char quote = peek(c);
  if (quote != '\'' && quote != '"') return damaged(c, "a quoted text");
  const char *from = c->at + 1;
  const char *to = memchr(from, quote, (size_t)(c->end - from));
  if (!to || to - from >= TEXT_LIMIT) return damaged(c, "a short quoted text");
  memcpy(text, from, (size_t)(to - from));
  text[to - from] = '\0';
  c->at = to + 1;
  return EBB_OK;
}

static ebb_status read_descr(ebbi_array *array, cursor *c) {
  static const struct {
    const char *text;
    ebbi_element element;
  } known[] = {
      {"<f4", EBBI_F32}, {"<f8", EBBI_F64}, {"|u1", EBBI_U8}, {"<i4", EBBI_I32}, {"<i8", EBBI_I64}};
  char text[TEXT_LIMIT];
  REQUIRE(peek(c) != '[', EBB_ERR_INPUT,
          "%s: an array of records cannot be read; save a plain array of one number type", c->path);
  TRY(read_string(text, c));
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(text, known[i].text) != 0) continue;
    array->element = known[i].element;
    return EBB_OK;
  }
  for (char *t = text; *t != '\0'; t++)
    if (!isprint((unsigned char)*t)) *t = '?';
  return ebbi_fail(EBB_ERR_INPUT,
                   "%s: element type '%s' cannot be read%s; save the array as <f4, <f8, |u1, <i4 "
                   "or <i8",
                   c->path, text, strchr(text, 'O') ? " (Python objects)" : "");
}

static ebb_status read_order(cursor *c) {
  peek(c);
  size_t left = (size_t)(c->end - c->at);
  REQUIRE(left < 4 || memcmp(c->at, "True", 4) != 0, EBB_ERR_INPUT,
          "%s: the array lies column by column (fortran_order); save numpy.ascontiguousarray of it",
          c->path);
  if (left < 5 || memcmp(c->at, "False", 5) != 0) return damaged(c, "True or False");
  c->at += 5;
  return EBB_OK;
}

static ebb_status read_length(size_t *length, cursor *c) {
  if (!isdigit((unsigned char)peek(c))) return damaged(c, "a length");
  *length = 0;
  for (; c->at < c->end && isdigit((unsigned char)*c->at); c->at++)
    if (!ebbi_size_mul(length, *length, 10) ||
        !ebbi_size_add(length, *length, (size_t)(*c->at - '0')))
      return damaged(c, "a length that fits in 64 bits");
  return EBB_OK;
}

static ebb_status read_shape(ebbi_array *array, cursor *c) {
  if (!accept(c, '(')) return damaged(c, "'('");
  REQUIRE(peek(c) != ')', EBB_ERR_INPUT, "%s: a single number, not an array of rows", c->path);
  TRY(read_length(&array->rows, c));
  array->cols = 1;
  while (accept(c, ',') && peek(c) != ')') {
    size_t length;
    TRY(read_length(&length, c));
    if (!ebbi_size_mul(&array->cols, array->cols, length))
      return damaged(c, "lengths whose product fits in 64 bits");
  }
  return accept(c, ')') ? EBB_OK : damaged(c, "',' or ')'");
}

static ebb_status read_dictionary(ebbi_array *array, cursor *c) {
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  unsigned seen = 0;
  if (!accept(c, '{')) return damaged(c, "'{'");
  while (!accept(c, '}')) {
    char key[TEXT_LIMIT];
    size_t k = 0;
    TRY(read_string(key, c));
    while (k < 3 && strcmp(key, keys[k]) != 0) k++;
    if (k == 3 || seen & 1u << k) return damaged(c, "'descr', 'fortran_order', 'shape', each once");
    if (!accept(c, ':')) return damaged(c, "':'");
    TRY(k == 0 ? read_descr(array, c) : k == 1 ? read_order(c) : read_shape(array, c));
    seen |= 1u << k;
    if (!accept(c, ',') && peek(c) != '}') return damaged(c, "',' or '}'");
  }
  return seen == 7 ? EBB_OK : damaged(c, "'descr', 'fortran_order' and 'shape' before the end");
}

ebb_status ebbi_npy_parse(ebbi_array *array, const char *path, const char *bytes, size_t size) {
  const unsigned char *at = (const unsigned char *)bytes;
  *array = (ebbi_array){0};
  REQUIRE(size >= 12, EBB_ERR_INPUT, "%s: truncated: an NPY file of %zu bytes", path, size);
  REQUIRE(at[6] >= 1 && at[6] <= 3, EBB_ERR_INPUT,
          "%s: NPY version %u.%u is not known (1 to 3 are)", path, at[6], at[7]);
  size_t start = at[6] == 1 ? 10 : 12, length = (size_t)at[9] << 8 | at[8];
  if (at[6] > 1) length |= (size_t)at[11] << 24 | (size_t)at[10] << 16;
  REQUIRE(length <= HEADER_LIMIT, EBB_ERR_INPUT,
          "%s: claims an NPY header of %zu bytes, the limit is %d", path, length, HEADER_LIMIT);
  REQUIRE(length <= size - start, EBB_ERR_INPUT,
          "%s: truncated: the NPY header takes %zu bytes, %zu follow", path, length, size - start);
  cursor c = {path, bytes, bytes + start, bytes + start + length};
  TRY(read_dictionary(array, &c));
  return ebbi_array_bind(array, path, bytes, size, start + length);
}
