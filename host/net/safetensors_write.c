/* Writing safetensors files (safetensors.c reads them).
 *
 * The header is built and checked in memory before the file is opened; then header and numbers
 * stream through an ebbi_writer, so the old file stands until the new one is complete. Nothing that
 * varies from run to run goes in, and the order is the caller's, so equal weights give equal bytes.
 * The header is padded with blanks to a multiple of 8 bytes, which keeps the numbers aligned for
 * readers that map the file.
 */
#include "net/safetensors.h"

#include "base/error.h"
#include "base/file.h"
#include "base/size.h"
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Takes over `value`. jansson refuses keys and texts that are not UTF-8 by NULL and -1. */
static ebb_status add(json_t *object, const char *key, json_t *value, const char *path) {
  bool twice = json_object_get(object, key) != NULL;
  if (twice) json_decref(value);
  REQUIRE(!twice, EBB_ERR_ARGUMENT, "%s: \"%.80s\" would be written twice", path, key);
  REQUIRE(json_object_set_new(object, key, value) == 0, EBB_ERR_ARGUMENT,
          "%s: \"%.80s\" or its value is not UTF-8 text", path, key);
  return EBB_OK;
}

static ebb_status add_metadata(json_t *header, const ebb_metadata *pairs, size_t count,
                               const char *path) {
  if (count == 0) return EBB_OK;
  json_t *metadata = json_object();
  TRY(add(header, EBBI_SAFETENSORS_METADATA, metadata, path));
  for (size_t i = 0; i < count; i++)
    TRY(add(metadata, pairs[i].key, json_string(pairs[i].value), path));
  return EBB_OK;
}

static ebb_status count_elements(size_t *count, const ebbi_safetensor_source *tensor,
                                 const char *path) {
  size_t bytes;
  REQUIRE(tensor->rank <= EBBI_SAFETENSOR_RANK, EBB_ERR_ARGUMENT,
          "%s: tensor \"%.80s\" has %zu dimensions; at most %d are supported", path, tensor->name,
          tensor->rank, EBBI_SAFETENSOR_RANK);
  *count = 1;
  for (size_t i = 0; i < tensor->rank; i++)
    REQUIRE(ebbi_size_mul(count, *count, tensor->shape[i]) && ebbi_size_mul(&bytes, *count, 4),
            EBB_ERR_ARGUMENT, "%s: tensor \"%.80s\" is too large for this machine", path,
            tensor->name);
  return EBB_OK;
}

static ebb_status add_tensor(json_t *header, size_t *end, const ebbi_safetensor_source *tensor,
                             const char *path) {
  size_t count = 0, begin = *end;
  TRY(count_elements(&count, tensor, path));
  REQUIRE(ebbi_size_add(end, begin, 4 * count) && (uintmax_t)*end <= INT64_MAX, EBB_ERR_ARGUMENT,
          "%s: tensor \"%.80s\" makes the file too large", path, tensor->name);
  json_t *shape = json_array();
  for (size_t i = 0; i < tensor->rank; i++)
    json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
  json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets",
                            (json_int_t)begin, (json_int_t)*end);
  return add(header, tensor->name, entry, path);
}

static ebb_status fill_header(json_t *header, const char *path, const ebb_metadata *pairs,
                              size_t pair_count, const ebbi_safetensor_source *tensors,
                              size_t tensor_count) {
  size_t end = 0;
  TRY(add_metadata(header, pairs, pair_count, path));
  for (size_t i = 0; i < tensor_count; i++) {
    REQUIRE(strcmp(tensors[i].name, EBBI_SAFETENSORS_METADATA) != 0, EBB_ERR_ARGUMENT,
            "%s: no tensor can be named %s", path, tensors[i].name);
    TRY(add_tensor(header, &end, &tensors[i], path));
  }
  return EBB_OK;
}

static void store_little_endian(unsigned char *bytes, uint64_t value, size_t count) {
  for (size_t i = 0; i < count; i++) bytes[i] = (unsigned char)(value >> 8 * i);
}

/* Write errors stay in the stream: ebbi_writer_commit reports them. */
static void write_header(FILE *stream, const char *text) {
  unsigned char prefix[8];
  size_t length = strlen(text), padded = ebbi_round_up(length, 8);
  store_little_endian(prefix, padded, sizeof prefix);
  fwrite(prefix, 1, sizeof prefix, stream);
  fwrite(text, 1, length, stream);
  fwrite("       ", 1, padded - length, stream);
}

static void write_values(FILE *stream, const float *values, size_t count) {
  enum { CHUNK = 1024 };
  unsigned char bytes[4 * CHUNK];
  for (size_t done = 0; done < count && !ferror(stream);) {
    size_t chunk = count - done < CHUNK ? count - done : CHUNK;
    for (size_t i = 0; i < chunk; i++) {
      uint32_t bits;
      memcpy(&bits, &values[done + i], sizeof bits);
      store_little_endian(bytes + 4 * i, bits, 4);
    }
    fwrite(bytes, 4, chunk, stream);
    done += chunk;
  }
}

static ebb_status write_file(ebbi_writer *writer, const char *path, const char *header,
                             const ebbi_safetensor_source *tensors, size_t tensor_count) {
  TRY(ebbi_writer_begin(writer, path));
  write_header(writer->stream, header);
  for (size_t i = 0; i < tensor_count; i++) {
    size_t count = 0;
    TRY(count_elements(&count, &tensors[i], path));
    write_values(writer->stream, tensors[i].values, count);
  }
  return ebbi_writer_commit(writer);
}

ebb_status ebbi_safetensors_write(const char *path, const ebb_metadata *pairs, size_t pair_count,
                                  const ebbi_safetensor_source *tensors, size_t tensor_count) {
  json_t *header = json_object();
  REQUIRE(header, EBB_ERR_MEMORY, "%s: no memory for its header", path);
  ebb_status status = fill_header(header, path, pairs, pair_count, tensors, tensor_count);
  char *text = status == EBB_OK ? json_dumps(header, JSON_COMPACT) : NULL;
  json_decref(header);
  if (status != EBB_OK) return status;
  REQUIRE(text, EBB_ERR_MEMORY, "%s: no memory for its header", path);
  ebbi_writer writer = {0};
  if (strlen(text) > EBBI_SAFETENSORS_HEADER_LIMIT - 8)
    status = ebbi_fail(EBB_ERR_ARGUMENT, "%s: the metadata make a header of %zu bytes; at most %d",
                       path, strlen(text), EBBI_SAFETENSORS_HEADER_LIMIT - 8);
  else
    status = write_file(&writer, path, text, tensors, tensor_count);
  ebbi_writer_free(&writer);
  free(text);
  return status;
}
