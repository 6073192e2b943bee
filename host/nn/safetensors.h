/* The safetensors format: 8 bytes of header length, a JSON header, the numbers.
 * Source: https://github.com/huggingface/safetensors, section "Format".
 *
 * Files written by ebb have two additional metadata entries. The format, "2", says that there is a
 * checksum; the checksum covers the file's entire content (safetensors_checksum.h). Files without
 * both, from other programs and earlier versions, are accepted without this check.
 */
#ifndef EBBI_SAFETENSORS_H
#define EBBI_SAFETENSORS_H

#include "base/hash.h"

#include <ebb/network.h>

/* The header's entry that holds metadata instead of a tensor. */
#define EBBI_SAFETENSORS_METADATA "__metadata__"

/* Keys of ebb in the metadata. */
#define EBBI_SAFETENSORS_FORMAT   "ebb.format"
#define EBBI_SAFETENSORS_CHECKSUM "ebb.checksum"

enum {
  EBBI_SAFETENSORS_PREFIX = 8,              /* bytes before the header */
  EBBI_SAFETENSOR_RANK = 8,                 /* most dimensions */
  EBBI_SAFETENSORS_HEADER_LIMIT = 100000000 /* bytes; the reference library's limit */
};

/* A tensor of a parsed file. All of it lives as long as the file. */
typedef struct ebbi_safetensor {
  const char *name;
  const char *dtype; /* "F32", "BF16" */
  size_t rank;       /* 0: scalar */
  size_t shape[EBBI_SAFETENSOR_RANK];
  size_t count;       /* elements */
  size_t begin, size; /* in bytes, relative to the data after the header */
  const unsigned char *bytes;
} ebbi_safetensor;

typedef struct ebb_tensor_file ebbi_safetensors;

/* Reads a file. The header is completely checked, and compared with the file's size, before the
 * data are read. After success every tensor's bytes are present, no two tensors overlap, and the
 * checksum, if any, is correct.
 * Errors: EBB_ERR_INPUT, naming file and byte or tensor; EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_read(ebbi_safetensors **out, const char *path);
void ebbi_safetensors_free(ebbi_safetensors *file);

size_t ebbi_safetensors_count(const ebbi_safetensors *file);

/* Returns tensor `index` in the order of the header, or the tensor of a name; NULL if there is
 * none. */
const ebbi_safetensor *ebbi_safetensors_at(const ebbi_safetensors *file, size_t index);
const ebbi_safetensor *ebbi_safetensors_find(const ebbi_safetensors *file, const char *name);

/* Returns the metadata value of `key`, or NULL. */
const char *ebbi_safetensors_metadata(const ebbi_safetensors *file, const char *key);

/* Returns true if its elements can be weights: F64, F32, F16 or BF16. */
bool ebbi_safetensor_is_float(const ebbi_safetensor *tensor);

/* Converts the elements of a tensor of `file` to out [tensor->count].
 * Errors: EBB_ERR_INPUT (a dtype other than F64, F32, F16, BF16; a finite number out of float's
 * range). */
ebb_status ebbi_safetensor_to_float(float *out, const ebbi_safetensors *file,
                                    const ebbi_safetensor *tensor);

/* A tensor to be written as F32. */
typedef struct ebbi_safetensor_source {
  const char *name;
  size_t rank;
  size_t shape[EBBI_SAFETENSOR_RANK];
  const float *values; /* dense, row-major */
} ebbi_safetensor_source;

/* A file that is ready to be written: its first bytes, and its tensors, which are borrowed. */
typedef struct ebbi_safetensors_draft {
  unsigned char *head; /* prefix, header, blanks */
  size_t head_size;
  uint64_t size; /* of the file */
  const ebbi_safetensor_source *tensors;
  size_t count;
  ebbi_hash hash; /* of the file */
} ebbi_safetensors_draft;

/* Makes the draft of a file with these metadata and tensors in the given order, plus format and
 * checksum. Equal arguments give equal bytes. The header is read back and checked. Messages begin
 * with `where`.
 * Errors: EBB_ERR_ARGUMENT (a duplicate name or key, text that is not UTF-8, a header beyond the
 * limit), EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_draft_make(ebbi_safetensors_draft *draft, const char *where,
                                       const ebb_metadata *pairs, size_t pair_count,
                                       const ebbi_safetensor_source *tensors, size_t tensor_count);
void ebbi_safetensors_draft_free(ebbi_safetensors_draft *draft);

/* Parses the draft's header like that of a file; the tensors have no numbers.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_read_draft(ebbi_safetensors **out, const ebbi_safetensors_draft *draft,
                                       const char *where);

/* Computes the size of such a file in bytes; values are not read. */
ebb_status ebbi_safetensors_size(uint64_t *size, const char *where, const ebb_metadata *pairs,
                                 size_t pair_count, const ebbi_safetensor_source *tensors,
                                 size_t tensor_count);

/* Writes a draft. The file at `path` is replaced completely or not at all. The new file is first
 * read back and must equal, byte for byte, the draft as it was made.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_draft_write(const ebbi_safetensors_draft *draft, const char *path);

/* Makes and writes a draft. */
ebb_status ebbi_safetensors_write(const char *path, const ebb_metadata *pairs, size_t pair_count,
                                  const ebbi_safetensor_source *tensors, size_t tensor_count);

#endif
