/* A contest: all contestants are sampled in turn on one case, and the samples are evaluated.
 *
 * A sample has enough repetitions to last MINIMUM, so that the clock and waking the threads do not
 * count. Before each sample there is a short pause, because idle threads of OpenMP and OpenBLAS
 * keep spinning for a while and would take time from the next contestant; then one untimed
 * repetition, because the caches are full of another contestant's data. Rejected: the best of many
 * runs, which rewards luck on a shared machine.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_ROUNDS = 15 };

static const double MINIMUM = 5e-3; /* minimum seconds of a sample */
static const double LONG = 50e-3;   /* repetitions this long need no untimed one before them */
static const struct timespec REST = {.tv_nsec = 10000000};

typedef struct entry {
  contestant *who;
  size_t repetitions; /* per sample */
  bool warm_up;
  double wall; /* total seconds of a sample */
  double seconds[MAX_ROUNDS];
} entry;

static double sample(entry *e) {
  nanosleep(&REST, NULL);
  if (e->warm_up) e->who->run(e->who, e->repetitions);
  return e->who->run(e->who, e->repetitions) / (double)e->repetitions;
}

/* Finds the number of repetitions per sample. A peak decides on its own duration. */
static void calibrate(entry *e) {
  double start = bench_now(), seconds = e->who->run(e->who, 1);
  e->repetitions = 1;
  e->wall = bench_now() - start;
  e->warm_up = !e->who->is_peak && seconds < LONG;
  while (!e->who->is_peak && seconds < MINIMUM) {
    double more = seconds > 0 ? 1.2 * MINIMUM / seconds : 100;
    e->repetitions *= (size_t)(more < 2 ? 2 : more > 100 ? 100 : more);
    seconds = e->who->run(e->who, e->repetitions);
  }
  if (e->wall > LONG) return;
  start = bench_now();
  sample(e);
  e->wall = bench_now() - start;
}

/* The number of rounds that fits the case's share of time; odd, so that the median is a sample. */
static size_t count_rounds(const entry *entries, size_t count, bool quick) {
  double wall = 0, share = quick ? 1.2 : 5;
  for (size_t i = 0; i < count; i++) wall += entries[i].wall;
  size_t least = 3, most = quick ? 7 : MAX_ROUNDS;
  size_t rounds = share < wall * (double)least ? least : (size_t)(share / wall);
  return rounds > most ? most : rounds - (rounds % 2 == 0);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t count, double q) {
  return sorted[(size_t)(q * (double)(count - 1) + 0.5)];
}

static bench_result summarise(const entry *e, const entry *ours, const entry *peak, size_t rounds) {
  double seconds[MAX_ROUNDS], ratios[MAX_ROUNDS], our_seconds[MAX_ROUNDS], peaks[MAX_ROUNDS];
  for (size_t r = 0; r < rounds; r++) {
    seconds[r] = e->seconds[r];
    our_seconds[r] = ours->seconds[r];
    ratios[r] = e->seconds[r] / ours->seconds[r];
    peaks[r] = peak ? peak->seconds[r] : 0;
  }
  qsort(seconds, rounds, sizeof *seconds, ascending);
  qsort(our_seconds, rounds, sizeof *our_seconds, ascending);
  qsort(ratios, rounds, sizeof *ratios, ascending);
  qsort(peaks, rounds, sizeof *peaks, ascending);
  double median = quantile(seconds, rounds, 0.5);
  return (bench_result){.samples = rounds,
                        .median = median,
                        .p10 = quantile(seconds, rounds, 0.1),
                        .p90 = quantile(seconds, rounds, 0.9),
                        .fraction = quantile(peaks, rounds, 0.5) / median,
                        .ratio = median / quantile(our_seconds, rounds, 0.5),
                        .ratio_p10 = quantile(ratios, rounds, 0.1),
                        .ratio_p90 = quantile(ratios, rounds, 0.9)};
}

/* Prepares and calibrates the contestants; returns how many take part. */
static size_t gather_field(entry *entries, const bench *b, const bench_case *c) {
  size_t count = 0;
  for (size_t i = 0; i < b->count; i++) {
    contestant *who = b->contestants[i];
    if (who->absent) continue;
    if (who->prepare(who, c)) {
      entries[count] = (entry){.who = who};
      calibrate(&entries[count++]);
    } else if (i == 0) {
      bench_fail("bench_%s: %s: %s", b->name, c->name, who->why);
    } else if (b->csv) {
      bench_csv_row(b, c, who, NULL);
    }
  }
  return count;
}

static const entry *find_peak(const entry *entries, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (entries[i].who->is_peak) return &entries[i];
  return NULL;
}

void bench_run(bench *b, const bench_case *c) {
  if (bench_has(b, c)) return;
  entry entries[BENCH_CONTESTANTS];
  bench_result results[BENCH_CONTESTANTS] = {{0}};
  size_t count = gather_field(entries, b, c), rounds = count_rounds(entries, count, b->quick);
  for (size_t r = 0; r < rounds; r++)
    for (size_t i = 0; i < count; i++) entries[i].seconds[r] = sample(&entries[i]);
  const entry *peak = find_peak(entries, count);
  for (size_t i = 0, at = 0; i < count; i++, at++) {
    bench_result result = summarise(&entries[i], &entries[0], peak, rounds);
    while (b->contestants[at] != entries[i].who) at++;
    results[at] = result;
    if (b->csv) bench_csv_row(b, c, entries[i].who, &result);
  }
  if (b->csv) fflush(b->csv);
  if (b->cases++ == 0) bench_table_header(b, c);
  bench_table_row(b, c, results);
}
