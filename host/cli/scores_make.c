/* Scoring a network: its outputs for all rows, then the library's figures for them.
 *
 * The figures need every output in double precision, so they are computed on the host. ebb_evaluate
 * downloads only two sums, which is enough for the epochs of a training.
 */
#include "scores_make.h"

#include "output.h"
#include "signals.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK = 65536 /* rows at a time; a signal takes effect between chunks */ };

/* `chunk`: room for bytes converted to floats; NULL: the rows are floats. */
static ebb_status predict_rows(float *out, ebb_network *network, const ebb_dataset *d,
                               float *chunk) {
  size_t outputs = ebb_spec_outputs(ebb_network_spec(network));
  ebb_status status = EBB_OK;
  for (size_t at = 0; at < d->rows && status == EBB_OK && !signals_caught(); at += CHUNK) {
    size_t count = d->rows - at < CHUNK ? d->rows - at : CHUNK;
    const float *x = chunk ? chunk : d->x + at * d->inputs;
    for (size_t i = 0; chunk && i < count * d->inputs; i++)
      chunk[i] = (float)d->x_u8[at * d->inputs + i] * d->scale;
    status = ebb_network_predict(network, out + at * outputs, x, count);
  }
  return status;
}

int outputs_make(float **out, ebb_network *network, const ebb_dataset *rows) {
  size_t outputs = ebb_spec_outputs(ebb_network_spec(network));
  size_t most = rows->rows < CHUNK ? rows->rows : CHUNK;
  *out = calloc(rows->rows, outputs * sizeof **out);
  float *chunk = rows->x ? NULL : calloc(most, rows->inputs * sizeof *chunk);
  int code;
  if (!*out || (!rows->x && !chunk))
    code = fail(EXIT_FAILED, "no memory for the predictions of %zu rows", rows->rows);
  else
    code = fail_status(predict_rows(*out, network, rows, chunk));
  if (code == EXIT_GOOD && signals_caught()) code = EXIT_SIGNAL + signals_caught();
  free(chunk);
  return code;
}

/* The labels of rows, also where they are the values 0 and 1. NULL: out of memory. */
static int32_t *labels_of(const ebb_dataset *d) {
  int32_t *labels = calloc(d->rows, sizeof *labels);
  for (size_t i = 0; labels && i < d->rows; i++)
    labels[i] = d->labels ? d->labels[i] : (int32_t)d->values[i];
  return labels;
}

static int score_classes(scored *out, const ebb_encoder *encoder, ebb_loss loss,
                         const float *outputs, const ebb_dataset *rows, const ebb_dataset *train) {
  size_t classes = ebb_encoder_outputs(encoder);
  float *logits = calloc(rows->rows, classes * sizeof *logits);
  int32_t *labels = labels_of(rows), *learned = train ? labels_of(train) : NULL;
  int code;
  if (!logits || !labels || (train && !learned)) {
    code = fail(EXIT_FAILED, "no memory to score %zu rows", rows->rows);
  } else {
    ebb_class_logits(logits, encoder, loss, outputs, rows->rows);
    ebb_status status = ebb_scores_weighted_classes(&out->scores, logits, labels, rows->weights,
                                                    rows->rows, classes);
    if (status == EBB_OK && train)
      status =
          ebb_scores_weighted_baseline_classes(&out->scores, learned, train->weights, train->rows);
    code = fail_status(status);
  }
  free(logits);
  free(labels);
  free(learned);
  return code;
}

static double squared_error(const float *outputs, const ebb_dataset *d) {
  double sum = 0, weights = 0;
  for (size_t i = 0; i < d->rows; i++) {
    double weight = d->weights ? (double)d->weights[i] : 1;
    weights += weight;
    for (size_t k = i * d->outputs; k < (i + 1) * d->outputs; k++) {
      double error = (double)outputs[k] - (double)d->values[k];
      sum += weight * error * error;
    }
  }
  return sum / (weights * (double)d->outputs);
}

/* The model's loss in the network's own scale: squares and cross-entropy in double precision here,
 * any other loss by the device, which knows its formula. */
static int model_loss(double *loss, ebb_network *network, const ebb_scores *scores,
                      const float *outputs, const ebb_dataset *rows, ebb_loss kind) {
  ebb_metrics metrics;
  if (ebb_loss_is_squares(kind.kind)) {
    *loss = squared_error(outputs, rows);
    return EXIT_GOOD;
  }
  if (ebb_loss_is_likelihood(kind) && scores->task == EBB_TASK_CLASSIFICATION) {
    *loss = scores->cross_entropy;
    return EXIT_GOOD;
  }
  ebb_status status = ebb_evaluate(&metrics, network, rows, kind);
  *loss = status == EBB_OK ? metrics.loss : 0;
  return fail_status(status);
}

/* A dataset's values in the target's units. NULL: out of memory. */
static double *decoded(const ebb_encoder *encoder, const ebb_dataset *d) {
  double *out = calloc(d->rows, d->outputs * sizeof *out);
  if (out) ebb_encoder_decode(out, encoder, d->values, d->rows);
  return out;
}

/* Room for the figures of targets of 0 and 1, if they are such. Returns false if out of memory. */
static bool make_labels(scored *out, ebb_loss loss, size_t targets) {
  if (!ebb_loss_has_accuracy(loss.kind)) return true;
  out->labels = calloc(targets, sizeof *out->labels);
  return out->labels;
}

/* The figures of targets of 0 and 1, whose predictions are probabilities. */
static ebb_status score_labels(scored *out, const double *predicted, const double *actual,
                               const ebb_dataset *rows) {
  out->mean = (ebb_label_scores){NAN, NAN, NAN, NAN, {NAN, NAN, NAN, 0, 0, NAN}};
  if (!out->labels) return EBB_OK;
  return ebb_scores_labels(out->labels, &out->mean, predicted, actual, rows->weights, rows->rows,
                           rows->outputs);
}

static int score_values(scored *out, const ebb_encoder *encoder, ebb_loss loss,
                        const float *outputs, const ebb_dataset *rows, const ebb_dataset *train) {
  size_t each = ebb_loss_outputs(loss);
  double *predicted = calloc(rows->rows, rows->outputs * sizeof *predicted);
  double *all = calloc(rows->rows, rows->outputs * each * sizeof *all);
  double *actual = decoded(encoder, rows);
  double *learned = train ? decoded(encoder, train) : NULL;
  int code;
  if (!predicted || !all || !actual || (train && !learned) ||
      !make_labels(out, loss, rows->outputs)) {
    code = fail(EXIT_FAILED, "no memory to score %zu rows", rows->rows);
  } else {
    ebb_predictions(predicted, encoder, loss, outputs, rows->rows);
    ebb_output_predictions(all, encoder, loss, outputs, rows->rows);
    ebb_status status = ebb_scores_weighted_values(&out->scores, predicted, actual, rows->weights,
                                                   rows->rows, rows->outputs);
    if (status == EBB_OK && train)
      status =
          ebb_scores_weighted_baseline_values(&out->scores, learned, train->weights, train->rows);
    if (status == EBB_OK)
      status =
          ebb_scores_of_loss(out->own, loss, all, actual, rows->weights, rows->rows, rows->outputs);
    if (status == EBB_OK) status = score_labels(out, all, actual, rows);
    if (ebb_loss_is_direction(loss.kind)) out->scores.warnings &= ~(unsigned)EBB_SCORES_NO_BETTER;
    code = fail_status(status);
  }
  free(predicted);
  free(all);
  free(actual);
  free(learned);
  return code;
}

void scored_clear(scored *x) {
  ebb_scores_clear(&x->scores);
  free(x->labels);
  x->labels = NULL;
}

int scores_make(scored *out, ebb_network *network, const ebb_encoder *encoder, ebb_loss loss,
                const ebb_dataset *rows, const ebb_dataset *train) {
  size_t gives = ebb_spec_outputs(ebb_network_spec(network));
  float *outputs;
  if (rows->outputs * ebb_loss_outputs(loss) != gives)
    return fail(EXIT_INPUT, "the data have %zu %s, the network %zu outputs", rows->outputs,
                rows->labels ? "classes" : "target columns", gives);
  int code = outputs_make(&outputs, network, rows);
  bool classes = ebb_encoder_task(encoder) == EBB_TASK_CLASSIFICATION;
  if (code == EXIT_GOOD)
    code = (classes ? score_classes : score_values)(out, encoder, loss, outputs, rows, train);
  if (code == EXIT_GOOD) code = model_loss(&out->loss, network, &out->scores, outputs, rows, loss);
  free(outputs);
  return code;
}
