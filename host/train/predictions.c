/* From a network's outputs to predictions: the loss's link and the target's scale.
 *
 * Outputs are small numbers that suit a network. A loss for counts makes them logarithms, and a
 * regression's targets were standardised; a prediction is in the units of the data.
 */
#include <ebb/model.h>

#include <math.h>

void ebb_predictions(double *values, const ebb_encoder *encoder, ebb_loss loss,
                     const float *outputs, size_t rows) {
  ebb_encoder_decode(values, encoder, outputs, rows);
  if (ebb_loss_link(loss.kind) == EBB_LINK_IDENTITY) return;
  for (size_t i = 0; i < rows * ebb_encoder_outputs(encoder); i++) values[i] = exp(values[i]);
}
