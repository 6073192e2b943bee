/* Finds the temporary files that this process is writing. The library keeps no list of them, which
 * would be global state, but the system does: the descriptors of the process. A temporary file is
 * open for writing and has a name in the library's form. Removing it during its rename is harmless:
 * either the name is gone, or the rename fails.
 */
#include "leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char folder[] = "/proc/self/fd";

static bool is_temporary(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  size_t before = strcspn(TEMPORARY_NAME, "%");
  char again[64];
  if (strlen(name) <= before) return false;
  snprintf(again, sizeof again, TEMPORARY_NAME, strtoull(name + before, NULL, 16));
  return strcmp(name, again) == 0;
}

static bool is_written(int descriptor) {
  int mode = fcntl(descriptor, F_GETFL);
  return mode >= 0 && (mode & O_ACCMODE) != O_RDONLY;
}

static void remove_if_temporary(DIR *open_files, const char *entry) {
  char path[4096];
  ssize_t length = readlinkat(dirfd(open_files), entry, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = '\0';
  if (is_temporary(path) && is_written(atoi(entry))) (void)unlink(path);
}

void leftovers_remove(void) {
  DIR *open_files = opendir(folder);
  const struct dirent *entry;
  while (open_files && (entry = readdir(open_files)))
    remove_if_temporary(open_files, entry->d_name);
  if (open_files) closedir(open_files);
}
