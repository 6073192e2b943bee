/* Timing: samples taken in turn, each between two samples of the yardstick.
 *
 * A fraction is the median of the ratios of each sample to the yardstick samples around it, not a
 * ratio of two medians. If the machine changes speed during the run, two medians may come from
 * different times, while neighbouring samples do not.
 */
#include "bench.h"

#include "clock.h"
#include "output.h"

#include <stdlib.h>

/* A shorter sample would measure the clock and the start of the queue. */
static const double SAMPLE_SECONDS = 0.005;

/* Seconds for this many runs, until the queue is empty. */
static ebb_status time_runs(double *seconds, ebb_device *device, const bench_case *c, size_t runs) {
  double start = clock_seconds();
  ebb_status status = c->run(c->context, runs);
  if (status == EBB_OK) status = ebb_device_finish(device);
  *seconds = clock_seconds() - start;
  return status;
}

/* Seconds per run. The previous case has filled the caches with its own data, so a sample of
 * several runs is preceded by an untimed run. */
static ebb_status sample(double *seconds, ebb_device *device, const bench_case *c) {
  double total;
  ebb_status status = EBB_OK;
  if (c->runs > 1) status = time_runs(&total, device, c, 1);
  if (status == EBB_OK) status = time_runs(&total, device, c, c->runs);
  *seconds = total / (double)c->runs;
  return status;
}

/* Compiles by a first run, then finds how many runs a sample needs. */
static ebb_status calibrate(ebb_device *device, bench_case *c) {
  double seconds;
  ebb_status status = time_runs(&seconds, device, c, 1);
  c->runs = 1;
  while (status == EBB_OK) {
    status = time_runs(&seconds, device, c, c->runs);
    if (seconds >= SAMPLE_SECONDS) break;
    double growth = 1.2 * SAMPLE_SECONDS / (seconds > 1e-9 ? seconds : 1e-9);
    c->runs = 1 + (size_t)((double)c->runs * (growth < 10 ? growth : 10));
  }
  return status;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts the samples and computes median, tenth and ninetieth percentile. */
static void summarise(bench_case *c, double *seconds, size_t count) {
  qsort(seconds, count, sizeof *seconds, ascending);
  c->median = seconds[count / 2];
  c->p10 = seconds[count / 10];
  c->p90 = seconds[count * 9 / 10];
  c->rate = c->work / c->median;
}

/* The samples of all cases, and of the yardstick before each and after the last. */
typedef struct samples {
  double *cases, *yardstick;
  size_t count, rounds; /* number of cases; samples of each */
} samples;

static ebb_status take(const samples *t, bench *b, const bench_case *cases) {
  ebb_status status = sample(&t->yardstick[0], b->device, &b->yardstick);
  for (size_t i = 0; i < t->count * t->rounds && status == EBB_OK; i++) {
    status = sample(&t->cases[i], b->device, &cases[i % t->count]);
    if (status == EBB_OK) status = sample(&t->yardstick[i + 1], b->device, &b->yardstick);
  }
  return status;
}

/* Computes the results of one case; `scratch` has room for its samples. */
static void conclude(bench_case *c, double *scratch, const bench *b, const samples *t, size_t at) {
  for (size_t i = 0; i < t->rounds; i++) {
    size_t k = i * t->count + at;
    double best = b->yardstick.work * 0.5 * (1 / t->yardstick[k] + 1 / t->yardstick[k + 1]);
    scratch[i] = c->work / t->cases[k] / best;
  }
  qsort(scratch, t->rounds, sizeof *scratch, ascending);
  c->fraction = scratch[t->rounds / 2];
  for (size_t i = 0; i < t->rounds; i++) scratch[i] = t->cases[i * t->count + at];
  summarise(c, scratch, t->rounds);
}

int bench_measure(bench *b, bench_case *cases, size_t count) {
  if (!b->s->json) bench_print_device(b);
  size_t all = count * b->samples;
  samples t = {.count = count, .rounds = b->samples};
  ebb_status status = calibrate(b->device, &b->yardstick);
  for (size_t i = 0; i < count && status == EBB_OK; i++) status = calibrate(b->device, &cases[i]);
  if (status != EBB_OK) return fail_status(status);
  double *room = calloc(2 * all + 1 + b->samples, sizeof *room);
  if (!room) return fail(EXIT_FAILED, "no memory for %zu samples", all);
  t.cases = room;
  t.yardstick = room + all;
  status = take(&t, b, cases);
  if (status == EBB_OK) {
    for (size_t i = 0; i < count; i++) conclude(&cases[i], t.yardstick + all + 1, b, &t, i);
    summarise(&b->yardstick, t.yardstick, all + 1);
  }
  free(room);
  return fail_status(status);
}
