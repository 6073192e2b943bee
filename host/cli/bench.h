/* `ebb bench`: what its parts share. Functions that return int return exit codes. Times are wall
 * times of runs that end with the queue empty. */
#ifndef EBB_CLI_BENCH_H
#define EBB_CLI_BENCH_H

#include <ebb/ebb.h>
#include <jansson.h>

#include "options.h"

/* Queues a piece of work `times` times. */
typedef ebb_status (*bench_run_function)(void *context, size_t times);

/* Something to be timed, and what came out. */
typedef struct bench_case {
  bench_run_function run;
  void *context;
  double work; /* flops or bytes of one run */

  size_t runs;             /* of a sample, so many that it takes 5 ms or more */
  double median, p10, p90; /* seconds a run */
  double rate;             /* work / median */
  double fraction;         /* of the yardstick's rate at the same moments, the median */
} bench_case;

/* The device, and the probe that everything is measured against. */
typedef struct bench {
  const settings *s;
  ebb_device *device;
  size_t samples;

  bench_case yardstick;
  ebb_tensor *tensors[3]; /* the yardstick's */
  size_t count;           /* elements of each */
} bench;

/* Make the yardstick, having checked its result: fused multiply-adds, or the triad over arrays of
 * `count` floats. */
int bench_make_fma(bench *b);
int bench_make_triad(bench *b, size_t count);

/* Times the cases, having printed what a table begins with, the device. They are sampled in turn,
 * with the yardstick before and after each, so that a busy moment of the machine hits none of them
 * alone. */
int bench_measure(bench *b, bench_case *cases, size_t count);

/* The i-th of a fixed series of numbers in [-1, 1), the same on every machine. */
float bench_value(uint64_t series, size_t i);

/* A tensor [rows, cols] of numbers, the series times `spread`. */
int bench_make_tensor(ebb_tensor **out, ebb_device *device, ebb_dtype dtype, size_t rows,
                      size_t cols, uint64_t series, float spread);

/* What a result begins with: as JSON, and as lines of text (these by bench_measure). */
json_t *bench_begin_json(const bench *b, const char *what);
void bench_print_device(const bench *b);

/* Sets ms_median, ms_p10 and ms_p90, each with `prefix` before it. */
void bench_put_times(json_t *object, const char *prefix, const bench_case *c);

/* The benchmarks; the device is open. */
int bench_matmul(bench *b);
int bench_step(bench *b);
int bench_elementwise(bench *b);

/* Prints how the results in two files compare; `kind`, unless NULL, is what they must be of. */
int bench_compare(const settings *s, const char *kind, const char *path_a, const char *path_b);

#endif
