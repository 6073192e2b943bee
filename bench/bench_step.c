/* Whole training steps, forward, loss, backward and update, on the default device. With --gpu one
 * network takes batches of 64 to 8192 rows, and PyTorch trains on its CUDA device.
 *
 * Each network is verified against the double-precision reference before it is timed. A sample is
 * the wall time of a run of steps that ends with the queue empty, divided by the number of steps.
 */
#include "harness/probe.h"
#include "step.h"

#include <stdlib.h>
#include <string.h>

/* Whose case it is. */
enum { CPU = 1, GPU = 2 };

/* Of a GPU's, what tells most comes first: time on one is short. */
static const struct {
  const char *name, *spec;
  size_t batch;
  bool quick;
  int where;
} cases[] = {
    {"784-512-512-10", "784-512relu-512relu-10", 64, true, GPU},
    {"784-512-512-10", "784-512relu-512relu-10", 32, true, CPU},
    {"784-512-512-10", "784-512relu-512relu-10", 128, true, CPU},
    {"784-512-512-10", "784-512relu-512relu-10", 1024, false, CPU | GPU},
    {"784-512-512-10", "784-512relu-512relu-10", 8192, true, GPU},
    {"784-512-512-10", "784-512relu-512relu-10", 256, false, GPU},
    {"784-512-512-10", "784-512relu-512relu-10", 512, false, GPU},
    {"784-128-10", "784-128relu-10", 32, true, CPU},
    {"784-128-10", "784-128relu-10", 128, false, CPU},
    {"784-512-512-10 norm", "784-512-layernormrelu-512-layernormrelu-10", 128, false, CPU},
    {"784-512-512-10 dropout", "784-512relu-drop0.2-512relu-drop0.2-10", 128, false, CPU},
    {"784-512-512-10 norm dropout", "784-512-layernormrelu-drop0.2-512-layernormrelu-drop0.2-10",
     128, false, CPU},
    {"8-32-32-2", "8-32relu-32relu-2", 32, true, CPU},
    {"16-64-64-4", "16-64relu-64relu-4", 32, false, CPU},
    {"1024-1024-1024-1024-10", "1024-1024relu-1024relu-1024relu-10", 128, false, CPU},
};

/* Multiplications and additions in a step's matmuls. The first layer has no input gradient. */
static double step_flops(const ebb_spec *spec, size_t batch) {
  double sum = 0;
  for (size_t l = 0; l < spec->count; l++) {
    if (spec->nodes[l].kind != EBB_KIND_DENSE) continue;
    double product =
        2.0 * (double)batch * (double)ebb_spec_cols(spec, l) * (double)ebb_spec_cols(spec, l + 1);
    sum += product * (l == 0 ? 2 : 3);
  }
  return sum;
}

static void run_step(bench *b, size_t at, ebb_optimizer_kind kind) {
  step p = {.text = cases[at].spec,
            .batch = cases[at].batch,
            .optimizer = ebb_optimizer_default(kind),
            .learning_rate = 1e-3f};
  if (kind == EBB_OPT_SGD) p.optimizer.momentum = 0.9;
  char name[64];
  snprintf(name, sizeof name, "%s b%zu %s", cases[at].name, p.batch, ebb_optimizer_name(kind));
  if (!bench_wants(b, name)) return;
  bench_must(ebb_spec_parse(&p.spec, cases[at].spec, 0, 0));
  bench_case c = {.group = "step",
                  .name = name,
                  .layout = "",
                  .optimizer = kind == EBB_OPT_SGD ? "sgd momentum" : ebb_optimizer_name(kind),
                  .batch = p.batch,
                  .flops = step_flops(&p.spec, p.batch),
                  .problem = &p};
  bench_run(b, &c);
}

/* The newest PyTorch in the interpreter of EBB_BENCH_PYTHON, and Debian's if that is different. */
static void enter_torch(bench *b) {
  const char *chosen = getenv("EBB_BENCH_PYTHON"), *debian = "/usr/bin/python3";
  contestant *newest =
      step_torch("pytorch", chosen && *chosen ? chosen : "python3", b->threads, "cpu", "eager");
  bench_enter(b, newest);
  contestant *other = step_torch("pytorch_debian", debian, b->threads, "cpu", "eager");
  if (!other->absent && !newest->absent && strcmp(other->version, newest->version) == 0)
    other->absent = !bench_sit_out(other, "the same as pytorch");
  bench_enter(b, other);
}

static void enter_processor(bench *b) {
  bench_enter(b, bench_fma_peak(b));
  enter_torch(b);
  bench_enter(b, step_jax("jax", b->threads, "step"));
  bench_enter(b, step_jax("jax_scan", b->threads, "scan"));
  bench_enter(b, step_fann());
}

static void enter_gpu(bench *b) {
  bench_enter(b, step_torch("pytorch_cuda", NULL, b->threads, "cuda", "eager"));
  bench_enter(b, step_torch("pytorch_graph", NULL, b->threads, "cuda", "graph"));
}

int main(int argc, char **argv) {
  bench b;
  bench_open(&b, "step",
             "Whole training steps, against PyTorch, JAX and FANN where they are installed.", argc,
             argv);
  bench_enter(&b, step_ebb(&b));
  b.gpu ? enter_gpu(&b) : enter_processor(&b);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if ((b.quick && !cases[i].quick) || !(cases[i].where & (b.gpu ? GPU : CPU))) continue;
    run_step(&b, i, EBB_OPT_SGD);
    run_step(&b, i, EBB_OPT_ADAM);
  }
  bench_close(&b);
  return 0;
}
