/* IDX, the format of MNIST: two zero bytes, element type, number of dimensions, the dimensions as
 * 32-bit big-endian numbers, the elements in row-major order (LeCun, Cortes, Burges, "The MNIST
 * database").
 *
 * The format has no checksum, so the size must match to the byte: a longer file is refused like a
 * shorter one, since either indicates a wrong header.
 */
#include "array.h"

#include "base/error.h"

bool ebbi_is_idx(const char *bytes, size_t size) {
  return size >= 4 && bytes[0] == 0 && bytes[1] == 0;
}

static ebb_status element_of(ebbi_element *element, const char *path, unsigned code) {
  switch (code) {
  case 0x08:
    *element = EBBI_U8;
    return EBB_OK;
  case 0x09:
    *element = EBBI_I8;
    return EBB_OK;
  case 0x0b:
    *element = EBBI_I16;
    return EBB_OK;
  case 0x0c:
    *element = EBBI_I32;
    return EBB_OK;
  case 0x0d:
    *element = EBBI_F32;
    return EBB_OK;
  case 0x0e:
    *element = EBBI_F64;
    return EBB_OK;
  default:
    break;
  }
  return ebbi_fail(EBB_ERR_INPUT, "%s: byte 2 is 0x%02x, which is no IDX element type", path, code);
}

ebb_status ebbi_idx_header(ebbi_array *array, size_t *start, const char *path, const char *bytes,
                           size_t size) {
  const unsigned char *at = (const unsigned char *)bytes;
  *array = (ebbi_array){.big_endian = true, .rank = at[3]};
  TRY(element_of(&array->element, path, at[2]));
  size_t header = 4 + 4 * array->rank;
  REQUIRE(array->rank > 0 && array->rank <= EBBI_MAX_RANK, EBB_ERR_INPUT,
          "%s: byte 3 says that the array has %zu dimensions; 1 to %d can be read", path,
          array->rank, EBBI_MAX_RANK);
  REQUIRE(size >= header, EBB_ERR_INPUT,
          "%s: truncated: the header of %zu dimensions takes %zu bytes, the file has %zu", path,
          array->rank, header, size);
  for (size_t i = 0; i < array->rank; i++) {
    const unsigned char *d = at + 4 + 4 * i;
    array->shape[i] = (size_t)d[0] << 24 | (size_t)d[1] << 16 | (size_t)d[2] << 8 | d[3];
  }
  *start = header;
  return ebbi_array_measure(array, path);
}

ebb_status ebbi_idx_parse(ebbi_array *array, const char *path, const char *bytes, size_t size) {
  size_t start;
  TRY(ebbi_idx_header(array, &start, path, bytes, size));
  return ebbi_array_bind(array, path, bytes, size, start);
}
