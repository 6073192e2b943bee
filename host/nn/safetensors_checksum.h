/* The checksum of what a safetensors file holds, whatever the order in which it holds it.
 *
 * XXH3, 128 bits, in 32 hexadecimal digits, of: the number of tensors; the tensors by name, each as
 * its name, its dtype, its number of dimensions, these, the number of its bytes and the bytes as in
 * the file; the number of pairs of metadata without the checksum; these by key, each as key and
 * value. Numbers are 8 bytes, little-endian; texts are the number of their bytes and the bytes.
 * Order is by bytes.
 */
#ifndef EBBI_SAFETENSORS_CHECKSUM_H
#define EBBI_SAFETENSORS_CHECKSUM_H

#include "safetensors.h"

/* What both a file and the source of one are to the checksum. */
typedef struct ebbi_content {
  const char *name, *dtype;
  size_t rank;
  const size_t *shape;
  size_t size;         /* bytes */
  const void *bytes;   /* as in the file; NULL: they are to be made */
  const float *values; /* of these */
} ebbi_content;

/* Sorts both lists.  Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_checksum(char text[33], ebbi_content *tensors, size_t count,
                                     ebb_metadata *pairs, size_t pair_count, const char *where);

/* Compares a file's content with the checksum that it states.
 * Errors: EBB_ERR_INPUT (they differ, or a file of ours has none), EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_check(const ebbi_safetensors *file);

/* Hands the values on as the bytes of a file, by `take(to, bytes, size)`. */
void ebbi_floats_to_bytes(const float *values, size_t count,
                          void (*take)(void *to, const void *bytes, size_t size), void *to);

#endif
