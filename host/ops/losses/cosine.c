/* One minus the cosine of the angle between a row's outputs and its values, as PyTorch's
 * CosineEmbeddingLoss. Centred or scaled values would have another direction, so they stay as they
 * are. */
#include "ops/loss_row.h"

#include <math.h>

static double cosine(const double *actual, const double *predicted, size_t targets) {
  double product = 0, own = 0, other = 0;
  for (size_t k = 0; k < targets; k++) {
    product += predicted[k] * actual[k];
    own += predicted[k] * predicted[k];
    other += actual[k] * actual[k];
  }
  return own > 0 && other > 0 ? product / sqrt(own) / sqrt(other) : 0;
}

const ebbi_loss_row ebbi_loss_cosine = {
    .own_scale = true,
    .direction = true,
    .flops = 12,
    .bytes = 12,
    .scores = {{.name = "cosine", .text = "mean cosine", .row = cosine}}};
