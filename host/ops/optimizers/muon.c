/* Muon: orthogonal steps for weight matrices of hidden layers (gemm/muon.c), AdamW for all else.
 *
 * The second moment of a matrix holds its direction instead.
 */
#include "adam.h"

const ebbi_optimizer_row ebbi_optimizer_muon = {
    .settings = {[EBB_SETTING_momentum] = {true, 0.95},
                 [EBB_SETTING_beta1] = {true, 0.9},
                 [EBB_SETTING_beta2] = {true, 0.999},
                 [EBB_SETTING_epsilon] = {true, 1e-8},
                 [EBB_SETTING_weight_decay] = {true, 0.1}},
    .learning_rate = 0.001,
    .orthogonal = true,
    .moments = ebbi_adam_two_moments,
    .flops = ebbi_adam_two_flops,
    .constants = ebbi_adamw_constants};
