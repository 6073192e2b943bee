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

static double linked(ebb_link link, double z) {
  if (link == EBB_LINK_EXP) return exp(z);
  return link == EBB_LINK_LOGISTIC ? 1 / (1 + exp(-z)) : z;
}

/* Two classes in one output. */
static bool is_one_logit(const ebb_encoder *encoder, ebb_loss loss) {
  return ebb_encoder_task(encoder) == EBB_TASK_CLASSIFICATION && ebb_loss_is_binary(loss.kind);
}

size_t ebb_model_outputs(const ebb_encoder *encoder, ebb_loss loss) {
  return is_one_logit(encoder, loss) ? 1 : ebb_encoder_outputs(encoder);
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

void ebb_predictions(double *values, const ebb_encoder *encoder, ebb_loss loss,
                     const float *outputs, size_t rows) {
  ebb_link link = ebb_loss_link(loss.kind);
  ebb_encoder_decode(values, encoder, outputs, rows);
  for (size_t i = 0; i < rows * ebb_encoder_outputs(encoder); i++)
    values[i] = linked(link, values[i]);
}

/* Columns of predictions for a target: the value; or 0 or 1, and the probability of 1. */
static size_t columns_of(ebb_loss loss) {
  return ebb_loss_link(loss.kind) == EBB_LINK_LOGISTIC ? 2 : 1;
}

size_t ebb_predicted_columns(const ebb_encoder *encoder, ebb_loss loss) {
  return ebb_encoder_outputs(encoder) * columns_of(loss);
}

const char *ebb_predicted_name(char text[EBB_PREDICTED_NAME], const ebb_encoder *encoder,
                               ebb_loss loss, size_t index) {
  size_t columns = columns_of(loss), target = index / columns;
  const char *name = ebb_encoder_target(encoder, target);
  const char *what = index % columns == 0 ? "prediction" : "p";
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
  size_t columns = columns_of(loss);
  ebb_predictions(values, encoder, loss, outputs, rows);
  if (columns == 1) return;
  for (size_t i = rows * ebb_encoder_outputs(encoder); i-- > 0;) {
    double p = values[i];
    values[2 * i] = p >= 0.5, values[2 * i + 1] = p;
  }
}
