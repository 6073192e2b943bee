/* The safetensors format: 8 bytes of header length, a JSON header, the numbers.
 * Source: https://github.com/huggingface/safetensors, section "Format".
 *
 * Files of ours have two entries more in their metadata: the format, "2", says that there is a
 * checksum, and the checksum is of all that the file holds (safetensors_checksum.h). Files without
 * either, of other programs and of earlier versions, are taken as they are.
 */
#ifndef EBBI_SAFETENSORS_H
#define EBBI_SAFETENSORS_H

#include "base/hash.h"

#include <ebb/network.h>

/* The header's entry that is no tensor but a map from text to text. */
#define EBBI_SAFETENSORS_METADATA "__metadata__"

/* Keys of ours in it. */
#define EBBI_SAFETENSORS_FORMAT   "ebb.format"
#define EBBI_SAFETENSORS_CHECKSUM "ebb.checksum"

enum {
  EBBI_SAFETENSORS_PREFIX = 8,              /* bytes before the header */
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
 * are read: after success every tensor's bytes are there and no two tensors share any, and all is
 * as the checksum says if there is one.
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

/* A file that is ready to be written: its first bytes, and tensors, which it borrows. */
typedef struct ebbi_safetensors_draft {
  unsigned char *head; /* prefix, header, blanks */
  size_t head_size;
  uint64_t size; /* of the file */
  const ebbi_safetensor_source *tensors;
  size_t count;
  ebbi_hash hash; /* of the file */
} ebbi_safetensors_draft;

/* Makes the draft of a file with these metadata and tensors in the order given, format and checksum
 * added; equal arguments give equal bytes. The header is read back as that of a file would be.
 * Messages begin with `where`.
 * Errors: EBB_ERR_ARGUMENT (a name or key twice, text that is not UTF-8, a header beyond the
 * limit), EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_draft_make(ebbi_safetensors_draft *draft, const char *where,
                                       const ebb_metadata *pairs, size_t pair_count,
                                       const ebbi_safetensor_source *tensors, size_t tensor_count);
void ebbi_safetensors_draft_free(ebbi_safetensors_draft *draft);

/* The draft's header as that of a file that has been read, without numbers.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_read_draft(ebbi_safetensors **out, const ebbi_safetensors_draft *draft,
                                       const char *where);

/* The bytes of such a file, as draft_make would make it; values are not looked at. */
ebb_status ebbi_safetensors_size(uint64_t *size, const char *where, const ebb_metadata *pairs,
                                 size_t pair_count, const ebbi_safetensor_source *tensors,
                                 size_t tensor_count);

/* Writes a draft. The file at `path` is replaced as a whole or not at all, by one that was read
 * back and is, byte for byte, what the draft was when it was made.  Errors: EBB_ERR_OUTPUT,
 * EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_draft_write(const ebbi_safetensors_draft *draft, const char *path);

/* Both at once. */
ebb_status ebbi_safetensors_write(const char *path, const ebb_metadata *pairs, size_t pair_count,
                                  const ebbi_safetensor_source *tensors, size_t tensor_count);

#endif
