/* Folders of files that may vanish at any time: $XDG_CACHE_HOME/ebb/NAME, or ~/.cache/ebb/NAME. */
#ifndef EBBI_CACHE_FOLDER_H
#define EBBI_CACHE_FOLDER_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* The path of the folder `name`, there or not.
 * Errors: EBB_ERR_OUTPUT (neither variable holds a full path, or too long a one). */
ebb_status ebbi_cache_folder_path(char *path, size_t size, const char *name);

/* Opens the folder `name`, which with the one above it must be the user's own, no link, and closed
 * to writing by others. What is missing is made, closed to others, if `make`; else *folder is -1.
 * The caller closes the descriptor.
 * Errors: EBB_ERR_OUTPUT (refused, or cannot be made). */
ebb_status ebbi_cache_folder_open(int *folder, const char *name, bool make);

/* Reads a file of the folder; the caller frees *bytes, never NULL after success.
 * Errors: EBB_ERR_INPUT (missing, a link, no plain file, not the user's own, open to writing by
 * others, more than `limit` bytes), EBB_ERR_MEMORY. */
ebb_status ebbi_cache_file_read(char **bytes, size_t *size, int folder, const char *name,
                                size_t limit);

/* Puts a file in place at once, whoever else does the same. A process that dies meanwhile leaves a
 * file `name.PROCESS.ATTEMPT.tmp`.  Errors: EBB_ERR_OUTPUT. */
ebb_status ebbi_cache_file_write(int folder, const char *name, const void *bytes, size_t size);

typedef struct ebbi_cache_file {
  char name[128];
  uint64_t bytes;
  struct timespec changed;
} ebbi_cache_file;

/* The user's own plain files whose name `is_ours`, oldest first; the caller frees *list.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_cache_folder_list(ebbi_cache_file **list, size_t *count, int folder,
                                  bool (*is_ours)(const char *name));

/* Removes a file; false if it is still there. */
bool ebbi_cache_file_remove(int folder, const char *name);

#endif
