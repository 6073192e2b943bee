/* The hinge loss of several classes, as PyTorch's MultiMarginLoss. Source: Weston, Watkins, Support
 * vector machines for multi-class pattern recognition, 1999. */
#include "ops/loss_row.h"

const ebbi_loss_row ebbi_loss_hinge = {
    .parameters = {{.name = "margin", .least = 0, .most = 1000, .above = true, .usual = 1}},
    .flops = 6,
    .bytes = 8};
