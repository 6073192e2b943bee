/* Adamax: Adam with a fading maximum in place of the average of squares. */
#include "ops/optimizer_row.h"

#include <math.h>

static size_t moments(const ebb_optimizer *o) {
  (void)o;
  return 2;
}

static double flops(const ebb_optimizer *o) {
  (void)o;
  return 12;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)(1 - o->beta1);
  constants[1] = (float)log(o->beta1);
  constants[2] = (float)o->beta2;
  constants[3] = (float)o->epsilon;
  constants[4] = (float)o->weight_decay;
}

const ebbi_optimizer_row ebbi_optimizer_adamax = {
    .settings = {[EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.999},
                 [EBB_SETTING_epsilon] = {true, 1e-8},
                 [EBB_SETTING_weight_decay] = {true, 0}},
    .learning_rate = 0.002,
    .moments = moments,
    .flops = flops,
    .constants = constants};
