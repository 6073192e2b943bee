/* Trust ratios of an update by groups: two launches before the update, which finds them in its
 * table.
 */
#include "base/error.h"
#include "optimizer_row.h"
#include "update_groups.h"
#include "work.h"

static ebb_status sum_squares(const ebbi_exec *exec, const char *option,
                              const ebbi_update_groups *groups, const ebb_tensor *parameters,
                              ebb_tensor *const *moments, const ebb_tensor *gradients,
                              const ebb_tensor *state, const ebb_optimizer *optimizer) {
  ebbi_launch launch =
      ebbi_launch_begin(parameters->device, exec, EBBI_KERNEL_trust_squares, option);
  ebbi_launch_buffer(&launch, groups->trust->buffer);
  ebbi_launch_buffer(&launch, parameters->buffer);
  ebbi_optimizer_moments_arguments(&launch, moments, optimizer);
  ebbi_launch_buffer(&launch, gradients->buffer);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_int(&launch, gradients->rows);
  ebbi_launch_int(&launch, gradients->stride / exec->params.width);
  ebbi_update_groups_arguments(&launch, groups);
  launch.work = ebbi_work_trust(optimizer, parameters->cols, gradients->rows);
  return ebbi_launch_run(&launch, EBBI_NORM_GROUPS, groups->segments->rows);
}

ebb_status ebbi_trust_ratios(const ebbi_exec *exec, const ebbi_update_groups *groups,
                             const ebb_tensor *parameters, ebb_tensor *const *moments,
                             const ebb_tensor *gradients, const ebb_tensor *state,
                             const ebb_optimizer *optimizer) {
  char option[EBBI_OPTIMIZER_OPTION];
  ebbi_optimizer_option(option, optimizer, groups);
  TRY(sum_squares(exec, option, groups, parameters, moments, gradients, state, optimizer));
  ebbi_launch launch = ebbi_launch_begin(parameters->device, exec, EBBI_KERNEL_trust_ratio, option);
  ebbi_launch_buffer(&launch, groups->segments->buffer);
  ebbi_launch_buffer(&launch, groups->trust->buffer);
  launch.work = ebbi_work_trust_ratio(groups->segments->rows);
  return ebbi_launch_run(&launch, groups->segments->rows, 1);
}
