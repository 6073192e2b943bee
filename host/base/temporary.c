/* Temporary files that are removed soon after their writer dies.
 *
 * A process that is killed leaves its temporary file behind. The next writer in the folder removes
 * it. A lock (flock) shows whether the owner is alive: the kernel drops it with the owner's last
 * descriptor. Rejected: a process number in the name, which means nothing in another container or
 * on another machine and is reused; and an age limit, because a slow writer is not a dead one. On a
 * file system without locks nothing is removed.
 */
#define _GNU_SOURCE
#include "temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char start[] = "ebb-", digits[] = "0123456789abcdef", ending[] = ".tmp";

static bool is_temporary(const char *name) {
  size_t length = strlen(name), before = sizeof start - 1;
  return length == EBBI_TEMPORARY_NAME - 1 && strncmp(name, start, before) == 0 &&
         strspn(name + before, digits) == 16 && strcmp(name + before + 16, ending) == 0;
}

/* Returns true if the name still refers to the open file. */
static bool is_named(int folder, const char *name, int file) {
  struct stat there, here;
  return fstat(file, &here) == 0 && fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* Locks a new file. Before that, a sweep may have removed it as a dead writer's file, so that it
 * has no name any more. If a sweep holds the lock right now, waits for it. */
static bool hold(int folder, const char *name, int file) {
  while (flock(file, LOCK_EX) != 0 && errno == EINTR) {
  }
  return is_named(folder, name, file);
}

int ebbi_temporary_open(char name[EBBI_TEMPORARY_NAME], int folder) {
  uint64_t id = (uint64_t)getpid();
  (void)!getrandom(&id, sizeof id, GRND_NONBLOCK);
  errno = EEXIST;
  for (int attempt = 0; attempt < 100 && errno == EEXIST; attempt++, id++) {
    snprintf(name, EBBI_TEMPORARY_NAME, "%s%016llx%s", start, (unsigned long long)id, ending);
    int file = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) continue;
    if (hold(folder, name, file)) return file;
    close(file);
    errno = EEXIST;
  }
  return -1;
}

static int open_left(int folder, const char *name) {
  struct stat about;
  if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode) ||
      about.st_uid != geteuid())
    return -1;
  /* NFS locks only files open for writing; other file systems may not allow opening for writing */
  int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  int file = openat(folder, name, O_RDWR | flags);
  return file >= 0 ? file : openat(folder, name, O_RDONLY | flags);
}

/* While we hold the lock the name can only vanish: whoever renames the file must hold the lock. */
static void remove_dead(int folder, const char *name) {
  int file = open_left(folder, name);
  if (file < 0) return;
  if (flock(file, LOCK_EX | LOCK_NB) == 0 && is_named(folder, name, file))
    (void)unlinkat(folder, name, 0);
  close(file);
}

void ebbi_temporary_sweep(int folder) {
  int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = again >= 0 ? fdopendir(again) : NULL;
  if (!stream && again >= 0) close(again);
  if (!stream) return;
  for (struct dirent *entry; (entry = readdir(stream));)
    if (is_temporary(entry->d_name)) remove_dead(folder, entry->d_name);
  closedir(stream);
}
