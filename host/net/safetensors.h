/* The safetensors format: 8 bytes of header length, a JSON header, the numbers.
 * Source: https://github.com/huggingface/safetensors, section "Format".
 */
#ifndef EBBI_SAFETENSORS_H
#define EBBI_SAFETENSORS_H

#include <ebb/network.h>

/* The header's entry that is no tensor but a map from text to text. */
#define EBBI_SAFETENSORS_METADATA "__metadata__"

enum {
  EBBI_SAFETENSOR_RANK = 8,                 /* highest number of dimensions */
  EBBI_SAFETENSORS_HEADER_LIMIT = 100000000 /* bytes; the reference library's limit */
};

/* A tensor in a file that has been read. All of it lives as long as the file. */
typedef struct ebbi_safetensor {
  const char *name;
  const char *dtype; /* "F32", "BF16" */
  size_t rank;       /* 0: a single number */
  size_t shape[EBBI_SAFETENSOR_RANK];
  size_t count;       /* elements */
  size_t begin, size; /* in bytes, within the data behind the header */
  const unsigned char *bytes;
} ebbi_safetensor;

typedef struct ebb_tensor_file ebbi_safetensors;

/* Reads a file. The header is checked as a whole, and against the file's size, before the data
 * are read: after success every tensor's bytes are there and no two tensors share any.
 * Errors: EBB_ERR_INPUT, naming file and byte or tensor; EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_read(ebbi_safetensors **out, const char *path);
void ebbi_safetensors_free(ebbi_safetensors *file);

size_t ebbi_safetensors_count(const ebbi_safetensors *file);

/* Tensor `index` in the order of the header, and the tensor of a name; NULL: there is none. */
const ebbi_safetensor *ebbi_safetensors_at(const ebbi_safetensors *file, size_t index);
const ebbi_safetensor *ebbi_safetensors_find(const ebbi_safetensors *file, const char *name);

/* The metadata value of `key`, or NULL. */
const char *ebbi_safetensors_metadata(const ebbi_safetensors *file, const char *key);

/* True if its elements can be weights: F64, F32, F16 or BF16. */
bool ebbi_safetensor_is_float(const ebbi_safetensor *tensor);

/* Writes the elements of a tensor of `file` to out [tensor->count].
 * Errors: EBB_ERR_INPUT (a dtype other than F64, F32, F16, BF16; a finite number beyond float). */
ebb_status ebbi_safetensor_to_float(float *out, const ebbi_safetensors *file,
                                    const ebbi_safetensor *tensor);

/* A tensor to be written, as F32. */
typedef struct ebbi_safetensor_source {
  const char *name;
  size_t rank;
  size_t shape[EBBI_SAFETENSOR_RANK];
  const float *values; /* dense, row-major */
} ebbi_safetensor_source;

/* Writes metadata and tensors in the order given; equal arguments give equal bytes. The file at
 * `path` is replaced as a whole or not at all.
 * Errors: EBB_ERR_ARGUMENT (a name or key twice, text that is not UTF-8, a header beyond
 * the limit), EBB_ERR_OUTPUT. */
ebb_status ebbi_safetensors_write(const char *path, const ebb_metadata *pairs, size_t pair_count,
                                  const ebbi_safetensor_source *tensors, size_t tensor_count);

#endif
