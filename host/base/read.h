/* Reading whole files. */
#ifndef EBBI_READ_H
#define EBBI_READ_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a file into memory. (*bytes)[*size] is 0, and the caller frees *bytes. The buffer grows
 * with what is really read, so a pipe or a wrong file size does no harm. Gzip files are unpacked
 * (zlib).
 * Errors: EBB_ERR_INPUT (cannot be opened or read, a folder, damaged gzip, more than `limit`
 * bytes). */
ebb_status ebbi_file_read(char **bytes, size_t *size, const char *path, size_t limit);

/* The same for a path given by the user, where "-" is standard input. ebbi_input_name gives the
 * name used in messages. */
ebb_status ebbi_input_read(char **bytes, size_t *size, const char *path, size_t limit);
const char *ebbi_input_name(const char *path);

/* Progress of reading. */
typedef struct ebbi_read_state {
  const char *path; /* for messages */
  const char *bytes;
  size_t size; /* unpacked so far */
  bool compressed;
  uint64_t packed;  /* bytes of the file so far */
  uint64_t claimed; /* size of the file by its metadata; 0: unknown, as for a pipe */
  bool done;
} ebbi_read_state;

/* Called after each MiB and at the end. It may fail, and may set *wanted, the number of bytes after
 * which reading ends. */
typedef ebb_status ebbi_read_watch(size_t *wanted, const ebbi_read_state *state, void *user);

ebb_status ebbi_input_read_watched(char **bytes, size_t *size, const char *path,
                                   ebbi_read_watch *watch, void *user);

#endif
