/* Rprop: each parameter has a step of its own, which grows while the gradient keeps its sign. */
#include "base/error.h"
#include "ops/optimizer_row.h"

static size_t moments(const ebb_optimizer *o) {
  (void)o;
  return 2;
}

static double flops(const ebb_optimizer *o) {
  (void)o;
  return 8;
}

static void constants(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *o) {
  constants[0] = (float)o->eta_minus;
  constants[1] = (float)o->eta_plus;
  constants[2] = (float)o->step_min;
  constants[3] = (float)o->step_max;
}

static ebb_status check(const char *where, const ebb_optimizer *o) {
  REQUIRE(o->step_min <= o->step_max, EBB_ERR_ARGUMENT,
          "%s: rprop's step-min %g is above its step-max %g", where, o->step_min, o->step_max);
  return EBB_OK;
}

const ebbi_optimizer_row ebbi_optimizer_rprop = {.settings = {[EBB_SETTING_eta_minus] = {true, 0.5},
                                                              [EBB_SETTING_eta_plus] = {true, 1.2},
                                                              [EBB_SETTING_step_min] = {true, 1e-6},
                                                              [EBB_SETTING_step_max] = {true, 50}},
                                                 .learning_rate = 0.01,
                                                 .full_batch = true,
                                                 .unscheduled = true,
                                                 .moments = moments,
                                                 .flops = flops,
                                                 .constants = constants,
                                                 .check = check};
