/* `ebb bench`: declarations shared by its parts. Functions that return int return exit codes. Times
 * are wall times of runs that end with an empty queue. */
#ifndef EBB_CLI_BENCH_H
#define EBB_CLI_BENCH_H

#include <ebb/ebb.h>
#include <jansson.h>

#include "options.h"

/* Queues the work to be timed `times` times. */
typedef ebb_status (*bench_run_function)(void *context, size_t times);

/* A case to be timed, and its results. */
typedef struct bench_case {
  bench_run_function run;
  void *context;
  double work; /* flops or bytes per run */

  size_t runs;             /* runs per sample, enough to take 5 ms or more */
  double median, p10, p90; /* seconds per run */
  double rate;             /* work / median */
  double fraction;         /* of the yardstick's rate at the same time; the median */
} bench_case;

/* The device and its yardstick. */
typedef struct bench {
  const settings *s;
  ebb_device *device;
  size_t samples;

  bench_case yardstick;
  ebb_tensor *tensors[3]; /* of the yardstick */
  size_t count;           /* elements of each */
} bench;

/* Make the yardstick and check its result: fused multiply-adds, or the triad over arrays of `count`
 * floats. */
int bench_make_fma(bench *b);
int bench_make_triad(bench *b, size_t count);

/* Prints the device, if the output is a table, and times the cases. They are sampled in turn, with
 * the yardstick before and after each, so that a busy moment of the machine does not hit a single
 * case. */
int bench_measure(bench *b, bench_case *cases, size_t count);

/* The i-th number of a fixed series in [-1, 1), the same on every machine. */
float bench_value(uint64_t series, size_t i);

/* A tensor [rows, cols] of the series' numbers times `spread`. */
int bench_make_tensor(ebb_tensor **out, ebb_device *device, ebb_dtype dtype, size_t rows,
                      size_t cols, uint64_t series, float spread);

/* The head of a result: as JSON, or as lines of text (printed by bench_measure). */
json_t *bench_begin_json(const bench *b, const char *what);
void bench_print_device(const bench *b);

/* Sets ms_median, ms_p10 and ms_p90, each with the prefix `prefix`. */
void bench_put_times(json_t *object, const char *prefix, const bench_case *c);

/* The benchmarks. The device must be open. */
int bench_matmul(bench *b);
int bench_step(bench *b);
int bench_elementwise(bench *b);

/* Prints a comparison of the results in two files; `kind`, unless NULL, is their required kind. */
int bench_compare(const settings *s, const char *kind, const char *path_a, const char *path_b);

#endif
