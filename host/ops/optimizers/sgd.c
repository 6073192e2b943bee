/* Gradient descent with momentum. */
#include "ops/optimizer_row.h"

static size_t moments(const ebb_optimizer *o) {
  return o->momentum != 0;
}

static double flops(const ebb_optimizer *o) {
  return o->nesterov ? 8 : 6;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)o->momentum;
  constants[1] = o->nesterov;
  constants[2] = (float)o->weight_decay;
}

const ebbi_optimizer_row ebbi_optimizer_sgd = {.settings = {[EBB_SETTING_momentum] = {true, 0},
                                                            [EBB_SETTING_nesterov] = {true, 0},
                                                            [EBB_SETTING_weight_decay] = {true, 0}},
                                               .learning_rate = 0.01,
                                               .moments = moments,
                                               .flops = flops,
                                               .constants = constants};
