/* Lion: steps of one size, by the sign of an average of gradients. */
#include "ops/optimizer_row.h"

static size_t moments(const ebb_optimizer *o) {
  (void)o;
  return 1;
}

static double flops(const ebb_optimizer *o) {
  (void)o;
  return 10;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)o->beta1;
  constants[1] = (float)(1 - o->beta1);
  constants[2] = (float)o->beta2;
  constants[3] = (float)(1 - o->beta2);
  constants[4] = (float)o->weight_decay;
}

const ebbi_optimizer_row ebbi_optimizer_lion = {
    .settings = {[EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.99},
                 [EBB_SETTING_weight_decay] = {true, 0}},
    .learning_rate = 0.0001,
    .moments = moments,
    .flops = flops,
    .constants = constants};
