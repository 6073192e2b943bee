/* Evaluation: loss and accuracy summed on the device, read once at the end. */
#include "base/error.h"
#include "base/size.h"
#include "train.h"

#include <math.h>

enum { EVALUATE_ROWS = 512 };

size_t ebbi_evaluator_batch(const ebb_dataset *dataset) {
  return dataset->rows < EVALUATE_ROWS ? dataset->rows : EVALUATE_ROWS;
}

/* Sum over rows and columns of (y - mean of its column)^2: what r2 compares with. */
static double target_deviation(const ebb_dataset *dataset) {
  double sum = 0;
  for (size_t c = 0; dataset->values && c < dataset->outputs; c++) {
    double mean = 0;
    for (size_t r = 0; r < dataset->rows; r++) mean += dataset->values[r * dataset->outputs + c];
    mean /= (double)dataset->rows;
    for (size_t r = 0; r < dataset->rows; r++) {
      double difference = dataset->values[r * dataset->outputs + c] - mean;
      sum += difference * difference;
    }
  }
  return sum;
}

static ebb_status record(ebbi_evaluator *evaluator) {
  ebbi_pass *pass = evaluator->pass;
  TRY(ebbi_resident_gather(pass, &evaluator->data, false, 0));
  TRY(ebbi_pass_forward(pass));
  TRY(ebbi_pass_loss(pass));
  return ebb_metrics_add(pass->state, pass->partials);
}

static ebb_status create(ebbi_evaluator *evaluator, ebb_network *network,
                         const ebb_dataset *dataset, ebb_loss loss) {
  TRY(ebbi_pass_create(&evaluator->pass, network, ebbi_evaluator_batch(dataset), loss,
                       EBBI_PASS_EVALUATION));
  TRY(ebbi_resident_create(&evaluator->data, network->device, dataset));
  evaluator->target_deviation = target_deviation(dataset);
  TRY(ebbi_sequence_begin(&evaluator->sequence, network->device));
  ebb_status status = record(evaluator);
  ebbi_sequence_end(evaluator->sequence);
  return status;
}

ebb_status ebbi_evaluator_create(ebbi_evaluator *out, ebb_network *network,
                                 const ebb_dataset *dataset, ebb_loss loss) {
  *out = (ebbi_evaluator){0};
  ebb_status status = create(out, network, dataset, loss);
  if (status != EBB_OK) ebbi_evaluator_free(out);
  return status;
}

void ebbi_evaluator_free(ebbi_evaluator *evaluator) {
  ebbi_sequence_free(evaluator->sequence);
  ebbi_resident_free(&evaluator->data);
  ebbi_pass_free(evaluator->pass);
  *evaluator = (ebbi_evaluator){0};
}

ebb_metrics ebbi_state_metrics(const ebb_state *state, ebb_loss loss) {
  double rows = state->rows;
  return (ebb_metrics){
      .loss = ((double)state->loss_sum - (double)state->loss_carry) / rows,
      .accuracy = loss == EBB_LOSS_CROSS_ENTROPY ? state->correct / rows : NAN,
      .r2 = NAN,
      .rows = state->rows,
  };
}

ebb_status ebbi_evaluator_run(ebb_metrics *metrics, const ebbi_evaluator *evaluator) {
  const ebbi_pass *pass = evaluator->pass;
  size_t steps = ebbi_ceil_div(evaluator->data.x->rows, pass->batch);
  ebb_state state = ebb_state_default(0, 0, 0);
  TRY(ebb_tensor_upload(pass->state, &state));
  for (size_t i = 0; i < steps; i++) TRY(ebbi_sequence_run(evaluator->sequence));
  TRY(ebb_tensor_download(&state, pass->state));
  *metrics = ebbi_state_metrics(&state, pass->loss);
  if (pass->loss == EBB_LOSS_MSE) {
    size_t outputs = evaluator->data.targets->cols;
    double squares = metrics->loss * (double)metrics->rows * (double)outputs;
    if (evaluator->target_deviation > 0) metrics->r2 = 1 - squares / evaluator->target_deviation;
  }
  return EBB_OK;
}

ebb_status ebb_evaluate(ebb_metrics *metrics, ebb_network *network, const ebb_dataset *dataset,
                        ebb_loss loss) {
  REQUIRE(metrics && network, EBB_ERR_ARGUMENT, "ebb_evaluate: an argument is NULL");
  TRY(ebbi_resident_check("ebb_evaluate", dataset, network, loss));
  ebbi_evaluator evaluator;
  TRY(ebbi_evaluator_create(&evaluator, network, dataset, loss));
  ebb_status status = ebbi_evaluator_run(metrics, &evaluator);
  ebbi_evaluator_free(&evaluator);
  TRY(status);
  REQUIRE(isfinite(metrics->loss), EBB_ERR_NUMBERS,
          "ebb_evaluate: the loss over %zu rows is %g: weights or inputs are too large",
          metrics->rows, metrics->loss);
  return EBB_OK;
}
