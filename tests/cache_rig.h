/* Shared by the tests of the kernel cache: a private cache folder, and its files. */
#ifndef EBB_CACHE_RIG_H
#define EBB_CACHE_RIG_H

#include "test_support.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The tests' cache folder, ebb's folder within it, and the folder of the kernels. */
static char rig_base[64], rig_own[80], rig_kernels[96];

static inline int rig_remove(const char *path, const struct stat *about, int type,
                             struct FTW *walk) {
  (void)about;
  (void)type;
  (void)walk;
  return remove(path);
}

/* Before each test: points XDG_CACHE_HOME to a new, empty folder. */
static inline int rig_set_up(void **state) {
  (void)state;
  strcpy(rig_base, "/tmp/ebb_cache_XXXXXX");
  if (!mkdtemp(rig_base)) return -1;
  snprintf(rig_own, sizeof rig_own, "%s/ebb", rig_base);
  snprintf(rig_kernels, sizeof rig_kernels, "%s/kernels", rig_own);
  setenv("XDG_CACHE_HOME", rig_base, 1);
  unsetenv("EBB_KERNEL_CACHE");
  return 0;
}

static inline int rig_tear_down(void **state) {
  (void)state;
  return nftw(rig_base, rig_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* The number of files in the kernels' folder, 0 if there is none. `last` receives one of the
 * names. */
static inline size_t rig_count(char last[256]) {
  size_t count = 0;
  DIR *stream = opendir(rig_kernels);
  for (struct dirent *entry; stream && (entry = readdir(stream));)
    if (entry->d_name[0] != '.') {
      count++;
      if (last) snprintf(last, 256, "%s", entry->d_name);
    }
  if (stream) closedir(stream);
  return count;
}

static inline const char *rig_path(const char *name) {
  static char path[400];
  snprintf(path, sizeof path, "%s/%s", rig_kernels, name);
  return path;
}

/* The name of the only file. */
static inline const char *rig_file(void) {
  char name[256];
  assert_int_equal(rig_count(name), 1);
  return rig_path(name);
}

static inline size_t rig_size(const char *path) {
  struct stat about;
  assert_int_equal(lstat(path, &about), 0);
  return (size_t)about.st_size;
}

/* Flips bits of one byte of a file. */
static inline void rig_flip(const char *path, size_t at, unsigned bits) {
  FILE *file = fopen(path, "r+b");
  assert_non_null(file);
  assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
  int byte = fgetc(file);
  assert_true(byte != EOF);
  assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
  assert_int_equal(fputc(byte ^ (int)bits, file), byte ^ (int)bits);
  assert_int_equal(fclose(file), 0);
}

/* Creates a file of zeros that takes no room on disk, with this modification time. */
static inline void rig_sparse(const char *name, off_t size, time_t changed) {
  const struct timespec times[2] = {{.tv_sec = changed}, {.tv_sec = changed}};
  int file = open(rig_path(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
  assert_true(file >= 0);
  assert_int_equal(ftruncate(file, size), 0);
  assert_int_equal(futimens(file, times), 0);
  close(file);
}

#endif
