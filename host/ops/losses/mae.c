/* Mean absolute error, for values. */
#include "ops/loss_row.h"

const ebbi_loss_row ebbi_loss_mae = {.flops = 4, .bytes = 12};
