/* Cases of the whole step, in both of its forms: a network of three layers, or one with all
 * activations, a batch out of a data set, and everything the kernels leave, against the reference
 * network.
 *
 * The first batch of an epoch is full, the second is what is left; where rows are not shuffled the
 * data are a block that holds two full batches, with a block before it in the epoch. Gradients are
 * compared tensor by tensor within the rounding that a network of this depth may gather
 * (rounding.h). What lies between the tensors of a slab must not be touched: where there is no
 * update, parameters are NaN there, and so are the gradients before and after. An update is
 * compared with what the reference makes of the same gradients.
 */
#include "check/rounding.h"
#include "check/update_run.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "base/size.h"
#include "gemm/gemm.h"
#include "graph/whole_step.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { LAYERS = 3, MIXED_LAYERS = EBB_ACT_COUNT + 1, EPOCH = 3 };
#define DONE ((UINT64_C(1) << 32) + 40) /* steps before: more than 32 bits hold */
static const uint64_t SEED = 0x9e3779b97f4a7c15u;

/* A network, a data set of one batch and a part of one, and the reference that learns from it. */
typedef struct whole_case {
  ebb_engine engine; /* chooses the form */
  size_t count;      /* layers */
  size_t batch, rows, parameters;
  size_t held; /* rows that the data have room for: more where they are a block */
  ebb_loss loss;
  bool bytes, shuffle;
  ebbi_whole_layer layers[MIXED_LAYERS];
  ebbi_reference_network *reference;
  double between; /* the tensors of the slab of parameters */
  double *x, *y;  /* the data set's rows as they must arrive */
  int32_t *labels, *live_labels;
  double *live_y;
  uint32_t *order;
  ebb_tensor *slab, *data, *targets, *state;
  ebbi_whole_step *step;
} whole_case;

/* Sizes from 1 to 128; a few slices, or many with several chunks each. All activations are those of
 * layers 1, 2, …, one after the other. */
static ebb_status choose(whole_case *c, ebb_spec *spec, const ebbi_probe *probe, ebbi_shape s) {
  size_t inputs = (s.cols - 1) % 128 + 1, outputs = (s.rows - 1) % 40 + 1;
  TRY(ebb_spec_begin(spec, inputs));
  for (size_t l = 0; l + 1 < c->count; l++) {
    bool mixed = c->count == MIXED_LAYERS;
    size_t wide = (s.depth - 1) % (mixed ? 32 : 128) + 1, next = s.depth % 2 && !mixed ? 127 : 33;
    TRY(ebb_spec_add(spec, l % 2 ? next : wide, mixed ? (ebb_activation)l : probe->activation));
  }
  TRY(ebb_spec_add(spec, outputs, EBB_ACT_IDENTITY));
  c->batch = s.rows <= 200 ? s.rows : c->engine == EBB_ENGINE_CPU ? 1285 : 4133;
  c->rows = c->batch + ebbi_ceil_div(c->batch, 2);
  c->loss = ebb_loss_default((ebb_loss_kind)((s.rows + s.cols + s.depth) % EBB_LOSS_COUNT));
  c->bytes = s.cols % 4 == 3;
  c->shuffle = s.cols % 2;
  c->held = c->shuffle ? c->rows : 2 * c->batch;
  return ebbi_reference_create(&c->reference, spec, c->batch);
}

static size_t outputs_of(const whole_case *c) {
  return c->layers[c->count - 1].outputs;
}

/* Where the layers' parts lie in a slab, as in a network's. */
static ebb_status lay_out(whole_case *c, const ebb_device *device) {
  ebbi_slab slab = ebbi_slab_begin(device);
  for (size_t l = 0; l < c->count; l++) {
    ebbi_layer layer = ebbi_spec_layer(&c->reference->spec, l);
    c->layers[l] = (ebbi_whole_layer){
        .inputs = layer.inputs, .outputs = layer.outputs, .activation = layer.activation};
    TRY(ebbi_slab_add(&c->layers[l].weight, &slab, EBB_F32, layer.inputs, layer.outputs));
    TRY(ebbi_slab_add(&c->layers[l].bias, &slab, EBB_F32, 1, layer.outputs));
  }
  c->parameters = slab.count;
  return EBB_OK;
}

/* Place in the slab of element `i` of the reference's layer l: w row by row, then b. */
static size_t slab_place(const ebbi_whole_layer *layer, size_t i) {
  size_t weights = layer->inputs * layer->outputs, outputs = layer->outputs;
  if (i >= weights) return layer->bias + i - weights;
  return layer->weight + i / outputs * ebbi_stride(layer->inputs, outputs) + i % outputs;
}

static size_t layer_count(const ebbi_whole_layer *layer) {
  return (layer->inputs + 1) * layer->outputs;
}

static ebb_status make_parameters(whole_case *c, ebbi_probe *probe) {
  double *values;
  TRY(ebbi_probe_array(&values, probe, c->parameters));
  for (size_t i = 0; i < c->parameters; i++) values[i] = c->between;
  for (size_t l = 0; l < c->count; l++) {
    const ebbi_whole_layer *layer = &c->layers[l];
    double *own, spread = 1 / sqrt((double)layer->inputs);
    TRY(ebbi_probe_normal(&own, probe, layer_count(layer), spread));
    memcpy(c->reference->parameters + ebbi_reference_offset(&c->reference->spec, l), own,
           layer_count(layer) * sizeof *own);
    for (size_t i = 0; i < layer_count(layer); i++) values[slab_place(layer, i)] = own[i];
  }
  return ebbi_probe_input(&c->slab, probe, 1, c->parameters, values);
}

static ebb_status make_inputs(whole_case *c, ebbi_probe *probe) {
  size_t inputs = c->layers[0].inputs, count = c->held * inputs;
  int32_t *integers;
  uint8_t *octets;
  float *floats;
  TRY(ebbi_probe_normal(&c->x, probe, count, 1));
  TRY(ebbi_probe_labels(&integers, probe, count, 256));
  TRY(ebbi_probe_bytes(&octets, probe, count, 1));
  for (size_t i = 0; i < count; i++) {
    octets[i] = (uint8_t)integers[i];
    if (c->bytes) c->x[i] = (double)(1 / 255.0f * (float)octets[i]);
  }
  TRY(ebbi_probe_floats(&floats, probe, count, c->x));
  return ebbi_probe_tensor(&c->data, probe, c->bytes ? EBB_U8 : EBB_F32, c->held, inputs, true,
                           c->bytes ? (void *)octets : (void *)floats);
}

static ebb_status make_targets(whole_case *c, ebbi_probe *probe) {
  size_t outputs = outputs_of(c), count = c->held * outputs;
  float *floats;
  TRY(ebbi_probe_labels(&c->labels, probe, c->held, outputs));
  TRY(ebbi_probe_normal(&c->y, probe, count, 1));
  TRY(ebbi_probe_bytes(&c->live_labels, probe, c->batch, sizeof *c->live_labels));
  TRY(ebbi_probe_array(&c->live_y, probe, c->batch * outputs));
  c->reference->target = (ebbi_reference_target){c->loss, c->live_labels, c->live_y};
  if (ebb_loss_has_labels(c->loss.kind))
    return ebbi_probe_tensor(&c->targets, probe, EBB_I32, c->held, 1, true, c->labels);
  TRY(ebbi_probe_floats(&floats, probe, count, c->y));
  return ebbi_probe_tensor(&c->targets, probe, EBB_F32, c->held, outputs, true, floats);
}

/* NaN into what a step must write, and the state before the batch number `place`. */
static ebb_status prepare(whole_case *c, ebbi_probe *probe, uint32_t place) {
  ebb_state state = ebb_state_default(0, 0, 0);
  size_t count = c->step->plan.slices * c->parameters;
  float *nothing;
  state.epoch = EPOCH, state.epoch_first = DONE, state.done = DONE + place;
  TRY(ebbi_probe_floats(&nothing, probe, count, NULL));
  TRY(ebb_tensor_upload(c->step->gradients, nothing));
  TRY(ebb_tensor_upload(c->step->partials, nothing));
  return ebb_tensor_upload(c->state, &state);
}

/* The reference's batch, from place `start` of the epoch on. */
static void take_batch(whole_case *c, size_t start) {
  size_t inputs = c->layers[0].inputs, outputs = outputs_of(c);
  c->reference->live = c->rows - start < c->batch ? c->rows - start : c->batch;
  for (size_t r = 0; r < c->reference->live; r++) {
    size_t from = c->order[start + r];
    memcpy(c->reference->x + r * inputs, c->x + from * inputs, inputs * sizeof *c->x);
    memcpy(c->live_y + r * outputs, c->y + from * outputs, outputs * sizeof *c->y);
    c->live_labels[r] = c->labels[from];
  }
  ebbi_reference_run_forward(c->reference, 0);
  ebbi_reference_run_backward(c->reference);
}

static ebb_status compare_sums(whole_case *c, ebbi_probe *probe,
                               const ebbi_reference_network *spread) {
  double *pairs, loss = 0, hits = 0, live = (double)c->reference->live;
  TRY(ebbi_probe_read(&pairs, probe, c->step->partials));
  for (size_t s = 0; s < ebb_tensor_rows(c->step->partials); s++) {
    loss += pairs[2 * s] / live;
    hits += pairs[2 * s + 1];
  }
  ebbi_tally_add(&probe->tally, loss, c->reference->loss, fmax(c->reference->loss, DBL_MIN),
                 EBBI_DEVIATIONS * sqrt(spread->loss) / fmax(c->reference->loss, DBL_MIN));
  const double *z = c->reference->a[c->count - 1];
  size_t rows = c->reference->live, cols = outputs_of(c);
  bool classes = ebb_loss_has_labels(c->loss.kind);
  size_t expected = classes ? ebbi_reference_correct(z, c->live_labels, rows, cols) : 0;
  ebbi_tally_add(&probe->tally, hits, (double)expected, 1,
                 (double)ebbi_reference_unsure(z, rows, cols));
  return EBB_OK;
}

/* The slices' gradients added up, layer by layer. */
static ebb_status compare_gradients(whole_case *c, ebbi_probe *probe,
                                    const ebbi_reference_network *spread) {
  double *slices, *found;
  TRY(ebbi_probe_read(&slices, probe, c->step->gradients));
  for (size_t l = 0; l < c->count; l++) {
    const ebbi_whole_layer *layer = &c->layers[l];
    size_t weights = layer->inputs * layer->outputs, at;
    at = ebbi_reference_offset(&c->reference->spec, l);
    TRY(ebbi_probe_array(&found, probe, layer_count(layer)));
    for (size_t i = 0; i < layer_count(layer); i++)
      for (size_t s = 0; s < ebb_tensor_rows(c->step->gradients); s++)
        found[i] += slices[s * c->parameters + slab_place(layer, i)];
    ebbi_rounding_tally(&probe->tally, found, c->reference->gradients + at, spread->gradients + at,
                        weights);
    ebbi_rounding_tally(&probe->tally, found + weights, c->reference->gradients + at + weights,
                        spread->gradients + at + weights, layer->outputs);
  }
  return EBB_OK;
}

/* Nothing but the tensors may have been written. */
static ebb_status compare_writes(whole_case *c, ebbi_probe *probe) {
  double *slices;
  size_t written = 0, rows = ebb_tensor_rows(c->step->gradients);
  TRY(ebbi_probe_read(&slices, probe, c->step->gradients));
  for (size_t i = 0; i < rows * c->parameters; i++) written += !isnan(slices[i]);
  ebbi_tally_add(&probe->tally, (double)written, (double)(rows * c->reference->count), 1, 0);
  return EBB_OK;
}

static ebb_status compare_step(whole_case *c, ebbi_probe *probe, uint64_t step) {
  ebbi_reference_network *spread;
  ebb_state state;
  TRY(ebbi_rounding_create(&spread, c->reference, EBB_PRECISION_FP32));
  ebb_status status = compare_gradients(c, probe, spread);
  if (status == EBB_OK) status = compare_sums(c, probe, spread);
  ebbi_reference_free(spread);
  TRY(status);
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&probe->tally, (double)state.step, (double)step, 1, 0);
  ebbi_tally_add(&probe->tally, state.live, (double)c->reference->live, 1, 0);
  ebbi_tally_add(&probe->tally, state.frozen, 0, 1, 0);
  return EBB_OK;
}

/* Epochs of the data's rows, after `before` rows of blocks that came earlier. */
static ebbi_whole_source source_of(const whole_case *c, size_t before) {
  return (ebbi_whole_source){c->data,    c->targets, before + c->rows, c->loss, 1 / 255.0f,
                             c->shuffle, SEED};
}

/* Batches that came in an earlier block. */
static uint32_t batches_before(const whole_case *c) {
  return c->shuffle ? 0 : 2;
}

static ebb_status run_step(whole_case *c) {
  ebbi_whole_source source = source_of(c, batches_before(c) * c->batch);
  return ebbi_whole_step_run(c->step, c->state, c->slab, &source);
}

/* A parameter was refused in the last step: this one is frozen, and the last one blamed. */
static ebb_status run_frozen(whole_case *c, ebbi_probe *probe) {
  ebb_state state = ebb_state_default(0, 0, 0);
  state.done = DONE, state.epoch_first = DONE - 1, state.bad_parameter = 7;
  TRY(ebb_tensor_upload(c->state, &state));
  TRY(run_step(c));
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&probe->tally, state.frozen, 1, 1, 0);
  ebbi_tally_add(&probe->tally, (double)state.bad_step, (double)DONE, 1, 0);
  return EBB_OK;
}

/* Both batches of an epoch, then a frozen step. */
static ebb_status run_steps(whole_case *c, ebbi_probe *probe) {
  for (uint32_t place = 0; place < 2; place++) {
    uint32_t before = batches_before(c);
    TRY(prepare(c, probe, before + place));
    take_batch(c, place * c->batch);
    TRY(run_step(c));
    TRY(compare_writes(c, probe));
    TRY(compare_step(c, probe, DONE + before + place + 1));
  }
  return run_frozen(c, probe);
}

/* `calls` launches of `steps` steps, from step `done` of epochs of two steps on. */
static ebb_status run_updates(whole_case *c, const ebbi_update_run *run, uint64_t done,
                              uint32_t bad_parameter, size_t calls, size_t steps) {
  ebb_state state = ebb_state_default(0, 0, (float)run->learning_rate);
  ebbi_whole_source source = source_of(c, 0);
  state.done = done, state.epoch_first = done / 2 * 2, state.epoch_steps = 2, state.epoch = EPOCH;
  state.bad_parameter = bad_parameter;
  TRY(ebb_tensor_upload(c->state, &state));
  for (size_t i = 0; i < calls; i++)
    TRY(ebbi_whole_steps_run(c->step, c->slab, run->first, run->second, c->state, &source,
                             &run->optimizer, steps));
  return EBB_OK;
}

/* Three steps in a launch must leave what three launches leave, and a frozen one all as it is. */
static ebb_status compare_launches(whole_case *c, ebbi_probe *probe, const ebbi_update_run *run) {
  double *expected;
  ebb_state state;
  TRY(run_updates(c, run, 2, EBB_STATE_NONE, 3, 1));
  TRY(ebbi_probe_read(&expected, probe, c->slab));
  TRY(ebbi_probe_upload(c->slab, probe, run->found.parameters));
  if (run->first) TRY(ebbi_probe_upload(run->first, probe, run->found.first));
  if (run->second) TRY(ebbi_probe_upload(run->second, probe, run->found.second));
  TRY(run_updates(c, run, 2, EBB_STATE_NONE, 1, 3));
  TRY(ebbi_probe_compare(probe, c->slab, expected, NULL, 0));
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&probe->tally, (double)state.done, 5, 1, 0);
  ebbi_tally_add(&probe->tally, state.epoch, EPOCH + 1, 1, 0);
  TRY(run_updates(c, run, 5, 7, 2, 2));
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&probe->tally, (double)state.done, 5, 1, 0);
  return ebbi_probe_compare(probe, c->slab, expected, NULL, 0);
}

/* Both batches of an epoch with their updates. */
static ebb_status run_optimizer(whole_case *c, ebbi_probe *probe, ebb_optimizer_kind kind) {
  ebbi_update_run run = {.optimizer = ebb_optimizer_default(kind),
                         .learning_rate = 0.0625,
                         .parameters = c->slab,
                         .gradients = c->step->gradients,
                         .state = c->state,
                         .partials = c->step->partials};
  if (ebb_optimizer_has(kind, EBB_SETTING_momentum)) run.optimizer.momentum = 0.9;
  TRY(ebbi_update_run_begin(&run, probe));
  for (uint32_t step = 1; step <= 2; step++) {
    TRY(run_updates(c, &run, step - 1, EBB_STATE_NONE, 1, 1));
    if (step == 1) {
      take_batch(c, 0);
      TRY(compare_step(c, probe, 1));
    }
    TRY(ebbi_update_run_follow(&run, step));
    ebbi_update_run_tally(&run, &probe->tally, 0, run.count);
  }
  return compare_launches(c, probe, &run);
}

/* The engine chooses the form. */
static ebb_status create_step(whole_case *c, const ebbi_probe *probe) {
  ebbi_exec exec = *probe->exec;
  ebbi_whole_network network = {c->layers, c->count, c->parameters};
  TRY(ebbi_exec_set_engine(&exec, c->engine));
  return ebbi_whole_step_create(&c->step, &exec, probe->device, &network, c->batch);
}

static ebb_status set_up(whole_case *c, ebbi_probe *probe) {
  ebb_state state = ebb_state_default(0, 0, 0);
  TRY(lay_out(c, probe->device));
  TRY(make_parameters(c, probe));
  TRY(make_inputs(c, probe));
  TRY(make_targets(c, probe));
  TRY(ebbi_probe_state(&c->state, probe, &state));
  TRY(ebbi_probe_bytes(&c->order, probe, c->rows, sizeof *c->order));
  ebbi_reference_order(c->order, c->rows, c->shuffle, SEED, EPOCH);
  return create_step(c, probe);
}

static ebb_status run_case(ebbi_probe *probe, ebbi_shape s, ebb_engine engine, size_t layers,
                           const ebb_optimizer_kind *kind) {
  whole_case c = {.engine = engine, .count = layers, .between = kind ? 0 : NAN};
  ebb_spec spec;
  if (kind) s.rows = (s.rows - 1) % 32 + 1; /* with updates batches are one slice */
  TRY(choose(&c, &spec, probe, s));
  ebbi_tally_case(&probe->tally, "%zu-%zu-%zu-%s%zu, batch %zu, %s", ebb_spec_inputs(&spec),
                  ebbi_spec_layer(&spec, 0).outputs, ebbi_spec_layer(&spec, 1).outputs,
                  layers > LAYERS ? "…-" : "", ebb_spec_outputs(&spec), c.batch,
                  ebb_loss_name(c.loss.kind));
  ebb_status status = set_up(&c, probe);
  if (status == EBB_OK) status = kind ? run_optimizer(&c, probe, *kind) : run_steps(&c, probe);
  ebbi_whole_step_free(c.step);
  ebbi_reference_free(c.reference);
  return status;
}

/* `rows` is the batch and makes the outputs, `cols` the inputs, `depth` the hidden layers. */
ebb_status ebbi_case_whole_step(ebbi_probe *probe, ebbi_shape s) {
  return run_case(probe, s, EBB_ENGINE_CPU, LAYERS, NULL);
}

ebb_status ebbi_case_whole_step_gpu(ebbi_probe *probe, ebbi_shape s) {
  return run_case(probe, s, EBB_ENGINE_GPU, LAYERS, NULL);
}

ebb_status ebbi_case_whole_step_mixed(ebbi_probe *probe, ebbi_shape s) {
  return run_case(probe, s, EBB_ENGINE_CPU, MIXED_LAYERS, NULL);
}

ebb_status ebbi_case_whole_step_mixed_gpu(ebbi_probe *probe, ebbi_shape s) {
  return run_case(probe, s, EBB_ENGINE_GPU, MIXED_LAYERS, NULL);
}

static ebb_status run_optimizers(ebbi_probe *probe, ebbi_shape s, ebb_engine engine) {
  probe->activation = EBB_ACT_RELU;
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++) {
    TRY(run_case(probe, s, engine, LAYERS, &(ebb_optimizer_kind){(ebb_optimizer_kind)kind}));
    ebbi_probe_clear(probe);
  }
  return EBB_OK;
}

ebb_status ebbi_case_whole_steps(ebbi_probe *probe, ebbi_shape s) {
  return run_optimizers(probe, s, EBB_ENGINE_CPU);
}

ebb_status ebbi_case_whole_steps_gpu(ebbi_probe *probe, ebbi_shape s) {
  return run_optimizers(probe, s, EBB_ENGINE_GPU);
}
