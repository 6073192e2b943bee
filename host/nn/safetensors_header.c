/* Parses the header of safetensors files.
 *
 * Nothing in it is trusted: every entry is checked before the data are used. As the format demands,
 * the tensors must cover the data exactly, without gap or overlap.
 */
#include "nn/safetensors_file.h"

#include "base/error.h"
#include "base/json.h"
#include "base/size.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char metadata_key[] = EBBI_SAFETENSORS_METADATA;

static ebb_status read_json(ebbi_safetensors *file, const char *text, size_t length) {
  ebbi_json_fault fault;
  ebb_status status = ebbi_json_read(&file->header, &fault, text, length);
  REQUIRE(status != EBB_ERR_INPUT, status,
          "%s: not a safetensors file: the header is not JSON at byte %zu: %s", file->path,
          EBBI_SAFETENSORS_PREFIX + fault.byte, fault.why);
  REQUIRE(file->header, EBB_ERR_MEMORY, "%s: no memory for its header", file->path);
  REQUIRE(json_is_object(file->header), EBB_ERR_INPUT,
          "%s: not a safetensors file: the header is not a JSON object", file->path);
  return EBB_OK;
}

/* Fails for anything except an integer that fits in a size_t. */
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
            EBB_ERR_INPUT,
            "%s: tensor \"%.80s\": shape[%zu] is not a size, or makes the tensor too large", path,
            tensor->name, i);
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

/* Names appear in messages, which are a single line. */
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
  const ebbi_dtype *known = ebbi_dtype_find(dtype);
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

ebb_status ebbi_safetensors_parse_header(ebbi_safetensors *file, const char *text, size_t length) {
  TRY(read_json(file, text, length));
  TRY(read_entries(file));
  return check_places(file);
}
