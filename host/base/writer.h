/* Writing whole files. (read.h reads them.) */
#ifndef EBBI_WRITER_H
#define EBBI_WRITER_H

#include "hash.h"
#include "temporary.h"

#include <ebb/status.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A file being written beside its final place. Initialise it with zeros, do not move it, and free
 * it in every case. */
typedef struct ebbi_writer {
  FILE *stream;                        /* write here between begin and commit, in order */
  char *path;                          /* what will be replaced */
  char temporary[EBBI_TEMPORARY_NAME]; /* name within the folder; "": not a regular file, written in
                                        * place */
  int folder, descriptor;              /* open while a temporary file or a stream exists */
  int error;                           /* errno of the first write that failed */
  uint64_t written;
  ebbi_hasher *hasher; /* of the bytes handed to the system */
} ebbi_writer;

/* Opens a temporary file in the folder of `path`, or of the file that it links to, and removes the
 * leftovers of killed writers there. Messages name the cause: no space, the process's file size
 * limit, missing rights.
 * Errors: EBB_ERR_OUTPUT (also if the rename will not be allowed), EBB_ERR_MEMORY. */
ebb_status ebbi_writer_begin(ebbi_writer *writer, const char *path);

/* The hash of everything written since begin. */
ebbi_hash ebbi_writer_hash(ebbi_writer *writer);

/* Flushes, syncs, reads the file back, compares it with what was written and renames it to the
 * final path. Reports failures of all writes since begin. After an error the old file is still in
 * place.
 * Errors: EBB_ERR_OUTPUT. */
ebb_status ebbi_writer_commit(ebbi_writer *writer);

/* Removes the temporary file unless it has been committed. */
void ebbi_writer_free(ebbi_writer *writer);

/* Checks whether a file of `bytes` bytes could be written at `path` by trying it: a temporary file,
 * its space, and the right to rename. If the path is not a regular file, only its rights are
 * checked. Leaves nothing behind.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_file_try(const char *path, uint64_t bytes);

#endif
