/* AdamW: equation (14) of docs/backprop.md, as PyTorch's torch.optim.AdamW defines it. */
#include "adam.h"

void ebbi_check_adamw_step(double *p, double *moments, double g, const ebb_optimizer *o,
                           double rate, uint64_t count) {
  *p -= rate * o->weight_decay * *p;
  ebbi_check_adam_step(p, moments, g, o, rate, count);
}

void ebbi_check_adamw_magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  ebbi_check_adam_magnitudes(run, i, count, 0);
}

const ebbi_update_check ebbi_update_check_adamw = {.step = ebbi_check_adamw_step,
                                                   .magnitudes = ebbi_check_adamw_magnitudes,
                                                   .update = EBBI_CHECK_ADAM_UPDATE,
                                                   .moment = EBBI_CHECK_ADAM_MOMENT,
                                                   .slack = ebbi_check_adam_slack};
