/* Kernel files from the folder EBB_KERNEL_DIR, for kernel development.
 *
 * These files are compiled and run, on a CPU within this very process. So the folder, its files and
 * the targets of links must belong to the user or root and must not be writable by others. Many
 * systems give each user a private group with write permission; that group may write. A sticky
 * folder such as /tmp may be open, since its files are checked too. Permissions are checked on the
 * opened file, so nothing can be exchanged in between.
 */
#include "cl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20, STICKY = 01000 };

static ebb_status check_owner(const struct stat *about, const char *path) {
  uid_t user = geteuid();
  bool is_sticky = S_ISDIR(about->st_mode) && (about->st_mode & STICKY);
  mode_t closed = about->st_gid == getegid() ? 002 : 022;
  REQUIRE(
      about->st_uid == user || about->st_uid == 0, EBB_ERR_ARGUMENT,
      "EBB_KERNEL_DIR: %s belongs to user %lu, neither to you (%lu) nor to root, and kernels are "
      "programs: copy them into a folder of your own",
      path, (unsigned long)about->st_uid, (unsigned long)user);
  REQUIRE(
      (about->st_mode & closed) == 0 || is_sticky, EBB_ERR_ARGUMENT,
      "EBB_KERNEL_DIR: others may write to %s (mode %03o), and kernels are programs: chmod go-w",
      path, (unsigned)about->st_mode & 0777);
  return EBB_OK;
}

static ebb_status open_folder(int *folder, const char *path) {
  struct stat about;
  *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(*folder >= 0 && faccessat(*folder, ".", R_OK | X_OK, 0) == 0, EBB_ERR_ARGUMENT,
          "EBB_KERNEL_DIR=%s: no such folder, or it is closed to you", path);
  REQUIRE(fstat(*folder, &about) == 0, EBB_ERR_ARGUMENT, "EBB_KERNEL_DIR=%s: %s", path,
          strerror(errno));
  return check_owner(&about, path);
}

/* Reads an open file and appends a zero. */
static ebb_status read_text(char **text, int file, const char *path) {
  struct stat about;
  REQUIRE(fstat(file, &about) == 0, EBB_ERR_INPUT, "%s: %s", path, strerror(errno));
  REQUIRE(S_ISREG(about.st_mode), EBB_ERR_INPUT, "%s: is not a regular file", path);
  TRY(check_owner(&about, path));
  REQUIRE(about.st_size <= FILE_LIMIT, EBB_ERR_INPUT, "%s: %lld bytes, larger than the limit of %d",
          path, (long long)about.st_size, FILE_LIMIT);
  *text = calloc(1, (size_t)about.st_size + 1);
  REQUIRE(*text, EBB_ERR_MEMORY, "%s: no memory for %lld bytes", path, (long long)about.st_size);
  for (off_t done = 0; done < about.st_size;) {
    ssize_t got = read(file, *text + done, (size_t)(about.st_size - done));
    if (got < 0 && errno == EINTR) continue;
    REQUIRE(got > 0, EBB_ERR_INPUT, "%s: cannot be read: %s", path,
            got == 0 ? "it has become shorter" : strerror(errno));
    done += got;
  }
  return EBB_OK;
}

static ebb_status read_file(char **text, int folder, const char *path, const char *name) {
  /* non-blocking: opening a pipe of that name would hang the program */
  int file = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return EBB_OK;
  REQUIRE(file >= 0, EBB_ERR_INPUT, "%s: %s", path, strerror(errno));
  ebb_status status = read_text(text, file, path);
  close(file);
  if (status == EBB_OK) return EBB_OK;
  free(*text);
  *text = NULL;
  return status;
}

ebb_status ebbi_kernel_folder_read(char **text, const char *name) {
  const char *place = getenv("EBB_KERNEL_DIR");
  char path[4096];
  int folder;
  *text = NULL;
  if (!place || place[0] == '\0') return EBB_OK;
  snprintf(path, sizeof path, "%s/%s", place, name);
  ebb_status status = open_folder(&folder, place);
  if (status == EBB_OK) status = read_file(text, folder, path, name);
  if (folder >= 0) close(folder);
  return status;
}
