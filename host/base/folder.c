/* Making folders, from the top down, since any of them may be missing.
 *
 * Failing to create a parent is not an error by itself: the parent may exist on a read-only file
 * system.
 */
#define _GNU_SOURCE
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new folder's name is an entry of its parent, which must reach the disk too. */
static void sync_above(const char *path) {
  char *copy = strdup(path);
  int above = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (above >= 0) {
    (void)fsync(above);
    close(above);
  }
  free(copy);
}

static int make(const char *path, mode_t mode) {
  if (mkdir(path, mode) != 0) return errno == EEXIST ? 0 : errno;
  sync_above(path);
  return 0;
}

int ebbi_folders_make(char *path, mode_t mode) {
  int first = 0;
  for (char *slash = path; *slash && (slash = strchr(slash + 1, '/'));) {
    *slash = '\0';
    int error = make(path, mode);
    if (first == 0) first = error;
    *slash = '/';
  }
  int last = make(path, mode);
  return last && first ? first : last;
}
