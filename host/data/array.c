/* Elements of arrays, and the single check that their bytes exist.
 *
 * The sizes in a file are mere claims. They are multiplied with overflow checks and must agree with
 * the bytes that were really read before anything is allocated. Elements are assembled byte by
 * byte, so neither alignment nor byte order matters. They stay where they are in the file, whatever
 * their order: transposing a large array would double its memory.
 */
#include "array.h"

#include "base/error.h"
#include "base/size.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
  size_t bytes;
  const char *name;
} elements[] = {
#define ELEMENT_ROW(name, bytes, text) {bytes, text},
    EBBI_ELEMENT_LIST(ELEMENT_ROW)};

bool ebbi_array_is_text(const ebbi_array *array) {
  return array->element == EBBI_ASCII || array->element == EBBI_UCS4;
}

ebb_status ebbi_array_measure(ebbi_array *array, const char *path) {
  REQUIRE(array->rank > 0, EBB_ERR_INPUT, "%s: a single number, not an array of rows", path);
  if (!ebbi_array_is_text(array)) array->item = elements[array->element].bytes;
  array->rows = array->shape[0];
  array->cols = 1;
  for (size_t d = 1; d < array->rank; d++)
    REQUIRE(ebbi_size_mul(&array->cols, array->cols, array->shape[d]), EBB_ERR_INPUT,
            "%s: dimension %zu of %zu, %zu, makes the array larger than any file", path, d,
            array->rank, array->shape[d]);
  return EBB_OK;
}

ebb_status ebbi_array_size(size_t *bytes, const ebbi_array *array, const char *path) {
  REQUIRE(array->rows > 0 && array->cols > 0 && array->item > 0, EBB_ERR_INPUT,
          "%s: the array is empty (%zu rows of %zu elements of %zu bytes)", path, array->rows,
          array->cols, array->item);
  bool fits =
      ebbi_size_mul(bytes, array->rows, array->cols) && ebbi_size_mul(bytes, *bytes, array->item);
  REQUIRE(fits, EBB_ERR_INPUT, "%s: %zu rows of %zu elements are more than memory can address",
          path, array->rows, array->cols);
  return EBB_OK;
}

ebb_status ebbi_array_bind(ebbi_array *array, const char *path, const char *bytes, size_t size,
                           size_t offset) {
  size_t need, there = size - offset;
  TRY(ebbi_array_size(&need, array, path));
  REQUIRE(need == there, EBB_ERR_INPUT,
          "%s: %s: the header says %zu rows of %zu elements of %zu bytes = %zu bytes, but %zu "
          "follow it",
          path, need > there ? "truncated" : "oversized", array->rows, array->cols, array->item,
          need, there);
  array->data = (const unsigned char *)bytes + offset;
  return EBB_OK;
}

const char *ebbi_array_shown(char out[EBBI_ARRAY_SHOWN], const ebbi_array *array) {
  size_t used = 0;
  for (size_t d = 0; d <= array->rank && used < EBBI_ARRAY_SHOWN; d++) {
    char *at = out + used;
    size_t room = EBBI_ARRAY_SHOWN - used;
    if (d == 0)
      used += (size_t)snprintf(at, room, "%s [", elements[array->element].name);
    else
      used += (size_t)snprintf(at, room, "%s%zu", d > 1 ? ", " : "", array->shape[d - 1]);
  }
  if (used < EBBI_ARRAY_SHOWN) snprintf(out + used, EBBI_ARRAY_SHOWN - used, "]");
  return out;
}

/* The position of element `index`, in elements. In Fortran order the strides grow from left to
 * right, while `index` counts dimensions from the right. */
static size_t place_of(const ebbi_array *array, size_t index) {
  if (!array->fortran) return index;
  size_t place = index / array->cols, rest = index % array->cols, step = array->rows * array->cols;
  for (size_t d = array->rank - 1; d > 0; d--) {
    step /= array->shape[d];
    place += rest % array->shape[d] * step;
    rest /= array->shape[d];
  }
  return place;
}

/* Compilers turn this into one load on machines of that byte order. */
static uint32_t word_at(const unsigned char *at) {
  return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static uint64_t bits_at(const unsigned char *at, size_t bytes, bool big_endian) {
  uint64_t bits = 0;
  if (!big_endian && bytes == 4) return word_at(at);
  if (!big_endian && bytes == 8) return (uint64_t)word_at(at + 4) << 32 | word_at(at);
  for (size_t i = 0; i < bytes; i++) bits = bits << 8 | at[big_endian ? i : bytes - 1 - i];
  return bits;
}

/* IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
static double half_of(unsigned bits) {
  int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
  double value = exponent == 0    ? ldexp(fraction, -24)
                 : exponent == 31 ? (fraction ? NAN : INFINITY)
                                  : ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -value : value;
}

static double float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double double_of(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

double ebbi_array_get(const ebbi_array *array, size_t index) {
  const unsigned char *at = array->data + place_of(array, index) * array->item;
  if (ebbi_array_is_text(array)) return NAN;
  uint64_t bits = bits_at(at, array->item, array->big_endian);
  switch (array->element) {
  case EBBI_BOOL:
    return bits != 0;
  case EBBI_I8:
    return (int8_t)bits;
  case EBBI_I16:
    return (int16_t)bits;
  case EBBI_I32:
    return (int32_t)bits;
  case EBBI_I64:
    return (double)(int64_t)bits;
  case EBBI_F16:
    return half_of((unsigned)bits);
  case EBBI_F32:
    return float_of((uint32_t)bits);
  case EBBI_F64:
    return double_of(bits);
  default:
    return (double)bits;
  }
}

/* Writes the character as UTF-8, which needs no more bytes than UCS-4. Returns its length; 0: not a
 * character. */
static size_t put_character(char *out, uint32_t c) {
  if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
  size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char mark[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = length - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
  out[0] = (char)(mark[length] | c);
  return length;
}

bool ebbi_array_text(char *out, const ebbi_array *array, size_t index) {
  size_t unit = array->element == EBBI_UCS4 ? 4 : 1, count = array->item / unit;
  const unsigned char *at = array->data + place_of(array, index) * array->item;
  while (count > 0 && bits_at(at + (count - 1) * unit, unit, false) == 0) count--; /* padding */
  for (size_t i = 0; i < count; i++) {
    uint32_t c = (uint32_t)bits_at(at + i * unit, unit, array->big_endian);
    size_t length = unit == 1 && c >= 0x80 ? 0 : put_character(out, c);
    if (length == 0) return false;
    out += length;
  }
  *out = '\0';
  return true;
}
