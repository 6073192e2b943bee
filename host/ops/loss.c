/* Losses with their gradients, and the sums that close a step. */
#include "base/error.h"
#include "base/size.h"
#include "loss_row.h"
#include "ops.h"
#include "work.h"

#include <stdio.h>
#include <string.h>

ebb_state ebb_state_default(uint32_t live, uint64_t step, float learning_rate) {
  return (ebb_state){.step = step,
                     .live = live,
                     .bad_step = EBB_STATE_NO_STEP,
                     .bad_parameter = EBB_STATE_NONE,
                     .learning_rate = learning_rate,
                     .schedule = {.base_rate = learning_rate, .factor = 1}};
}

ebb_status ebbi_require_state(const char *where, const ebb_tensor *state,
                              const ebb_device *device) {
  _Static_assert(sizeof(ebb_state) == EBB_STATE_WORDS * 4, "the layout of kernels/state.h");
  return ebbi_tensor_require(where, "state", state, device, EBB_I32, 1, EBB_STATE_WORDS);
}

/* Rows of a group: many on a CPU; on a GPU few, so that they spread over its units, and at most
 * MOST_GROUPS groups, since one item adds their sums. */
size_t ebbi_loss_group_rows(const ebbi_exec *exec, size_t rows) {
  enum { MOST_GROUPS = 256 };
  const ebbi_device_params *params = &exec->params;
  return params->loss_group == 1 ? params->loss_rows : ebbi_ceil_div(rows, MOST_GROUPS);
}

/* Work-groups of the loss kernel; each writes one pair of sums. */
size_t ebbi_loss_groups(const ebbi_exec *exec, size_t rows) {
  return ebbi_ceil_div(rows, ebbi_loss_group_rows(exec, rows));
}

/* Items of a group take wide rows together, so that they read neighbouring memory. */
static bool is_wide(const ebbi_exec *exec, size_t cols) {
  enum { MOST_NARROW = 64 };
  return exec->params.loss_group > 1 && cols > MOST_NARROW;
}

void ebbi_loss_option(char option[EBBI_LOSS_OPTION], ebb_loss loss) {
  bool full = ebbi_loss_row_of(loss.kind)->plain && ebbi_loss_has_parameters(loss);
  char outputs[32] = "";
  if (ebb_loss_outputs(loss) > 1)
    snprintf(outputs, sizeof outputs, " -DLOSS_OUTPUTS=%zu", ebb_loss_outputs(loss));
  snprintf(option, EBBI_LOSS_OPTION, "-DLOSS=%s%s%s%s", ebb_loss_name(loss.kind), outputs,
           full ? " -DLOSS_FULL=1" : "", loss.weighted ? " " EBBI_WEIGHTED_OPTION : "");
}

size_t ebbi_loss_sums(ebb_loss loss) {
  return loss.weighted ? 3 : 2;
}

ebb_status ebbi_require_partials(const char *where, const ebb_tensor *partials,
                                 const ebb_device *device, const char **option) {
  REQUIRE(partials, EBB_ERR_ARGUMENT, "%s: partials is NULL", where);
  bool weighted = partials->cols == 3;
  *option = weighted ? EBBI_WEIGHTED_OPTION : "";
  return ebbi_tensor_require_packed(where, "partials", partials, device, EBB_F32, partials->rows,
                                    weighted ? 3 : 2);
}

void ebbi_loss_parameters(ebbi_launch *launch, ebb_loss loss) {
  const ebbi_loss_row *row = ebbi_loss_row_of(loss.kind);
  float constants[EBB_LOSS_PARAMETERS];
  if (row->constants) row->constants(loss.parameters, loss);
  for (int p = 0; p < EBB_LOSS_PARAMETERS; p++) constants[p] = (float)loss.parameters[p];
  ebbi_launch_floats(launch, constants, EBB_LOSS_PARAMETERS);
}

ebb_status ebbi_loss_partials_create(const ebbi_exec *exec, ebb_tensor **out, ebb_device *device,
                                     size_t rows, ebb_loss loss) {
  REQUIRE(rows > 0, EBB_ERR_ARGUMENT, "ebb_loss_partials_create: no rows");
  return ebb_tensor_create_packed(out, device, EBB_F32, ebbi_loss_groups(exec, rows),
                                  ebbi_loss_sums(loss));
}

ebb_status ebb_loss_partials_create(ebb_tensor **out, ebb_device *device, size_t rows) {
  return ebbi_loss_partials_create(ebbi_device_exec(device), out, device, rows, (ebb_loss){0});
}

ebb_status ebbi_loss_forward_backward(const ebbi_exec *exec, ebb_tensor *dz, ebb_tensor *partials,
                                      const ebb_tensor *z, const ebb_tensor *target,
                                      const ebb_tensor *weights, const ebb_tensor *state,
                                      ebb_loss loss) {
  static const char where[] = "ebb_loss_forward_backward";
  TRY(ebbi_require_loss(where, loss));
  REQUIRE(z, EBB_ERR_ARGUMENT, "%s: z is NULL", where);
  bool classes = ebb_loss_has_labels(loss.kind);
  size_t groups = ebbi_loss_groups(exec, z->rows);
  TRY(ebbi_tensor_require(where, "z", z, z->device, EBB_F32, z->rows, z->cols));
  TRY(ebbi_tensor_require(where, "dz", dz, z->device, EBB_F32, z->rows, z->cols));
  TRY(ebbi_tensor_require_apart(where, "dz", dz, "z", z));
  TRY(ebbi_require_outputs(where, loss, z->cols));
  TRY(ebbi_tensor_require_packed(where, "partials", partials, z->device, EBB_F32, groups,
                                 ebbi_loss_sums(loss)));
  size_t examples = target ? target->rows : z->rows;
  TRY(ebbi_tensor_require(where, "target", target, z->device, classes ? EBB_I32 : EBB_F32, examples,
                          ebbi_loss_targets(loss, z->cols)));
  REQUIRE(z->rows % examples == 0, EBB_ERR_ARGUMENT,
          "%s: %zu rows of z for %zu of the target; it must be a multiple", where, z->rows,
          examples);
  if (loss.weighted)
    TRY(ebbi_tensor_require_packed(where, "weights", weights, z->device, EBB_F32, examples, 1));
  TRY(ebbi_require_state(where, state, z->device));
  char option[EBBI_LOSS_OPTION + 16];
  ebbi_loss_option(option, loss);
  if (is_wide(exec, z->cols)) strcat(option, " -DLOSS_WIDE");
  ebbi_launch launch = ebbi_launch_begin(z->device, exec, EBBI_KERNEL_loss, option);
  ebbi_launch_buffer(&launch, dz->buffer);
  ebbi_launch_buffer(&launch, partials->buffer);
  ebbi_launch_buffer(&launch, z->buffer);
  ebbi_launch_buffer(&launch, target->buffer);
  ebbi_launch_buffer(&launch, loss.weighted ? weights->buffer : NULL);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_int(&launch, z->rows);
  ebbi_launch_int(&launch, z->cols);
  ebbi_launch_int(&launch, z->stride);
  ebbi_launch_int(&launch, target->stride);
  ebbi_launch_int(&launch, z->rows / examples);
  ebbi_launch_int(&launch, ebbi_loss_group_rows(exec, z->rows));
  ebbi_loss_parameters(&launch, loss);
  launch.work = ebbi_work_loss(loss, z->rows, z->cols);
  return ebbi_launch_run(&launch, groups, 1);
}

ebb_status ebb_loss_forward_backward(ebb_tensor *dz, ebb_tensor *partials, const ebb_tensor *z,
                                     const ebb_tensor *target, const ebb_tensor *state,
                                     ebb_loss loss) {
  loss.weighted = false; /* eager calls have no weights */
  return ebbi_loss_forward_backward(ebbi_tensor_exec(z), dz, partials, z, target, NULL, state,
                                    loss);
}

ebb_status ebbi_metrics_add(const ebbi_exec *exec, ebb_tensor *state, const ebb_tensor *partials) {
  const char *option;
  TRY(ebbi_require_partials("ebb_metrics_add", partials, partials ? partials->device : NULL,
                            &option));
  TRY(ebbi_require_state("ebb_metrics_add", state, partials->device));
  ebbi_launch launch = ebbi_launch_begin(partials->device, exec, EBBI_KERNEL_metrics_add, option);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_buffer(&launch, partials->buffer);
  ebbi_launch_int(&launch, partials->rows);
  launch.work = ebbi_work_metrics(partials->rows);
  return ebbi_launch_run(&launch, 1, 1);
}

ebb_status ebb_metrics_add(ebb_tensor *state, const ebb_tensor *partials) {
  return ebbi_metrics_add(ebbi_tensor_exec(partials), state, partials);
}
