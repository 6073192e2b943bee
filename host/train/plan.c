/* The plan of a training: the form of its steps and the place of its data, by what the device has.
 *
 * It is compared with the device before the first allocation, so that a run too large fails at
 * once, with numbers, and not after an hour or inside the driver. Data are streamed only where that
 * makes what does not fit fit: first the training rows, which are most, then the validation rows.
 */
#include "base/error.h"
#include "train.h"

#include <stdio.h>

/* Rows by which an epoch is judged where there are none of validation, at most: to judge it costs
 * less than a step. */
enum { SAMPLE_ROWS = 512 };

/* Whole steps have no matrix units: their precision is fp32. */
static ebb_status choose_kind(ebbi_pass_kind *kind, const ebb_network *network,
                              ebb_step_form form) {
  const ebbi_exec *exec = ebbi_device_exec(network->device);
  ebb_precision precision = exec->mma.precision;
  bool rounded = precision != EBB_PRECISION_FP32;
  REQUIRE(!rounded || form != EBB_STEP_WHOLE, EBB_ERR_UNSUPPORTED,
          "ebb_trainer_create: whole steps are computed in fp32, not in %s; take steps by layers",
          ebb_precision_name(precision));
  bool whole = form == EBB_STEP_WHOLE ||
               (form == EBB_STEP_AUTO && !rounded && ebbi_pass_had_better_be_whole(exec, network));
  *kind = whole ? EBBI_PASS_WHOLE : EBBI_PASS_LAYERS;
  return EBB_OK;
}

/* Adds one need to another. */
static void add_need(ebbi_need *need, const ebbi_need *other) {
  if (other->largest > need->largest) need->largest = other->largest;
  need->total += other->total;
}

/* All that will be allocated; `pass` is the training's part that the batch decides. */
static ebb_status add_up(ebbi_need *all, ebbi_need *pass, const ebb_network *network,
                         const ebbi_train_plan *plan, const ebb_train_options *options) {
  /* the good weights, and the latest ones where the network gets the best */
  size_t slabs = (options->keep_best ? 2 : 1) + ebb_optimizer_moments(&options->optimizer);
  *all = *pass = (ebbi_need){0};
  TRY(ebbi_pass_need(pass, ebbi_device_exec(network->device), network, plan->train.batch,
                     options->loss, plan->kind));
  add_need(all, pass);
  ebbi_feed_need(all, &plan->train);
  for (size_t i = 0; i < slabs; i++) ebbi_need_add(all, network->parameters->cols * sizeof(float));
  const ebbi_feed_plan *judge = plan->valid.dataset ? &plan->valid : &plan->sample;
  ebbi_feed_need(all, judge);
  return ebbi_pass_need(all, ebbi_device_exec(network->device), network, judge->batch,
                        options->loss, EBBI_PASS_EVALUATION);
}

/* Lets the data stay on the host, unless two blocks of them are no less than all of them. */
static void stream(ebbi_feed_plan *plan, const ebb_device *device, size_t block_bytes,
                   bool always) {
  ebbi_need resident = {0}, blocks = {0};
  if (!plan->dataset) return;
  ebbi_feed_need(&resident, plan);
  plan->block_steps = ebbi_feed_block_steps(device, plan->dataset, plan->batch, block_bytes);
  ebbi_feed_need(&blocks, plan);
  if (!always && blocks.total >= resident.total) plan->block_steps = 0;
}

/* The refusal of what does not fit. */
static ebb_status require(const ebb_network *network, const ebbi_train_plan *plan,
                          const ebb_train_options *options) {
  char what[96], advice[96] = "use a smaller network";
  size_t batch = plan->train.batch;
  ebbi_need all, pass, data = {0};
  TRY(add_up(&all, &pass, network, plan, options));
  ebbi_feed_need(&data, &plan->train);
  if (batch > 1 && (pass.total > data.total || plan->train.block_steps > 0))
    snprintf(advice, sizeof advice, "try batch %zu", batch / 2);
  else if (options->data_on == EBB_DATA_DEVICE)
    snprintf(advice, sizeof advice, "let the data stay on the host, or use fewer rows");
  snprintf(what, sizeof what, "training with batch %zu%s", batch,
           options->keep_best ? ", the best weights kept," : "");
  return ebbi_device_require_memory(network->device, what, all.total, all.largest, advice);
}

ebb_status ebbi_train_plan_make(ebbi_train_plan *plan, const ebb_network *network,
                                const ebb_dataset *train, const ebb_dataset *valid,
                                const ebb_train_options *options) {
  const ebb_device *device = network->device;
  size_t batch = options->batch < train->rows ? options->batch : train->rows;
  bool host = options->data_on == EBB_DATA_HOST;
  *plan = (ebbi_train_plan){
      .train = {train, batch, 0, options->shuffle, options->seed},
  };
  TRY(choose_kind(&plan->kind, network, options->step));
  plan->sample_rows = *train;
  plan->sample_rows.rows = batch < SAMPLE_ROWS ? batch : SAMPLE_ROWS;
  if (valid)
    plan->valid = ebbi_evaluator_plan(valid);
  else
    plan->sample = ebbi_evaluator_plan(&plan->sample_rows);
  ebbi_feed_plan *feeds[] = {&plan->train, &plan->valid};
  for (size_t i = 0; i < 2 && options->data_on != EBB_DATA_DEVICE; i++) {
    ebbi_need all, pass;
    TRY(add_up(&all, &pass, network, plan, options));
    if (host || !ebbi_device_fits_memory(device, all.total, all.largest))
      stream(feeds[i], device, options->block_bytes, host);
  }
  return require(network, plan, options);
}

ebb_status ebbi_evaluation_plan_make(ebbi_feed_plan *plan, const ebb_network *network,
                                     const ebb_dataset *dataset, ebb_loss loss) {
  ebbi_need all = {0};
  *plan = ebbi_evaluator_plan(dataset);
  ebbi_feed_need(&all, plan);
  TRY(ebbi_pass_need(&all, ebbi_device_exec(network->device), network, plan->batch, loss,
                     EBBI_PASS_EVALUATION));
  if (!ebbi_device_fits_memory(network->device, all.total, all.largest))
    stream(plan, network->device, 0, false);
  return EBB_OK;
}
