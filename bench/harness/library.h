/* Peers that are libraries: opened at run time by soname, never linked, so none is a requirement.
 */
#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#include "bench.h"

/* A name to look up, and where its address goes: a pointer to a function pointer. */
typedef struct bench_symbol {
  const char *name;
  void *slot;
} bench_symbol;

/* Opens a library and fills the slots (the list ends with a NULL name). False: `who` is absent,
 * with the reason and the Debian package that has it. The version is that of the file's name. */
bool bench_library(contestant *who, const char *soname, const char *package,
                   const bench_symbol *symbols);

#endif
