/* LAMB: equation (O8) of docs/backprop.md, as You et al., Large Batch Optimization for Deep
 * Learning: Training BERT in 76 minutes, 2020, define it, at a rate that is multiplied by the trust
 * ratio already.
 */
#include "adam.h"

const ebbi_update_check ebbi_update_check_lamb = {.step = ebbi_check_adamw_step,
                                                  .magnitudes = ebbi_check_adamw_magnitudes,
                                                  .update = EBBI_CHECK_ADAM_UPDATE,
                                                  .moment = EBBI_CHECK_ADAM_MOMENT,
                                                  .slack = ebbi_check_adam_slack};
