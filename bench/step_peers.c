/* The contestants for training steps: ebb, PyTorch and JAX in their own processes, FANN.
 *
 * All have their data in memory before the clock starts, and no result is read in a step. ebb
 * gathers a shuffled batch within its step, PyTorch and JAX slice one in order. FANN's batch
 * training has no momentum, no Adam and no cross-entropy; it does the nearest equivalent, and its
 * note says so.
 */
#include "harness/library.h"
#include "harness/worker.h"
#include "step.h"

#include <stdlib.h>
#include <string.h>

/* Rows of the data set: several batches of any size. worker.py has the same number. */
static size_t data_rows(size_t batch) {
  return batch > 1024 ? 4 * batch : 4096;
}

/* --- ebb --- */

typedef struct ebb_steps {
  ebb_device *device;
  ebb_network *network;
  ebb_trainer *trainer;
} ebb_steps;

static double ebb_run(contestant *self, size_t repetitions) {
  ebb_steps *s = self->state;
  double start = bench_now();
  bench_must(ebb_trainer_step(s->trainer, repetitions));
  bench_must(ebb_device_finish(s->device));
  return bench_now() - start;
}

/* Runs no further epoch and only checks the steps so far: after NaN or Inf, steps would have been
 * skipped, and fast. */
static void clear(ebb_steps *s) {
  ebb_status status = s->trainer ? ebb_trainer_run(s->trainer, NULL, NULL) : EBB_OK;
  if (status != EBB_OK) bench_wrong("%s", ebb_error_message());
  ebb_trainer_free(s->trainer);
  ebb_network_free(s->network);
  s->trainer = NULL;
  s->network = NULL;
}

static void make_trainer(ebb_steps *s, const step *p) {
  size_t inputs = ebb_spec_inputs(&p->spec), classes = ebb_spec_outputs(&p->spec);
  size_t rows = data_rows(p->batch);
  float *x = bench_alloc(rows * inputs * sizeof *x);
  int32_t *labels = bench_alloc(rows * sizeof *labels);
  bench_random(x, rows * inputs, 1);
  for (size_t r = 0; r < rows; r++) labels[r] = (int32_t)(r % classes);
  ebb_dataset data = {.rows = rows, .inputs = inputs, .outputs = classes, .x = x, .labels = labels};
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.optimizer = p->optimizer;
  options.learning_rate = p->learning_rate;
  options.batch = p->batch;
  options.epochs = 0;
  options.data_on = EBB_DATA_DEVICE; /* the arrays are freed before the training */
  bench_must(ebb_trainer_create(&s->trainer, s->network, &data, NULL, &options));
  free(x);
  free(labels);
}

/* The whole network is verified against the reference in double precision. */
static bool ebb_prepare(contestant *self, const bench_case *c) {
  ebb_steps *s = self->state;
  const step *p = c->problem;
  clear(s);
  bench_must(ebb_network_create(&s->network, s->device, &p->spec, EBB_INIT_AUTO, 1));
  ebb_verify_options options = {
      .size = sizeof(ebb_verify_options), .network = s->network, .optimizer = p->optimizer};
  ebb_verify_result result;
  ebb_status verified = ebb_verify(&result, s->device, &options, NULL, NULL);
  if (verified == EBB_ERR_NUMBERS) bench_wrong("ebb: wrong: %s", ebb_error_message());
  if (verified != EBB_ERR_NUMBERS) bench_must(verified);
  make_trainer(s, p);
  ebb_run(self, 1);
  ebb_counters before = ebb_device_counters(s->device);
  bench_must(ebb_trainer_step(s->trainer, 1));
  ebb_counters after = ebb_device_counters(s->device);
  snprintf(self->note, sizeof self->note, "%llu launches, %llu bytes down a step",
           (unsigned long long)(after.launches - before.launches),
           (unsigned long long)(after.downloaded_bytes - before.downloaded_bytes));
  return true;
}

static void ebb_release(contestant *self) {
  clear(self->state);
  free(self->state);
}

contestant *step_ebb(const bench *b) {
  ebb_steps *s = bench_alloc(sizeof *s);
  contestant *who = bench_contestant("ebb", s);
  s->device = b->device;
  snprintf(who->version, sizeof who->version, "%s", ebb_version());
  who->prepare = ebb_prepare;
  who->run = ebb_run;
  who->free = ebb_release;
  return who;
}

/* --- PyTorch and JAX --- */

static void describe(char *text, size_t size, const bench_case *c) {
  const step *p = c->problem;
  snprintf(text, size, "%s %zu %s", p->text, p->batch, ebb_optimizer_name(p->optimizer.kind));
}

/* Binds threads to cores: two OpenMP threads on one core would wait for each other's time slices.
 * On an idle machine this changes nothing. */
contestant *step_torch(const char *name, const char *interpreter, size_t threads,
                       const char *device, const char *form) {
  char count[24];
  snprintf(count, sizeof count, "%zu", threads);
  setenv("OMP_PROC_BIND", "true", 1);
  const char *const arguments[] = {count, device, form};
  return bench_script(name, interpreter, "torch_step.py", arguments, describe);
}

contestant *step_jax(const char *name, size_t threads, const char *form) {
  char count[24];
  snprintf(count, sizeof count, "%zu", threads);
  const char *const arguments[] = {count, form, NULL};
  return bench_script(name, NULL, "jax_step.py", arguments, describe);
}

/* --- FANN --- */

/* FANN's constants used here (fann_data.h). */
enum { FANN_LINEAR = 0, FANN_LINEAR_PIECE = 12, FANN_TRAIN_BATCH = 1 };

typedef void fann_callback(unsigned number, unsigned inputs, unsigned outputs, float *input,
                           float *output);

typedef struct fann_steps {
  void *network, *data;
  void *(*create)(unsigned layers, const unsigned *sizes);
  void (*set_hidden)(void *network, int activation);
  void (*set_output)(void *network, int activation);
  void (*set_algorithm)(void *network, int algorithm);
  void (*set_rate)(void *network, float rate);
  void *(*create_data)(unsigned rows, unsigned inputs, unsigned outputs, fann_callback *row);
  float (*train_epoch)(void *network, void *data);
  void (*destroy)(void *network);
  void (*destroy_data)(void *data);
} fann_steps;

static void fann_row(unsigned number, unsigned inputs, unsigned outputs, float *input,
                     float *output) {
  bench_random(input, inputs, number + 1);
  for (unsigned i = 0; i < outputs; i++) output[i] = number % outputs == i ? 1.0f : 0.0f;
}

static void fann_clear(fann_steps *s) {
  if (s->network) s->destroy(s->network);
  if (s->data) s->destroy_data(s->data);
  s->network = s->data = NULL;
}

static double fann_run(contestant *self, size_t repetitions) {
  fann_steps *s = self->state;
  double start = bench_now();
  for (size_t i = 0; i < repetitions; i++) s->train_epoch(s->network, s->data);
  return bench_now() - start;
}

static bool fann_prepare(contestant *self, const bench_case *c) {
  fann_steps *s = self->state;
  const step *p = c->problem;
  fann_clear(s);
  if (p->optimizer.kind != EBB_OPT_SGD) return bench_sit_out(self, "has no Adam");
  for (size_t l = 0; l < p->spec.count; l++)
    if (p->spec.nodes[l].kind != EBB_KIND_DENSE)
      return bench_sit_out(self, "has no %s", ebb_kind_name(p->spec.nodes[l].kind));
  if (c->flops > 5e8) return bench_sit_out(self, "left out: a step would take too long");
  unsigned sizes[EBB_MAX_NODES + 1] = {(unsigned)ebb_spec_inputs(&p->spec)};
  for (size_t l = 0; l < p->spec.count; l++)
    sizes[l + 1] = (unsigned)ebb_spec_cols(&p->spec, l + 1);
  s->network = s->create((unsigned)p->spec.count + 1, sizes);
  s->data = s->create_data((unsigned)p->batch, sizes[0], sizes[p->spec.count], fann_row);
  if (!s->network || !s->data) bench_fail("fann: no memory");
  s->set_hidden(s->network, FANN_LINEAR_PIECE);
  s->set_output(s->network, FANN_LINEAR);
  s->set_algorithm(s->network, FANN_TRAIN_BATCH);
  s->set_rate(s->network, p->learning_rate);
  float first = s->train_epoch(s->network, s->data), last = first;
  for (int i = 0; i < 3; i++) last = s->train_epoch(s->network, s->data);
  if (!(last < first)) bench_fail("fann: wrong: its loss goes from %g to %g", first, last);
  return true;
}

static void fann_release(contestant *self) {
  fann_clear(self->state);
  free(self->state);
}

contestant *step_fann(void) {
  fann_steps *s = bench_alloc(sizeof *s);
  contestant *who = bench_contestant("fann", s);
  const bench_symbol symbols[] = {{"fann_create_standard_array", &s->create},
                                  {"fann_set_activation_function_hidden", &s->set_hidden},
                                  {"fann_set_activation_function_output", &s->set_output},
                                  {"fann_set_training_algorithm", &s->set_algorithm},
                                  {"fann_set_learning_rate", &s->set_rate},
                                  {"fann_create_train_from_callback", &s->create_data},
                                  {"fann_train_epoch", &s->train_epoch},
                                  {"fann_destroy", &s->destroy},
                                  {"fann_destroy_train", &s->destroy_data},
                                  {NULL, NULL}};
  who->prepare = fann_prepare;
  who->run = fann_run;
  who->free = fann_release;
  snprintf(who->note, sizeof who->note,
           "one thread; plain batch gradient descent, mean squared error, clamped linear units: "
           "less work a step than ours");
  bench_library(who, "libfloatfann.so.2", "libfann2", symbols);
  return who;
}
