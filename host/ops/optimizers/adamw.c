/* AdamW: Adam with the weight decay taken off the weight. */
#include "adam.h"

const ebbi_optimizer_row ebbi_optimizer_adamw = {
    .settings = {[EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.999},
                 [EBB_SETTING_epsilon] = {true, 1e-8},
                 [EBB_SETTING_weight_decay] = {true, 0.01},
                 [EBB_SETTING_amsgrad] = {true, 0}},
    .learning_rate = 0.001,
    .moments = ebbi_adam_moments,
    .flops = ebbi_adam_flops,
    .constants = ebbi_adamw_constants};
