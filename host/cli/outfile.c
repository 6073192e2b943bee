/* Writes to a temporary file beside the path, named like the library's, and renames it at the end,
 * so that a full disk or a signal leaves the old file. A path that is not a regular file, such as a
 * pipe or a terminal, is written directly.
 */
#include "outfile.h"

#include "leftovers.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int fail_writing(const char *path, int why) {
  return fail(EXIT_FAILED, "%s: cannot be written: %s", path, strerror(why));
}

/* Locks a new file, so that other writers do not take it for a dead process's leftover. Returns
 * false if one of them has done so already and removed the name. */
static bool hold(const char *path, int file) {
  struct stat here, there;
  while (flock(file, LOCK_EX) != 0 && errno == EINTR) {
  }
  return fstat(file, &here) == 0 && lstat(path, &there) == 0 && here.st_ino == there.st_ino &&
         here.st_dev == there.st_dev;
}

/* Creates a new file in the path's folder. */
static int open_temporary(outfile *file, mode_t mode) {
  int made = -1;
  const char *slash = strrchr(file->path, '/');
  int folder = slash ? (int)(slash - file->path) + 1 : 0;
  size_t size = (size_t)folder + 40;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  unsigned long long id = (unsigned long long)getpid() << 32 ^ (unsigned long long)now.tv_nsec;
  file->temporary = malloc(size);
  errno = file->temporary ? EEXIST : ENOMEM;
  for (int i = 0; i < 100 && made < 0 && errno == EEXIST; i++) {
    snprintf(file->temporary, size, "%.*s" TEMPORARY_NAME, folder, file->path, id + (unsigned)i);
    made = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (made < 0 || hold(file->temporary, made)) continue;
    close(made);
    made = -1;
    errno = EEXIST;
  }
  return made;
}

int outfile_begin(outfile *file, const char *path) {
  struct stat about;
  bool there = stat(path, &about) == 0;
  *file = (outfile){.path = path};
  int made = there && !S_ISREG(about.st_mode)
                 ? open(path, O_WRONLY | O_CLOEXEC)
                 : open_temporary(file, there ? about.st_mode & 0777 : 0666);
  file->stream = made < 0 ? NULL : fdopen(made, "w");
  if (file->stream) return EXIT_GOOD;
  int code = fail_writing(path, errno);
  if (made >= 0) {
    close(made);
    if (file->temporary) unlink(file->temporary);
  }
  free(file->temporary);
  return code;
}

int outfile_end(outfile *file, bool good) {
  int code = EXIT_GOOD;
  bool whole = fflush(file->stream) == 0 && !ferror(file->stream);
  int why = errno;
  whole = fclose(file->stream) == 0 && whole;
  if (good && !whole) code = fail(EXIT_FAILED, "%s: writing failed: %s", file->path, strerror(why));
  bool keep = good && whole;
  if (keep && file->temporary && rename(file->temporary, file->path) != 0)
    code = fail_writing(file->path, errno);
  if (file->temporary && (!keep || code != EXIT_GOOD)) unlink(file->temporary);
  free(file->temporary);
  return code;
}
