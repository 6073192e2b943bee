/* Poisson's loss, for counts: the network gives the logarithm of their mean. */
#include "ops/loss_row.h"

#include <math.h>

static double deviance(ebb_loss loss, double actual, double predicted) {
  (void)loss;
  double term = actual > 0 ? actual * log(actual / predicted) : 0;
  return 2 * (term + predicted - actual);
}

const ebbi_loss_row ebbi_loss_poisson = {
    .own_scale = true,
    .link = EBB_LINK_EXP,
    .domain = {0, INFINITY, false, "0 or more", 0, 0},
    .flops = 6,
    .bytes = 12,
    .scores = {{.name = "deviance", .text = "mean deviance", .of = deviance}}};
