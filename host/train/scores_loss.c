/* Scores that a loss brings with it, such as the deviance of counts: means over rows, by weight,
 * and over targets of the figures in the loss's row.
 */
#include "scores.h"

#include "base/error.h"
#include "base/text.h"
#include "ops/loss_row.h"
#include <stdio.h>

/* What is scored. */
typedef struct values {
  ebb_loss loss;
  const double *predicted, *actual;
  const float *weights;
  size_t count, targets;
} values;

static ebb_loss_score score(const values *x, const ebbi_loss_figure *figure, size_t output) {
  size_t outputs = ebb_loss_outputs(x->loss);
  char number[EBBI_NUMBER_TEXT] = "";
  double sum = 0, divisor = 0;
  for (size_t i = 0; figure->row && i < x->count; i += x->targets) {
    double weight = ebbi_row_weight(x->weights, i / x->targets);
    sum += weight * figure->row(x->actual + i, x->predicted + i, x->targets);
    divisor += weight;
  }
  for (size_t i = 0; !figure->row && i < x->count; i++) {
    double weight = ebbi_row_weight(x->weights, i / x->targets), actual = x->actual[i];
    const double *predicted = x->predicted + i * outputs;
    sum += weight * (figure->over ? figure->over(x->loss, actual, predicted, output)
                                  : figure->of(x->loss, actual, *predicted));
    divisor += weight * (figure->by ? figure->by(x->loss, actual, *predicted) : 1);
  }
  ebb_loss_score out = {.value = divisor > 0 ? sum / divisor : 0};
  if (figure->each) ebbi_number_text(number, x->loss.parameters[output]);
  snprintf(out.name, sizeof out.name, "%s%s%.16s", figure->name, *number ? "_" : "", number);
  snprintf(out.text, sizeof out.text, "%s%s%.16s", figure->text, *number ? " " : "", number);
  return out;
}

ebb_status ebb_scores_of_loss(ebb_loss_score out[EBB_LOSS_SCORES], ebb_loss loss,
                              const double *predicted, const double *actual, const float *weights,
                              size_t rows, size_t targets) {
  REQUIRE(out && predicted && actual && rows > 0 && targets > 0, EBB_ERR_ARGUMENT,
          "ebb_scores_of_loss: an argument is NULL, or there are no rows or no targets");
  TRY(ebbi_require_loss("ebb_scores_of_loss", loss));
  double total;
  TRY(ebbi_weights_sum(&total, weights, rows));
  const values x = {loss, predicted, actual, weights, rows * targets, targets};
  size_t outputs = ebb_loss_outputs(loss), made = 0;
  for (int s = 0; s < EBB_LOSS_SCORES; s++) out[s] = (ebb_loss_score){.value = 0};
  for (int s = 0; s < EBB_LOSS_SCORES; s++) {
    const ebbi_loss_figure *figure = &ebbi_loss_row_of(loss.kind)->scores[s];
    bool several = figure->several || figure->each;
    if (!figure->name || (several && outputs == 1)) continue;
    for (size_t k = 0; k < (figure->each ? outputs : 1) && made < EBB_LOSS_SCORES; k++)
      out[made++] = score(&x, figure, k);
  }
  return EBB_OK;
}
