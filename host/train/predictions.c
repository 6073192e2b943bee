/* From a network's outputs to predictions: the loss's link and the target's scale.
 *
 * Outputs are small numbers that suit a network. A loss for counts makes them logarithms, one for
 * two classes logits, and a regression's targets were standardised; a prediction is in the units of
 * the data.
 */
#include "ops/loss_row.h"

#include <ebb/model.h>
#include <ebb/scores.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double linked(ebb_link link, double z) {
  if (link == EBB_LINK_EXP) return exp(z);
  return link == EBB_LINK_LOGISTIC ? 1 / (1 + exp(-z)) : z;
}

/* Two classes in one output. */
static bool is_one_logit(const ebb_encoder *encoder, ebb_loss loss) {
  return ebb_encoder_task(encoder) == EBB_TASK_CLASSIFICATION && ebb_loss_is_binary(loss.kind);
}

size_t ebb_model_outputs(const ebb_encoder *encoder, ebb_loss loss) {
  size_t outputs = is_one_logit(encoder, loss) ? 1 : ebb_encoder_outputs(encoder);
  return outputs * ebb_loss_outputs(loss);
}

void ebb_class_logits(float *logits, const ebb_encoder *encoder, ebb_loss loss,
                      const float *outputs, size_t rows) {
  size_t count = rows * ebb_encoder_outputs(encoder);
  bool one = is_one_logit(encoder, loss);
  for (size_t i = count; i-- > 0;) logits[i] = !one ? outputs[i] : i % 2 ? outputs[i / 2] : 0;
}

void ebb_class_probabilities(double *probabilities, const ebb_encoder *encoder, ebb_loss loss,
                             const float *outputs, size_t rows) {
  size_t classes = ebb_encoder_outputs(encoder);
  if (!is_one_logit(encoder, loss)) {
    ebb_probabilities(probabilities, outputs, rows, classes);
    return;
  }
  for (size_t i = 0; i < rows; i++) {
    float logits[2] = {0, outputs[i]};
    ebb_probabilities(probabilities + 2 * i, logits, 1, 2);
  }
}

/* One target's outputs and what undoes their standardisation, where the loss has no form of its
 * own.
 */
static void predict(double *predicted, ebb_loss loss, const float *z, double scale, double shift) {
  *predicted = linked(ebb_loss_link(loss.kind), (double)*z * scale + shift);
}

void ebb_output_predictions(double *values, const ebb_encoder *encoder, ebb_loss loss,
                            const float *outputs, size_t rows) {
  const ebbi_loss_row *row = ebbi_loss_row_of(loss.kind);
  size_t targets = ebb_encoder_outputs(encoder), each = ebb_loss_outputs(loss);
  for (size_t i = 0; row->predict_row && i < rows; i++)
    row->predict_row(values + i * targets, outputs + i * targets, targets);
  for (size_t k = 0; !row->predict_row && k < targets; k++) {
    double shift = ebb_encoder_target_mean(encoder, k);
    double scale = ebb_encoder_target_deviation(encoder, k);
    for (size_t i = k; i < rows * targets; i += targets)
      (row->predict ? row->predict : predict)(values + i * each, loss, outputs + i * each, scale,
                                              shift);
  }
}

void ebb_predictions(double *values, const ebb_encoder *encoder, ebb_loss loss,
                     const float *outputs, size_t rows) {
  const ebbi_loss_row *row = ebbi_loss_row_of(loss.kind);
  size_t targets = ebb_encoder_outputs(encoder), each = ebb_loss_outputs(loss);
  size_t centre = row->centre ? row->centre(loss) : 0;
  double predicted[EBB_LOSS_PARAMETERS];
  if (row->predict_row) ebb_output_predictions(values, encoder, loss, outputs, rows);
  for (size_t i = 0; !row->predict_row && i < rows * targets; i++) {
    double shift = ebb_encoder_target_mean(encoder, i % targets);
    double scale = ebb_encoder_target_deviation(encoder, i % targets);
    (row->predict ? row->predict : predict)(predicted, loss, outputs + i * each, scale, shift);
    values[i] = predicted[centre];
  }
}

/* Columns of predictions for a target. */
static size_t columns_of(ebb_loss loss) {
  size_t columns = ebbi_loss_row_of(loss.kind)->columns.count;
  return columns ? columns : ebb_loss_outputs(loss);
}

size_t ebb_predicted_columns(const ebb_encoder *encoder, ebb_loss loss) {
  return ebb_encoder_outputs(encoder) * columns_of(loss);
}

const char *ebb_predicted_name(char text[EBB_PREDICTED_NAME], const ebb_encoder *encoder,
                               ebb_loss loss, size_t index) {
  const ebbi_loss_columns *own = &ebbi_loss_row_of(loss.kind)->columns;
  size_t columns = columns_of(loss), target = index / columns;
  const char *name = ebb_encoder_target(encoder, target);
  char what[EBBI_LOSS_COLUMN] = "prediction";
  if (own->name) own->name(what, loss, index % columns);
  if (ebb_encoder_outputs(encoder) == 1)
    snprintf(text, EBB_PREDICTED_NAME, "%s", what);
  else if (name)
    snprintf(text, EBB_PREDICTED_NAME, "%s_%.280s", what, name);
  else
    snprintf(text, EBB_PREDICTED_NAME, "%s_%zu", what, target);
  return text;
}

void ebb_predicted_values(double *values, const ebb_encoder *encoder, ebb_loss loss,
                          const float *outputs, size_t rows) {
  const ebbi_loss_columns *own = &ebbi_loss_row_of(loss.kind)->columns;
  size_t each = ebb_loss_outputs(loss), columns = columns_of(loss);
  ebb_output_predictions(values, encoder, loss, outputs, rows);
  for (size_t i = rows * ebb_encoder_outputs(encoder); own->fill && i-- > 0;) {
    double predicted[EBB_LOSS_PARAMETERS];
    memcpy(predicted, values + i * each, each * sizeof *predicted);
    own->fill(values + i * columns, predicted);
  }
}
