/* Cases of the optimizers, over slabs of rows x cols parameters. */
#include "check/update_run.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <math.h>

enum { STEPS = 4 };

/* The steps before those of a late run: more than 32 bits hold. */
#define LATE (UINT64_C(1) << 32)

/* A run over random parameters with gradients of its own, in `slices` rows. */
static ebb_status make_run(ebbi_update_run *run, ebbi_probe *probe, size_t count, size_t slices,
                           const ebb_optimizer *optimizer) {
  double *values;
  ebb_state state = ebb_state_default(1, 0, 0);
  *run = (ebbi_update_run){.optimizer = *optimizer, .learning_rate = 0.25};
  TRY(ebbi_probe_random(&run->parameters, &values, probe, 1, count, 1));
  TRY(ebbi_probe_output(&run->gradients, probe, slices, count));
  TRY(ebbi_probe_state(&run->state, probe, &state));
  TRY(ebbi_loss_partials_create(probe->exec, &run->partials, probe->device, 1));
  TRY(ebbi_probe_keep(probe, run->partials));
  return ebbi_update_run_begin(run, probe);
}

/* STEPS steps after `before` others. */
static ebb_status run_steps(ebbi_probe *probe, size_t count, size_t slices,
                            const ebb_optimizer *optimizer, uint64_t before) {
  ebbi_update_run run;
  ebb_state state;
  TRY(make_run(&run, probe, count, slices, optimizer));
  for (uint64_t step = before + 1; step <= before + STEPS; step++) {
    double *values;
    TRY(ebbi_probe_random(&run.gradients, &values, probe, slices, count, 1));
    TRY(ebbi_update_run_step(&run, step, 7));
    ebbi_update_run_tally(&run, &probe->tally, 0, count);
  }
  TRY(ebb_tensor_download(&state, run.state));
  ebbi_tally_add(&probe->tally, (double)state.done, (double)(before + STEPS), 1, 0);
  ebbi_tally_add(&probe->tally, state.rows, 7, 1, 0);
  ebbi_tally_add(&probe->tally, state.bad_parameter, EBB_STATE_NONE, 1, 0);
  return EBB_OK;
}

/* Each run gives back what it holds: together they would be more than a probe has room for. */
static ebb_status run_optimizer(ebbi_probe *probe, size_t count, size_t slices,
                                const ebb_optimizer *optimizer) {
  static const uint64_t before[] = {0, LATE};
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    TRY(run_steps(probe, count, slices, optimizer, before[i]));
    ebbi_probe_clear(probe);
  }
  return EBB_OK;
}

/* One of four choices: with or without weight decay, with or without momentum, where the optimizer
 * has any; with both, Nesterov's form. */
static ebb_optimizer variant_of(ebb_optimizer_kind kind, int variant) {
  ebb_optimizer optimizer = ebb_optimizer_default(kind);
  bool decays = variant & 1, moves = variant & 2;
  optimizer.weight_decay = decays ? 0.1 : 0;
  if (moves && ebb_optimizer_has(kind, EBB_SETTING_momentum)) optimizer.momentum = 0.9;
  if (moves && ebb_optimizer_has(kind, EBB_SETTING_nesterov)) optimizer.nesterov = decays;
  return optimizer;
}

/* Each optimizer. */
ebb_status ebbi_case_update(ebbi_probe *probe, ebbi_shape shape) {
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++) {
    bool moves = ebb_optimizer_has((ebb_optimizer_kind)kind, EBB_SETTING_momentum);
    for (int variant = 0; variant < (moves ? 4 : 2); variant++) {
      ebb_optimizer optimizer = variant_of((ebb_optimizer_kind)kind, variant);
      size_t count = shape.rows * shape.cols;
      ebbi_tally_case(&probe->tally, "%zu, %s, momentum %g, decay %g%s", count,
                      ebb_optimizer_name(optimizer.kind), optimizer.momentum,
                      optimizer.weight_decay, optimizer.nesterov ? ", nesterov" : "");
      TRY(run_optimizer(probe, count, 1, &optimizer));
    }
  }
  return EBB_OK;
}

/* Gradients that come in slices, to be added in order. */
ebb_status ebbi_case_update_slices(ebbi_probe *probe, ebbi_shape shape) {
  static const size_t slices[] = {1, 2, 5};
  enum { CASES = sizeof slices / sizeof *slices };
  size_t count = shape.rows * shape.cols;
  for (int i = 0; i < CASES * EBB_OPT_COUNT; i++) {
    ebb_optimizer optimizer = variant_of((ebb_optimizer_kind)(i / CASES), 2);
    ebbi_tally_case(&probe->tally, "%zu, %zu slices, %s", count, slices[i % CASES],
                    ebb_optimizer_name(optimizer.kind));
    TRY(run_optimizer(probe, count, slices[i % CASES], &optimizer));
  }
  return EBB_OK;
}

/* Gradients of NaN and Inf: those parameters stay, the lowest is reported, the others move; and a
 * frozen step moves none. */
static ebb_status run_not_finite(ebbi_probe *probe, size_t count, const ebb_optimizer *optimizer) {
  ebbi_update_run run;
  ebb_state state = ebb_state_default(1, 9, 0.25f);
  double *before, *gradients, *moved;
  size_t low = count / 3, high = count - 1;
  TRY(make_run(&run, probe, count, 1, optimizer));
  TRY(ebbi_probe_read(&before, probe, run.parameters));
  TRY(ebbi_probe_normal(&gradients, probe, count, 1));
  gradients[high] = INFINITY;
  gradients[low] = NAN;
  TRY(ebbi_probe_input(&run.gradients, probe, 1, count, gradients));
  TRY(ebb_tensor_upload(run.state, &state));
  TRY(ebbi_update(probe->exec, run.parameters, run.first, run.second, run.gradients, run.state,
                  run.partials, optimizer));
  TRY(ebbi_probe_read(&moved, probe, run.parameters));
  TRY(ebb_tensor_download(&state, run.state));
  for (size_t i = 0; i < count; i++) {
    bool stays = i == low || i == high;
    ebbi_tally_add(&probe->tally, (moved[i] == before[i]) == stays, 1, 1, 0);
  }
  ebbi_tally_add(&probe->tally, state.bad_parameter, (double)low, 1, 0);
  state.frozen = 1;
  TRY(ebb_tensor_upload(run.state, &state));
  TRY(ebbi_probe_input(&run.gradients, probe, 1, count, moved)); /* finite numbers */
  TRY(ebbi_update(probe->exec, run.parameters, run.first, run.second, run.gradients, run.state,
                  run.partials, optimizer));
  return ebbi_probe_compare(probe, run.parameters, moved, NULL, 0);
}

ebb_status ebbi_case_update_not_finite(ebbi_probe *probe, ebbi_shape shape) {
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++) {
    ebb_optimizer optimizer = ebb_optimizer_default((ebb_optimizer_kind)kind);
    size_t count = shape.rows * shape.cols;
    ebbi_tally_case(&probe->tally, "%zu, %s", count, ebb_optimizer_name(optimizer.kind));
    TRY(run_not_finite(probe, count, &optimizer));
  }
  return EBB_OK;
}
