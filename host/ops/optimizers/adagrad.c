/* Adagrad: a parameter's step is divided by the size of all its gradients so far. */
#include "ops/optimizer_row.h"

static size_t moments(const ebb_optimizer *o) {
  (void)o;
  return 1;
}

static double flops(const ebb_optimizer *o) {
  (void)o;
  return 9;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)o->lr_decay;
  constants[1] = (float)o->epsilon;
  constants[2] = (float)o->weight_decay;
}

const ebbi_optimizer_row ebbi_optimizer_adagrad = {
    .settings = {[EBB_SETTING_epsilon] = {true, 1e-10},
                 [EBB_SETTING_weight_decay] = {true, 0},
                 [EBB_SETTING_lr_decay] = {true, 0}},
    .learning_rate = 0.01,
    .moments = moments,
    .flops = flops,
    .constants = constants};
