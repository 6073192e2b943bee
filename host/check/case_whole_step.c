/* Cases of the whole step, in each of its forms, against the reference network: three layers, or
 * all activations, on a batch gathered from a dataset. The first batch of an epoch is full, the
 * second is the remainder. Rows in order come from a block of two full batches, after another
 * block. Gradients are compared tensor by tensor within the rounding error of the depth
 * (rounding.h), and updates with the reference's. A slab's padding must stay untouched.
 */
#include "check/bounds.h"
#include "check/rounding.h"
#include "check/update_run.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "base/size.h"
#include "gemm/gemm.h"
#include "graph/whole_step.h"
#include <math.h>
#include <string.h>

enum { LAYERS = 3, MIXED_LAYERS = EBB_ACT_COUNT + 1, EPOCH = 3, LARGEST_OUTPUT = 8 };
#define DONE ((UINT64_C(1) << 32) + 40) /* steps done before: more than 32 bits */
static const uint64_t SEED = 0x9e3779b97f4a7c15u;

/* A network, a dataset of one full and one partial batch, and the reference. */
typedef struct whole_case {
  ebbi_whole_form form;
  size_t count; /* layers */
  size_t batch, rows, parameters;
  size_t held;     /* rows that the data have room for: more where they are a block */
  uint32_t before; /* batches in earlier blocks */
  ebb_loss loss;
  bool bytes, shuffle;
  ebbi_whole_layer layers[MIXED_LAYERS];
  ebbi_reference_network *reference;
  double between; /* the value between the parameter slab's tensors */
  double *x, *y;  /* the dataset's rows as the batch must hold them */
  int32_t *labels, *live_labels;
  double *live_y, *weights, *live_w; /* weights: NULL unless the loss is weighted */
  uint32_t *order;
  ebb_tensor *slab, *data, *targets, *state;
  ebbi_whole_step *step;
} whole_case;

/* Sizes from 1 to 128; a few slices, or many slices of several chunks each. In a mixed network,
 * layers 1, 2, … take the activations in turn, with other parameters than the defaults. Every
 * second layer has no bias. */
static ebb_status choose(whole_case *c, ebb_spec *spec, const ebbi_fixture *fixture, ebbi_shape s) {
  size_t inputs = (s.cols - 1) % 128 + 1, outputs = (s.rows - 1) % 40 + 1;
  outputs *= ebb_loss_outputs(c->loss);
  TRY(ebb_spec_begin(spec, inputs));
  for (size_t l = 0; l + 1 < c->count; l++) {
    bool mixed = c->count == MIXED_LAYERS;
    size_t wide = (s.depth - 1) % (mixed ? 32 : 128) + 1, next = s.depth % 2 && !mixed ? 127 : 33;
    ebb_activation f = mixed ? ebbi_activation_varied((ebb_activation)l) : fixture->activation;
    TRY((l % 2 ? ebb_spec_add_nobias : ebb_spec_add)(spec, l % 2 ? next : wide, f));
  }
  TRY(ebb_spec_add(spec, outputs, EBB_ACT_IDENTITY));
  c->batch = s.rows <= 200 ? s.rows : c->form == EBBI_WHOLE_GROUPS ? 4133 : 1285;
  c->rows = c->batch + ebbi_ceil_div(c->batch, 2);
  c->bytes = s.cols % 4 == 3;
  c->shuffle = s.cols % 2;
  c->held = c->shuffle ? c->rows : 2 * c->batch;
  c->before = c->shuffle ? 0 : 2;
  return ebbi_reference_create(&c->reference, spec, c->batch);
}

static size_t outputs_of(const whole_case *c) {
  return c->layers[c->count - 1].outputs;
}

/* Lays the layers' parameters out in a slab, as a network does. */
static ebb_status lay_out(whole_case *c, const ebb_device *device) {
  ebbi_slab slab = ebbi_slab_begin(device);
  for (size_t l = 0; l < c->count; l++) {
    const ebb_node *node = &c->reference->spec.nodes[l];
    size_t inputs = ebb_spec_cols(&c->reference->spec, node->inputs[0]);
    c->layers[l] = (ebbi_whole_layer){
        .inputs = inputs, .outputs = node->units, .activation = node->activation};
    TRY(ebbi_slab_add(&c->layers[l].weight, &slab, EBB_F32, inputs, node->units));
    c->layers[l].bias = EBBI_WHOLE_NONE;
    if (ebb_spec_node_parameters(&c->reference->spec, l) > inputs * node->units)
      TRY(ebbi_slab_add(&c->layers[l].bias, &slab, EBB_F32, 1, node->units));
  }
  c->parameters = slab.count;
  return EBB_OK;
}

/* The index in the slab of element `i` of the reference's layer l: w row by row, then b. */
static size_t slab_place(const ebbi_whole_layer *layer, size_t i) {
  size_t weights = layer->inputs * layer->outputs, outputs = layer->outputs;
  if (i >= weights) return layer->bias + i - weights;
  return layer->weight + i / outputs * ebbi_stride(layer->inputs, outputs) + i % outputs;
}

static size_t layer_count(const ebbi_whole_layer *layer) {
  return (layer->inputs + (layer->bias != EBBI_WHOLE_NONE)) * layer->outputs;
}

static ebb_status make_inputs(whole_case *c, ebbi_fixture *fixture) {
  size_t inputs = c->layers[0].inputs, count = c->held * inputs;
  int32_t *integers;
  uint8_t *octets;
  float *floats;
  TRY(ebbi_fixture_normal(&c->x, fixture, count, 1));
  TRY(ebbi_fixture_labels(&integers, fixture, count, 256));
  TRY(ebbi_fixture_bytes(&octets, fixture, count, 1));
  for (size_t i = 0; i < count; i++) {
    octets[i] = (uint8_t)integers[i];
    if (c->bytes) c->x[i] = (double)(1 / 255.0f * (float)octets[i]);
  }
  TRY(ebbi_fixture_floats(&floats, fixture, count, c->x));
  return ebbi_fixture_tensor(&c->data, fixture, c->bytes ? EBB_U8 : EBB_F32, c->held, inputs, true,
                             c->bytes ? (void *)octets : (void *)floats);
}

static ebb_status make_targets(whole_case *c, ebbi_fixture *fixture) {
  bool labels = ebb_loss_has_labels(c->loss.kind);
  size_t cols = ebbi_loss_targets(c->loss, outputs_of(c)), count = c->held * cols;
  float *floats;
  TRY(ebbi_fixture_weights(&c->weights, fixture, c->held, c->loss));
  TRY(ebbi_fixture_weights(&c->live_w, fixture, c->batch, c->loss));
  TRY(ebbi_fixture_labels(&c->labels, fixture, c->held, outputs_of(c)));
  TRY(ebbi_fixture_values(&c->y, fixture, count, c->loss.kind));
  TRY(ebbi_fixture_bytes(&c->live_labels, fixture, c->batch, sizeof *c->live_labels));
  TRY(ebbi_fixture_array(&c->live_y, fixture, c->batch * cols));
  c->reference->target = (ebbi_reference_target){c->loss, c->live_labels, c->live_y, c->live_w, 0};
  TRY(ebbi_fixture_floats(&floats, fixture, count, c->y));
  return ebbi_fixture_targets(&c->targets, fixture, labels ? EBB_I32 : EBB_F32, c->held, cols,
                              labels ? (const void *)c->labels : floats, c->weights);
}

/* Fills what a step must write with NaN, and sets the state before batch number `place`. */
static ebb_status prepare(whole_case *c, ebbi_fixture *fixture, uint32_t place) {
  ebb_state state = ebb_state_default(0, 0, 0);
  float *nothing;
  state.epoch = EPOCH, state.epoch_first = DONE, state.done = DONE + place;
  TRY(ebbi_fixture_floats(&nothing, fixture, c->step->layout.slices * c->parameters, NULL));
  TRY(ebb_tensor_upload(c->step->gradients, nothing));
  TRY(ebb_tensor_upload(c->step->partials, nothing));
  return ebb_tensor_upload(c->state, &state);
}

/* Gives the reference the batch from place `start` of the epoch. */
static void take_batch(whole_case *c, size_t start) {
  size_t inputs = c->layers[0].inputs, cols = ebbi_loss_targets(c->loss, outputs_of(c));
  c->reference->live = c->rows - start < c->batch ? c->rows - start : c->batch;
  for (size_t r = 0; r < c->reference->live; r++) {
    size_t from = c->order[start + r];
    memcpy(c->reference->y[0] + r * inputs, c->x + from * inputs, inputs * sizeof *c->x);
    memcpy(c->live_y + r * cols, c->y + from * cols, cols * sizeof *c->y);
    c->live_labels[r] = c->labels[from];
    if (c->weights) c->live_w[r] = c->weights[from];
  }
  ebbi_reference_run_forward(c->reference, 0);
  ebbi_reference_run_backward(c->reference);
}

static ebb_status compare_sums(whole_case *c, ebbi_fixture *fixture,
                               const ebbi_reference_network *spread) {
  const ebbi_reference_target *target = &c->reference->target;
  const double *z = c->reference->y[c->count];
  size_t rows = c->reference->live, cols = outputs_of(c), most = ebbi_loss_hits(c->loss, cols);
  double sums[3], weight = ebbi_reference_weights(target, rows);
  double bound = c->weights ? ebbi_bound_sum(rows) * weight : 0; /* counts are exact */
  TRY(ebbi_fixture_sums(sums, fixture, c->step->partials));
  ebbi_tally_add(&fixture->tally, sums[0] / (double)rows, c->reference->loss, 1,
                 EBBI_DEVIATIONS * sqrt(spread->loss));
  ebbi_tally_add(&fixture->tally, sums[1], ebbi_reference_correct(z, target, rows, cols), 1,
                 ebbi_reference_unsure(z, NULL, target, rows, cols) + bound * (double)most);
  if (c->weights) ebbi_tally_add(&fixture->tally, sums[2], weight, 1, bound);
  return EBB_OK;
}

/* Adds up the slices' gradients and compares them layer by layer. */
static ebb_status compare_gradients(whole_case *c, ebbi_fixture *fixture,
                                    const ebbi_reference_network *spread) {
  double *slices, *found;
  TRY(ebbi_fixture_read(&slices, fixture, c->step->gradients));
  for (size_t l = 0; l < c->count; l++) {
    const ebbi_whole_layer *layer = &c->layers[l];
    size_t weights = layer->inputs * layer->outputs;
    size_t at = ebbi_reference_offset(&c->reference->spec, l);
    TRY(ebbi_fixture_array(&found, fixture, layer_count(layer)));
    for (size_t i = 0; i < layer_count(layer); i++)
      for (size_t s = 0; s < ebb_tensor_rows(c->step->gradients); s++)
        found[i] += slices[s * c->parameters + slab_place(layer, i)];
    ebbi_rounding_tally(&fixture->tally, found, c->reference->gradients + at,
                        spread->gradients + at, weights);
    if (layer->bias == EBBI_WHOLE_NONE) continue;
    ebbi_rounding_tally(&fixture->tally, found + weights, c->reference->gradients + at + weights,
                        spread->gradients + at + weights, layer->outputs);
  }
  return EBB_OK;
}

/* Checks that nothing outside the tensors was written. */
static ebb_status compare_writes(whole_case *c, ebbi_fixture *fixture) {
  double *slices;
  size_t written = 0, rows = ebb_tensor_rows(c->step->gradients);
  TRY(ebbi_fixture_read(&slices, fixture, c->step->gradients));
  for (size_t i = 0; i < rows * c->parameters; i++) written += !isnan(slices[i]);
  ebbi_tally_add(&fixture->tally, (double)written, (double)(rows * c->reference->count), 1, 0);
  return EBB_OK;
}

static ebb_status compare_step(whole_case *c, ebbi_fixture *fixture, uint64_t step) {
  ebbi_reference_network *spread;
  ebb_state state;
  TRY(ebbi_rounding_create(&spread, c->reference, EBB_PRECISION_FP32));
  ebb_status status = compare_gradients(c, fixture, spread);
  if (status == EBB_OK) status = compare_sums(c, fixture, spread);
  ebbi_reference_free(spread);
  TRY(status);
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&fixture->tally, (double)state.step, (double)step, 1, 0);
  ebbi_tally_add(&fixture->tally, state.live, (double)c->reference->live, 1, 0);
  ebbi_tally_add(&fixture->tally, state.frozen, 0, 1, 0);
  return EBB_OK;
}

/* Epochs of the data's rows, after `before` rows of earlier blocks. */
static ebbi_whole_source source_of(const whole_case *c, size_t before) {
  return (ebbi_whole_source){c->data,    c->targets, before + c->rows, c->loss, 1 / 255.0f,
                             c->shuffle, SEED};
}

static ebb_status run_step(whole_case *c) {
  ebbi_whole_source source = source_of(c, c->before * c->batch);
  return ebbi_whole_step_run(c->step, c->state, c->slab, &source);
}

/* The last step refused a parameter: this step is frozen, and the last one is reported. */
static ebb_status run_frozen(whole_case *c, ebbi_fixture *fixture) {
  ebb_state state = ebb_state_default(0, 0, 0);
  state.done = DONE, state.epoch_first = DONE - 1, state.bad_parameter = 7;
  TRY(ebb_tensor_upload(c->state, &state));
  TRY(run_step(c));
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&fixture->tally, state.frozen, 1, 1, 0);
  ebbi_tally_add(&fixture->tally, (double)state.bad_step, (double)DONE, 1, 0);
  return EBB_OK;
}

/* Both batches of an epoch, then a frozen step. */
static ebb_status run_steps(whole_case *c, ebbi_fixture *fixture) {
  for (uint32_t place = 0; place < 2; place++) {
    TRY(prepare(c, fixture, c->before + place));
    take_batch(c, place * c->batch);
    TRY(run_step(c));
    TRY(compare_writes(c, fixture));
    TRY(compare_step(c, fixture, DONE + c->before + place + 1));
  }
  return run_frozen(c, fixture);
}

/* `calls` launches of `steps` steps each, from step `done` on, in epochs of two steps. */
static ebb_status run_updates(whole_case *c, const ebbi_update_run *run, uint64_t done,
                              uint32_t bad_parameter, size_t calls, size_t steps) {
  ebb_state state = ebb_state_default(0, 0, (float)run->learning_rate);
  ebbi_whole_source source = source_of(c, 0);
  state.done = done, state.epoch_first = done / 2 * 2, state.epoch_steps = 2, state.epoch = EPOCH;
  state.bad_parameter = bad_parameter;
  TRY(ebb_tensor_upload(c->state, &state));
  for (size_t i = 0; i < calls; i++)
    TRY(ebbi_whole_steps_run(c->step, c->slab, run->moments, c->state, &source, &run->optimizer,
                             NULL, steps));
  return EBB_OK;
}

/* Three steps in one launch equal three launches; a frozen launch changes nothing. */
static ebb_status compare_launches(whole_case *c, ebbi_fixture *fixture,
                                   const ebbi_update_run *run) {
  double *expected;
  ebb_state state;
  TRY(run_updates(c, run, 2, EBB_STATE_NONE, 3, 1));
  TRY(ebbi_fixture_read(&expected, fixture, c->slab));
  TRY(ebbi_fixture_upload(c->slab, fixture, run->found.parameters));
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS && run->moments[m]; m++)
    TRY(ebbi_fixture_upload(run->moments[m], fixture, run->found.moments[m]));
  TRY(run_updates(c, run, 2, EBB_STATE_NONE, 1, 3));
  TRY(ebbi_fixture_compare(fixture, c->slab, expected, NULL, 0));
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&fixture->tally, (double)state.done, 5, 1, 0);
  ebbi_tally_add(&fixture->tally, state.epoch, EPOCH + 1, 1, 0);
  TRY(run_updates(c, run, 5, 7, 2, 2));
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&fixture->tally, (double)state.done, 5, 1, 0);
  return ebbi_fixture_compare(fixture, c->slab, expected, NULL, 0);
}

/* Both batches of an epoch with their updates. */
static ebb_status run_optimizer(whole_case *c, ebbi_fixture *fixture, ebb_optimizer_kind kind) {
  ebbi_update_run run = {.optimizer = ebb_optimizer_default(kind),
                         .learning_rate = 0.0625,
                         .parameters = c->slab,
                         .gradients = c->step->gradients,
                         .state = c->state,
                         .partials = c->step->partials};
  if (ebb_optimizer_has(kind, EBB_SETTING_momentum)) run.optimizer.momentum = 0.9;
  TRY(ebbi_update_run_begin(&run, fixture));
  for (uint32_t step = 1; step <= 2; step++) {
    TRY(run_updates(c, &run, step - 1, EBB_STATE_NONE, 1, 1));
    if (step == 1) take_batch(c, 0);
    if (step == 1) TRY(compare_step(c, fixture, 1));
    TRY(ebbi_update_run_follow(&run, step));
    ebbi_update_run_tally(&run, &fixture->tally, 0, run.count);
  }
  return compare_launches(c, fixture, &run);
}

/* Random parameters whose outputs stay small in both batches, in the reference and in the slab. */
static ebb_status make_parameters(whole_case *c, ebbi_fixture *fixture) {
  const ebb_spec *spec = &c->reference->spec;
  double *values, *own;
  for (size_t l = 0; l < c->count; l++) {
    size_t count = layer_count(&c->layers[l]);
    TRY(ebbi_fixture_normal(&own, fixture, count, 1 / sqrt((double)c->layers[l].inputs)));
    memcpy(c->reference->parameters + ebbi_reference_offset(spec, l), own, count * sizeof *own);
  }
  for (size_t place = 0; place < 2; place++) {
    take_batch(c, place * c->batch);
    ebbi_reference_limit_outputs(c->reference, LARGEST_OUTPUT);
  }
  TRY(ebbi_fixture_array(&values, fixture, c->parameters));
  for (size_t i = 0; i < c->parameters; i++) values[i] = c->between;
  for (size_t l = 0; l < c->count; l++)
    for (size_t i = 0; i < layer_count(&c->layers[l]); i++)
      values[slab_place(&c->layers[l], i)] =
          c->reference->parameters[ebbi_reference_offset(spec, l) + i];
  return ebbi_fixture_input(&c->slab, fixture, 1, c->parameters, values);
}

static ebb_status set_up(whole_case *c, ebbi_fixture *fixture) {
  ebb_state state = ebb_state_default(0, 0, 0);
  TRY(lay_out(c, fixture->device));
  TRY(make_inputs(c, fixture));
  TRY(make_targets(c, fixture));
  TRY(ebbi_fixture_state(&c->state, fixture, &state));
  TRY(ebbi_fixture_bytes(&c->order, fixture, c->rows, sizeof *c->order));
  ebbi_reference_order(c->order, c->rows, c->shuffle, SEED, EPOCH);
  TRY(make_parameters(c, fixture));
  ebbi_exec exec = *fixture->exec;
  ebbi_whole_network network = {c->layers, c->count, c->parameters, c->form};
  TRY(ebbi_exec_set_engine(&exec, c->form == EBBI_WHOLE_GROUPS ? EBB_ENGINE_GPU : EBB_ENGINE_CPU));
  TRY(ebbi_whole_step_create(&c->step, &exec, fixture->device, &network, c->batch, c->loss));
  if (c->batch % 2) c->step->layout.waits = false; /* of a team: each phase by itself */
  return EBB_OK;
}

static ebb_status run_case(ebbi_fixture *fixture, ebbi_shape s, ebbi_whole_form form, size_t layers,
                           const ebb_optimizer_kind *kind) {
  bool all = !kind && fixture->activation == EBB_ACT_RELU; /* losses; else one, to compile less */
  whole_case c = {.form = form, .count = layers, .between = kind ? 0 : NAN};
  size_t turn = all ? s.rows + s.cols + s.depth : kind ? *kind : (size_t)fixture->activation;
  ebb_spec spec;
  c.loss = ebb_loss_default((ebb_loss_kind)(turn % ebbi_fixture_some(fixture, EBB_LOSS_COUNT)));
  c.loss.weighted = kind ? *kind % 2 : layers > LAYERS; /* a network of each form */
  size_t most = form == EBBI_WHOLE_TEAM ? 100 : 32;     /* with updates, a batch is one slice */
  if (kind) s.rows = (s.rows - 1) % most + 1;
  TRY(choose(&c, &spec, fixture, s));
  ebbi_tally_case(&fixture->tally, "%zu-%zu-%zu-%s%zu, batch %zu, %s%s", ebb_spec_inputs(&spec),
                  spec.nodes[0].units, spec.nodes[1].units, layers > LAYERS ? "…-" : "",
                  ebb_spec_outputs(&spec), c.batch, ebb_loss_name(c.loss.kind),
                  c.loss.weighted ? ", weights" : "");
  ebb_status status = set_up(&c, fixture);
  if (status == EBB_OK) status = kind ? run_optimizer(&c, fixture, *kind) : run_steps(&c, fixture);
  ebbi_whole_step_free(c.step);
  ebbi_reference_free(c.reference);
  return status;
}

/* `rows` is the batch and sets the outputs, `cols` the inputs, `depth` the hidden layers. */
#define STEP_CASE(name, form, layers)                                                              \
  ebb_status ebbi_case_##name(ebbi_fixture *fixture, ebbi_shape s) {                               \
    return run_case(fixture, s, form, layers, NULL);                                               \
  }

STEP_CASE(whole_step, EBBI_WHOLE_SLICES, LAYERS)
STEP_CASE(whole_step_team, EBBI_WHOLE_TEAM, LAYERS)
STEP_CASE(whole_step_gpu, EBBI_WHOLE_GROUPS, LAYERS)
STEP_CASE(whole_step_mixed, EBBI_WHOLE_SLICES, MIXED_LAYERS)
STEP_CASE(whole_step_mixed_gpu, EBBI_WHOLE_GROUPS, MIXED_LAYERS)

static ebb_status run_optimizers(ebbi_fixture *fixture, ebbi_shape s, ebbi_whole_form form) {
  fixture->activation = EBB_ACT_RELU;
  for (size_t kind = 0; kind < ebbi_fixture_some(fixture, EBB_OPT_COUNT); kind++) {
    TRY(run_case(fixture, s, form, LAYERS, &(ebb_optimizer_kind){(ebb_optimizer_kind)kind}));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}

#define STEPS_CASE(name, form)                                                                     \
  ebb_status ebbi_case_##name(ebbi_fixture *fixture, ebbi_shape s) {                               \
    return run_optimizers(fixture, s, form);                                                       \
  }

STEPS_CASE(whole_steps, EBBI_WHOLE_SLICES)
STEPS_CASE(whole_steps_team, EBBI_WHOLE_TEAM)
STEPS_CASE(whole_steps_gpu, EBBI_WHOLE_GROUPS)
