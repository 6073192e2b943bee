/* RAdam: Adam that waits for enough squares, and allows for how few they are. */
#include "adam.h"

static void constants(float values[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  ebbi_adam_constants(values, o, o->decoupled_decay ? 0 : o->weight_decay,
                      o->decoupled_decay ? o->weight_decay : 0);
}

const ebbi_optimizer_row ebbi_optimizer_radam = {
    .settings = {[EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.999},
                 [EBB_SETTING_epsilon] = {true, 1e-8},
                 [EBB_SETTING_weight_decay] = {true, 0},
                 [EBB_SETTING_decoupled_decay] = {true, 0}},
    .learning_rate = 0.001,
    .moments = ebbi_adam_two_moments,
    .flops = ebbi_adam_two_flops,
    .constants = constants};
