/* The launches of whole steps. All forms take the same arguments, except for what only one has. */
#include "base/error.h"
#include "ops/loss_row.h"
#include "ops/ops.h"
#include "whole_table.h"

#include <stdio.h>
#include <string.h>

static const char where[] = "whole step";

/* Checks the data against the layout. */
static ebb_status check_source(const ebbi_whole_step *step, const ebbi_whole_source *source) {
  const ebb_tensor *data = source->data, *targets = source->targets;
  const ebb_device *device = step->table->device;
  bool classes = ebb_loss_has_labels(source->loss.kind);
  REQUIRE(data && targets, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  TRY(ebbi_require_loss(where, source->loss));
  TRY(ebbi_require_outputs(where, source->loss, step->outputs));
  TRY(ebbi_require_rows(where, data, source->rows, source->shuffle));
  REQUIRE(data->rows >= source->rows || data->rows % step->layout.batch == 0, EBB_ERR_ARGUMENT,
          "%s: a block of %zu rows cuts a batch of %zu", where, data->rows, step->layout.batch);
  TRY(ebbi_tensor_require_packed(where, "data", data, device,
                                 data->dtype == EBB_U8 ? EBB_U8 : EBB_F32, data->rows,
                                 step->inputs));
  REQUIRE(step->partials->cols == ebbi_loss_sums(source->loss), EBB_ERR_ARGUMENT,
          "%s: it was made for rows %s weights", where, source->loss.weighted ? "without" : "with");
  return ebbi_tensor_require_packed(
      where, "targets", targets, device, classes ? EBB_I32 : EBB_F32, data->rows,
      ebbi_loss_targets(source->loss, step->outputs) + (source->loss.weighted ? 1 : 0));
}

/* Appends the formulas in use. */
static void add_formulas(char *options, const ebbi_whole_step *step) {
  for (int i = 0; i < EBB_MAX_FORMULAS; i++) {
    if (!(step->layout.activations >> (EBB_ACT_FORMULA_0 + i) & 1)) continue;
    *options++ = ' ';
    ebbi_formula_option(options, &step->exec.formulas[i], i);
    options += strlen(options);
  }
}

/* The kernels of a step's gradients, and of steps with updates. */
static const ebbi_kernel_id kernels[][2] = {
    [EBBI_WHOLE_SLICES] = {EBBI_KERNEL_whole_step, EBBI_KERNEL_whole_steps},
    [EBBI_WHOLE_GROUPS] = {EBBI_KERNEL_whole_step_gpu, EBBI_KERNEL_whole_steps_gpu},
    [EBBI_WHOLE_TEAM] = {EBBI_KERNEL_whole_step_team, EBBI_KERNEL_whole_steps_team}};

/* Starts a launch of the form's kernel, with the loss and, unless it is NULL, the optimizer. */
static ebbi_launch begin(const ebbi_whole_step *step, ebb_loss loss, const ebb_optimizer *optimizer,
                         const ebbi_update_groups *groups) {
  char options[256 + EBB_MAX_FORMULAS * EBBI_FORMULA_OPTION], by_loss[EBBI_LOSS_OPTION],
      by_optimizer[EBBI_OPTIMIZER_OPTION] = "";
  ebbi_loss_option(by_loss, loss);
  if (optimizer) ebbi_optimizer_option(by_optimizer, optimizer, groups);
  int used = snprintf(options, sizeof options, "-DACTIVATIONS=%u%s %s %s", step->layout.activations,
                      step->layout.values > 0 ? " -DLOCAL_VALUES=1" : "", by_loss, by_optimizer);
  add_formulas(options + used, step);
  return ebbi_launch_begin(step->table->device, &step->exec,
                           kernels[step->layout.form][optimizer != NULL], options);
}

/* Adds the arguments that both kinds of launch write or work in, except the parameters. */
static void add_outputs(ebbi_launch *launch, const ebbi_whole_step *step, const ebb_tensor *state) {
  ebbi_launch_buffer(launch, step->gradients->buffer);
  ebbi_launch_buffer(launch, step->partials->buffer);
  ebbi_launch_buffer(launch, ebbi_tensor_buffer(step->scratch));
  ebbi_launch_buffer(launch, state->buffer);
  if (step->layout.form == EBBI_WHOLE_GROUPS) ebbi_launch_local(launch, step->layout.local_bytes);
  if (step->layout.form == EBBI_WHOLE_TEAM) ebbi_launch_buffer(launch, step->progress->buffer);
}

static void add_source(ebbi_launch *launch, const ebbi_whole_step *step,
                       const ebbi_whole_source *source) {
  ebbi_launch_buffer(launch, step->table->buffer);
  ebbi_launch_buffer(launch, source->data->buffer);
  ebbi_launch_buffer(launch, source->targets->buffer);
  ebbi_launch_int(launch, source->rows);
  ebbi_launch_int(launch, source->data->rows);
  ebbi_launch_int(launch, source->data->dtype == EBB_U8);
  ebbi_launch_int(launch, source->shuffle);
  ebbi_launch_float(launch, source->scale);
  ebbi_launch_ulong(launch, source->seed);
  ebbi_loss_parameters(launch, source->loss);
}

/* Adds a team's tickets. */
static void add_range(ebbi_launch *launch, const ebbi_whole_step *step,
                      const ebbi_team_range *range) {
  if (step->layout.form != EBBI_WHOLE_TEAM) return;
  ebbi_launch_uint(launch, (uint32_t)range->from);
}

/* The first launch of `steps` steps, and the next one; only a team can have more than one. */
static ebbi_team_range first_range(const ebbi_whole_step *step) {
  if (step->layout.form == EBBI_WHOLE_TEAM) return ebbi_team_first(step);
  return (ebbi_team_range){.items = step->layout.slices};
}

static bool next_range(ebbi_team_range *range, const ebbi_whole_step *step, size_t steps) {
  return step->layout.form == EBBI_WHOLE_TEAM && ebbi_team_next(range, step, steps);
}

/* A launch's part of the work of `steps` steps. */
static ebbi_work work_of(const ebbi_whole_step *step, const ebbi_whole_source *source,
                         const ebb_optimizer *optimizer, size_t steps,
                         const ebbi_team_range *range) {
  ebbi_work work = ebbi_work_whole(step, source, optimizer, steps);
  if (step->layout.form != EBBI_WHOLE_TEAM) return work;
  double part = ebbi_team_part(step, steps, range);
  work.flops *= part;
  work.bytes *= part;
  return work;
}

static ebb_status launch_step(const ebbi_whole_step *step, ebb_tensor *state,
                              const ebb_tensor *parameters, const ebbi_whole_source *source,
                              const ebbi_team_range *range) {
  ebbi_launch launch = begin(step, source->loss, NULL, NULL);
  add_outputs(&launch, step, state);
  ebbi_launch_buffer(&launch, parameters->buffer);
  add_source(&launch, step, source);
  add_range(&launch, step, range);
  launch.work = work_of(step, source, NULL, 1, range);
  return ebbi_launch_run(&launch, range->items, 1);
}

ebb_status ebbi_whole_step_run(const ebbi_whole_step *step, ebb_tensor *state,
                               const ebb_tensor *parameters, const ebbi_whole_source *source) {
  const ebb_device *device = step->table->device;
  TRY(check_source(step, source));
  TRY(ebbi_tensor_require(where, "parameters", parameters, device, EBB_F32, 1,
                          step->gradients->cols));
  TRY(ebbi_require_state(where, state, device));
  ebbi_team_range range = first_range(step);
  do TRY(launch_step(step, state, parameters, source, &range));
  while (next_range(&range, step, 1));
  return EBB_OK;
}

/* What the launches of steps with updates share. */
typedef struct steps_call {
  const ebbi_whole_step *step;
  ebb_tensor *parameters, *const *moments, *state;
  const ebbi_whole_source *source;
  const ebb_optimizer *optimizer;
  const ebbi_update_groups *groups;
  size_t count;
} steps_call;

static ebb_status launch_steps(const steps_call *call, const ebbi_team_range *range) {
  const ebbi_whole_step *step = call->step;
  ebbi_launch launch = begin(step, call->source->loss, call->optimizer, call->groups);
  ebbi_launch_buffer(&launch, call->parameters->buffer);
  ebbi_optimizer_moments_arguments(&launch, call->moments, call->optimizer);
  add_outputs(&launch, step, call->state);
  add_source(&launch, step, call->source);
  add_range(&launch, step, range);
  ebbi_launch_int(&launch, call->count);
  ebbi_optimizer_constants(&launch, call->optimizer);
  ebbi_update_groups_arguments(&launch, call->groups);
  launch.work = work_of(step, call->source, call->optimizer, call->count, range);
  return ebbi_launch_run(&launch, range->items, 1);
}

ebb_status ebbi_whole_steps_run(const ebbi_whole_step *step, ebb_tensor *parameters,
                                ebb_tensor *const *moments, ebb_tensor *state,
                                const ebbi_whole_source *source, const ebb_optimizer *optimizer,
                                const ebbi_update_groups *groups, size_t count) {
  REQUIRE(step->layout.slices == 1, EBB_ERR_ARGUMENT,
          "%s: a batch of %zu slices cannot be updated in the same launch", where,
          step->layout.slices);
  TRY(check_source(step, source));
  TRY(ebbi_require_update(where, parameters, moments, step->gradients, state, step->partials,
                          optimizer));
  const steps_call call = {step, parameters, moments, state, source, optimizer, groups, count};
  ebbi_team_range range = first_range(step);
  do TRY(launch_steps(&call, &range));
  while (next_range(&range, step, count));
  return EBB_OK;
}
