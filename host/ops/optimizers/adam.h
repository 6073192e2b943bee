/* What Adam and its kin share. */
#ifndef EBBI_ADAM_H
#define EBBI_ADAM_H

#include "ops/optimizer_row.h"

/* With AMSGrad, and without. */
size_t ebbi_adam_moments(const ebb_optimizer *optimizer);
double ebbi_adam_flops(const ebb_optimizer *optimizer);
size_t ebbi_adam_two_moments(const ebb_optimizer *optimizer);
double ebbi_adam_two_flops(const ebb_optimizer *optimizer);

/* With the weight decay that goes into the gradient, and the one that is taken off the weight. */
void ebbi_adam_constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *optimizer,
                         double decay_gradient, double decay_weight);
void ebbi_adamw_constants(float constants[EBBI_OPTIMIZER_CONSTANTS],
                          const ebb_optimizer *optimizer);

#endif
