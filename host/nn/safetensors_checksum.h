/* The checksum of a safetensors file's content, independent of its order.
 *
 * It is XXH3, 128 bits, in 32 hexadecimal digits, of: the number of tensors; for each tensor, in
 * order of names, its name, dtype, number of dimensions, the dimensions, number of bytes, and the
 * bytes as in the file; the number of metadata pairs except the checksum; for each pair, in order
 * of keys, key and value. Numbers are 8 bytes, little-endian; a text is its number of bytes and the
 * bytes. Names and keys are sorted by bytes.
 */
#ifndef EBBI_SAFETENSORS_CHECKSUM_H
#define EBBI_SAFETENSORS_CHECKSUM_H

#include "safetensors.h"

/* An item of content, from a parsed file or from a file to be written. */
typedef struct ebbi_content {
  const char *name, *dtype;
  size_t rank;
  const size_t *shape;
  size_t size;         /* bytes */
  const void *bytes;   /* as in the file; NULL: made from values */
  const float *values; /* source of the bytes */
} ebbi_content;

/* Sorts both lists.  Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_checksum(char text[33], ebbi_content *tensors, size_t count,
                                     ebb_metadata *pairs, size_t pair_count, const char *where);

/* Compares a file's content with its checksum.
 * Errors: EBB_ERR_INPUT (they differ, or a file of format 2 has none), EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_check(const ebbi_safetensors *file);

/* Passes the values, as bytes of a file, to `take(to, bytes, size)`. */
void ebbi_floats_to_bytes(const float *values, size_t count,
                          void (*take)(void *to, const void *bytes, size_t size), void *to);

#endif
