/* Plans a training: the form of its steps and the place of its data, within the device's limits.
 *
 * The plan is compared with the device before the first allocation. A training that is too large
 * fails at once, with numbers, instead of after an hour or inside the driver. Data are streamed
 * only if that makes the training fit: first the training rows, which are most, then the validation
 * rows.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops/optimizer_row.h"
#include "train.h"

#include <stdio.h>

/* Without validation rows, epochs are judged by at most this many rows, which costs less than a
 * step. */
enum { SAMPLE_ROWS = 512 };

/* Whole steps do not use tensor cores: their precision is fp32. */
static ebb_status choose_kind(ebbi_pass_kind *kind, const ebb_network *network, ebb_step_form form,
                              size_t batch, bool parts) {
  const ebbi_exec *exec = ebbi_device_exec(network->device);
  ebb_precision precision = exec->mma.precision;
  bool rounded = precision != EBB_PRECISION_FP32;
  REQUIRE(!rounded || form != EBB_STEP_WHOLE, EBB_ERR_UNSUPPORTED,
          "ebb_trainer_create: whole steps are computed in fp32, not in %s; use steps by layers",
          ebb_precision_name(precision));
  REQUIRE(!parts || form != EBB_STEP_WHOLE, EBB_ERR_UNSUPPORTED,
          "ebb_trainer_create: whole steps take one batch, not several that accumulate; use a "
          "larger batch, or steps by layers");
  bool whole = form == EBB_STEP_WHOLE || (form == EBB_STEP_AUTO && !rounded && !parts &&
                                          ebbi_pass_whole_is_faster(exec, network, batch));
  *kind = whole ? EBBI_PASS_WHOLE : EBBI_PASS_LAYERS;
  return EBB_OK;
}

/* Adds one need to another. */
static void add_need(ebbi_need *need, const ebbi_need *other) {
  if (other->largest > need->largest) need->largest = other->largest;
  need->total += other->total;
}

/* The loss of a feed's rows. */
static ebb_loss loss_of(const ebbi_feed_spec *spec, ebb_loss loss) {
  loss.weighted = spec->dataset->weights != NULL;
  return loss;
}

/* Adds up all that will be allocated; `pass` is the part that the batch determines. */
static ebb_status add_up(ebbi_need *all, ebbi_need *pass, const ebb_network *network,
                         const ebbi_train_setup *setup, const ebb_train_options *options) {
  /* The good weights, averaged ones, and with either choice of weights the latest ones. */
  bool averages = ebbi_average_taken(options);
  size_t slabs = 1 + (setup->parts > 1) + averages + (options->keep_best || averages) +
                 ebb_optimizer_moments(&options->optimizer);
  *all = *pass = (ebbi_need){0};
  TRY(ebbi_pass_need(pass, ebbi_device_exec(network->device), network, setup->batch,
                     loss_of(&setup->train, options->loss), setup->kind));
  add_need(all, pass);
  ebbi_feed_need(all, &setup->train);
  for (size_t i = 0; i < slabs; i++) ebbi_need_add(all, network->parameters->cols * sizeof(float));
  ebbi_muon_need(all, network, options);
  ebbi_lbfgs_need(all, network, options);
  const ebbi_feed_spec *judge = setup->valid.dataset ? &setup->valid : &setup->sample;
  ebbi_feed_need(all, judge);
  return ebbi_pass_need(all, ebbi_device_exec(network->device), network, judge->batch,
                        loss_of(judge, options->loss), EBBI_PASS_EVALUATION);
}

/* Keeps the data on the host, unless two blocks of them are no smaller than all of them. */
static void stream(ebbi_feed_spec *spec, const ebb_device *device, size_t block_bytes,
                   bool always) {
  ebbi_need resident = {0}, blocks = {0};
  if (!spec->dataset) return;
  ebbi_feed_need(&resident, spec);
  spec->block_steps = ebbi_feed_block_steps(device, spec->dataset, spec->batch, block_bytes);
  ebbi_feed_need(&blocks, spec);
  if (!always && blocks.total >= resident.total) spec->block_steps = 0;
}

/* Fails if the plan does not fit. */
static ebb_status require(const ebb_network *network, const ebbi_train_setup *setup,
                          const ebb_train_options *options) {
  char what[96], advice[96] = "use a smaller network";
  size_t batch = setup->batch;
  ebbi_need all, pass, data = {0};
  TRY(add_up(&all, &pass, network, setup, options));
  ebbi_feed_need(&data, &setup->train);
  if (ebbi_optimizer_row_of(options->optimizer.kind)->searches)
    snprintf(advice, sizeof advice, "use fewer rows, or an optimizer that takes batches of them");
  else if (batch > 1 && (pass.total > data.total || setup->train.block_steps > 0))
    snprintf(advice, sizeof advice, "try batch %zu", batch / 2);
  else if (options->data_on == EBB_DATA_DEVICE)
    snprintf(advice, sizeof advice, "let the data stay on the host, or use fewer rows");
  snprintf(what, sizeof what, "training with batch %zu%s", batch,
           options->keep_best ? ", the best weights kept," : "");
  return ebbi_device_require_memory(network->device, what, all.total, all.largest, advice);
}

ebb_status ebbi_train_setup_make(ebbi_train_setup *setup, const ebb_network *network,
                                 const ebb_dataset *train, const ebb_dataset *valid,
                                 const ebb_train_options *options) {
  const ebb_device *device = network->device;
  size_t batch = options->batch < train->rows ? options->batch : train->rows;
  bool host = options->data_on == EBB_DATA_HOST;
  size_t most = ebbi_ceil_div(train->rows, batch), parts = options->update.accumulate;
  if (parts == 0 || parts > most) parts = parts ? most : 1;
  *setup = (ebbi_train_setup){
      .batch = batch,
      .parts = parts,
      .train = {train, batch * parts, 0, options->shuffle, options->seed},
  };
  TRY(choose_kind(&setup->kind, network, options->step, batch, parts > 1));
  setup->sample_rows = *train;
  setup->sample_rows.rows = batch < SAMPLE_ROWS ? batch : SAMPLE_ROWS;
  if (valid)
    setup->valid = ebbi_evaluator_feed(valid);
  else
    setup->sample = ebbi_evaluator_feed(&setup->sample_rows);
  ebbi_feed_spec *feeds[] = {&setup->train, &setup->valid};
  for (size_t i = 0; i < 2 && options->data_on != EBB_DATA_DEVICE; i++) {
    ebbi_need all, pass;
    TRY(add_up(&all, &pass, network, setup, options));
    if (host || !ebbi_device_fits_memory(device, all.total, all.largest))
      stream(feeds[i], device, options->block_bytes, host);
  }
  return require(network, setup, options);
}

ebb_status ebbi_evaluation_feed_make(ebbi_feed_spec *spec, const ebb_network *network,
                                     const ebb_dataset *dataset, ebb_loss loss) {
  ebbi_need all = {0};
  *spec = ebbi_evaluator_feed(dataset);
  ebbi_feed_need(&all, spec);
  TRY(ebbi_pass_need(&all, ebbi_device_exec(network->device), network, spec->batch,
                     loss_of(spec, loss), EBBI_PASS_EVALUATION));
  if (!ebbi_device_fits_memory(network->device, all.total, all.largest))
    stream(spec, network->device, 0, false);
  return EBB_OK;
}
