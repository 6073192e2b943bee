/* Peers that need a process of their own: lines over a pipe, so that they can be sampled in turn
 * with the others.
 *
 *   the worker says   ready VERSION | no REASON             once, at its start
 *   is told           case TEXT      and says  ok NOTE | no REASON | wrong WHAT
 *   is told           run N          and says  the seconds that N repetitions took
 *
 * At the end of its input the worker ends.
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include "bench.h"

/* Starts `argv` (the first is looked up on PATH); `describe` writes a case's TEXT. */
contestant *bench_worker(const char *name, const char *const argv[],
                         void (*describe)(char *text, size_t size, const bench_case *c));

/* Starts a Python script of bench/ with up to three arguments, the unused ones NULL. `interpreter`
 * NULL: the one that EBB_BENCH_PYTHON names, or python3. */
contestant *bench_script(const char *name, const char *interpreter, const char *script,
                         const char *const arguments[3],
                         void (*describe)(char *text, size_t size, const bench_case *c));

#endif
