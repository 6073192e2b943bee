/* Muon: what it leaves to AdamW. case_muon.c has the matrices. */
#include "adam.h"

const ebbi_update_check ebbi_update_check_muon = {.step = ebbi_check_adamw_step,
                                                  .magnitudes = ebbi_check_adamw_magnitudes,
                                                  .update = EBBI_CHECK_ADAM_UPDATE,
                                                  .moment = EBBI_CHECK_ADAM_MOMENT,
                                                  .slack = ebbi_check_adam_slack};
