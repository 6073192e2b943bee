/* Peers in separate processes: lines over a pipe, so that they can be sampled in turn with the
 * others.
 *
 *   the worker writes   ready VERSION | no REASON    once, at its start
 *   it reads            case TEXT      and writes    ok NOTE | no REASON | wrong WHAT
 *   it reads            run N          and writes    the seconds that N repetitions took
 *
 * The worker ends at the end of its input.
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include "bench.h"

/* Starts `argv` (the first is looked up on PATH); `describe` writes a case's TEXT. */
contestant *bench_worker(const char *name, const char *const argv[],
                         void (*describe)(char *text, size_t size, const bench_case *c));

/* Starts a Python script of bench/ with up to three arguments; unused ones are NULL. `interpreter`
 * NULL: the interpreter named by EBB_BENCH_PYTHON, or python3. */
contestant *bench_script(const char *name, const char *interpreter, const char *script,
                         const char *const arguments[3],
                         void (*describe)(char *text, size_t size, const bench_case *c));

#endif
