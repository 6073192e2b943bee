/* Whole files out. (read.h has the other way.) */
#ifndef EBBI_WRITER_H
#define EBBI_WRITER_H

#include "hash.h"
#include "temporary.h"

#include <ebb/status.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A file being written beside its final place. Zero-initialise, leave where it is, free in every
 * case. */
typedef struct ebbi_writer {
  FILE *stream;                        /* write here between begin and commit, in order */
  char *path;                          /* what will be replaced */
  char temporary[EBBI_TEMPORARY_NAME]; /* in its folder; "": no file, written in place */
  int folder, descriptor;              /* open while there is a temporary file, or a stream */
  int error;                           /* errno of the first write that failed */
  uint64_t written;
  ebbi_hasher *hasher; /* of what was handed to the system */
} ebbi_writer;

/* Opens a temporary file in the folder of `path`, or of what it links to, and removes there what
 * writers that were killed have left. Messages name the cause: no space, the limit of the process,
 * rights.  Errors: EBB_ERR_OUTPUT (also where the rename will not be allowed), EBB_ERR_MEMORY. */
ebb_status ebbi_writer_begin(ebbi_writer *writer, const char *path);

/* The hash of all that was written since begin. */
ebbi_hash ebbi_writer_hash(ebbi_writer *writer);

/* Flushes, fsyncs, reads the file back, compares it with what was written and renames it to the
 * final path; checks every write since begin. On error the file that stood at the path still
 * stands.  Errors: EBB_ERR_OUTPUT. */
ebb_status ebbi_writer_commit(ebbi_writer *writer);

/* Removes the temporary file unless committed. */
void ebbi_writer_free(ebbi_writer *writer);

/* Tells whether a file of `bytes` bytes could be written at `path`. Tries: a temporary file there,
 * its space, the rename's rights. What is no file is only asked for its rights. Leaves nothing.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_file_try(const char *path, uint64_t bytes);

#endif
