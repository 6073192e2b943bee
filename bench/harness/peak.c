/* The FMA peak: the throughput of the processor's multipliers at this moment, all cores together.
 *
 * The vector width is the processor's widest, found at run time, so that machines can be compared.
 * Each core's rate refers to its own time, so a core that started late does not lower the peak.
 * Only this file is compiled with -ffp-contract=fast: GCC's vector types then become fused
 * multiply-adds without assembler.
 */
#include "probe.h"

#include <stdlib.h>
#include <string.h>

enum { BURN_ROUNDS = 20000, MAX_THREADS = 1024 };

static const double DURATION = 4e-3;

#if defined(__x86_64__)
typedef float floats16 __attribute__((vector_size(64)));
#define TARGET __attribute__((target("avx512f")))
#define VECTOR floats16
#define BURN   burn16
#include "burn.h"

typedef float floats8 __attribute__((vector_size(32)));
#define TARGET __attribute__((target("avx2,fma")))
#define VECTOR floats8
#define BURN   burn8
#include "burn.h"
#endif

typedef float floats4 __attribute__((vector_size(16)));
#define TARGET
#define VECTOR floats4
#define BURN   burn4
#include "burn.h"

typedef struct peak {
  double (*burn)(size_t rounds, float start);
  double width;
  float start;
  size_t threads;
  double flops; /* of the case */
  double rates[MAX_THREADS], results[MAX_THREADS];
} peak;

static void choose(peak *p, contestant *who) {
  p->burn = burn4;
  p->width = 4;
  p->start = 2;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    p->burn = burn8;
    p->width = 8;
  }
  if (__builtin_cpu_supports("avx512f")) {
    p->burn = burn16;
    p->width = 16;
  }
#endif
  snprintf(who->version, sizeof who->version, "%.0f floats wide", p->width);
}

static void work(void *user, size_t index) {
  peak *p = user;
  double start = bench_now(), seconds;
  size_t rounds = 0;
  do {
    p->results[index] += p->burn(BURN_ROUNDS, p->start);
    rounds += BURN_ROUNDS;
    seconds = bench_now() - start;
  } while (seconds < DURATION);
  p->rates[index] = (double)rounds * 12 * 2 * p->width / seconds;
}

static bool prepare(contestant *self, const bench_case *c) {
  peak *p = self->state;
  p->flops = c->flops;
  return true;
}

/* The seconds that the case's operations would take at the peak. */
static double run(contestant *self, size_t repetitions) {
  peak *p = self->state;
  bench_parallel(p->threads, work, p);
  double rate = 0;
  for (size_t i = 0; i < p->threads; i++) rate += p->rates[i];
  return (double)repetitions * p->flops / rate;
}

static void release(contestant *self) {
  free(self->state);
}

contestant *bench_fma_peak(const bench *b) {
  peak *p = bench_alloc(sizeof *p);
  contestant *who = bench_contestant("fma_peak", p);
  who->is_peak = true;
  who->prepare = prepare;
  who->run = run;
  who->free = release;
  p->threads = b->threads < MAX_THREADS ? b->threads : MAX_THREADS;
  choose(p, who);
  if (ebb_device_get_info(b->device)->type != EBB_DEVICE_CPU)
    who->absent = !bench_sit_out(who, "the device is not the processor that it measures");
  return who;
}
