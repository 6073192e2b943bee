/* ebb's matrix products, and CLBlast's through ebb, as contestants.
 *
 * Tensors have padded rows, as in training. Each call is direct, as a user of ebb/ops.h makes it,
 * so the time includes the host's work for a launch, and packing if an engine packs.
 */
#include "harness/library.h"
#include "product.h"

#include <stdlib.h>
#include <string.h>

typedef struct device_state {
  ebb_device *device;
  ebb_engine engine;
  const product *p;
  ebb_tensor *a, *b, *c;
} device_state;

static void free_tensors(device_state *s) {
  ebb_tensor_free(s->a);
  ebb_tensor_free(s->b);
  ebb_tensor_free(s->c);
  s->a = s->b = s->c = NULL;
}

static void make_operand(ebb_tensor **out, device_state *s, size_t rows, size_t cols,
                         const float *values) {
  bool half = s->p->precision == EBB_PRECISION_BF16; /* as hidden layers store it */
  bench_must(ebb_tensor_create(out, s->device, half ? EBB_BF16 : EBB_F32, rows, cols));
  bench_must(ebb_tensor_upload_floats(*out, values));
}

static double device_run(contestant *self, size_t repetitions) {
  device_state *s = self->state;
  ebb_engine before = ebb_device_engine(s->device);
  bench_must(ebb_device_set_engine(s->device, s->engine));
  double start = bench_now();
  for (size_t i = 0; i < repetitions; i++)
    bench_must(ebb_matmul(s->c, s->a, s->p->transpose_a, s->b, s->p->transpose_b));
  bench_must(ebb_device_finish(s->device));
  double seconds = bench_now() - start;
  bench_must(ebb_device_set_engine(s->device, before));
  return seconds;
}

/* Ends the program if the contestant's result is wrong. */
static void check(const contestant *self, const product *p) {
  char what[160];
  if (!product_check(what, sizeof what, p, p->c)) bench_wrong("%s: wrong: %s", self->name, what);
}

static bool device_prepare(contestant *self, const bench_case *c) {
  device_state *s = self->state;
  const product *p = c->problem;
  free_tensors(s);
  bool on_cpu = ebb_device_get_info(s->device)->type == EBB_DEVICE_CPU;
  if (s->engine == EBB_ENGINE_CLBLAST && on_cpu && c->flops > 2.2e9)
    return bench_sit_out(self, "left out: above 1024x1024x1024 it would take minutes");
  s->p = p;
  if (ebb_device_precision(s->device) != p->precision)
    bench_must(ebb_device_set_precision(s->device, p->precision));
  make_operand(&s->a, s, p->transpose_a ? p->k : p->m, p->transpose_a ? p->m : p->k, p->a);
  make_operand(&s->b, s, p->transpose_b ? p->n : p->k, p->transpose_b ? p->k : p->n, p->b);
  bench_must(ebb_tensor_create(&s->c, s->device, EBB_F32, p->m, p->n));
  device_run(self, 1);
  bench_must(ebb_tensor_download(p->c, s->c));
  check(self, p);
  return true;
}

static void device_release(contestant *self) {
  free_tensors(self->state);
  free(self->state);
}

static contestant *device_contestant(const bench *b, const char *name, ebb_engine engine) {
  device_state *s = bench_alloc(sizeof *s);
  contestant *who = bench_contestant(name, s);
  s->device = b->device;
  s->engine = engine;
  who->prepare = device_prepare;
  who->run = device_run;
  who->free = device_release;
  return who;
}

contestant *product_ebb(const bench *b) {
  contestant *who = device_contestant(b, "ebb", ebb_device_engine(b->device));
  snprintf(who->version, sizeof who->version, "%s", ebb_version());
  snprintf(who->note, sizeof who->note, "engine %s", ebb_engine_name(ebb_device_engine(b->device)));
  return who;
}

contestant *product_clblast(const bench *b) {
  static const bench_symbol none[] = {{NULL, NULL}};
  contestant *who = device_contestant(b, "clblast", EBB_ENGINE_CLBLAST);
  ebb_engine before = ebb_device_engine(b->device);
  if (!bench_library(who, "libclblast.so.1", "libclblast1", none)) return who;
  if (ebb_device_set_engine(b->device, EBB_ENGINE_CLBLAST) != EBB_OK)
    who->absent = !bench_sit_out(who, "%s", ebb_error_message());
  bench_must(ebb_device_set_engine(b->device, before));
  return who;
}
