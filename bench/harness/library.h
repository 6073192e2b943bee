/* Libraries as peers: opened at run time by soname, never linked, so none is required.
 */
#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#include "bench.h"

/* A name to look up, and a pointer to the function pointer that receives its address. */
typedef struct bench_symbol {
  const char *name;
  void *slot;
} bench_symbol;

/* Opens a library and fills the slots (the list ends with a NULL name). Returns false if it is
 * missing; `who` is then absent, with the reason and the Debian package that has it. The version is
 * taken from the file's name. */
bool bench_library(contestant *who, const char *soname, const char *package,
                   const bench_symbol *symbols);

#endif
