/* LAMB: AdamW with a learning rate for each weight tensor, in proportion to its norm. */
#include "adam.h"

const ebbi_optimizer_row ebbi_optimizer_lamb = {
    .settings = {[EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.999},
                 [EBB_SETTING_epsilon] = {true, 1e-6},
                 [EBB_SETTING_weight_decay] = {true, 0.01}},
    .learning_rate = 0.01,
    .trusts = true,
    .moments = ebbi_adam_two_moments,
    .flops = ebbi_adam_two_flops,
    .constants = ebbi_adamw_constants};
