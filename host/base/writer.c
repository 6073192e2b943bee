/* Replacing whole files. (read.c reads them.)
 *
 * A new file is written beside the old one, synced, read back and renamed. A reader sees either the
 * old or the new file, a crash leaves the old one, and the renamed file holds exactly what was
 * written. Everything is done relative to the open folder, so neither long paths nor a change of
 * directory matter. Only what is not a regular file is written in place: renaming over /dev/null or
 * a pipe would remove it from the system. A stream's own errors do not say why it failed, so it
 * writes through `put`, which keeps the first errno.
 */
#define _GNU_SOURCE
#include "writer.h"

#include "error.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- messages ---- */

/* The path's folder, in `room`; used to open it and in messages. */
static const char *folder_of(char *room, size_t size, const char *path) {
  const char *slash = strrchr(path, '/');
  int length = slash == path ? 1 : slash ? (int)(slash - path) : 0;
  snprintf(room, size, "%.*s", length ? length : 1, length ? path : ".");
  return room;
}

/* What to do about an error, if there is something better to say than strerror; NULL otherwise. */
static const char *plain_words(char *text, size_t size, const char *path, int why) {
  char folder[256];
  struct rlimit limit;
  folder_of(folder, sizeof folder, path);
  if (why == ENOSPC)
    snprintf(text, size, "no space left on the device of %s; free some, or write elsewhere",
             folder);
  else if (why == EDQUOT)
    snprintf(text, size, "your quota of disk space is used up in %s; free some, or write elsewhere",
             folder);
  else if (why == EFBIG && getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    snprintf(text, size, "larger than this process may write (ulimit -f), which is %llu bytes",
             (unsigned long long)limit.rlim_cur);
  else if (why == EFBIG)
    snprintf(text, size, "larger than the file system of %s allows; write elsewhere", folder);
  else if (why == ENAMETOOLONG)
    snprintf(text, size, "its name is too long for the file system of %s; take a shorter one",
             folder);
  else
    return NULL;
  return text;
}

static ebb_status fail_output(const char *path, const char *what, int why) {
  char text[512];
  const char *words = plain_words(text, sizeof text, path, why);
  return ebbi_fail(why == ENOMEM ? EBB_ERR_MEMORY : EBB_ERR_OUTPUT, "%s: %s: %s", path, what,
                   words ? words : strerror(why));
}

/* ---- beginning ---- */

/* The link's target as a path from here, or the path itself if it is not a link. NULL: out of
 * memory. */
static char *read_link(const char *path) {
  char name[PATH_MAX], *target;
  const char *slash = strrchr(path, '/');
  ssize_t length = readlink(path, name, sizeof name - 1);
  if (length <= 0) return strdup(path);
  name[length] = '\0';
  int folder = slash && name[0] != '/' ? (int)(slash + 1 - path) : 0;
  return asprintf(&target, "%.*s%s", folder, path, name) < 0 ? NULL : target;
}

/* The file at the end of a chain of links, which need not exist yet, so that the links stay;
 * otherwise the path itself. realpath cannot resolve a descriptor's link in /proc, whose text is
 * not a path. NULL: out of memory. */
static char *resolve(const char *path) {
  enum { LINKS = 40 }; /* the system's own limit */
  struct stat about;
  if (lstat(path, &about) != 0 || !S_ISLNK(about.st_mode)) return strdup(path);
  char *target = realpath(path, NULL);
  if (target || errno == ENOMEM) return target;
  target = strdup(path);
  for (int i = 0; target && i < LINKS && stat(path, &about) != 0; i++) {
    char *next = read_link(target);
    free(target);
    target = next;
  }
  return target;
}

/* The path's last component. */
static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static int open_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  char *name = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
  int folder = name ? open(name, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  int why = errno;
  free(name);
  errno = why;
  return folder;
}

/* Why a rename over the file would fail, or NULL if no reason is known. */
static const char *obstacle(int folder, const char *name, const struct stat *old) {
  struct statx about;
  struct stat above;
  if (statx(folder, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &about) == 0) {
    uint64_t known = about.stx_attributes & about.stx_attributes_mask;
    if (known & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
      return "it is marked as immutable (lsattr)";
#ifdef STATX_ATTR_MOUNT_ROOT
    if (known & STATX_ATTR_MOUNT_ROOT)
      return "it is a mount point of its own; mount its folder instead";
#endif
  }
  uid_t user = geteuid();
  bool sticky = fstatat(folder, "", &above, AT_EMPTY_PATH) == 0 && above.st_mode & S_ISVTX;
  if (sticky && user != 0 && user != old->st_uid && user != above.st_uid)
    return "it belongs to another user, in a folder where only the owner may replace it";
  return NULL;
}

/* Opens a new temporary file with the rights of the file to be replaced. */
static ebb_status open_temporary(ebbi_writer *writer) {
  const char *path = writer->path, *name = last_name(path);
  struct stat old;
  bool exists = fstatat(writer->folder, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
  if (!exists && errno != ENOENT) return fail_output(path, "cannot be written", errno);
  const char *why = exists ? obstacle(writer->folder, name, &old) : NULL;
  REQUIRE(!why, EBB_ERR_OUTPUT, "%s: cannot be replaced: %s", path, why);
  ebbi_temporary_sweep(writer->folder);
  writer->descriptor = ebbi_temporary_open(writer->temporary, writer->folder);
  if (writer->descriptor < 0) {
    int error = errno; /* a file of that name is not ours to remove */
    writer->temporary[0] = '\0';
    return fail_output(path, "cannot be written", error);
  }
  if (exists && S_ISREG(old.st_mode)) (void)fchmod(writer->descriptor, old.st_mode & 0777);
  return EBB_OK;
}

/* Opens the output: a new temporary file, or, if the path is not a regular file, the path
 * itself. */
static ebb_status open_output(ebbi_writer *writer) {
  struct stat about;
  const char *path = writer->path;
  REQUIRE(path[0], EBB_ERR_OUTPUT, "the name of the output file is empty");
  bool exists = stat(path, &about) == 0;
  if (!exists && errno == ELOOP) return fail_output(path, "cannot be written", ELOOP);
  REQUIRE(!exists || !S_ISDIR(about.st_mode), EBB_ERR_OUTPUT, "%s: is a folder, not a file", path);
  if (exists && !S_ISREG(about.st_mode)) {
    writer->descriptor = open(path, O_WRONLY | O_CLOEXEC);
    return writer->descriptor >= 0 ? EBB_OK : fail_output(path, "cannot be written", errno);
  }
  writer->folder = open_folder(path);
  if (writer->folder < 0) return fail_output(path, "cannot be written", errno);
  ebb_status status = open_temporary(writer);
  if (status != EBB_OK && !writer->temporary[0]) close(writer->folder);
  return status;
}

/* Receives everything that the stream writes, in order. */
static ssize_t put(void *cookie, const char *bytes, size_t size) {
  ebbi_writer *writer = cookie;
  for (size_t done = 0; done < size && !writer->error;) {
    ssize_t count = write(writer->descriptor, bytes + done, size - done);
    if (count > 0)
      done += (size_t)count;
    else if (count == 0 || errno != EINTR)
      writer->error = count == 0 ? EIO : errno;
  }
  if (writer->error) return 0;
  ebbi_hasher_add(writer->hasher, bytes, size);
  writer->written += size;
  return (ssize_t)size;
}

ebb_status ebbi_writer_begin(ebbi_writer *writer, const char *path) {
  *writer = (ebbi_writer){.path = resolve(path), .hasher = ebbi_hasher_create()};
  REQUIRE(writer->path && writer->hasher, EBB_ERR_MEMORY, "%s: no memory to write it", path);
  TRY(open_output(writer));
  writer->stream = fopencookie(writer, "w", (cookie_io_functions_t){.write = put});
  if (!writer->stream && !writer->temporary[0]) close(writer->descriptor);
  REQUIRE(writer->stream, EBB_ERR_MEMORY, "%s: no memory to write it", path);
  return EBB_OK;
}

ebbi_hash ebbi_writer_hash(ebbi_writer *writer) {
  (void)fflush(writer->stream); /* commit reports failures */
  return ebbi_hasher_value(writer->hasher);
}

/* ---- trying ---- */

/* Allocates the bytes on the file's device. Returns 0 or an errno. */
static int take_space(int file, uint64_t bytes) {
  struct rlimit limit;
  struct statvfs about;
  /* a write beyond the limit raises a signal instead of an error */
  bool limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  if (bytes > INT64_MAX || (limited && bytes > limit.rlim_cur)) return EFBIG;
  int failed = bytes > 0;
  while (failed && (failed = fallocate(file, 0, 0, (off_t)bytes)) && errno == EINTR) {
  }
  if (!failed) return 0;
  if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  if (fstatvfs(file, &about) != 0 || about.f_blocks == 0) return 0; /* unknown */
  return bytes / about.f_frsize < about.f_bavail ? 0 : ENOSPC;
}

ebb_status ebbi_file_try(const char *path, uint64_t bytes) {
  struct stat about;
  if (stat(path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
    return access(path, W_OK) == 0 ? EBB_OK : fail_output(path, "cannot be written", errno);
  ebbi_writer writer;
  ebb_status status = ebbi_writer_begin(&writer, path);
  int why = status == EBB_OK ? take_space(writer.descriptor, bytes) : 0;
  if (why) {
    char what[64];
    snprintf(what, sizeof what, "%llu bytes cannot be written", (unsigned long long)bytes);
    status = fail_output(path, what, why);
  }
  ebbi_writer_free(&writer);
  return status;
}

/* ---- ending ---- */

/* Closes the stream. The descriptor stays open, and with it the lock. */
static ebb_status end_stream(ebbi_writer *writer) {
  bool good = fclose(writer->stream) == 0;
  writer->stream = NULL;
  if (!writer->temporary[0]) {
    good = close(writer->descriptor) == 0 && good;
    if (!good && !writer->error) writer->error = errno;
  } else if (good && !writer->error && fsync(writer->descriptor) != 0) {
    writer->error = errno;
  }
  if (writer->error) return fail_output(writer->path, "writing failed", writer->error);
  REQUIRE(good, EBB_ERR_OUTPUT, "%s: writing failed", writer->path);
  return EBB_OK;
}

static ebb_status read_back(const ebbi_writer *writer, ebbi_hasher *found) {
  unsigned char bytes[65536];
  uint64_t at = 0;
  for (;;) {
    ssize_t got = pread(writer->descriptor, bytes, sizeof bytes, (off_t)at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_output(writer->path, "cannot be read back", errno);
    if (got == 0) break;
    ebbi_hasher_add(found, bytes, (size_t)got);
    at += (uint64_t)got;
  }
  ebbi_hash wanted = ebbi_hasher_value(writer->hasher), is = ebbi_hasher_value(found);
  REQUIRE(at == writer->written && ebbi_hash_equal(&wanted, &is), EBB_ERR_OUTPUT,
          "%s: of %llu bytes written, %llu were read back%s: the file system or its device is not "
          "reliable; write elsewhere",
          writer->path, (unsigned long long)writer->written, (unsigned long long)at,
          at == writer->written ? ", which differ" : "");
  return EBB_OK;
}

static ebb_status verify(const ebbi_writer *writer) {
  ebbi_hasher *found = ebbi_hasher_create();
  REQUIRE(found, EBB_ERR_MEMORY, "%s: no memory to read it back", writer->path);
  ebb_status status = read_back(writer, found);
  ebbi_hasher_free(found);
  return status;
}

/* The rename itself must reach the disk too. A folder that cannot be synced is not an error. */
static void sync_folder(int folder) {
  int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return;
  (void)fsync(again);
  close(again);
}

static void close_temporary(ebbi_writer *writer) {
  writer->temporary[0] = '\0';
  close(writer->descriptor);
  close(writer->folder);
}

ebb_status ebbi_writer_commit(ebbi_writer *writer) {
  TRY(end_stream(writer));
  if (!writer->temporary[0]) return EBB_OK;
  TRY(verify(writer));
  int folder = writer->folder;
  bool renamed = renameat(folder, writer->temporary, folder, last_name(writer->path)) == 0;
  REQUIRE(renamed || errno != ENOENT, EBB_ERR_OUTPUT,
          "%s: cannot be replaced: folder or temporary file (%s) was removed meanwhile",
          writer->path, writer->temporary);
  if (!renamed) return fail_output(writer->path, "cannot be replaced", errno);
  sync_folder(folder);
  close_temporary(writer);
  return EBB_OK;
}

void ebbi_writer_free(ebbi_writer *writer) {
  if (writer->stream) {
    (void)fclose(writer->stream);
    if (!writer->temporary[0]) close(writer->descriptor);
  }
  if (writer->temporary[0]) {
    (void)unlinkat(writer->folder, writer->temporary, 0);
    close_temporary(writer);
  }
  free(writer->path);
  ebbi_hasher_free(writer->hasher);
  *writer = (ebbi_writer){0};
}
