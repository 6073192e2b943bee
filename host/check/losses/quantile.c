/* The pinball loss: equations (L2) and (L14) of docs/backprop.md. */
#include "check/loss_check.h"

static double row(double *dz, const double *z, const ebbi_reference_target *target, size_t row,
                  size_t cols) {
  size_t outputs = ebb_loss_outputs(target->loss);
  double sum = 0;
  for (size_t col = 0; col < cols; col++) {
    double q = target->loss.parameters[col % outputs];
    double over = z[col] - ebbi_target_value(target, row, col, cols), slope = over > 0   ? 1 - q
                                                                              : over < 0 ? -q
                                                                                         : 0;
    sum += slope * over;
    if (dz) dz[col] = slope / (double)cols;
  }
  return sum / (double)cols;
}

static double spread(const ebbi_loss_spread *s) {
  return ebbi_spread_bend(s, 1);
}

/* dz: the rounded q or 1 - q, of which the larger is 1 less the smaller, 2; the factor 1 / (live
 * cols) 6, the product 1. The loss: z - y 1, that slope and the product 3, cols additions, the
 * division by cols 5. */
const ebbi_loss_check ebbi_loss_check_quantile = {.row = row,
                                                  .gradient = 10,
                                                  .value = 11,
                                                  .value_column = 1,
                                                  .side = ebbi_side_of_target,
                                                  .spread = spread};
