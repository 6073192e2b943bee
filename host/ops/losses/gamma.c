/* The loss of gamma-distributed values: the network gives the logarithm of their mean. */
#include "ops/loss_row.h"

#include <math.h>

static double deviance(ebb_loss loss, double actual, double predicted) {
  (void)loss;
  return 2 * (log(predicted / actual) + actual / predicted - 1);
}

const ebbi_loss_row ebbi_loss_gamma = {
    .own_scale = true,
    .link = EBB_LINK_EXP,
    .domain = {0, INFINITY, true, "above 0", 0, 0},
    .flops = 7,
    .bytes = 12,
    .scores = {{.name = "deviance", .text = "mean deviance", .of = deviance}}};
