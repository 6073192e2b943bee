/* Cross-entropy of softmax(z), for labels. Label smoothing gives a part of each label to all
 * classes alike. */
#include "ops/loss_row.h"

static void constants(double c[EBB_LOSS_PARAMETERS], ebb_loss loss) {
  c[0] = 1 - loss.parameters[0], c[1] = loss.parameters[0];
}

const ebbi_loss_row ebbi_loss_cross_entropy = {
    .parameters = {{.name = "smoothing", .least = 0, .most = 1, .below = true, .usual = 0}},
    .likelihood = true,
    .values = EBB_LOSS_SOFT_CROSS_ENTROPY,
    .plain = true,
    .flops = 5,
    .bytes = 8,
    .constants = constants};
