/* Whole training steps: gather, forward, loss, backward, update, on the default device.
 *
 * Each network is verified against the double-precision reference before it is timed. A sample is
 * the wall time of a run of steps that ends with the queue empty, divided by the steps; samples of
 * all networks are taken in turn, so that a busy moment of the machine hits none of them alone.
 */
#include <ebb/ebb.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SAMPLES = 15, ROWS = 4096 };

static const struct {
  const char *spec;
  size_t batch;
  ebb_optimizer_kind optimizer;
} cases[] = {
    {"8-32relu-32relu-2", 32, EBB_OPT_ADAM},        {"784-128relu-10", 32, EBB_OPT_ADAM},
    {"784-128relu-10", 128, EBB_OPT_ADAM},          {"784-512relu-512relu-10", 32, EBB_OPT_SGD},
    {"784-512relu-512relu-10", 128, EBB_OPT_SGD},   {"784-512relu-512relu-10", 128, EBB_OPT_ADAM},
    {"784-512relu-512relu-10", 1024, EBB_OPT_ADAM},
};
enum { CASES = sizeof cases / sizeof *cases };

/* A case made ready to run. */
typedef struct bench {
  ebb_network *network;
  ebb_trainer *trainer;
  float *x;
  int32_t *labels;
  double flops, seconds[SAMPLES];
  size_t steps; /* a sample */
} bench;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(ebb_status status) {
  if (status == EBB_OK) return;
  fprintf(stderr, "bench_step: %s\n", ebb_error_message());
  exit(1);
}

/* Multiplications and additions of a step's matmuls: no input gradient for the first layer. */
static double step_flops(const ebb_spec *spec, size_t batch) {
  double sum = 0;
  for (size_t l = 0; l < spec->count; l++)
    sum +=
        2.0 * (double)(batch * spec->layers[l].inputs * spec->layers[l].outputs) * (l == 0 ? 2 : 3);
  return sum;
}

static void make_data(bench *b, size_t inputs, size_t classes) {
  b->x = malloc(ROWS * inputs * sizeof *b->x);
  b->labels = malloc(ROWS * sizeof *b->labels);
  if (!b->x || !b->labels) exit(1);
  uint32_t random = 1;
  for (size_t i = 0; i < ROWS * inputs; i++) {
    random = random * 1664525u + 1013904223u;
    b->x[i] = (float)(random >> 8) / (1 << 24);
  }
  for (size_t r = 0; r < ROWS; r++) b->labels[r] = (int32_t)(r % classes);
}

static void verify(ebb_device *device, const bench *b, const ebb_optimizer *optimizer) {
  ebb_verify_options options = {.network = b->network, .optimizer = *optimizer};
  ebb_verify_result result;
  must(ebb_verify(&result, device, &options, NULL, NULL));
}

static void set_up(bench *b, ebb_device *device, int at) {
  ebb_spec spec;
  must(ebb_spec_parse(&spec, cases[at].spec, 0, 0));
  must(ebb_network_create(&b->network, device, &spec, EBB_INIT_AUTO, 1));
  size_t inputs = ebb_spec_inputs(&spec), classes = ebb_spec_outputs(&spec);
  make_data(b, inputs, classes);
  ebb_dataset data = {
      .rows = ROWS, .inputs = inputs, .outputs = classes, .x = b->x, .labels = b->labels};
  ebb_train_options options = ebb_train_options_default();
  options.optimizer = ebb_optimizer_default(cases[at].optimizer);
  if (cases[at].optimizer == EBB_OPT_SGD) options.optimizer.momentum = 0.9;
  options.batch = cases[at].batch;
  verify(device, b, &options.optimizer);
  must(ebb_trainer_create(&b->trainer, b->network, &data, NULL, &options));
  b->flops = step_flops(&spec, cases[at].batch);
}

static double sample(bench *b, ebb_device *device) {
  double start = now();
  must(ebb_trainer_step(b->trainer, b->steps));
  must(ebb_device_finish(device));
  return (now() - start) / (double)b->steps;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print(const bench *b, int at) {
  const double *s = b->seconds;
  printf("| %-24s | %5zu | %-5s | %9.4f | %9.4f | %9.4f | %9.1f |\n", cases[at].spec,
         cases[at].batch, ebb_optimizer_name(cases[at].optimizer), 1e3 * s[SAMPLES / 2],
         1e3 * s[SAMPLES / 10], 1e3 * s[SAMPLES * 9 / 10], 1e-9 * b->flops / s[SAMPLES / 2]);
}

int main(void) {
  static bench benches[CASES];
  ebb_device *device;
  must(ebb_device_open(&device, NULL));
  printf("%s, %s\n\n", ebb_device_get_info(device)->name, ebb_device_reason(device));
  for (int c = 0; c < CASES; c++) {
    bench *b = &benches[c];
    set_up(b, device, c);
    b->steps = 10;
    sample(b, device); /* compiles */
    b->steps = 1 + (size_t)(0.05 / sample(b, device));
  }
  for (int i = 0; i < SAMPLES; i++)
    for (int c = 0; c < CASES; c++) benches[c].seconds[i] = sample(&benches[c], device);
  printf("| network                  | batch | opt   | median ms |    p10 ms |    p90 ms |  "
         "GFLOP/s |\n"
         "|--------------------------|-------|-------|-----------|-----------|-----------|---------"
         "-|\n");
  for (int c = 0; c < CASES; c++) {
    qsort(benches[c].seconds, SAMPLES, sizeof(double), ascending);
    print(&benches[c], c);
    ebb_trainer_free(benches[c].trainer);
    ebb_network_free(benches[c].network);
    free(benches[c].x);
    free(benches[c].labels);
  }
  ebb_device_free(device);
  return 0;
}
