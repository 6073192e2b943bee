/* A file that the tool writes itself, as a whole or not at all. */
#ifndef EBB_CLI_OUTFILE_H
#define EBB_CLI_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct outfile {
  const char *path;
  FILE *stream;
  char *temporary; /* the file being written; NULL: `path` itself, which is not a regular file */
} outfile;

/* Begins writing. Both functions report errors and return exit codes. After success outfile_end
 * must be called. */
int outfile_begin(outfile *file, const char *path);

/* Ends writing. `good`: the new file replaces the old one; otherwise the old one stays. */
int outfile_end(outfile *file, bool good);

#endif
