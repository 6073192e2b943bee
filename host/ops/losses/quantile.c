/* The pinball loss, for a quantile of the values. */
#include "ops/loss_row.h"

static double pinball(ebb_loss loss, double actual, double predicted) {
  double q = loss.parameters[0], d = predicted - actual;
  return d > 0 ? (1 - q) * d : -q * d;
}

static void constants(double c[EBB_LOSS_PARAMETERS], ebb_loss loss) {
  c[0] = loss.parameters[0], c[1] = 1 - loss.parameters[0];
}

const ebbi_loss_row ebbi_loss_quantile = {
    .parameters =
        {{.name = "q", .least = 0, .most = 1, .above = true, .below = true, .usual = 0.5}},
    .flops = 6,
    .bytes = 12,
    .constants = constants,
    .scores = {{"pinball_loss", "pinball loss", pinball, NULL}}};
