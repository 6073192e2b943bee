/* `ebb bench step`: whole training steps, gather to update, as `ebb train` runs them.
 *
 * The network is first verified against the double-precision reference, and its numbers must still
 * be finite at the end: a step that no longer trains could be timed as well. Launches and bytes are
 * read from the device's counters, over as many steps as a sample has, outside the samples, since
 * the yardstick launches kernels too.
 */
#include "bench.h"

#include "inputs.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>

/* Approximate number of rows in the data set. */
enum { ROWS = 4096 };

typedef struct stepping {
  ebb_spec spec;
  ebb_train_options options;
  ebb_network *network;
  ebb_trainer *trainer;
  ebb_dataset data;
  float *x, *values;
  int32_t *labels;
  double launches, bytes_down; /* per step */
} stepping;

static ebb_status run_steps(void *context, size_t times) {
  const stepping *t = context;
  return ebb_trainer_step(t->trainer, times);
}

/* 2 m n k summed over the products of the dense layers. The first one has no input gradient. */
static double step_flops(const ebb_spec *spec, size_t batch) {
  double sum = 0;
  for (size_t n = 0; n < spec->count; n++)
    if (spec->nodes[n].kind == EBB_KIND_DENSE)
      sum += 2.0 * (double)batch * (double)ebb_spec_cols(spec, n) *
             (double)ebb_spec_cols(spec, n + 1) * (sum == 0 ? 2 : 3);
  return sum;
}

/* A random target that the loss takes. */
static float target_value(ebb_loss loss, float random) {
  float within = (1 + random) / 2 * 0.5f + 0.25f; /* random is in [-1, 1] */
  return isfinite(ebb_loss_domain_of(loss.kind).least) ? within : random;
}

/* Random rows, a whole number of batches, so that all steps are alike. */
static int make_data(stepping *t) {
  size_t batch = t->options.batch, rows = batch * ((ROWS + batch - 1) / batch);
  size_t inputs = ebb_spec_inputs(&t->spec), outputs = ebb_spec_outputs(&t->spec);
  bool mse = !ebb_loss_has_labels(t->options.loss.kind);
  t->x = calloc(rows, inputs * sizeof *t->x);
  t->labels = calloc(rows, sizeof *t->labels);
  t->values = mse ? calloc(rows, outputs * sizeof *t->values) : NULL;
  if (!t->x || !t->labels || (mse && !t->values))
    return fail(EXIT_FAILED, "no memory for %zu rows of %zu inputs", rows, inputs);
  for (size_t i = 0; i < rows * inputs; i++) t->x[i] = bench_value(1, i);
  for (size_t i = 0; mse && i < rows * outputs; i++)
    t->values[i] = target_value(t->options.loss, bench_value(2, i));
  for (size_t i = 0; i < rows; i++) t->labels[i] = (int32_t)(i % outputs);
  t->data = (ebb_dataset){.rows = rows, .inputs = inputs, .outputs = outputs, .x = t->x};
  t->data.outputs /= ebb_loss_outputs(t->options.loss);
  if (mse)
    t->data.values = t->values;
  else
    t->data.labels = t->labels;
  return EXIT_GOOD;
}

static int choose(stepping *t, const settings *s) {
  double learning_rate;
  t->options = (ebb_train_options)EBB_TRAIN_OPTIONS_INIT;
  t->options.batch = s->batch;
  t->options.step = (ebb_step_form)s->step;
  t->options.epochs = 0; /* ebb_trainer_run then only checks the numbers */
  int code = choose_loss(&t->options.loss, s, EBB_TASK_AUTO);
  if (code == EXIT_GOOD) code = choose_optimizer(&t->options.optimizer, &learning_rate, s);
  if (code != EXIT_GOOD) return code;
  t->options.learning_rate = (float)learning_rate;
  return fail_option(s, "model", ebb_spec_parse(&t->spec, s->model, 0, 0));
}

/* Verifies on the rows of a batch, or on fewer if the slow reference would take too long. */
static ebb_status verify(const stepping *t, ebb_device *device) {
  ebb_verify_options options = {.size = sizeof(ebb_verify_options),
                                .network = t->network,
                                .dataset = &t->data,
                                .batch = t->options.batch < 128 ? t->options.batch : 128,
                                .loss = t->options.loss,
                                .optimizer = t->options.optimizer};
  ebb_verify_result result;
  return ebb_verify(&result, device, &options, NULL, NULL);
}

/* Launches and bytes per step. Fused steps share launches, so the number of steps is chosen to fill
 * them. */
static ebb_status count(stepping *t, ebb_device *device) {
  enum { steps = 64 };
  ebb_counters before = ebb_device_counters(device);
  ebb_status status = ebb_trainer_step(t->trainer, steps);
  ebb_counters after = ebb_device_counters(device);
  t->launches = (double)(after.launches - before.launches) / (double)steps;
  t->bytes_down = (double)(after.downloaded_bytes - before.downloaded_bytes) / (double)steps;
  return status;
}

static int prepare(stepping *t, bench *b) {
  int code = choose(t, b->s);
  if (code == EXIT_GOOD) code = make_data(t);
  if (code != EXIT_GOOD) return code;
  ebb_status status = ebb_network_create(&t->network, b->device, &t->spec, EBB_INIT_AUTO, 1);
  if (status == EBB_OK) status = verify(t, b->device);
  if (status == EBB_OK)
    status = ebb_trainer_create(&t->trainer, t->network, &t->data, NULL, &t->options);
  code = fail_status(status);
  return code == EXIT_GOOD ? bench_make_fma(b) : code;
}

/* "layers" or "whole". */
static const char *form_name(const stepping *t) {
#define FORM_NAME(name, text, what) text,
  static const char *const names[] = {EBB_STEP_FORM_LIST(FORM_NAME)};
  return names[ebb_trainer_step_form(t->trainer)];
}

/* The count is a whole number if all steps are alike. */
static json_t *json_count(double value) {
  json_int_t whole = (json_int_t)value;
  return (double)whole == value ? json_integer(whole) : json_real(value);
}

static int print_as_json(const bench *b, const stepping *t, const bench_case *c) {
  const settings *s = b->s;
  json_t *object = bench_begin_json(b, "step");
  put(object, "model", json_text(s->model));
  put(object, "batch", json_integer((json_int_t)s->batch));
  put(object, "optimizer", json_string(ebb_optimizer_name(t->options.optimizer.kind)));
  if (ebb_optimizer_has(t->options.optimizer.kind, EBB_SETTING_momentum))
    put_number(object, "momentum", t->options.optimizer.momentum);
  put(object, "loss", json_string(ebb_loss_text((char[EBB_LOSS_TEXT]){0}, t->options.loss)));
  put(object, "form", json_string(form_name(t)));
  put_number(object, "peak_gflops", 1e-9 * b->yardstick.rate);
  bench_put_times(object, "step_", c);
  put_number(object, "samples_per_second", (double)s->batch / c->median);
  put_number(object, "gflops", 1e-9 * c->rate);
  put_number(object, "peak_fraction", c->fraction);
  put(object, "launches_per_step", json_count(t->launches));
  put(object, "bytes_down_per_step", json_count(t->bytes_down));
  return print_json(object);
}

static int print_as_text(const bench *b, const stepping *t, const bench_case *c) {
  const ebb_optimizer *o = &t->options.optimizer;
  printf("peak     %.1f GFLOP/s, by fused multiply-adds\n\n", 1e-9 * b->yardstick.rate);
  print_text(stdout, "network             %s, batch %zu, %s", b->s->model, b->s->batch,
             ebb_optimizer_name(o->kind));
  if (o->momentum > 0) printf(", momentum %g", o->momentum);
  printf(", %s\n", ebb_loss_text((char[EBB_LOSS_TEXT]){0}, t->options.loss));
  printf("step                %.4f ms (p10 %.4f, p90 %.4f)\n", 1e3 * c->median, 1e3 * c->p10,
         1e3 * c->p90);
  printf("samples a second    %.0f\n", (double)b->s->batch / c->median);
  printf("GFLOP/s             %.1f, %.3f of peak\n", 1e-9 * c->rate, c->fraction);
  printf("launches a step     %g, %s\n", t->launches, form_name(t));
  printf("bytes down a step   %g\n", t->bytes_down);
  return EXIT_GOOD;
}

static int measure(bench *b, stepping *t) {
  int code = prepare(t, b);
  if (code != EXIT_GOOD) return code;
  bench_case c = {.run = run_steps, .context = t, .work = step_flops(&t->spec, t->options.batch)};
  code = bench_measure(b, &c, 1);
  if (code == EXIT_GOOD) code = fail_status(count(t, b->device));
  if (code == EXIT_GOOD) code = fail_status(ebb_trainer_run(t->trainer, NULL, NULL));
  if (code != EXIT_GOOD) return code;
  return b->s->json ? print_as_json(b, t, &c) : print_as_text(b, t, &c);
}

int bench_step(bench *b) {
  stepping t = {0};
  int code = measure(b, &t);
  ebb_trainer_free(t.trainer);
  ebb_network_free(t.network);
  free(t.values);
  free(t.labels);
  free(t.x);
  return code;
}
