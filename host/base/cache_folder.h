/* Folders of files that may vanish at any time: $XDG_CACHE_HOME/ebb/NAME, or ~/.cache/ebb/NAME. */
#ifndef EBBI_CACHE_FOLDER_H
#define EBBI_CACHE_FOLDER_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Writes the path of the folder `name`, whether or not it exists.
 * Errors: EBB_ERR_OUTPUT (neither variable holds an absolute path, or the path is too long). */
ebb_status ebbi_cache_folder_path(char *path, size_t size, const char *name);

/* Opens the folder `name`. It and the folder above must belong to the user, must not be links and
 * must not be writable by others. With `make`, missing folders are created, private to the user;
 * without it, *folder is -1 if one is missing. The caller closes the descriptor.
 * Errors: EBB_ERR_OUTPUT (refused, or cannot be created). */
ebb_status ebbi_cache_folder_open(int *folder, const char *name, bool make);

/* Reads a file of the folder. The caller frees *bytes, which is never NULL after success.
 * Errors: EBB_ERR_INPUT (missing, a link, not a regular file, not the user's own, writable by
 * others, more than `limit` bytes), EBB_ERR_MEMORY. */
ebb_status ebbi_cache_file_read(char **bytes, size_t *size, int folder, const char *name,
                                size_t limit);

/* Puts a file in place atomically, even while others write the same file. A process that dies on
 * the way leaves a file `name.PROCESS.ATTEMPT.tmp`.
 * Errors: EBB_ERR_OUTPUT. */
ebb_status ebbi_cache_file_write(int folder, const char *name, const void *bytes, size_t size);

typedef struct ebbi_cache_file {
  char name[128];
  uint64_t bytes;
  struct timespec changed;
} ebbi_cache_file;

/* Lists the user's own regular files whose names `is_ours` accepts, oldest first. The caller frees
 * *list.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_cache_folder_list(ebbi_cache_file **list, size_t *count, int folder,
                                  bool (*is_ours)(const char *name));

/* Removes a file. Returns false if it is still there. */
bool ebbi_cache_file_remove(int folder, const char *name);

#endif
