/* The trainer: plans memory, uploads the data or prepares to stream them, records the step.
 *
 * A step reads its rows at fixed addresses, so it is recorded once for each slot (train.h). A
 * single recording with the slot in the step state was rejected: kernels would have to load a
 * pointer from it, which would slow down resident data, the usual case.
 */
#include "base/error.h"
#include "base/options.h"
#include "base/size.h"
#include "ops/optimizer_row.h"
#include "train.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char where[] = "ebb_trainer_create";

static ebb_status check_best(const ebb_train_options *options, const ebb_dataset *valid) {
  REQUIRE(valid || !(options->keep_best || options->patience > 0), EBB_ERR_ARGUMENT,
          "%s: the best epoch (keep_best, patience) is found by validation rows; there are none",
          where);
  REQUIRE((unsigned)options->monitor < EBB_MONITOR_COUNT, EBB_ERR_ARGUMENT,
          "%s: there is no monitor %d", where, (int)options->monitor);
  REQUIRE(options->monitor != EBB_MONITOR_ACCURACY || ebb_loss_has_accuracy(options->loss.kind),
          EBB_ERR_ARGUMENT, "%s: the monitor is the accuracy, which loss %s does not have", where,
          ebb_loss_name(options->loss.kind));
  REQUIRE(isfinite(options->min_delta) && options->min_delta >= 0, EBB_ERR_ARGUMENT,
          "%s: min_delta %g is not a finite number of at least 0", where, options->min_delta);
  return EBB_OK;
}

static ebb_status check_options(const ebb_train_options *options, const ebb_dataset *train) {
  REQUIRE(options->batch > 0 && options->batch <= INT_MAX / 2, EBB_ERR_ARGUMENT,
          "%s: batch %zu is not in 1 … %d", where, options->batch, INT_MAX / 2);
  REQUIRE(train->rows <= INT_MAX / 2, EBB_ERR_ARGUMENT, "%s: %zu rows, at most %d are possible",
          where, train->rows, INT_MAX / 2);
  REQUIRE((unsigned)options->step < EBB_STEP_COUNT, EBB_ERR_ARGUMENT,
          "%s: there is no step form %d", where, (int)options->step);
  REQUIRE((unsigned)options->data_on < EBB_DATA_PLACE_COUNT, EBB_ERR_ARGUMENT,
          "%s: there is no data place %d", where, (int)options->data_on);
  return EBB_OK;
}

/* Gather, forward, loss, backward. */
ebb_status ebbi_trainer_gradients(ebb_trainer *trainer, size_t slot, size_t part) {
  ebbi_pass *pass = trainer->pass;
  if (pass->kind == EBBI_PASS_WHOLE) {
    ebbi_whole_source source = ebbi_feed_source(&trainer->feed, slot, pass->loss);
    return ebbi_whole_step_run(pass->whole, pass->state, trainer->network->parameters, &source);
  }
  pass->seed = ebbi_part_seed(trainer->options.seed, part);
  pass->span = (uint64_t)trainer->options.epochs * trainer->epoch_steps;
  TRY(ebbi_feed_gather(pass, &trainer->feed, slot, part * pass->batch));
  TRY(ebbi_pass_forward(pass));
  TRY(ebbi_pass_loss(pass));
  return ebbi_pass_backward(pass);
}

/* Returns true if one launch can hold several steps. */
static bool holds_steps(const ebb_trainer *trainer) {
  const ebbi_pass *pass = trainer->pass;
  return pass->kind == EBBI_PASS_WHOLE && pass->whole->layout.slices == 1 &&
         ebbi_updates_fuse(&trainer->options);
}

static ebb_status record_steps(ebb_trainer *trainer, size_t slot, size_t steps) {
  ebbi_pass *pass = trainer->pass;
  if (holds_steps(trainer)) {
    ebbi_whole_source source = ebbi_feed_source(&trainer->feed, slot, pass->loss);
    return ebbi_whole_steps_run(pass->whole, trainer->network->parameters, trainer->moments,
                                pass->state, &source, &trainer->options.optimizer, &trainer->groups,
                                steps);
  }
  for (size_t part = 0; part < trainer->parts; part++) {
    TRY(ebbi_trainer_gradients(trainer, slot, part));
    if (pass->kind == EBBI_PASS_LAYERS) TRY(ebbi_pass_settle(pass));
    if (trainer->parts > 1) TRY(ebbi_updates_add(trainer, part));
  }
  return trainer->lbfgs ? ebbi_lbfgs_gradient(trainer) : ebbi_updates_run(trainer);
}

static ebb_status record(ebbi_sequence **out, ebb_trainer *trainer, size_t slot, size_t steps) {
  TRY(ebbi_sequence_begin(out, trainer->network->device));
  ebb_status status = record_steps(trainer, slot, steps);
  ebbi_sequence_end(*out);
  return status;
}

static ebb_status make_moments(ebb_trainer *trainer) {
  ebb_device *device = trainer->network->device;
  size_t count = trainer->network->parameters->cols;
  size_t moments = ebb_optimizer_moments(&trainer->options.optimizer);
  for (size_t m = 0; m < moments; m++)
    TRY(ebb_tensor_create(&trainer->moments[m], device, EBB_F32, 1, count));
  return EBB_OK;
}

/* Builds the programs of a step before it is recorded, so that their number is known. */
static ebb_status build_programs(ebb_trainer *trainer) {
  ebb_device *device = trainer->network->device;
  ebbi_programs_plan(device);
  return ebbi_programs_build(device, record_steps(trainer, 0, 1));
}

static ebb_status record_all(ebb_trainer *trainer) {
  TRY(build_programs(trainer));
  for (size_t slot = 0; slot < ebbi_feed_slots(&trainer->feed); slot++) {
    TRY(record(&trainer->sequences[slot], trainer, slot, 1));
    if (holds_steps(trainer)) TRY(record(&trainer->bursts[slot], trainer, slot, EBBI_BURST));
  }
  return EBB_OK;
}

static ebb_status build(ebb_trainer *trainer, const ebbi_train_setup *setup) {
  ebb_network *network = trainer->network;
  ebb_device *device = network->device;
  const ebb_train_options *options = &trainer->options;
  size_t count = network->parameters->cols, batch = setup->batch;
  trainer->parts = setup->parts;
  TRY(ebbi_feed_create(&trainer->feed, device, &setup->train));
  bool frozen[EBB_MAX_NODES];
  ebbi_updates_frozen(frozen, options);
  TRY(ebbi_pass_create_training(&trainer->pass, ebbi_device_exec(device), network, batch,
                                options->loss, setup->kind, frozen));
  TRY(make_moments(trainer));
  if (trainer->parts > 1) TRY(ebb_tensor_create(&trainer->accumulated, device, EBB_F32, 1, count));
  TRY(ebbi_updates_create(&trainer->groups, options, network));
  TRY(ebbi_muon_create(&trainer->muon, trainer));
  TRY(ebbi_lbfgs_create(&trainer->lbfgs, trainer));
  TRY(ebb_tensor_create(&trainer->good, device, EBB_F32, 1, count));
  bool averages = ebbi_average_taken(options);
  if (averages) TRY(ebb_tensor_create(&trainer->average, device, EBB_F32, 1, count));
  if (options->keep_best || averages)
    TRY(ebb_tensor_create(&trainer->latest, device, EBB_F32, 1, count));
  TRY(ebbi_buffer_copy(trainer->good->buffer, network->parameters->buffer, count * sizeof(float)));
  if (setup->valid.dataset)
    TRY(ebbi_evaluator_create(&trainer->valid, network, &setup->valid, options->loss));
  else
    TRY(ebbi_evaluator_create(&trainer->sample, network, &setup->sample, options->loss));
  ebb_state state = ebb_state_default(0, 0, options->learning_rate);
  state.epoch_steps = (uint32_t)trainer->epoch_steps;
  state.schedule = trainer->piece.set;
  TRY(ebb_tensor_upload(trainer->pass->state, &state));
  return record_all(trainer);
}

/* Copies the options and what they point to. */
static void take_options(ebb_trainer *trainer, const ebb_train_options *options) {
  trainer->options = *options;
  for (size_t n = 0; n < options->update.layers; n++)
    trainer->layer_rates[n] = options->update.layer_rates[n];
  trainer->options.update.layer_rates = trainer->layer_rates;
}

/* Checks what some optimizers need. The order of rows that are all in one batch only changes how
 * sums are rounded, which a search would take for a change of the loss. */
static ebb_status take_optimizer(ebb_train_options *options, const ebb_network *network,
                                 size_t rows) {
  TRY(ebbi_muon_check(where, options));
  TRY(ebbi_lbfgs_check(where, options, network, rows));
  if (ebbi_optimizer_row_of(options->optimizer.kind)->searches) options->shuffle = false;
  return EBB_OK;
}

ebb_status ebb_trainer_create(ebb_trainer **out, ebb_network *network, const ebb_dataset *train,
                              const ebb_dataset *valid, const ebb_train_options *given) {
  REQUIRE(out && network && given, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  ebb_train_options own = EBB_TRAIN_OPTIONS_INIT, *options = &own;
  TRY(ebbi_options_take(where, &own, sizeof own, given));
  ebbi_largest largest;
  TRY(ebbi_feed_check(&largest, where, train, network, options->loss));
  if (valid) TRY(ebbi_feed_check(NULL, where, valid, network, options->loss));
  TRY(ebbi_optimizer_check(where, &options->optimizer));
  TRY(check_options(options, train));
  TRY(check_best(options, valid));
  TRY(ebbi_updates_check(where, &options->update, network));
  TRY(take_optimizer(options, network, train->rows));
  ebbi_schedule schedule;
  size_t epoch_steps = ebbi_ceil_div(train->rows, ebbi_updates_rows(options));
  TRY(ebbi_schedule_make(&schedule, where, &options->schedule, &options->shape,
                         options->learning_rate, (uint64_t)options->epochs * epoch_steps));
  ebbi_train_setup setup;
  TRY(ebbi_train_setup_make(&setup, network, train, valid, options));
  ebb_trainer *trainer = calloc(1, sizeof *trainer);
  REQUIRE(trainer, EBB_ERR_MEMORY, "%s: no memory", where);
  trainer->network = network;
  take_options(trainer, options);
  trainer->options.loss.weighted = train->weights != NULL;
  trainer->best = (ebbi_best){.loss = NAN, .accuracy = NAN};
  trainer->largest = largest;
  trainer->epoch_steps = epoch_steps;
  trainer->plateau = (ebbi_plateau){.best = NAN};
  ebbi_trainer_take_schedule(trainer, &schedule);
  trainer->options.schedule.steps = schedule.steps; /* replaces 0 by its meaning */
  trainer->train_print = ebbi_data_print_of(train);
  if (valid) trainer->valid_print = ebbi_data_print_of(valid);
  ebb_status status = build(trainer, &setup);
  if (status != EBB_OK) {
    ebb_trainer_free(trainer);
    return status;
  }
  *out = trainer;
  return EBB_OK;
}

void ebb_trainer_free(ebb_trainer *trainer) {
  if (!trainer) return;
  for (size_t slot = 0; slot < EBBI_SLOTS; slot++) {
    ebbi_sequence_free(trainer->sequences[slot]);
    ebbi_sequence_free(trainer->bursts[slot]);
  }
  ebbi_evaluator_free(&trainer->valid);
  ebbi_evaluator_free(&trainer->sample);
  ebb_tensor_free(trainer->latest);
  ebb_tensor_free(trainer->average);
  ebb_tensor_free(trainer->good);
  ebbi_muon_free(trainer->muon);
  ebbi_lbfgs_free(trainer->lbfgs);
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++) ebb_tensor_free(trainer->moments[m]);
  ebbi_update_groups_free(&trainer->groups);
  ebb_tensor_free(trainer->accumulated);
  ebbi_pass_free(trainer->pass);
  ebbi_feed_free(&trainer->feed);
  free(trainer);
}

ebb_step_form ebb_trainer_step_form(const ebb_trainer *trainer) {
  return trainer->pass->kind == EBBI_PASS_WHOLE ? EBB_STEP_WHOLE : EBB_STEP_LAYERS;
}

ebb_data_place ebb_trainer_data_place(const ebb_trainer *trainer) {
  return trainer->feed.stream ? EBB_DATA_HOST : EBB_DATA_DEVICE;
}
