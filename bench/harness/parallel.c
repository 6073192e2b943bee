/* Threads for the peaks: each on its own processor, all starting at one barrier.
 *
 * Threads are created for each sample: a pool would save 50 us of 4 ms, and idle threads might
 * disturb the other contestants. They are pinned, because the scheduler may leave two new threads
 * on one core for longer than a sample.
 */
#include "probe.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

typedef struct job {
  void (*work)(void *user, size_t index);
  void *user;
  size_t index;
  pthread_barrier_t *start;
} job;

/* Binds the calling thread to the index-th processor that the process may use. */
static void pin(size_t index) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  size_t left = index % (size_t)CPU_COUNT(&allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &allowed) || left-- > 0) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    return;
  }
}

static void *run_job(void *argument) {
  job *j = argument;
  pin(j->index);
  pthread_barrier_wait(j->start);
  j->work(j->user, j->index);
  return NULL;
}

void bench_parallel(size_t count, void (*work)(void *user, size_t index), void *user) {
  pthread_barrier_t start;
  pthread_t *threads = bench_alloc(count * sizeof *threads);
  job *jobs = bench_alloc(count * sizeof *jobs);
  pthread_barrier_init(&start, NULL, (unsigned)count);
  for (size_t i = 0; i < count; i++) {
    jobs[i] = (job){work, user, i, &start};
    if (pthread_create(&threads[i], NULL, run_job, &jobs[i]) != 0)
      bench_fail("no thread could be made");
  }
  for (size_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&start);
  free(threads);
  free(jobs);
}
