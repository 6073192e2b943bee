/* Evaluation: loss and accuracy are summed on the device and read once at the end.
 *
 * The batches are recorded on first use instead of at creation, so that the first step of a
 * training need not wait for the kernels of its evaluations.
 */
#include "base/error.h"
#include "base/size.h"
#include "train.h"

#include <math.h>

enum { EVALUATE_ROWS = 512 };

ebbi_feed_spec ebbi_evaluator_feed(const ebb_dataset *dataset) {
  size_t batch = dataset->rows < EVALUATE_ROWS ? dataset->rows : EVALUATE_ROWS;
  return (ebbi_feed_spec){.dataset = dataset, .batch = batch};
}

/* The weight of a row, in units of their mean. */
static double weight_of(const ebb_dataset *dataset, double mean, size_t row) {
  return dataset->weights ? (double)dataset->weights[row] / mean : 1;
}

/* Sum over rows, by weight, and columns of (y - mean of its column)^2, which r2 compares with. */
static double target_deviation(const ebb_dataset *dataset) {
  double sum = 0, weight = ebbi_dataset_weight(dataset);
  for (size_t c = 0; dataset->values && c < dataset->outputs; c++) {
    double mean = 0;
    for (size_t r = 0; r < dataset->rows; r++)
      mean += weight_of(dataset, weight, r) * dataset->values[r * dataset->outputs + c];
    mean /= (double)dataset->rows;
    for (size_t r = 0; r < dataset->rows; r++) {
      double difference = dataset->values[r * dataset->outputs + c] - mean;
      sum += weight_of(dataset, weight, r) * difference * difference;
    }
  }
  return sum;
}

static ebb_status create(ebbi_evaluator *evaluator, ebb_network *network,
                         const ebbi_feed_spec *spec, ebb_loss loss) {
  loss.weighted = spec->dataset->weights != NULL;
  TRY(ebbi_pass_create(&evaluator->pass, ebbi_device_exec(network->device), network, spec->batch,
                       loss, EBBI_PASS_EVALUATION));
  TRY(ebbi_feed_create(&evaluator->feed, network->device, spec));
  evaluator->target_deviation = target_deviation(spec->dataset);
  return EBB_OK;
}

ebb_status ebbi_evaluator_create(ebbi_evaluator *out, ebb_network *network,
                                 const ebbi_feed_spec *spec, ebb_loss loss) {
  *out = (ebbi_evaluator){0};
  ebb_status status = create(out, network, spec, loss);
  if (status != EBB_OK) ebbi_evaluator_free(out);
  return status;
}

void ebbi_evaluator_free(ebbi_evaluator *evaluator) {
  for (size_t slot = 0; slot < EBBI_SLOTS; slot++) ebbi_sequence_free(evaluator->sequences[slot]);
  ebbi_feed_free(&evaluator->feed);
  ebbi_pass_free(evaluator->pass);
  *evaluator = (ebbi_evaluator){0};
}

size_t ebbi_trainer_members(const ebb_trainer *trainer) {
  const ebb_spec *spec = &trainer->network->spec;
  return ebbi_value_rows(spec, spec->count, true);
}

/* Means over the weights; the loss of rows whose weights are all 0 is 0. */
ebb_metrics ebbi_state_metrics(const ebb_state *state, ebb_loss loss, size_t outputs,
                               size_t members) {
  double weights = (double)state->rows * (double)members, hits = state->correct;
  double losses = (double)state->loss_sum - (double)state->loss_carry;
  if (loss.weighted) {
    weights = (double)state->weight_sum - (double)state->weight_carry;
    hits = (double)state->hit_sum - (double)state->hit_carry;
  }
  bool nothing = loss.weighted && weights == 0 && losses == 0;
  return (ebb_metrics){
      .loss = nothing ? 0 : losses / weights,
      .accuracy = ebb_loss_has_accuracy(loss.kind)
                      ? hits / (weights * (double)ebbi_loss_hits(loss, outputs))
                      : NAN,
      .r2 = NAN,
      .rows = state->rows,
  };
}

/* Hits and weights add the same weights in the same order, so rounding keeps hits below, up to the
 * compensation's last bits. Without weights the device never writes these sums. */
bool ebbi_state_hits_possible(const ebb_state *state, ebb_loss loss, size_t outputs) {
  double weights = (double)state->weight_sum, hits = (double)state->hit_sum;
  double most = (double)ebbi_loss_hits(loss, outputs);
  if (!loss.weighted) return weights == 0 && hits == 0;
  return isfinite(weights) && weights >= 0 && hits >= 0 && hits <= weights * most * (1 + 0x1p-12) &&
         state->correct == 0;
}

static ebb_status record_batch(ebbi_evaluator *evaluator, size_t slot) {
  ebbi_pass *pass = evaluator->pass;
  TRY(ebbi_feed_gather(pass, &evaluator->feed, slot, 0));
  TRY(ebbi_pass_forward(pass));
  TRY(ebbi_pass_loss(pass));
  return ebbi_metrics_add(&pass->exec, pass->state, pass->partials);
}

static ebb_status record_slots(ebbi_evaluator *evaluator, ebb_device *device) {
  ebbi_programs_plan(device);
  TRY(ebbi_programs_build(device, record_batch(evaluator, 0)));
  for (size_t slot = 0; slot < ebbi_feed_slots(&evaluator->feed); slot++) {
    TRY(ebbi_sequence_begin(&evaluator->sequences[slot], device));
    ebb_status status = record_batch(evaluator, slot);
    ebbi_sequence_end(evaluator->sequences[slot]);
    TRY(status);
  }
  return EBB_OK;
}

/* Records the batches unless this has been done. */
static ebb_status record(ebbi_evaluator *evaluator) {
  if (evaluator->recorded) return EBB_OK;
  ebb_status status = record_slots(evaluator, evaluator->pass->network->device);
  evaluator->recorded = status == EBB_OK;
  return status;
}

static ebb_status run_steps(ebbi_evaluator *evaluator, size_t steps) {
  size_t slot, room;
  TRY(ebbi_feed_seek(&evaluator->feed, 0, 0));
  for (size_t i = 0; i < steps; i++) {
    TRY(ebbi_feed_enter(&slot, &room, &evaluator->feed));
    TRY(ebbi_sequence_run(evaluator->sequences[slot]));
    TRY(ebbi_feed_advance(&evaluator->feed, 1));
  }
  return ebbi_feed_wait(&evaluator->feed);
}

ebb_status ebbi_evaluator_compile(ebbi_evaluator *evaluator) {
  if (evaluator->recorded) return EBB_OK;
  TRY(record(evaluator));
  evaluator->begun = false;
  TRY(run_steps(evaluator, 1));
  return ebb_device_finish(evaluator->pass->network->device);
}

/* Each evaluation is an epoch of the state, which clears the sums. The state is uploaded before the
 * first evaluation and after an incomplete one. */
static ebb_status begin(ebbi_evaluator *evaluator, size_t steps) {
  if (evaluator->begun) return EBB_OK;
  ebb_state state = ebb_state_default(0, 0, 0);
  state.epoch_steps = (uint32_t)steps;
  evaluator->done = 0;
  return ebb_tensor_upload(evaluator->pass->state, &state);
}

/* Checks that the device has counted what was queued. */
static ebb_status check_state(const ebb_state *state, const ebbi_evaluator *evaluator) {
  size_t rows = evaluator->feed.rows;
  ebb_loss loss = evaluator->pass->loss;
  size_t outputs = ebb_spec_outputs(&evaluator->pass->network->spec);
  REQUIRE(state->done == evaluator->done && state->rows == rows &&
              state->correct <= rows * ebbi_loss_hits(loss, outputs) &&
              ebbi_state_hits_possible(state, loss, outputs),
          EBB_ERR_DEVICE,
          "evaluation: the device reports %lu rows, %lu of them right, after %llu steps; there are "
          "%zu rows and %llu steps; its memory or its driver is at fault; run `ebb verify`",
          (unsigned long)state->rows, (unsigned long)state->correct,
          (unsigned long long)state->done, rows, (unsigned long long)evaluator->done);
  return EBB_OK;
}

ebb_status ebbi_evaluator_run(ebb_metrics *metrics, ebbi_evaluator *evaluator) {
  const ebbi_pass *pass = evaluator->pass;
  size_t steps = ebbi_ceil_div(evaluator->feed.rows, pass->batch);
  ebb_state state;
  TRY(record(evaluator));
  TRY(begin(evaluator, steps));
  evaluator->begun = false;
  evaluator->done += steps;
  TRY(run_steps(evaluator, steps));
  TRY(ebb_tensor_download(&state, pass->state));
  *metrics = ebbi_state_metrics(&state, pass->loss, ebb_spec_outputs(&pass->network->spec), 1);
  metrics->rows = evaluator->feed.rows;
  if (isfinite(metrics->loss)) {
    TRY(check_state(&state, evaluator));
    evaluator->begun = true;
  }
  if (ebb_loss_is_squares(pass->loss.kind)) {
    size_t outputs = ebb_spec_outputs(&pass->network->spec);
    double squares = metrics->loss * (double)metrics->rows * (double)outputs;
    if (evaluator->target_deviation > 0) metrics->r2 = 1 - squares / evaluator->target_deviation;
  }
  return EBB_OK;
}

ebb_status ebb_evaluate(ebb_metrics *metrics, ebb_network *network, const ebb_dataset *dataset,
                        ebb_loss loss) {
  REQUIRE(metrics && network, EBB_ERR_ARGUMENT, "ebb_evaluate: an argument is NULL");
  TRY(ebbi_feed_check(NULL, "ebb_evaluate", dataset, network, loss));
  ebbi_feed_spec spec;
  TRY(ebbi_evaluation_feed_make(&spec, network, dataset, loss));
  ebbi_evaluator evaluator;
  TRY(ebbi_evaluator_create(&evaluator, network, &spec, loss));
  ebb_status status = ebbi_evaluator_run(metrics, &evaluator);
  ebbi_evaluator_free(&evaluator);
  TRY(status);
  REQUIRE(isfinite(metrics->loss), EBB_ERR_NUMBERS,
          "ebb_evaluate: the loss over %zu rows is %g: weights or inputs are too large",
          metrics->rows, metrics->loss);
  return EBB_OK;
}
