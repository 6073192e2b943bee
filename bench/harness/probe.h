/* Probes of the host itself, native code without OpenCL: what is possible at this very moment. */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include "bench.h"

/* Runs work(user, index) on `count` threads, each on a processor of its own, started together. */
void bench_parallel(size_t count, void (*work)(void *user, size_t index), void *user);

/* Fused multiply-adds in registers, as wide as the processor has them. */
contestant *bench_fma_peak(const bench *b);

/* a = b + s c over arrays that no cache holds, 12 bytes a float; the bandwidth peak. */
contestant *bench_stream_triad(const bench *b);

/* a = b by memcpy, 8 bytes a float: the C library's own stores, which may bypass the caches. */
contestant *bench_stream_copy(const bench *b);

/* a = a / 2 + b, 12 bytes a float: no line is read that the formula does not name, as in updates.
 */
contestant *bench_stream_in_place(const bench *b);

#endif
