/* Adam. */
#include "adam.h"

#include <math.h>

/* AMSGrad's third is the largest average of squares so far. */
size_t ebbi_adam_moments(const ebb_optimizer *o) {
  return o->amsgrad ? 3 : 2;
}

size_t ebbi_adam_two_moments(const ebb_optimizer *o) {
  (void)o;
  return 2;
}

double ebbi_adam_two_flops(const ebb_optimizer *o) {
  (void)o;
  return 15;
}

double ebbi_adam_flops(const ebb_optimizer *o) {
  return o->amsgrad ? 16 : 15;
}

void ebbi_adam_constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o,
                         double decay_gradient, double decay_weight) {
  constants[0] = (float)(1 - o->beta1);
  constants[1] = (float)log(o->beta1);
  constants[2] = (float)o->beta2;
  constants[3] = (float)(1 - o->beta2);
  constants[4] = (float)log(o->beta2);
  constants[5] = (float)o->epsilon;
  constants[6] = (float)decay_gradient;
  constants[7] = (float)decay_weight;
}

void ebbi_adamw_constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  ebbi_adam_constants(constants, o, 0, o->weight_decay);
}

static void constants(float values[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  ebbi_adam_constants(values, o, o->weight_decay, 0);
}

const ebbi_optimizer_row ebbi_optimizer_adam = {.settings = {[EBB_SETTING_beta1] = {true, 0.9},
                                                             [EBB_SETTING_beta2] = {true, 0.999},
                                                             [EBB_SETTING_epsilon] = {true, 1e-8},
                                                             [EBB_SETTING_weight_decay] = {true, 0},
                                                             [EBB_SETTING_amsgrad] = {true, 0}},
                                                .learning_rate = 0.001,
                                                .moments = ebbi_adam_moments,
                                                .flops = ebbi_adam_flops,
                                                .constants = constants};
