/* NAdam: Adam with Nesterov's form of a momentum that rises. The kernel has no room for 1 - beta2,
 * which it forms from the logarithm. */
#include "ops/optimizer_row.h"

#include <math.h>

static size_t moments(const ebb_optimizer *o) {
  (void)o;
  return 2;
}

static double flops(const ebb_optimizer *o) {
  (void)o;
  return 17;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)(1 - o->beta1);
  constants[1] = (float)log(o->beta1);
  constants[2] = (float)o->beta2;
  constants[3] = (float)log(o->beta2);
  constants[4] = (float)o->epsilon;
  constants[5] = (float)(o->decoupled_decay ? 0 : o->weight_decay);
  constants[6] = (float)(o->decoupled_decay ? o->weight_decay : 0);
  constants[7] = (float)(o->momentum_decay * log(0.96));
}

const ebbi_optimizer_row ebbi_optimizer_nadam = {
    .settings = {[EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.999},
                 [EBB_SETTING_epsilon] = {true, 1e-8},
                 [EBB_SETTING_weight_decay] = {true, 0},
                 [EBB_SETTING_momentum_decay] = {true, 0.004},
                 [EBB_SETTING_decoupled_decay] = {true, 0}},
    .learning_rate = 0.002,
    .moments = moments,
    .flops = flops,
    .constants = constants};
