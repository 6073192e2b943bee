/* RMSprop: a parameter's step is divided by the size of its gradients. */
#include "ops/optimizer_row.h"

/* The squares' average comes first; the other moment is momentum's. */
static size_t moments(const ebb_optimizer *o) {
  return o->momentum != 0 ? 2 : 1;
}

static double flops(const ebb_optimizer *o) {
  return o->momentum != 0 ? 12 : 10;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)o->alpha;
  constants[1] = (float)(1 - o->alpha);
  constants[2] = (float)o->epsilon;
  constants[3] = (float)o->weight_decay;
  constants[4] = (float)o->momentum;
}

const ebbi_optimizer_row ebbi_optimizer_rmsprop = {
    .settings = {[EBB_SETTING_momentum] = {true, 0},
                 [EBB_SETTING_alpha] = {true, 0.99},
                 [EBB_SETTING_epsilon] = {true, 1e-8},
                 [EBB_SETTING_weight_decay] = {true, 0}},
    .learning_rate = 0.001,
    .moments = moments,
    .flops = flops,
    .constants = constants};
