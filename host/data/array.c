/* Elements of arrays, and the one check that their bytes are there.
 *
 * A file's sizes are claims: they are multiplied with overflow checks and must agree with the bytes
 * that were really read before anything is allocated by them. Elements are put together byte by
 * byte, so neither alignment nor the machine's byte order matters.
 */
#include "array.h"

#include "base/error.h"
#include "base/size.h"
#include <stdint.h>
#include <string.h>

static const size_t element_bytes[] = {
#define ELEMENT_BYTES(name, bytes) bytes,
    EBBI_ELEMENT_LIST(ELEMENT_BYTES)};

ebb_status ebbi_array_bind(ebbi_array *array, const char *path, const char *bytes, size_t size,
                           size_t offset) {
  size_t item = element_bytes[array->element], need, there = size - offset;
  REQUIRE(array->rows > 0 && array->cols > 0, EBB_ERR_INPUT,
          "%s: the array is empty (%zu rows of %zu)", path, array->rows, array->cols);
  bool fits = ebbi_size_mul(&need, array->rows, array->cols) && ebbi_size_mul(&need, need, item);
  REQUIRE(fits, EBB_ERR_INPUT, "%s: %zu rows of %zu elements are too many to be true", path,
          array->rows, array->cols);
  REQUIRE(need == there, EBB_ERR_INPUT,
          "%s: %s: the header says %zu rows of %zu elements of %zu bytes = %zu bytes, but %zu "
          "follow it",
          path, need > there ? "truncated" : "oversized", array->rows, array->cols, item, need,
          there);
  array->data = (const unsigned char *)bytes + offset;
  return EBB_OK;
}

bool ebbi_array_is_float(const ebbi_array *array) {
  return array->element == EBBI_F32 || array->element == EBBI_F64;
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
  size_t item = element_bytes[array->element];
  const unsigned char *at = array->data + index * item;
  uint64_t bits = 0;
  for (size_t i = 0; i < item; i++) bits = bits << 8 | at[array->big_endian ? i : item - 1 - i];
  switch (array->element) {
  case EBBI_U8:
    return (double)bits;
  case EBBI_I8:
    return (int8_t)bits;
  case EBBI_I16:
    return (int16_t)bits;
  case EBBI_I32:
    return (int32_t)bits;
  case EBBI_I64:
    return (double)(int64_t)bits;
  case EBBI_F32:
    return float_of((uint32_t)bits);
  case EBBI_F64:
    break;
  }
  return double_of(bits);
}

ebb_status ebbi_array_parse(ebbi_array *array, const char *path, const char *bytes, size_t size) {
  if (ebbi_is_npy(bytes, size)) return ebbi_npy_parse(array, path, bytes, size);
  REQUIRE(ebbi_is_idx(bytes, size), EBB_ERR_INPUT, "%s: neither an IDX nor an NPY file", path);
  return ebbi_idx_parse(array, path, bytes, size);
}
