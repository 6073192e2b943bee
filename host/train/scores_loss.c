/* Scores that a loss brings with it, such as the deviance of counts: means over rows, by weight,
 * and over targets of the figures in the loss's row.
 */
#include "scores.h"

#include "base/error.h"
#include "ops/loss_row.h"

ebb_status ebb_scores_of_loss(ebb_loss_score out[EBB_LOSS_SCORES], ebb_loss loss,
                              const double *predicted, const double *actual, const float *weights,
                              size_t rows, size_t targets) {
  REQUIRE(out && predicted && actual && rows > 0 && targets > 0, EBB_ERR_ARGUMENT,
          "ebb_scores_of_loss: an argument is NULL, or there are no rows or no targets");
  TRY(ebbi_require_loss("ebb_scores_of_loss", loss));
  double total;
  TRY(ebbi_weights_sum(&total, weights, rows));
  for (int s = 0; s < EBB_LOSS_SCORES; s++) {
    const ebbi_loss_figure *figure = &ebbi_loss_row_of(loss.kind)->scores[s];
    double sum = 0, divisor = 0;
    for (size_t i = 0; figure->of && i < rows * targets; i++) {
      double weight = ebbi_row_weight(weights, i / targets);
      sum += weight * figure->of(loss, actual[i], predicted[i]);
      divisor += weight * (figure->by ? figure->by(loss, actual[i], predicted[i]) : 1);
    }
    out[s] = (ebb_loss_score){figure->name, figure->text, divisor > 0 ? sum / divisor : 0};
  }
  return EBB_OK;
}
