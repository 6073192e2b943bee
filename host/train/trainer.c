/* The trainer: memory planned, data uploaded, the step recorded.
 *
 * The plan is compared with the device before the first allocation, so that a run too large fails
 * at once, with numbers, and not after an hour or inside the driver.
 */
#include "base/error.h"
#include "base/size.h"
#include "train.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

ebb_train_options ebb_train_options_default(void) {
  return (ebb_train_options){.loss = EBB_LOSS_CROSS_ENTROPY,
                             .optimizer = ebb_optimizer_default(EBB_OPT_ADAM),
                             .learning_rate = 0.001f,
                             .epochs = 20,
                             .batch = 32,
                             .shuffle = true,
                             .seed = 1,
                             .step = EBB_STEP_AUTO};
}

static const char where[] = "ebb_trainer_create";

static ebb_status check_options(const ebb_train_options *options, const ebb_dataset *train) {
  REQUIRE(options->batch > 0 && options->batch <= INT_MAX / 2, EBB_ERR_ARGUMENT,
          "%s: batch %zu is not in 1 … %d", where, options->batch, INT_MAX / 2);
  REQUIRE(train->rows <= INT_MAX / 2, EBB_ERR_ARGUMENT, "%s: %zu rows, at most %d are possible",
          where, train->rows, INT_MAX / 2);
  REQUIRE(isfinite(options->learning_rate) && options->learning_rate >= 0, EBB_ERR_ARGUMENT,
          "%s: learning rate %g is not a number from 0 on", where, options->learning_rate);
  REQUIRE((unsigned)options->step < EBB_STEP_COUNT, EBB_ERR_ARGUMENT,
          "%s: there is no step form %d", where, (int)options->step);
  return EBB_OK;
}

/* Rows of a step: no more than there are, so that a huge --batch means the full set. */
static size_t step_rows(const ebb_train_options *options, const ebb_dataset *train) {
  return options->batch < train->rows ? options->batch : train->rows;
}

/* Whole steps are for CPUs: one work-item does what a GPU would spread over thousands. */
static ebbi_pass_kind choose_kind(const ebb_network *network, ebb_step_form form) {
  const ebb_device *device = network->device;
  bool cpu = ebb_device_get_info(device)->type == EBB_DEVICE_CPU &&
             ebb_device_engine(device) == EBB_ENGINE_CPU;
  bool whole =
      form == EBB_STEP_WHOLE || (form == EBB_STEP_AUTO && cpu && ebbi_pass_can_be_whole(network));
  return whole ? EBBI_PASS_WHOLE : EBBI_PASS_LAYERS;
}

/* The optimizer's moments, each as long as the parameters. */
static size_t moments_of(const ebb_optimizer *optimizer) {
  static const size_t moments[EBB_OPT_COUNT] = {
#define MOMENTS(name, text, count) count,
      EBB_OPTIMIZER_LIST(MOMENTS)};
  bool plain = optimizer->kind == EBB_OPT_SGD && optimizer->momentum == 0;
  return plain ? 0 : moments[optimizer->kind];
}

/* Everything that will be allocated, against what the device has. */
static ebb_status check_memory(const ebb_network *network, const ebb_dataset *train,
                               const ebb_dataset *valid, const ebb_train_options *options,
                               ebbi_pass_kind kind) {
  char what[96], advice[64];
  size_t batch = step_rows(options, train);
  size_t slabs = 1 + moments_of(&options->optimizer); /* and the last good weights */
  ebbi_need pass = {0}, all = {0};
  TRY(ebbi_pass_need(&pass, network, batch, options->loss, kind));
  ebbi_resident_need(&all, train);
  bool batch_matters = pass.total > all.total && batch > 1;
  ebbi_need_add(&all, pass.largest);
  all.total += pass.total - pass.largest;
  for (size_t i = 0; i < slabs; i++) ebbi_need_add(&all, network->parameters->cols * sizeof(float));
  if (valid) {
    ebbi_resident_need(&all, valid);
    TRY(ebbi_pass_need(&all, network, ebbi_evaluator_batch(valid), options->loss,
                       EBBI_PASS_EVALUATION));
  }
  snprintf(what, sizeof what, "training with batch %zu", batch);
  snprintf(advice, sizeof advice, batch_matters ? "try batch %zu" : "use fewer rows", batch / 2);
  return ebbi_device_require_memory(network->device, what, all.total, all.largest, advice);
}

/* Gather, forward, loss, backward. */
static ebb_status record_gradients(ebb_trainer *trainer) {
  const ebb_train_options *options = &trainer->options;
  ebbi_pass *pass = trainer->pass;
  if (pass->kind == EBBI_PASS_WHOLE) {
    ebbi_whole_source source = ebbi_resident_source(trainer);
    return ebbi_whole_step_run(pass->whole, pass->state, trainer->network->parameters, &source);
  }
  TRY(ebbi_resident_gather(pass, &trainer->data, options->shuffle, options->seed));
  TRY(ebbi_pass_forward(pass));
  TRY(ebbi_pass_loss(pass));
  return ebbi_pass_backward(pass);
}

/* Can one launch hold more than one step? */
static bool holds_steps(const ebb_trainer *trainer) {
  const ebbi_pass *pass = trainer->pass;
  return pass->kind == EBBI_PASS_WHOLE && pass->whole->plan.slices == 1;
}

static ebb_status record_steps(ebb_trainer *trainer, size_t steps) {
  ebbi_pass *pass = trainer->pass;
  ebb_tensor *parameters = trainer->network->parameters;
  const ebb_optimizer *optimizer = &trainer->options.optimizer;
  if (holds_steps(trainer)) {
    ebbi_whole_source source = ebbi_resident_source(trainer);
    return ebbi_whole_steps_run(pass->whole, parameters, trainer->first, trainer->second,
                                pass->state, &source, optimizer, steps);
  }
  TRY(record_gradients(trainer));
  return ebb_update(parameters, trainer->first, trainer->second, pass->gradients, pass->state,
                    pass->partials, optimizer);
}

static ebb_status record(ebbi_sequence **out, ebb_trainer *trainer, size_t steps) {
  TRY(ebbi_sequence_begin(out, trainer->network->device));
  ebb_status status = record_steps(trainer, steps);
  ebbi_sequence_end(*out);
  return status;
}

static ebb_status make_moments(ebb_trainer *trainer) {
  ebb_device *device = trainer->network->device;
  size_t count = trainer->network->parameters->cols;
  size_t moments = moments_of(&trainer->options.optimizer);
  if (moments > 0) TRY(ebb_tensor_create(&trainer->first, device, EBB_F32, 1, count));
  if (moments > 1) TRY(ebb_tensor_create(&trainer->second, device, EBB_F32, 1, count));
  return EBB_OK;
}

static ebb_status build(ebb_trainer *trainer, const ebb_dataset *train, const ebb_dataset *valid,
                        ebbi_pass_kind kind) {
  ebb_network *network = trainer->network;
  ebb_device *device = network->device;
  const ebb_train_options *options = &trainer->options;
  size_t count = network->parameters->cols, batch = step_rows(options, train);
  TRY(ebbi_resident_create(&trainer->data, device, train));
  TRY(ebbi_pass_create(&trainer->pass, network, batch, options->loss, kind));
  TRY(make_moments(trainer));
  TRY(ebb_tensor_create(&trainer->good, device, EBB_F32, 1, count));
  TRY(ebbi_buffer_copy(trainer->good->buffer, network->parameters->buffer, count * sizeof(float)));
  if (valid) TRY(ebbi_evaluator_create(&trainer->valid, network, valid, options->loss));
  trainer->epoch_steps = ebbi_ceil_div(train->rows, batch);
  ebb_state state = ebb_state_default(0, 0, options->learning_rate);
  state.epoch_steps = (uint32_t)trainer->epoch_steps;
  TRY(ebb_tensor_upload(trainer->pass->state, &state));
  TRY(record(&trainer->sequence, trainer, 1));
  return holds_steps(trainer) ? record(&trainer->burst, trainer, EBBI_BURST) : EBB_OK;
}

ebb_status ebb_trainer_create(ebb_trainer **out, ebb_network *network, const ebb_dataset *train,
                              const ebb_dataset *valid, const ebb_train_options *options) {
  REQUIRE(out && network && options, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  TRY(ebbi_resident_check(where, train, network, options->loss));
  if (valid) TRY(ebbi_resident_check(where, valid, network, options->loss));
  TRY(ebbi_optimizer_check(where, &options->optimizer));
  TRY(check_options(options, train));
  ebbi_pass_kind kind = choose_kind(network, options->step);
  TRY(check_memory(network, train, valid, options, kind));
  ebb_trainer *trainer = calloc(1, sizeof *trainer);
  REQUIRE(trainer, EBB_ERR_MEMORY, "%s: no memory", where);
  trainer->network = network;
  trainer->options = *options;
  ebb_status status = build(trainer, train, valid, kind);
  if (status != EBB_OK) {
    ebb_trainer_free(trainer);
    return status;
  }
  *out = trainer;
  return EBB_OK;
}

void ebb_trainer_free(ebb_trainer *trainer) {
  if (!trainer) return;
  ebbi_sequence_free(trainer->sequence);
  ebbi_sequence_free(trainer->burst);
  ebbi_evaluator_free(&trainer->valid);
  ebb_tensor_free(trainer->good);
  ebb_tensor_free(trainer->second);
  ebb_tensor_free(trainer->first);
  ebbi_pass_free(trainer->pass);
  ebbi_resident_free(&trainer->data);
  free(trainer);
}

ebb_step_form ebb_trainer_step_form(const ebb_trainer *trainer) {
  return trainer->pass->kind == EBBI_PASS_WHOLE ? EBB_STEP_WHOLE : EBB_STEP_LAYERS;
}
