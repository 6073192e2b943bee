/* Adadelta: a parameter's step has the size of its earlier steps. `alpha` is PyTorch's rho. */
#include "ops/optimizer_row.h"

static size_t moments(const ebb_optimizer *o) {
  (void)o;
  return 2;
}

static double flops(const ebb_optimizer *o) {
  (void)o;
  return 18;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)o->alpha;
  constants[1] = (float)(1 - o->alpha);
  constants[2] = (float)o->epsilon;
  constants[3] = (float)o->weight_decay;
}

const ebbi_optimizer_row ebbi_optimizer_adadelta = {
    .settings = {[EBB_SETTING_epsilon] = {true, 1e-6},
                 [EBB_SETTING_weight_decay] = {true, 0},
                 [EBB_SETTING_alpha] = {true, 0.9}},
    .learning_rate = 1,
    .moments = moments,
    .flops = flops,
    .constants = constants};
