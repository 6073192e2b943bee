/* AdamW: Adam with the weight decay taken off the weight. */
#include "adam.h"

static void constants(float values[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  ebbi_adam_constants(values, o, 0, o->weight_decay);
}

const ebbi_optimizer_row ebbi_optimizer_adamw = {
    .settings = {[EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.999},
                 [EBB_SETTING_epsilon] = {true, 1e-8},
                 [EBB_SETTING_weight_decay] = {true, 0.01},
                 [EBB_SETTING_amsgrad] = {true, 0}},
    .learning_rate = 0.001,
    .moments = ebbi_adam_moments,
    .flops = ebbi_adam_flops,
    .constants = constants};
