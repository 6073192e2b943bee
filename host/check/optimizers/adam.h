/* What the references of Adam and AdamW share. */
#ifndef EBBI_CHECK_ADAM_H
#define EBBI_CHECK_ADAM_H

#include "check/update_check.h"

/* The update by a gradient that has the weight decay in it where it belongs there. */
void ebbi_check_adam_step(double *p, double *moments, double g, const ebb_optimizer *optimizer,
                          double rate, uint64_t step);
/* With the decay of the gradient, Adam's. */
void ebbi_check_adam_magnitudes(ebbi_update_run *run, size_t i, uint64_t step, double decay);
void ebbi_check_adamw_step(double *p, double *moments, double g, const ebb_optimizer *optimizer,
                           double rate, uint64_t step);
void ebbi_check_adamw_magnitudes(ebbi_update_run *run, size_t i, uint64_t step);
double ebbi_check_adam_slack(const ebbi_update_run *run, size_t i, uint64_t step);

/* Settings are rounded to float32, one each; c = 1 - beta^step 8, so rate / c 13, and sqrt(c) 10; m
 * 8; sqrt(v) 12, the product with 1 / sqrt(c) 16 more, epsilon 1; the last quotient, product and
 * difference 8. The moments: g + decay p 3, squared 7, the average 5 more. */
#define EBBI_CHECK_ADAM_UPDATE 64
#define EBBI_CHECK_ADAM_MOMENT 12

#endif
