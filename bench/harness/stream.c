/* The memory bandwidth, after McCalpin's STREAM: triad and copy over arrays larger than any cache.
 *
 * As in STREAM, bytes are those in the formula: 12 per float for triad, although a plain store
 * first reads its line, which makes 16. The kernels are counted the same way. Threads take pieces
 * of the arrays until none is left, as an OpenCL device does with groups: with fixed halves, one
 * busy core would halve the figure.
 */
#include "probe.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ARRAY = 1 << 24, PIECE = 1 << 16, MAX_THREADS = 1024 }; /* floats: 64 MiB, 256 KiB */

typedef struct stream {
  void (*pass)(float *a, const float *b, const float *c, size_t count);
  double bytes_a_float;
  size_t threads;
  double bytes; /* of the case */
  float *a, *b, *c;
  atomic_size_t next; /* first float not taken by a thread */
  double rates[MAX_THREADS];
} stream;

static void triad(float *restrict a, const float *restrict b, const float *restrict c,
                  size_t count) {
  for (size_t i = 0; i < count; i++) a[i] = b[i] + 3 * c[i];
}

static void in_place(float *restrict a, const float *restrict b, const float *restrict c,
                     size_t count) {
  (void)c;
  for (size_t i = 0; i < count; i++) a[i] = a[i] / 2 + b[i];
}

static void copy(float *restrict a, const float *restrict b, const float *restrict c,
                 size_t count) {
  (void)c;
  memcpy(a, b, count * sizeof *a);
}

static void work(void *user, size_t index) {
  stream *s = user;
  double start = bench_now();
  size_t done = 0, at;
  while ((at = atomic_fetch_add(&s->next, PIECE)) < ARRAY) {
    s->pass(s->a + at, s->b + at, s->c + at, PIECE);
    done += PIECE;
  }
  s->rates[index] = s->bytes_a_float * (double)done / (bench_now() - start);
}

static bool prepare(contestant *self, const bench_case *c) {
  stream *s = self->state;
  s->bytes = c->bytes;
  return true;
}

/* The seconds that the case's bytes would take at this bandwidth. */
static double run(contestant *self, size_t repetitions) {
  stream *s = self->state;
  double rate = 0;
  atomic_store(&s->next, 0);
  bench_parallel(s->threads, work, s);
  for (size_t i = 0; i < s->threads; i++) rate += s->rates[i];
  return (double)repetitions * s->bytes / rate;
}

static void release(contestant *self) {
  stream *s = self->state;
  free(s->a);
  free(s->b);
  free(s->c);
  free(s);
}

static float *array(void) {
  float *memory = aligned_alloc(4096, ARRAY * sizeof *memory);
  if (!memory) bench_fail("no memory for the arrays of the STREAM probe");
  for (size_t i = 0; i < ARRAY; i++) memory[i] = 1;
  return memory;
}

static contestant *make(const bench *b, const char *name,
                        void (*pass)(float *a, const float *b, const float *c, size_t count),
                        double bytes_a_float) {
  stream *s = bench_alloc(sizeof *s);
  contestant *who = bench_contestant(name, s);
  s->pass = pass;
  s->bytes_a_float = bytes_a_float;
  who->prepare = prepare;
  who->run = run;
  who->free = release;
  snprintf(who->version, sizeof who->version, "arrays of %d MiB", (int)(ARRAY >> 18));
  s->threads = b->threads < MAX_THREADS ? b->threads : MAX_THREADS;
  if (ebb_device_get_info(b->device)->type != EBB_DEVICE_CPU) {
    who->absent = !bench_sit_out(who, "the device's memory is not the one that it measures");
    return who;
  }
  s->a = array();
  s->b = array();
  s->c = array();
  return who;
}

contestant *bench_stream_triad(const bench *b) {
  contestant *who = make(b, "stream_triad", triad, 12);
  who->is_peak = true;
  return who;
}

contestant *bench_stream_copy(const bench *b) {
  return make(b, "stream_copy", copy, 8);
}

contestant *bench_stream_in_place(const bench *b) {
  return make(b, "stream_in_place", in_place, 12);
}
