/* Activations, losses and optimizers on arrays larger than any cache, against the memory bandwidth.
 *
 * Bytes and operations are counted as in kernels/README.md: what must move at least once, without
 * transcendental functions. Sizes need no padding. A GPU's second-level cache may hold most of 64
 * MiB, so on a GPU arrays are four times as long.
 */
#include "element.h"
#include "harness/probe.h"
#include "harness/worker.h"

enum { ROWS = 4096, COLS = 4128, WIDE = 1056 }; /* 64.5 MiB; the losses': 16384 x 1056, 66 MiB */

static size_t tall(const bench *b) {
  return ebb_device_get_info(b->device)->type == EBB_DEVICE_CPU ? ROWS : 4 * ROWS;
}

/* Bytes and operations per element of an activation: dz, the operand of its factor, and back. */
static void run_activation(bench *b, ebb_activation activation, element_kind kind) {
  bool forward = kind == ELEMENT_FORWARD;
  char name[64];
  snprintf(name, sizeof name, "%s %s", ebb_activation_name(activation),
           forward ? "forward" : "backward");
  if (!bench_wants(b, name)) return;
  element e = {.kind = kind, .rows = tall(b), .cols = COLS, .activation = activation};
  double count = (double)e.rows * (double)e.cols;
  bench_case c = {.group = "activation",
                  .name = name,
                  .layout = "",
                  .optimizer = "",
                  .flops = count,
                  .bytes = 12 * count,
                  .problem = &e};
  bench_run(b, &c);
}

static void run_activations(bench *b) {
  for (ebb_activation a = EBB_ACT_RELU; a < EBB_ACT_COUNT; a++) {
    if (b->quick && a != EBB_ACT_RELU && a != EBB_ACT_TANH && a != EBB_ACT_GELU) continue;
    if (!element_knows(a)) continue;
    run_activation(b, a, ELEMENT_FORWARD);
    run_activation(b, a, ELEMENT_BACKWARD);
  }
}

static void run_losses(bench *b) {
  for (int l = 0; l < EBB_LOSS_COUNT; l++) {
    ebb_loss loss = ebb_loss_default((ebb_loss_kind)l);
    if (!element_knows_loss(loss.kind)) continue;
    bool values = !ebb_loss_has_labels(loss.kind);
    double target_bytes = values ? 4 / (double)ebb_loss_outputs(loss) : 0;
    element e = {.kind = ELEMENT_LOSS, .rows = 4 * tall(b), .cols = WIDE, .loss = loss};
    double count = (double)e.rows * (double)e.cols;
    bench_case c = {.group = "loss",
                    .name = ebb_loss_name(loss.kind),
                    .layout = "",
                    .optimizer = "",
                    .batch = e.rows,
                    .flops = (values ? 4 : 5) * count,
                    .bytes = (8 + target_bytes) * count,
                    .problem = &e};
    if (bench_wants(b, c.name)) bench_run(b, &c);
  }
}

static const struct {
  const char *name;
  ebb_optimizer_kind kind;
  double momentum;
  bool nesterov;
  double flops, bytes; /* per parameter */
} updates[] = {
    {"sgd", EBB_OPT_SGD, 0, false, 2, 12},
    {"sgd momentum", EBB_OPT_SGD, 0.9, false, 6, 20},
    {"sgd nesterov", EBB_OPT_SGD, 0.9, true, 8, 20},
    {"adam", EBB_OPT_ADAM, 0, false, 15, 28},
    {"adamw", EBB_OPT_ADAMW, 0, false, 15, 28},
};

static void run_updates(bench *b) {
  for (size_t i = 0; i < sizeof updates / sizeof *updates; i++) {
    char name[64];
    snprintf(name, sizeof name, "update %s", updates[i].name);
    if (!bench_wants(b, name) || (b->quick && updates[i].nesterov)) continue;
    element e = {.kind = ELEMENT_UPDATE,
                 .rows = tall(b),
                 .cols = COLS,
                 .optimizer = ebb_optimizer_default(updates[i].kind),
                 .learning_rate = 1e-3f};
    e.optimizer.momentum = updates[i].momentum;
    e.optimizer.nesterov = updates[i].nesterov;
    double count = (double)e.rows * (double)e.cols;
    bench_case c = {.group = "update",
                    .name = name,
                    .layout = "",
                    .optimizer = updates[i].name,
                    .flops = updates[i].flops * count,
                    .bytes = updates[i].bytes * count,
                    .problem = &e};
    bench_run(b, &c);
  }
}

static void describe(char *text, size_t size, const bench_case *c) {
  snprintf(text, size, "%.0f", c->bytes);
}

static void enter_processor(bench *b) {
  bench_enter(b, bench_stream_triad(b));
  bench_enter(b, bench_stream_in_place(b));
  bench_enter(b, bench_stream_copy(b));
}

/* The seconds that the case's bytes take in CUDA's own copy within device memory. */
static void enter_gpu(bench *b) {
  static const char *const arguments[] = {"1", "cuda", NULL};
  bench_enter(b, bench_script("cuda_copy", NULL, "torch_copy.py", arguments, describe));
}

int main(int argc, char **argv) {
  bench b;
  bench_open(&b, "elementwise",
             "Activations, losses and optimizers on large arrays, against a native STREAM probe.",
             argc, argv);
  bench_enter(&b, element_ebb(&b));
  b.gpu ? enter_gpu(&b) : enter_processor(&b);
  run_updates(&b);
  run_losses(&b);
  run_activations(&b);
  bench_close(&b);
  return 0;
}
