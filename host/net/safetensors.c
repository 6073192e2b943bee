/* Reading safetensors files (safetensors_write.c writes them).
 *
 * A file comes from anywhere, so nothing in it is believed: the header's length is compared with
 * the file's size before it is read, every entry is checked before the data are, and the tensors
 * must tile the data exactly, as the format demands: no hole, no overlap, no rest. Reading the
 * whole file first would be shorter, but then a wrong file of any size would fill the memory before
 * its first 8 bytes are looked at. Numbers are assembled byte by byte, little-endian, so that hosts
 * of either byte order read the same values.
 */
#include "net/safetensors.h"

#include "base/error.h"
#include "base/size.h"
#include <errno.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LENGTH_BYTES = 8, HEADER_LIMIT = EBBI_SAFETENSORS_HEADER_LIMIT };

static const char metadata_key[] = EBBI_SAFETENSORS_METADATA;

struct ebb_tensor_file {
  char *path;
  json_t *header; /* owns the names */
  unsigned char *data;
  size_t data_size;
  size_t count;
  ebbi_safetensor *tensors;
  size_t pair_count;
  ebb_metadata *pairs; /* texts of the header */
};

/* Dtypes: their bits an element and how to read one; NULL: of no use as weights. */

static uint64_t load_little_endian(const unsigned char *bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

static double decode_f64(const unsigned char *bytes) {
  uint64_t bits = load_little_endian(bytes, 8);
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
  return float_of_bits((uint32_t)load_little_endian(bytes, 4));
}

static double decode_bf16(const unsigned char *bytes) {
  return float_of_bits((uint32_t)load_little_endian(bytes, 2) << 16);
}

static double decode_f16(const unsigned char *bytes) {
  unsigned bits = (unsigned)load_little_endian(bytes, 2);
  unsigned fraction = bits & 0x3ff, exponent = bits >> 10 & 0x1f;
  double value =
      exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024.0, (int)exponent - 25);
  if (exponent == 0x1f) value = fraction == 0 ? INFINITY : NAN;
  return bits >> 15 ? -value : value;
}

static const struct dtype {
  const char *name;
  size_t bits;
  double (*decode)(const unsigned char *bytes);
} dtypes[] = {
    {"F64", 64, decode_f64},   {"F32", 32, decode_f32}, {"F16", 16, decode_f16},
    {"BF16", 16, decode_bf16}, {"I64", 64, NULL},       {"I32", 32, NULL},
    {"I16", 16, NULL},         {"I8", 8, NULL},         {"U64", 64, NULL},
    {"U32", 32, NULL},         {"U16", 16, NULL},       {"U8", 8, NULL},
    {"BOOL", 8, NULL},         {"F8_E4M3", 8, NULL},    {"F8_E5M2", 8, NULL},
    {"F8_E8M0", 8, NULL},      {"F6_E2M3", 6, NULL},    {"F6_E3M2", 6, NULL},
    {"F4", 4, NULL},           {"C64", 64, NULL},
};

static const struct dtype *find_dtype(const char *name) {
  for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
    if (strcmp(dtypes[i].name, name) == 0) return &dtypes[i];
  return NULL;
}

/* Reading, from the outside in: the file, its header, the header's entries, the data. */

static ebb_status open_file(FILE **out, size_t *size, const char *path) {
  struct stat about;
  REQUIRE(stat(path, &about) == 0, EBB_ERR_INPUT, "%s: %s", path, strerror(errno));
  REQUIRE(S_ISREG(about.st_mode), EBB_ERR_INPUT, "%s: is not a regular file", path);
  REQUIRE((uintmax_t)about.st_size <= SIZE_MAX, EBB_ERR_INPUT, "%s: too large for this machine",
          path);
  *size = (size_t)about.st_size;
  *out = fopen(path, "rb");
  REQUIRE(*out, EBB_ERR_INPUT, "%s: %s", path, strerror(errno));
  return EBB_OK;
}

static ebb_status read_exactly(void *bytes, size_t size, FILE *stream, const char *path) {
  size_t got = fread(bytes, 1, size, stream);
  REQUIRE(got == size, EBB_ERR_INPUT, "%s: reading failed after %zu of %zu bytes: %s", path, got,
          size, ferror(stream) ? strerror(errno) : "the file has become shorter");
  return EBB_OK;
}

static ebb_status parse_header(ebbi_safetensors *file, const char *text, size_t length) {
  json_error_t error;
  file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (file->header == NULL) {
    char *context = strstr(error.text, " near "); /* may hold anything */
    if (context != NULL) *context = '\0';
    return ebbi_fail(EBB_ERR_INPUT,
                     "%s: not a safetensors file: the header is not JSON at byte %zu: %s",
                     file->path, LENGTH_BYTES + (size_t)error.position, error.text);
  }
  REQUIRE(json_is_object(file->header), EBB_ERR_INPUT,
          "%s: not a safetensors file: the header is not a JSON object", file->path);
  return EBB_OK;
}

static ebb_status read_header(ebbi_safetensors *file, FILE *stream, size_t size) {
  unsigned char prefix[LENGTH_BYTES];
  REQUIRE(size >= LENGTH_BYTES, EBB_ERR_INPUT,
          "%s: not a safetensors file: %zu bytes, the header's length alone takes %d", file->path,
          size, LENGTH_BYTES);
  TRY(read_exactly(prefix, LENGTH_BYTES, stream, file->path));
  uint64_t length = load_little_endian(prefix, LENGTH_BYTES);
  REQUIRE(length <= HEADER_LIMIT, EBB_ERR_INPUT,
          "%s: not a safetensors file: bytes 0 to 7 give a header of %llu bytes; the limit is %d",
          file->path, (unsigned long long)length, HEADER_LIMIT);
  REQUIRE(length <= size - LENGTH_BYTES, EBB_ERR_INPUT,
          "%s: damaged: bytes 0 to 7 give a header of %llu bytes, but only %zu follow", file->path,
          (unsigned long long)length, size - LENGTH_BYTES);
  char *text = malloc((size_t)length + 1);
  REQUIRE(text, EBB_ERR_MEMORY, "%s: no memory for its header", file->path);
  ebb_status status = read_exactly(text, (size_t)length, stream, file->path);
  if (status == EBB_OK) status = parse_header(file, text, (size_t)length);
  free(text);
  file->data_size = size - LENGTH_BYTES - (size_t)length;
  return status;
}

/* Fails for anything but an integer that fits a size. */
static bool get_size(size_t *out, const json_t *value) {
  json_int_t number = json_integer_value(value);
  if (!json_is_integer(value) || number < 0 || (uintmax_t)number > SIZE_MAX) return false;
  *out = (size_t)number;
  return true;
}

static ebb_status read_shape(ebbi_safetensor *tensor, const json_t *shape, const char *path) {
  REQUIRE(json_is_array(shape), EBB_ERR_INPUT, "%s: tensor \"%.80s\": shape is not a list", path,
          tensor->name);
  tensor->rank = json_array_size(shape);
  REQUIRE(tensor->rank <= EBBI_SAFETENSOR_RANK, EBB_ERR_INPUT,
          "%s: tensor \"%.80s\" has %zu dimensions; at most %d are supported", path, tensor->name,
          tensor->rank, EBBI_SAFETENSOR_RANK);
  tensor->count = 1;
  for (size_t i = 0; i < tensor->rank; i++)
    REQUIRE(get_size(&tensor->shape[i], json_array_get(shape, i)) &&
                ebbi_size_mul(&tensor->count, tensor->count, tensor->shape[i]),
            EBB_ERR_INPUT, "%s: tensor \"%.80s\": shape[%zu] is no size, or makes it too large",
            path, tensor->name, i);
  return EBB_OK;
}

static ebb_status read_offsets(ebbi_safetensor *tensor, const json_t *offsets,
                               const ebbi_safetensors *file) {
  size_t end;
  REQUIRE(json_array_size(offsets) == 2 && get_size(&tensor->begin, json_array_get(offsets, 0)) &&
              get_size(&end, json_array_get(offsets, 1)) && tensor->begin <= end,
          EBB_ERR_INPUT, "%s: tensor \"%.80s\": data_offsets is not [begin, end]", file->path,
          tensor->name);
  REQUIRE(end <= file->data_size, EBB_ERR_INPUT,
          "%s: tensor \"%.80s\" lies in bytes %zu to %zu of the data, which has only %zu; the file "
          "is damaged or cut off",
          file->path, tensor->name, tensor->begin, end, file->data_size);
  tensor->size = end - tensor->begin;
  return EBB_OK;
}

/* Names go into messages, which are one line of text. */
static bool has_control_character(const char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < ' ' || *text == 127) return true;
  return false;
}

static ebb_status read_entry(ebbi_safetensor *tensor, const char *name, const json_t *entry,
                             const ebbi_safetensors *file) {
  REQUIRE(!has_control_character(name), EBB_ERR_INPUT,
          "%s: the name of tensor %zu holds a control character", file->path, file->count);
  REQUIRE(json_is_object(entry), EBB_ERR_INPUT, "%s: tensor \"%.80s\": its entry is not an object",
          file->path, name);
  const char *dtype = json_string_value(json_object_get(entry, "dtype"));
  REQUIRE(dtype, EBB_ERR_INPUT, "%s: tensor \"%.80s\": dtype is not a text", file->path, name);
  const struct dtype *known = find_dtype(dtype);
  REQUIRE(known, EBB_ERR_INPUT, "%s: tensor \"%.80s\" has an unknown dtype", file->path, name);
  *tensor = (ebbi_safetensor){.name = name, .dtype = known->name};
  TRY(read_shape(tensor, json_object_get(entry, "shape"), file->path));
  TRY(read_offsets(tensor, json_object_get(entry, "data_offsets"), file));
  size_t needed;
  bool fits = ebbi_size_mul(&needed, tensor->count, known->bits) && needed % 8 == 0;
  REQUIRE(fits && needed / 8 == tensor->size, EBB_ERR_INPUT,
          "%s: tensor \"%.80s\": %zu elements of %s do not make its %zu bytes", file->path, name,
          tensor->count, known->name, tensor->size);
  return EBB_OK;
}

static ebb_status read_metadata(ebbi_safetensors *file, json_t *metadata) {
  const char *key;
  json_t *value;
  REQUIRE(json_is_object(metadata), EBB_ERR_INPUT, "%s: %s is not an object", file->path,
          metadata_key);
  file->pairs = calloc(json_object_size(metadata) + 1, sizeof *file->pairs);
  REQUIRE(file->pairs, EBB_ERR_MEMORY, "%s: no memory for its metadata", file->path);
  json_object_foreach(metadata, key, value) {
    REQUIRE(json_is_string(value), EBB_ERR_INPUT, "%s: %s holds a value that is not a text",
            file->path, metadata_key);
    file->pairs[file->pair_count++] = (ebb_metadata){key, json_string_value(value)};
  }
  return EBB_OK;
}

static ebb_status read_entries(ebbi_safetensors *file) {
  const char *name;
  json_t *entry;
  file->tensors = calloc(json_object_size(file->header) + 1, sizeof *file->tensors);
  REQUIRE(file->tensors, EBB_ERR_MEMORY, "%s: no memory for its list of tensors", file->path);
  json_object_foreach(file->header, name, entry) {
    if (strcmp(name, metadata_key) == 0) {
      TRY(read_metadata(file, entry));
      continue;
    }
    TRY(read_entry(&file->tensors[file->count], name, entry, file));
    file->count++;
  }
  return EBB_OK;
}

static int compare_places(const void *a, const void *b) {
  const ebbi_safetensor *x = *(const ebbi_safetensor *const *)a;
  const ebbi_safetensor *y = *(const ebbi_safetensor *const *)b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->size > y->size) - (x->size < y->size); /* empty ones first */
}

static ebb_status check_tiling(const ebbi_safetensor **places, const ebbi_safetensors *file) {
  size_t at = 0;
  qsort(places, file->count, sizeof *places, compare_places);
  for (size_t i = 0; i < file->count; i++) {
    REQUIRE(places[i]->begin == at, EBB_ERR_INPUT,
            "%s: tensor \"%.80s\" begins at byte %zu of the data, but the tensors before it end at "
            "%zu: tensors must not overlap or leave holes",
            file->path, places[i]->name, places[i]->begin, at);
    at += places[i]->size;
  }
  REQUIRE(at == file->data_size, EBB_ERR_INPUT,
          "%s: the tensors end at byte %zu of the data, which has %zu", file->path, at,
          file->data_size);
  return EBB_OK;
}

static ebb_status check_places(const ebbi_safetensors *file) {
  const ebbi_safetensor **places = calloc(file->count + 1, sizeof *places);
  REQUIRE(places, EBB_ERR_MEMORY, "%s: no memory to check its tensors", file->path);
  for (size_t i = 0; i < file->count; i++) places[i] = &file->tensors[i];
  ebb_status status = check_tiling(places, file);
  free(places);
  return status;
}

static ebb_status read_parts(ebbi_safetensors *file, FILE *stream, size_t size) {
  TRY(read_header(file, stream, size));
  TRY(read_entries(file));
  TRY(check_places(file));
  file->data = malloc(file->data_size + 1);
  REQUIRE(file->data, EBB_ERR_MEMORY, "%s: no memory for %zu bytes", file->path, file->data_size);
  TRY(read_exactly(file->data, file->data_size, stream, file->path));
  for (size_t i = 0; i < file->count; i++)
    file->tensors[i].bytes = file->data + file->tensors[i].begin;
  return EBB_OK;
}

static ebb_status build(ebbi_safetensors *file, const char *path) {
  FILE *stream = NULL;
  size_t size = 0;
  file->path = strdup(path);
  REQUIRE(file->path, EBB_ERR_MEMORY, "%s: no memory for its name", path);
  TRY(open_file(&stream, &size, path));
  ebb_status status = read_parts(file, stream, size);
  fclose(stream);
  return status;
}

ebb_status ebbi_safetensors_read(ebbi_safetensors **out, const char *path) {
  *out = calloc(1, sizeof **out);
  REQUIRE(*out, EBB_ERR_MEMORY, "%s: no memory", path);
  ebb_status status = build(*out, path);
  if (status != EBB_OK) {
    ebbi_safetensors_free(*out);
    *out = NULL;
  }
  return status;
}

ebb_status ebb_tensor_file_read(ebb_tensor_file **out, const char *path) {
  REQUIRE(out && path, EBB_ERR_ARGUMENT, "ebb_tensor_file_read: an argument is NULL");
  return ebbi_safetensors_read(out, path);
}

void ebb_tensor_file_free(ebb_tensor_file *file) {
  ebbi_safetensors_free(file);
}

size_t ebb_tensor_file_tensors(const ebb_tensor_file *file) {
  return file->count;
}

ebb_tensor_entry ebb_tensor_file_tensor(const ebb_tensor_file *file, size_t index) {
  const ebbi_safetensor *t = &file->tensors[index];
  return (ebb_tensor_entry){t->name, t->dtype, t->rank, t->shape, t->size};
}

size_t ebb_tensor_file_pairs(const ebb_tensor_file *file) {
  return file->pair_count;
}

ebb_metadata ebb_tensor_file_pair(const ebb_tensor_file *file, size_t index) {
  return file->pairs[index];
}

void ebbi_safetensors_free(ebbi_safetensors *file) {
  if (file == NULL) return;
  json_decref(file->header);
  free(file->tensors);
  free(file->pairs);
  free(file->data);
  free(file->path);
  free(file);
}

size_t ebbi_safetensors_count(const ebbi_safetensors *file) {
  return file->count;
}

const ebbi_safetensor *ebbi_safetensors_at(const ebbi_safetensors *file, size_t index) {
  return index < file->count ? &file->tensors[index] : NULL;
}

const ebbi_safetensor *ebbi_safetensors_find(const ebbi_safetensors *file, const char *name) {
  for (size_t i = 0; i < file->count; i++)
    if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
  return NULL;
}

const char *ebbi_safetensors_metadata(const ebbi_safetensors *file, const char *key) {
  return json_string_value(json_object_get(json_object_get(file->header, metadata_key), key));
}

bool ebbi_safetensor_is_float(const ebbi_safetensor *tensor) {
  return find_dtype(tensor->dtype)->decode != NULL;
}

ebb_status ebbi_safetensor_to_float(float *out, const ebbi_safetensors *file,
                                    const ebbi_safetensor *tensor) {
  const struct dtype *dtype = find_dtype(tensor->dtype);
  REQUIRE(dtype->decode, EBB_ERR_INPUT,
          "%s: tensor \"%.80s\" is of dtype %s; weights are F32, F64, F16 or BF16", file->path,
          tensor->name, tensor->dtype);
  for (size_t i = 0; i < tensor->count; i++) {
    double value = dtype->decode(tensor->bytes + i * dtype->bits / 8);
    REQUIRE(!isfinite(value) || fabs(value) <= FLT_MAX, EBB_ERR_INPUT,
            "%s: tensor \"%.80s\": element %zu is %g, beyond float32", file->path, tensor->name, i,
            value);
    out[i] = (float)value;
  }
  return EBB_OK;
}
