/* Huber's loss, for values: squares up to delta, linear beyond. */
#include "ops/loss_row.h"

/* Within the range neither delta nor its product with a difference leaves float32's. */
const ebbi_loss_row ebbi_loss_huber = {
    .parameters = {{.name = "delta", .least = 1e-20, .most = 1e20, .usual = 1}},
    .flops = 8,
    .bytes = 12};
