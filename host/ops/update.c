/* Weight updates: one launch over the whole parameter slab. */
#include "base/error.h"
#include "base/size.h"
#include "ops.h"
#include "optimizer_row.h"
#include "work.h"

#include <stdio.h>
#include <string.h>

void ebbi_optimizer_option(char option[EBBI_OPTIMIZER_OPTION], const ebb_optimizer *optimizer,
                           const ebbi_update_groups *groups) {
  snprintf(option, EBBI_OPTIMIZER_OPTION, "-DOPTIMIZER=%s%s", ebb_optimizer_name(optimizer->kind),
           ebbi_update_groups_option(groups));
}

void ebbi_optimizer_moments_arguments(ebbi_launch *launch, ebb_tensor *const *moments,
                                      const ebb_optimizer *optimizer) {
  size_t count = ebb_optimizer_moments(optimizer);
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++)
    ebbi_launch_buffer(launch, m < count ? moments[m]->buffer : NULL);
}

void ebbi_optimizer_constants(ebbi_launch *launch, const ebb_optimizer *optimizer) {
  float constants[EBBI_OPTIMIZER_CONSTANTS] = {0};
  ebbi_optimizer_row_of(optimizer->kind)->constants(constants, optimizer);
  ebbi_launch_floats(launch, constants, EBBI_OPTIMIZER_CONSTANTS);
}

ebb_status ebbi_require_update(const char *where, const ebb_tensor *parameters,
                               ebb_tensor *const *moments, const ebb_tensor *gradients,
                               const ebb_tensor *state, const ebb_tensor *partials,
                               const ebb_optimizer *optimizer) {
  REQUIRE(parameters && partials && optimizer, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  REQUIRE(gradients, EBB_ERR_ARGUMENT, "%s: gradients is NULL", where);
  const ebb_device *device = parameters->device;
  size_t count = parameters->cols;
  TRY(ebbi_optimizer_check(where, optimizer));
  REQUIRE(count < EBB_STATE_NONE, EBB_ERR_ARGUMENT, "%s: %zu parameters, at most %u are possible",
          where, count, EBB_STATE_NONE - 1);
  TRY(ebbi_tensor_require(where, "parameters", parameters, device, EBB_F32, 1, count));
  size_t kept = ebb_optimizer_moments(optimizer);
  REQUIRE(moments || kept == 0, EBB_ERR_ARGUMENT, "%s: moments is NULL", where);
  for (size_t m = 0; m < kept; m++)
    TRY(ebbi_tensor_require(where, ebbi_moment_names[m], moments[m], device, EBB_F32, 1, count));
  TRY(ebbi_tensor_require(where, "gradients", gradients, device, EBB_F32, gradients->rows, count));
  TRY(ebbi_require_partials(where, partials, device, &(const char *){NULL}));
  return ebbi_require_state(where, state, device);
}

ebb_status ebbi_update(const ebbi_exec *exec, ebb_tensor *parameters, ebb_tensor *const *moments,
                       const ebb_tensor *gradients, ebb_tensor *state, const ebb_tensor *partials,
                       const ebb_optimizer *optimizer, const ebbi_update_groups *groups) {
  TRY(ebbi_require_update("ebb_update", parameters, moments, gradients, state, partials,
                          optimizer));
  ebb_device *device = parameters->device;
  size_t count = parameters->cols;
  char option[EBBI_OPTIMIZER_OPTION + sizeof EBBI_WEIGHTED_OPTION];
  const char *sums;
  ebbi_optimizer_option(option, optimizer, groups);
  TRY(ebbi_require_partials("ebb_update", partials, device, &sums));
  if (*sums) snprintf(option + strlen(option), sizeof option - strlen(option), " %s", sums);
  const ebbi_device_params *params = &exec->params;
  size_t vectors = ebbi_ceil_div(count, params->width);
  ebbi_launch launch = ebbi_launch_begin(device, exec, EBBI_KERNEL_update, option);
  ebbi_launch_buffer(&launch, parameters->buffer);
  ebbi_optimizer_moments_arguments(&launch, moments, optimizer);
  ebbi_launch_buffer(&launch, gradients->buffer);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_buffer(&launch, partials->buffer);
  ebbi_launch_int(&launch, partials->rows);
  ebbi_launch_int(&launch, gradients->rows);
  ebbi_launch_int(&launch, gradients->stride / params->width);
  ebbi_launch_int(&launch, vectors);
  ebbi_optimizer_constants(&launch, optimizer);
  ebbi_update_groups_arguments(&launch, groups);
  launch.work = ebbi_work_update(optimizer, count, gradients->rows);
  return ebbi_launch_run(
      &launch, ebbi_ceil_div(vectors, (size_t)params->element_group * params->element_vectors), 1);
}

ebb_status ebb_update(ebb_tensor *parameters, ebb_tensor *const *moments,
                      const ebb_tensor *gradients, ebb_tensor *state, const ebb_tensor *partials,
                      const ebb_optimizer *optimizer) {
  return ebbi_update(ebbi_tensor_exec(parameters), parameters, moments, gradients, state, partials,
                     optimizer, NULL);
}
