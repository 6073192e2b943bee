/* A file that the tool writes itself: as a whole or not at all. */
#ifndef EBB_CLI_OUTFILE_H
#define EBB_CLI_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct outfile {
  const char *path;
  FILE *stream;
  char *temporary; /* what is written; NULL: `path` itself, which is no regular file */
} outfile;

/* Begins to write; both return exit codes, having said what failed. After success outfile_end must
 * be called. */
int outfile_begin(outfile *file, const char *path);

/* Ends it. `good`: what was written replaces what is at the path; else that stays as it is. */
int outfile_end(outfile *file, bool good);

#endif
