/* Shared by all benchmarks: options, the device, contests between contestants, records.
 *
 * A bench program opens a `bench`, enters its contestants (ours first), and runs its cases. In a
 * case all contestants are sampled in turn, A B C A B C, so that a busy moment of the machine does
 * not hit a single one. Medians and ratios of medians are reported.
 */
#ifndef BENCH_H
#define BENCH_H

#include <ebb/ebb.h>
#include <stdio.h>

enum { BENCH_CONTESTANTS = 8 };

/* A piece of work given to every contestant. */
typedef struct bench_case {
  const char *group, *name;
  const char *layout, *optimizer; /* "" if there is none */
  size_t m, n, k, batch;          /* 0 if there is none */
  double flops, bytes;            /* per repetition; 0: not counted */
  const void *problem;            /* read by the contestants of this bench */
} bench_case;

typedef struct contestant contestant;
struct contestant {
  const char *name;
  char version[96];
  char why[200];  /* why it does not take part */
  char note[160]; /* what a reader of its figures must know */
  bool absent;    /* takes part in no case */
  bool is_peak;   /* measures the machine's limit, not a contestant */
  /* Prepares a case, runs it once and checks the result. Returns false if it skips the case; `why`
   * says the reason. A wrong result ends the program. */
  bool (*prepare)(contestant *self, const bench_case *c);
  /* Seconds that so many repetitions took, until the last was finished. */
  double (*run)(contestant *self, size_t repetitions);
  void (*free)(contestant *self); /* frees the state, not the contestant */
  void *state;
};

typedef struct bench {
  const char *name, *only;
  bool quick;
  bool gpu; /* --gpu: the cases and peers for an NVIDIA GPU instead of the processor */
  FILE *csv;
  char *earlier; /* --continue: the rows that the file had; or NULL */
  ebb_device *device;
  size_t threads; /* of every contestant: the device's compute units; with a GPU, the host's
                   * cores */
  char date[16], machine[160], driver[160];
  contestant *contestants[BENCH_CONTESTANTS];
  size_t count, cases, kept;
} bench;

/* A contestant's samples of one case, in seconds per repetition. Ratios are our speed over its. */
typedef struct bench_result {
  size_t samples;
  double median, p10, p90;
  double fraction; /* of the peak measured in the same case; 0: none */
  double ratio, ratio_p10, ratio_p90;
} bench_result;

/* Reads the options and opens the device. Ends the program on --help and bad options. */
void bench_open(bench *b, const char *name, const char *summary, int argc, char **argv);

/* Adds a contestant, which the bench frees; an absent one is reported and left out. */
void bench_enter(bench *b, contestant *who);

/* A zeroed contestant of this name and state. */
contestant *bench_contestant(const char *name, void *state);

/* Declares that `who` does not take part, and why. */
bool bench_sit_out(contestant *who, const char *format, ...);

bool bench_wants(const bench *b, const char *name); /* --only */
void bench_run(bench *b, const bench_case *c);      /* contest.c; unless bench_has */
void bench_close(bench *b);

/* record.c: the table on standard output and the CSV file. The rows of a case reach the file
 * together, so that a run that is killed leaves whole cases. */
void bench_csv_open(bench *b, const char *path, bool append);
bool bench_has(bench *b, const bench_case *c); /* --continue: in the file already; counts it */
void bench_csv_row(const bench *b, const bench_case *c, const contestant *who,
                   const bench_result *result);
void bench_table_header(const bench *b, const bench_case *c);
void bench_table_row(const bench *b, const bench_case *c, const bench_result *results);

/* machine.c: the processor's name and cores; and the fraction of them that is busy while we
 * sleep. */
void bench_describe_machine(char *out, size_t size);
double bench_machine_busy(void);

double bench_now(void); /* seconds, monotonic */
void bench_must(ebb_status status);
void bench_fail(const char *format, ...); /* ends the program */

/* The same for a wrong result, unless EBB_BENCH_BLIND is set: then nothing is judged. That is for
 * stand-ins of a device that compute nothing. */
void bench_wrong(const char *format, ...);
void *bench_alloc(size_t bytes); /* zeroed; never NULL */

/* `count` numbers from -1 to 1, the same for the same seed. */
void bench_random(float *out, size_t count, uint32_t seed);

#endif
