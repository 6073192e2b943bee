/* Tweedie's loss, for values from 0 of which many are 0, such as the claims of an insurance: the
 * network gives the logarithm of their mean. The power lies between Poisson's 1 and gamma's 2. */
#include "ops/loss_row.h"

#include <math.h>

static double deviance(ebb_loss loss, double actual, double predicted) {
  double p = loss.parameters[0];
  double own = actual > 0 ? pow(actual, 2 - p) / ((1 - p) * (2 - p)) : 0;
  return 2 * (own - actual * pow(predicted, 1 - p) / (1 - p) + pow(predicted, 2 - p) / (2 - p));
}

/* In double: near 1 or 2 the differences of a float have few digits. */
static void constants(double c[EBB_LOSS_PARAMETERS], ebb_loss loss) {
  c[0] = 2 - loss.parameters[0], c[1] = loss.parameters[0] - 1;
  c[2] = 1 / c[0], c[3] = 1 / c[1];
}

const ebbi_loss_row ebbi_loss_tweedie = {
    .parameters = {{.name = "power", .least = 1.0001, .most = 1.9999, .usual = 1.5}},
    .own_scale = true,
    .link = EBB_LINK_EXP,
    .domain = {0, INFINITY, false, "0 or more", 0, 0},
    .flops = 12,
    .bytes = 12,
    .constants = constants,
    .scores = {{.name = "deviance", .text = "mean deviance", .of = deviance}}};
