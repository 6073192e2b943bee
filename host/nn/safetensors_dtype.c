/* The element types of safetensors files and their conversion.
 *
 * Numbers are assembled from bytes, little-endian, so that hosts of either byte order read the same
 * values.
 */
#include "nn/safetensors_file.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

uint64_t ebbi_load_little_endian(const unsigned char *bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

static double decode_f64(const unsigned char *bytes) {
  uint64_t bits = ebbi_load_little_endian(bytes, 8);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double decode_f32(const unsigned char *bytes) {
  return float_of_bits((uint32_t)ebbi_load_little_endian(bytes, 4));
}

static double decode_bf16(const unsigned char *bytes) {
  return float_of_bits((uint32_t)ebbi_load_little_endian(bytes, 2) << 16);
}

static double decode_f16(const unsigned char *bytes) {
  unsigned bits = (unsigned)ebbi_load_little_endian(bytes, 2);
  unsigned fraction = bits & 0x3ff, exponent = bits >> 10 & 0x1f;
  double value =
      exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024.0, (int)exponent - 25);
  if (exponent == 0x1f) value = fraction == 0 ? INFINITY : NAN;
  return bits >> 15 ? -value : value;
}

static const ebbi_dtype dtypes[] = {
    {"F64", 64, decode_f64},   {"F32", 32, decode_f32}, {"F16", 16, decode_f16},
    {"BF16", 16, decode_bf16}, {"I64", 64, NULL},       {"I32", 32, NULL},
    {"I16", 16, NULL},         {"I8", 8, NULL},         {"U64", 64, NULL},
    {"U32", 32, NULL},         {"U16", 16, NULL},       {"U8", 8, NULL},
    {"BOOL", 8, NULL},         {"F8_E4M3", 8, NULL},    {"F8_E5M2", 8, NULL},
    {"F8_E8M0", 8, NULL},      {"F6_E2M3", 6, NULL},    {"F6_E3M2", 6, NULL},
    {"F4", 4, NULL},           {"C64", 64, NULL},
};

const ebbi_dtype *ebbi_dtype_find(const char *name) {
  for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
    if (strcmp(dtypes[i].name, name) == 0) return &dtypes[i];
  return NULL;
}
