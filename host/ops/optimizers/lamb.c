/* LAMB: AdamW with a learning rate for each weight tensor, in proportion to its norm. */
#include "adam.h"

static void constants(float values[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  ebbi_adam_constants(values, o, 0, o->weight_decay);
}

static size_t moments(const ebb_optimizer *o) {
  (void)o;
  return 2;
}

static double flops(const ebb_optimizer *o) {
  (void)o;
  return 15;
}

const ebbi_optimizer_row ebbi_optimizer_lamb = {
    .settings = {[EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.999},
                 [EBB_SETTING_epsilon] = {true, 1e-6},
                 [EBB_SETTING_weight_decay] = {true, 0.01}},
    .learning_rate = 0.01,
    .trusts = true,
    .moments = moments,
    .flops = flops,
    .constants = constants};
