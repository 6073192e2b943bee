/* Files of the kernel cache, for program_binary.c. */
#ifndef EBBI_KERNEL_CACHE_H
#define EBBI_KERNEL_CACHE_H

#include "base/hash.h"

#include <ebb/cache.h>

/* A file that has been read. `binary` lies within `bytes`, which the caller frees. */
typedef struct ebbi_kernel_entry {
  char *bytes;
  const unsigned char *binary;
  size_t size;
} ebbi_kernel_entry;

/* Loads the entry of a key.
 * Errors: EBB_ERR_INPUT (missing, damaged, not the user's own, of another key or format),
 * EBB_ERR_OUTPUT (the folder is refused), EBB_ERR_MEMORY. */
ebb_status ebbi_kernel_cache_load(ebbi_kernel_entry *entry, const ebbi_hash *key);

/* Stores a binary under a key, and removes the oldest files if the cache exceeds its limit.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_kernel_cache_store(const ebbi_hash *key, const unsigned char *binary, size_t size);

#endif
