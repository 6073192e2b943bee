/* Whole files in. */
#ifndef EBBI_READ_H
#define EBBI_READ_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a file into memory; (*bytes)[*size] is 0, and the caller frees *bytes. Grows with what is
 * really read, so a pipe or a lying size does no harm. Gzip files are unpacked (zlib).
 * Errors: EBB_ERR_INPUT (cannot be opened or read, a folder, damaged gzip, more than `limit`
 * bytes). */
ebb_status ebbi_file_read(char **bytes, size_t *size, const char *path, size_t limit);

/* The same for a path that a user gives, where "-" is standard input; and how messages call it. */
ebb_status ebbi_input_read(char **bytes, size_t *size, const char *path, size_t limit);
const char *ebbi_input_name(const char *path);

/* How far reading has come. */
typedef struct ebbi_read_state {
  const char *path; /* for messages */
  const char *bytes;
  size_t size; /* unpacked, so far */
  bool compressed;
  uint64_t packed;  /* bytes of the file, so far */
  uint64_t claimed; /* bytes that the file is said to have; 0: nobody says, as of a pipe */
  bool done;
} ebbi_read_state;

/* Is called after each MiB, and at the end, and may fail. It may set *wanted, the bytes after which
 * reading ends. */
typedef ebb_status ebbi_read_watch(size_t *wanted, const ebbi_read_state *state, void *user);

ebb_status ebbi_input_read_watched(char **bytes, size_t *size, const char *path,
                                   ebbi_read_watch *watch, void *user);

#endif
