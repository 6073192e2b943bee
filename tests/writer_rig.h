/* Shared by the tests of writing files: a private folder, and its contents. */
#ifndef EBB_WRITER_RIG_H
#define EBB_WRITER_RIG_H

#include "base/read.h"
#include "base/writer.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[96];

static inline int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/ebb_writer_XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  return 0;
}

static inline int remove_folder(void **state) {
  (void)state;
  remove(path);
  return rmdir(folder); /* fails if a temporary file was left behind */
}

static inline void expect_message(const char *part) {
  if (strstr(ebb_error_message(), part) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", ebb_error_message(), part);
}

static inline void write_bytes(const void *bytes, size_t size) {
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  assert_int_equal(fwrite(bytes, 1, size, stream), size);
  assert_int_equal(fclose(stream), 0);
}

static inline void expect_content_of(const char *which, const char *bytes, size_t size) {
  char *read;
  size_t got;
  if (ebbi_file_read(&read, &got, which, SIZE_MAX) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(got, size);
  assert_memory_equal(read, bytes, size);
  free(read);
}

static inline void expect_content(const char *bytes, size_t size) {
  expect_content_of(path, bytes, size);
}

/* The number of files in the folder that end in .tmp. */
static inline size_t temporaries(void) {
  size_t count = 0;
  DIR *stream = opendir(folder);
  assert_non_null(stream);
  for (struct dirent *entry; (entry = readdir(stream));) {
    const char *dot = strrchr(entry->d_name, '.');
    count += dot && strcmp(dot, ".tmp") == 0;
  }
  closedir(stream);
  return count;
}

static inline ebb_status replace(const char *target, const char *text, bool commit) {
  ebbi_writer writer = {0};
  ebb_status status = ebbi_writer_begin(&writer, target);
  if (status == EBB_OK) fputs(text, writer.stream);
  if (status == EBB_OK && commit) status = ebbi_writer_commit(&writer);
  ebbi_writer_free(&writer);
  ebbi_writer_free(&writer);
  return status;
}

static inline void make_file(const char *name) {
  char whole[160];
  snprintf(whole, sizeof whole, "%s/%s", folder, name);
  FILE *stream = fopen(whole, "w");
  assert_non_null(stream);
  fclose(stream);
}

static inline bool is_there(const char *name, bool remove_it) {
  char whole[160];
  struct stat about;
  snprintf(whole, sizeof whole, "%s/%s", folder, name);
  bool there = lstat(whole, &about) == 0;
  if (there && remove_it) assert_int_equal(remove(whole), 0);
  return there;
}

#endif
