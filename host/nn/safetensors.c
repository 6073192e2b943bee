/* Reads safetensors files (safetensors_write.c writes them).
 *
 * Files may come from anywhere, so nothing in them is trusted. The header's length is compared with
 * the file's size before the header is read, every entry is checked before the data are read, and
 * the contents are compared with the checksum if there is one. Reading the whole file first would
 * be shorter, but any large file of another type would then fill the memory before its first 8
 * bytes are checked.
 */
#include "nn/safetensors_file.h"

#include "base/error.h"
#include "nn/safetensors_checksum.h"
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LENGTH_BYTES = EBBI_SAFETENSORS_PREFIX, HEADER_LIMIT = EBBI_SAFETENSORS_HEADER_LIMIT };

/* Reading, from outside in: file, header, entries of the header, data. */

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

static ebb_status read_header(ebbi_safetensors *file, FILE *stream, size_t size) {
  unsigned char prefix[LENGTH_BYTES];
  REQUIRE(size >= LENGTH_BYTES, EBB_ERR_INPUT,
          "%s: not a safetensors file: %zu bytes, the header's length alone takes %d", file->path,
          size, LENGTH_BYTES);
  TRY(read_exactly(prefix, LENGTH_BYTES, stream, file->path));
  uint64_t length = ebbi_load_little_endian(prefix, LENGTH_BYTES);
  REQUIRE(length <= HEADER_LIMIT, EBB_ERR_INPUT,
          "%s: not a safetensors file: bytes 0 to 7 give a header of %llu bytes; the limit is %d",
          file->path, (unsigned long long)length, HEADER_LIMIT);
  REQUIRE(length <= size - LENGTH_BYTES, EBB_ERR_INPUT,
          "%s: damaged: bytes 0 to 7 give a header of %llu bytes, but only %zu follow", file->path,
          (unsigned long long)length, size - LENGTH_BYTES);
  char *text = malloc((size_t)length + 1);
  REQUIRE(text, EBB_ERR_MEMORY, "%s: no memory for its header", file->path);
  ebb_status status = read_exactly(text, (size_t)length, stream, file->path);
  file->data_size = size - LENGTH_BYTES - (size_t)length;
  if (status == EBB_OK) status = ebbi_safetensors_parse_header(file, text, (size_t)length);
  free(text);
  return status;
}

static ebb_status read_parts(ebbi_safetensors *file, FILE *stream, size_t size) {
  TRY(read_header(file, stream, size));
  file->data = malloc(file->data_size + 1);
  REQUIRE(file->data, EBB_ERR_MEMORY, "%s: no memory for %zu bytes", file->path, file->data_size);
  TRY(read_exactly(file->data, file->data_size, stream, file->path));
  for (size_t i = 0; i < file->count; i++)
    file->tensors[i].bytes = file->data + file->tensors[i].begin;
  return ebbi_safetensors_check(file);
}

static ebb_status read_file(ebbi_safetensors *file) {
  FILE *stream = NULL;
  size_t size = 0;
  TRY(open_file(&stream, &size, file->path));
  ebb_status status = read_parts(file, stream, size);
  fclose(stream);
  return status;
}

/* Reads a file, or a draft's header instead. */
static ebb_status read(ebbi_safetensors **out, const char *path,
                       const ebbi_safetensors_draft *draft) {
  ebbi_safetensors *file = calloc(1, sizeof *file);
  if (file) file->path = strdup(path);
  ebb_status status = EBB_OK;
  if (!file || !file->path) {
    status = ebbi_fail(EBB_ERR_MEMORY, "%s: no memory for its name", path);
  } else if (draft) {
    file->data_size = (size_t)(draft->size - draft->head_size);
    status = ebbi_safetensors_parse_header(file, (const char *)draft->head + LENGTH_BYTES,
                                           draft->head_size - LENGTH_BYTES);
  } else {
    status = read_file(file);
  }
  if (status != EBB_OK) {
    ebbi_safetensors_free(file);
    file = NULL;
  }
  *out = file;
  return status;
}

ebb_status ebbi_safetensors_read(ebbi_safetensors **out, const char *path) {
  return read(out, path, NULL);
}

ebb_status ebbi_safetensors_read_draft(ebbi_safetensors **out, const ebbi_safetensors_draft *draft,
                                       const char *where) {
  return read(out, where, draft);
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
  return json_string_value(
      json_object_get(json_object_get(file->header, EBBI_SAFETENSORS_METADATA), key));
}

bool ebbi_safetensor_is_float(const ebbi_safetensor *tensor) {
  return ebbi_dtype_find(tensor->dtype)->decode != NULL;
}

ebb_status ebbi_safetensor_to_float(float *out, const ebbi_safetensors *file,
                                    const ebbi_safetensor *tensor) {
  const ebbi_dtype *dtype = ebbi_dtype_find(tensor->dtype);
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
