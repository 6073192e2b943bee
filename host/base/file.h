/* Whole files in, whole files out. */
#ifndef EBBI_FILE_H
#define EBBI_FILE_H

#include <ebb/status.h>
#include <stddef.h>
#include <stdio.h>

/* Reads a file into memory; (*bytes)[*size] is 0, and the caller frees *bytes. Grows with what is
 * really read, so a pipe or a lying size does no harm. Gzip files are unpacked (zlib).
 * Errors: EBB_ERR_INPUT (cannot be opened or read, a folder, damaged gzip, more than `limit`
 * bytes). */
ebb_status ebbi_file_read(char **bytes, size_t *size, const char *path, size_t limit);

/* The same for a path that a user gives, where "-" is standard input; and how messages call it. */
ebb_status ebbi_input_read(char **bytes, size_t *size, const char *path, size_t limit);
const char *ebbi_input_name(const char *path);

/* A file being written beside its final place. Zero-initialise; free in every case. */
typedef struct ebbi_writer {
  FILE *stream;           /* write here between begin and commit */
  char *path, *temporary; /* temporary NULL: the path is a device or pipe, written in place */
} ebbi_writer;

/* Opens a temporary file in the folder of `path`, or of what it links to.
 * Errors: EBB_ERR_OUTPUT. */
ebb_status ebbi_writer_begin(ebbi_writer *writer, const char *path);

/* Flushes, fsyncs and renames to the final path; checks every write since begin. On error the file
 * that stood at the path still stands.  Errors: EBB_ERR_OUTPUT. */
ebb_status ebbi_writer_commit(ebbi_writer *writer);

/* Removes the temporary file unless committed. */
void ebbi_writer_free(ebbi_writer *writer);

#endif
