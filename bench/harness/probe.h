/* Peaks of the host itself, native code without OpenCL: the limit at this moment. */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include "bench.h"

/* Runs work(user, index) on `count` threads, each on its own processor, started together. */
void bench_parallel(size_t count, void (*work)(void *user, size_t index), void *user);

/* Fused multiply-adds in registers, at the processor's full width. */
contestant *bench_fma_peak(const bench *b);

/* a = b + s c over arrays larger than any cache, 12 bytes per float; the bandwidth peak. */
contestant *bench_stream_triad(const bench *b);

/* a = b by memcpy, 8 bytes per float: the C library's own stores, which may bypass the caches. */
contestant *bench_stream_copy(const bench *b);

/* a = a / 2 + b, 12 bytes per float: only lines in the formula are read, as in updates.
 */
contestant *bench_stream_in_place(const bench *b);

#endif
