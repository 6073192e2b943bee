/* Cache folders. They hold files that save work and that can be lost without harm.
 *
 * The user chooses the cache folder, which may be a link. Everything below it is opened relative to
 * the folder above and never through a link. A file or folder that belongs to another user, or that
 * others may write to, is refused: nobody else decides what is read from here. Files are renamed
 * into place without a sync. Readers check them, so a file that a crash truncated is merely lost.
 * writer.c, which syncs and follows links, is for files that must not be lost.
 */
#include "cache_folder.h"

#include "error.h"
#include "folder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };
static const char own_name[] = "ebb";

static bool is_full_path(const char *path) {
  return path && path[0] == '/';
}

/* The user's cache folder. The XDG specification says to ignore a variable that is not an absolute
 * path. */
static ebb_status base_path(char path[PATH_SIZE]) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  REQUIRE(is_full_path(cache) || is_full_path(home), EBB_ERR_OUTPUT,
          "cache folder: neither XDG_CACHE_HOME nor HOME is set to a full path");
  int length = is_full_path(cache) ? snprintf(path, PATH_SIZE, "%s", cache)
                                   : snprintf(path, PATH_SIZE, "%s/.cache", home);
  REQUIRE(length < PATH_SIZE, EBB_ERR_OUTPUT, "cache folder: a path of %d characters, at most %d",
          length, PATH_SIZE - 1);
  return EBB_OK;
}

ebb_status ebbi_cache_folder_path(char *path, size_t size, const char *name) {
  char base[PATH_SIZE];
  TRY(base_path(base));
  int length = snprintf(path, size, "%s/%s/%s", base, own_name, name);
  REQUIRE((size_t)length < size, EBB_ERR_OUTPUT,
          "cache folder: a path of %d characters, at most %zu", length, size - 1);
  return EBB_OK;
}

/* Opens the user's cache folder. With `make`, creates the missing folders. Returns -1 if it is
 * missing. */
static int open_base(char path[PATH_SIZE], bool make) {
  if (make) (void)ebbi_folders_make(path, 0700); /* open reports a failure */
  return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens `name` below `above`; `path` is for messages. */
static ebb_status open_below(int *folder, int above, const char *name, const char *path,
                             bool make) {
  struct stat about;
  *folder = -1;
  if (make)
    (void)mkdirat(above, name, 0700); /* if it failed for another reason than EEXIST, openat
                                       * reports it */
  int opened = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0 && errno == ENOENT && !make) return EBB_OK;
  REQUIRE(opened >= 0, EBB_ERR_OUTPUT, "%s: \"%s\": %s", path, name,
          errno == ENOTDIR || errno == ELOOP ? "is a link or not a folder" : strerror(errno));
  *folder = opened;
  REQUIRE(fstat(opened, &about) == 0, EBB_ERR_OUTPUT, "%s: %s", path, strerror(errno));
  REQUIRE(about.st_uid == geteuid(), EBB_ERR_OUTPUT,
          "%s: \"%s\" belongs to user %lu, not to you (%lu)", path, name,
          (unsigned long)about.st_uid, (unsigned long)geteuid());
  REQUIRE((about.st_mode & 022) == 0, EBB_ERR_OUTPUT,
          "%s: others may write to \"%s\" (mode %03o): chmod go-w", path, name,
          (unsigned)about.st_mode & 0777);
  return EBB_OK;
}

ebb_status ebbi_cache_folder_open(int *folder, const char *name, bool make) {
  char base[PATH_SIZE], path[PATH_SIZE];
  int own = -1;
  *folder = -1;
  TRY(base_path(base));
  TRY(ebbi_cache_folder_path(path, sizeof path, name));
  int above = open_base(base, make);
  if (above < 0 && errno == ENOENT && !make) return EBB_OK;
  REQUIRE(above >= 0, EBB_ERR_OUTPUT, "%s: %s", base, strerror(errno));
  ebb_status status = open_below(&own, above, own_name, path, make);
  close(above);
  if (status == EBB_OK && own >= 0) status = open_below(folder, own, name, path, make);
  if (own >= 0) close(own);
  if (status != EBB_OK && *folder >= 0) {
    close(*folder);
    *folder = -1;
  }
  return status;
}

/* ---- files ---- */

static ebb_status check_file(size_t *size, int file, const char *name, size_t limit) {
  struct stat about;
  REQUIRE(fstat(file, &about) == 0, EBB_ERR_INPUT, "%s: %s", name, strerror(errno));
  REQUIRE(S_ISREG(about.st_mode), EBB_ERR_INPUT, "%s: is not a regular file", name);
  REQUIRE(about.st_uid == geteuid(), EBB_ERR_INPUT, "%s: belongs to user %lu, not to you (%lu)",
          name, (unsigned long)about.st_uid, (unsigned long)geteuid());
  REQUIRE((about.st_mode & 022) == 0, EBB_ERR_INPUT, "%s: others may write to it", name);
  REQUIRE((uint64_t)about.st_size <= limit, EBB_ERR_INPUT,
          "%s: %llu bytes, larger than the limit of %zu", name, (unsigned long long)about.st_size,
          limit);
  *size = (size_t)about.st_size;
  return EBB_OK;
}

static ebb_status read_whole(char **bytes, size_t *size, int file, const char *name, size_t limit) {
  TRY(check_file(size, file, name, limit));
  *bytes = malloc(*size + 1);
  REQUIRE(*bytes, EBB_ERR_MEMORY, "%s: no memory for %zu bytes", name, *size);
  for (size_t done = 0; done < *size;) {
    ssize_t got = read(file, *bytes + done, *size - done);
    if (got < 0 && errno == EINTR) continue;
    REQUIRE(got > 0, EBB_ERR_INPUT, "%s: cannot be read after byte %zu: %s", name, done,
            got == 0 ? "the file has shrunk" : strerror(errno));
    done += (size_t)got;
  }
  return EBB_OK;
}

ebb_status ebbi_cache_file_read(char **bytes, size_t *size, int folder, const char *name,
                                size_t limit) {
  *bytes = NULL;
  /* non-blocking: opening a pipe of that name would hang the program */
  int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(file >= 0, EBB_ERR_INPUT, "%s: %s", name, strerror(errno));
  ebb_status status = read_whole(bytes, size, file, name, limit);
  close(file);
  if (status != EBB_OK) {
    free(*bytes);
    *bytes = NULL;
  }
  return status;
}

/* A write beyond the process's file size limit raises a signal instead of failing. */
static bool may_have_size(size_t size) {
  struct rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
         size <= limit.rlim_cur;
}

static bool write_whole(int file, const char *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t put = write(file, bytes + done, size - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += (size_t)put;
  }
  return true;
}

ebb_status ebbi_cache_file_write(int folder, const char *name, const void *bytes, size_t size) {
  char temporary[256];
  int file = -1;
  REQUIRE(may_have_size(size), EBB_ERR_OUTPUT, "%s: %zu bytes, larger than the limit on files",
          name, size);
  errno = EEXIST; /* another thread may be using the name, or a dead process had the same number */
  for (int attempt = 0; attempt < 100 && file < 0 && errno == EEXIST; attempt++) {
    snprintf(temporary, sizeof temporary, "%s.%ld.%d.tmp", name, (long)getpid(), attempt);
    file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  REQUIRE(file >= 0, EBB_ERR_OUTPUT, "%s: cannot be written: %s", name, strerror(errno));
  bool good = write_whole(file, bytes, size);
  good = close(file) == 0 && good;
  good = good && renameat(folder, temporary, folder, name) == 0;
  int why = errno;
  if (!good) (void)unlinkat(folder, temporary, 0);
  REQUIRE(good, EBB_ERR_OUTPUT, "%s: cannot be written: %s", name, strerror(why));
  return EBB_OK;
}

bool ebbi_cache_file_remove(int folder, const char *name) {
  return unlinkat(folder, name, 0) == 0 || errno == ENOENT;
}

/* ---- listing ---- */

/* Fills in an entry. Returns false if the file is not one of ours. */
static bool describe(ebbi_cache_file *entry, int folder, const char *name,
                     bool (*is_ours)(const char *name)) {
  struct stat about;
  if (strlen(name) >= sizeof entry->name || !is_ours(name)) return false;
  if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode) ||
      about.st_uid != geteuid())
    return false;
  *entry = (ebbi_cache_file){.bytes = (uint64_t)about.st_size, .changed = about.st_mtim};
  strcpy(entry->name, name);
  return true;
}

static int compare_age(const void *a, const void *b) {
  const ebbi_cache_file *x = a, *y = b;
  if (x->changed.tv_sec != y->changed.tv_sec) return x->changed.tv_sec < y->changed.tv_sec ? -1 : 1;
  if (x->changed.tv_nsec != y->changed.tv_nsec)
    return x->changed.tv_nsec < y->changed.tv_nsec ? -1 : 1;
  return strcmp(x->name, y->name);
}

static ebb_status gather(ebbi_cache_file **list, size_t *count, DIR *stream,
                         bool (*is_ours)(const char *name)) {
  size_t room = 0;
  for (struct dirent *next; (next = readdir(stream));) {
    ebbi_cache_file entry;
    if (!describe(&entry, dirfd(stream), next->d_name, is_ours)) continue;
    if (*count == room) {
      room = room ? 2 * room : 64;
      ebbi_cache_file *larger = realloc(*list, room * sizeof **list);
      REQUIRE(larger, EBB_ERR_MEMORY, "cache folder: no memory for %zu names", room);
      *list = larger;
    }
    (*list)[(*count)++] = entry;
  }
  return EBB_OK;
}

ebb_status ebbi_cache_folder_list(ebbi_cache_file **list, size_t *count, int folder,
                                  bool (*is_ours)(const char *name)) {
  *list = NULL;
  *count = 0;
  int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = again >= 0 ? fdopendir(again) : NULL;
  if (!stream && again >= 0) close(again);
  REQUIRE(stream, EBB_ERR_INPUT, "cache folder: cannot be listed: %s", strerror(errno));
  ebb_status status = gather(list, count, stream, is_ours);
  closedir(stream);
  if (status != EBB_OK) {
    free(*list);
    *list = NULL;
    *count = 0;
  } else if (*count > 0) {
    qsort(*list, *count, sizeof **list, compare_age);
  }
  return status;
}
