/* NPY, NumPy's format for one array: magic, version, length of the header, a Python dictionary with
 * 'descr', 'fortran_order' and 'shape', then the elements (NumPy Enhancement Proposal 1).
 *
 * The parser accepts only these three values of the dictionary; it evaluates and allocates nothing.
 * Objects (pickles) are never read: they are programs, not data.
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

/* Skips blanks and returns the next character; 0 at the end. */
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

/* Element kinds by the first letter of their name, with advice for unsupported ones. */
static const struct {
  char kind;
  const char *what;
} refused[] = {
    {'O', "Python objects, which only Python can read; save x.astype(float), or texts as "
          "x.astype(str)"},
    {'c', "complex numbers; save numpy.abs(x), or numpy.stack([x.real, x.imag], -1)"},
    {'V', "records; save numpy.lib.recfunctions.structured_to_unstructured(x), or a CSV file"},
    {'M', "dates; save a CSV file, in which dates are read"},
    {'m', "spans of time; save x / numpy.timedelta64(1, 's')"},
    {'f', "floats of another size; save x.astype('f8')"}};

static ebb_status refuse_element(const cursor *c, char *text, char kind) {
  const char *what = "unknown; save x.astype(float), or texts as x.astype(str)";
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    if (refused[i].kind == kind) what = refused[i].what;
  for (char *t = text; *t != '\0'; t++)
    if (!isprint((unsigned char)*t)) *t = '?';
  return ebbi_fail(EBB_ERR_INPUT, "%s: elements of type '%s' cannot be read: %s", c->path, text,
                   what);
}

/* Size of a text element in bytes: `digits` characters of `unit` bytes. */
static bool read_item(size_t *item, const char *digits, size_t unit) {
  *item = 0;
  for (; isdigit((unsigned char)*digits); digits++)
    if (!ebbi_size_mul(item, *item, 10) || !ebbi_size_add(item, *item, (size_t)(*digits - '0')))
      return false;
  return *digits == '\0' && ebbi_size_mul(item, *item, unit);
}

/* Byte order (`|`: irrelevant), kind, bytes. */
static ebb_status read_descr(ebbi_array *array, cursor *c) {
  static const struct {
    const char *text;
    ebbi_element element;
  } known[] = {{"b1", EBBI_BOOL}, {"u1", EBBI_U8},  {"i1", EBBI_I8},  {"u2", EBBI_U16},
               {"i2", EBBI_I16},  {"u4", EBBI_U32}, {"i4", EBBI_I32}, {"u8", EBBI_U64},
               {"i8", EBBI_I64},  {"f2", EBBI_F16}, {"f4", EBBI_F32}, {"f8", EBBI_F64}};
  char text[TEXT_LIMIT] = "[...]";
  if (peek(c) == '[') return refuse_element(c, text, 'V');
  TRY(read_string(text, c));
  if (text[0] == '\0' || !strchr("<>|=", text[0])) return refuse_element(c, text, '\0');
  array->big_endian = text[0] == '>';
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(text + 1, known[i].text) != 0) continue;
    array->element = known[i].element;
    return EBB_OK;
  }
  array->element = text[1] == 'U' ? EBBI_UCS4 : EBBI_ASCII;
  bool is_text = (text[1] == 'U' || text[1] == 'S') &&
                 read_item(&array->item, text + 2, text[1] == 'U' ? 4 : 1);
  return is_text ? EBB_OK : refuse_element(c, text, text[1]);
}

static ebb_status read_order(ebbi_array *array, cursor *c) {
  peek(c);
  size_t left = (size_t)(c->end - c->at);
  array->fortran = left >= 4 && memcmp(c->at, "True", 4) == 0;
  if (!array->fortran && (left < 5 || memcmp(c->at, "False", 5) != 0))
    return damaged(c, "True or False");
  c->at += array->fortran ? 4 : 5;
  return EBB_OK;
}

static ebb_status read_length(size_t *length, cursor *c) {
  if (!isdigit((unsigned char)peek(c))) return damaged(c, "a length");
  *length = 0;
  for (; c->at < c->end && isdigit((unsigned char)*c->at); c->at++)
    if (!ebbi_size_mul(length, *length, 10) ||
        !ebbi_size_add(length, *length, (size_t)(*c->at - '0')))
      return damaged(c, "a length that fits in 64 bits");
  accept(c, 'L'); /* written by Python 2 */
  return EBB_OK;
}

static ebb_status read_shape(ebbi_array *array, cursor *c) {
  if (!accept(c, '(')) return damaged(c, "'('");
  while (peek(c) != ')') {
    if (array->rank == EBBI_MAX_RANK) return damaged(c, "at most 32 lengths");
    TRY(read_length(&array->shape[array->rank++], c));
    if (!accept(c, ',') && peek(c) != ')') return damaged(c, "',' or ')'");
  }
  return accept(c, ')') ? EBB_OK : damaged(c, "')'");
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
    TRY(k == 0 ? read_descr(array, c) : k == 1 ? read_order(array, c) : read_shape(array, c));
    seen |= 1u << k;
    if (!accept(c, ',') && peek(c) != '}') return damaged(c, "',' or '}'");
  }
  return seen == 7 ? EBB_OK : damaged(c, "'descr', 'fortran_order' and 'shape' before the end");
}

ebb_status ebbi_npy_header(ebbi_array *array, size_t *start, const char *path, const char *bytes,
                           size_t size) {
  const unsigned char *at = (const unsigned char *)bytes;
  *array = (ebbi_array){0};
  REQUIRE(size >= 12, EBB_ERR_INPUT, "%s: truncated: an NPY file of %zu bytes", path, size);
  REQUIRE(at[6] >= 1 && at[6] <= 3, EBB_ERR_INPUT,
          "%s: NPY version %u.%u is not known (1 to 3 are)", path, at[6], at[7]);
  *start = at[6] == 1 ? 10 : 12;
  size_t length = (size_t)at[9] << 8 | at[8];
  if (at[6] > 1) length |= (size_t)at[11] << 24 | (size_t)at[10] << 16;
  REQUIRE(length <= HEADER_LIMIT, EBB_ERR_INPUT,
          "%s: claims an NPY header of %zu bytes, the limit is %d", path, length, HEADER_LIMIT);
  REQUIRE(length <= size - *start, EBB_ERR_INPUT,
          "%s: truncated: the NPY header takes %zu bytes, %zu follow", path, length, size - *start);
  cursor c = {path, bytes, bytes + *start, bytes + *start + length};
  TRY(read_dictionary(array, &c));
  *start += length;
  return ebbi_array_measure(array, path);
}

ebb_status ebbi_npy_parse(ebbi_array *array, const char *path, const char *bytes, size_t size) {
  size_t start;
  TRY(ebbi_npy_header(array, &start, path, bytes, size));
  return ebbi_array_bind(array, path, bytes, size, start);
}
