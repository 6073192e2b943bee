/* L-BFGS: a training searches its steps by train/lbfgs.c. The update of a single step, which has no
 * history, is one along the gradient.
 */
#include "ops/optimizer_row.h"

static size_t moments(const ebb_optimizer *o) {
  (void)o;
  return 0;
}

static double flops(const ebb_optimizer *o) {
  (void)o;
  return 4;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)o->weight_decay;
}

const ebbi_optimizer_row ebbi_optimizer_lbfgs = {
    .settings = {[EBB_SETTING_weight_decay] = {true, 0}},
    .learning_rate = 1,
    .full_batch = true,
    .searches = true,
    .moments = moments,
    .flops = flops,
    .constants = constants};
