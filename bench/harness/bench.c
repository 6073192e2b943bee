/* The frame of a bench program: options, device, contestants, and the machine.
 *
 * Measures the default device, as a user would get it (EBB_DEVICE chooses another). All contestants
 * get as many threads as the device has compute units, so POCL_MAX_PTHREAD_COUNT applies to the
 * peers as well. Rejected: each peer's own thread count, which compares defaults instead of
 * programs.
 */
#include "bench.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char BLIND[] = "EBB_BENCH_BLIND";

static void usage(FILE *out, const char *name, const char *summary) {
  fprintf(out,
          "usage: bench_%s [--quick] [--gpu] [--only TEXT] [--csv FILE]\n\n%s\n\n"
          "  --quick      fewer cases and samples\n"
          "  --gpu        the cases and the peers of an NVIDIA GPU\n"
          "  --only TEXT  only cases whose name contains TEXT\n"
          "  --csv FILE   write every figure to FILE\n"
          "  --continue   leave out the cases that FILE has, and add the others\n"
          "  --help       print this page\n",
          name, summary);
}

static void bad_option(const bench *b, const char *word, const char *what) {
  fprintf(stderr, "bench_%s: %s: %s; see bench_%s --help\n", b->name, word, what, b->name);
  exit(2);
}

static void read_options(bench *b, const char *summary, int argc, char **argv) {
  const char *path = NULL;
  bool append = false;
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    if (strcmp(word, "--help") == 0) {
      usage(stdout, b->name, summary);
      exit(0);
    } else if (strcmp(word, "--quick") == 0) {
      b->quick = true;
    } else if (strcmp(word, "--gpu") == 0) {
      b->gpu = true;
    } else if (strcmp(word, "--continue") == 0) {
      append = true;
    } else if (strcmp(word, "--only") != 0 && strcmp(word, "--csv") != 0) {
      bad_option(b, word, "no such option");
    } else if (++i == argc) {
      bad_option(b, word, "needs a value");
    } else if (strcmp(word, "--only") == 0) {
      b->only = argv[i];
    } else {
      path = argv[i];
    }
  }
  if (path) bench_csv_open(b, path, append);
  if (path && !b->csv) bad_option(b, path, "cannot be written");
}

void bench_open(bench *b, const char *name, const char *summary, int argc, char **argv) {
  *b = (bench){.name = name};
  read_options(b, summary, argc, argv);
  bench_must(ebb_device_open(&b->device, NULL));
  const ebb_device_info *info = ebb_device_get_info(b->device);
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  b->threads = info->type == EBB_DEVICE_CPU ? info->compute_units : (size_t)cores;
  time_t now = time(NULL);
  strftime(b->date, sizeof b->date, "%Y-%m-%d", localtime(&now));
  bench_describe_machine(b->machine, sizeof b->machine);
  snprintf(b->driver, sizeof b->driver, "%s%.50s, %.90s", getenv(BLIND) ? "blind: " : "",
           info->platform, info->driver);
  double busy = bench_machine_busy();
  if (busy > 0.05)
    printf("warning: others keep %.0f %% of the processors busy; what follows will not hold\n",
           100 * busy);
  printf("bench_%s, ebb %s, %s: %s; %s, %zu threads, %s\n", name, ebb_version(), b->date,
         b->machine, info->name, b->threads, b->driver);
}

contestant *bench_contestant(const char *name, void *state) {
  contestant *who = bench_alloc(sizeof *who);
  who->name = name;
  who->state = state;
  return who;
}

bool bench_sit_out(contestant *who, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(who->why, sizeof who->why, format, arguments);
  va_end(arguments);
  return false;
}

void bench_enter(bench *b, contestant *who) {
  if (b->count == BENCH_CONTESTANTS) bench_fail("more than %d contestants", BENCH_CONTESTANTS);
  b->contestants[b->count++] = who;
  if (!who->absent) return;
  printf("skipped: %s: %s\n", who->name, who->why);
  bench_case none = {.group = "", .name = "", .layout = "", .optimizer = ""};
  if (!b->csv || (b->earlier && *b->earlier)) return;
  bench_csv_row(b, &none, who, NULL);
  fflush(b->csv);
}

bool bench_wants(const bench *b, const char *name) {
  return !b->only || strstr(name, b->only);
}

void bench_close(bench *b) {
  if (b->cases + b->kept == 0)
    bench_fail("bench_%s: no case has \"%s\" in its name", b->name, b->only);
  for (size_t i = 0; i < b->count; i++) {
    if (b->contestants[i]->free) b->contestants[i]->free(b->contestants[i]);
    free(b->contestants[i]);
  }
  if (b->csv && fclose(b->csv) != 0) bench_fail("bench_%s: the CSV file: write error", b->name);
  free(b->earlier);
  ebb_device_free(b->device);
}

double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void end(const char *format, va_list arguments) {
  fflush(stdout);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

void bench_fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  end(format, arguments);
  va_end(arguments);
}

void bench_wrong(const char *format, ...) {
  va_list arguments;
  if (getenv(BLIND)) return;
  va_start(arguments, format);
  end(format, arguments);
  va_end(arguments);
}

void bench_must(ebb_status status) {
  if (status != EBB_OK) bench_fail("%s", ebb_error_message());
}

void *bench_alloc(size_t bytes) {
  void *memory = calloc(1, bytes);
  if (!memory) bench_fail("no memory for %zu bytes", bytes);
  return memory;
}

void bench_random(float *out, size_t count, uint32_t seed) {
  uint32_t random = seed * 2654435761u + 1;
  for (size_t i = 0; i < count; i++) {
    random = random * 1664525u + 1013904223u;
    out[i] = (float)(random >> 8) / (float)(1 << 23) - 1;
  }
}
