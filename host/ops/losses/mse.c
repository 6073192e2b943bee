/* Mean squared error, for values. */
#include "ops/loss_row.h"

const ebbi_loss_row ebbi_loss_mse = {.squares = true, .flops = 4, .bytes = 12};
