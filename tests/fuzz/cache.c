/* Stands for base/cache_folder.c: no folder is opened, one file is held.
 */
#include "cache.h"

#include <base/cache_folder.h>
#include <unistd.h>

static char *held, *written;
static size_t held_size, written_size;
void (*cache_listed)(bool (*is_ours)(const char *name));

static void replace(char **to, size_t *to_size, const void *bytes, size_t size) {
  free(*to);
  *to = fuzz_need(malloc(size + 1));
  memcpy(*to, bytes, size);
  (*to)[size] = '\0';
  *to_size = size;
}

void cache_hold(const char *bytes, size_t size) {
  replace(&held, &held_size, bytes, size);
}

const char *cache_written(size_t *size) {
  *size = written_size;
  return written;
}

ebb_status __wrap_ebbi_cache_folder_open(int *folder, const char *name, bool make);
ebb_status __wrap_ebbi_cache_file_read(char **bytes, size_t *size, int folder, const char *name,
                                       size_t limit);
ebb_status __wrap_ebbi_cache_file_write(int folder, const char *name, const void *bytes,
                                        size_t size);
ebb_status __wrap_ebbi_cache_folder_list(ebbi_cache_file **list, size_t *count, int folder,
                                         bool (*is_ours)(const char *name));

/* The caller closes it. */
ebb_status __wrap_ebbi_cache_folder_open(int *folder, const char *name, bool make) {
  (void)name, (void)make;
  *folder = dup(STDERR_FILENO);
  return EBB_OK;
}

ebb_status __wrap_ebbi_cache_file_read(char **bytes, size_t *size, int folder, const char *name,
                                       size_t limit) {
  (void)folder, (void)name;
  FUZZ_CHECK(held_size <= limit, "%zu bytes", held_size);
  *bytes = NULL;
  replace(bytes, size, held, held_size);
  return EBB_OK;
}

ebb_status __wrap_ebbi_cache_file_write(int folder, const char *name, const void *bytes,
                                        size_t size) {
  (void)folder, (void)name;
  replace(&written, &written_size, bytes, size);
  return EBB_OK;
}

ebb_status __wrap_ebbi_cache_folder_list(ebbi_cache_file **list, size_t *count, int folder,
                                         bool (*is_ours)(const char *name)) {
  (void)folder;
  *list = NULL;
  *count = 0;
  if (cache_listed) cache_listed(is_ours);
  return EBB_OK;
}
