/* Cases of the optimizers, over slabs of rows x cols parameters.
 */
#include "check/update_run.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { STEPS = 4 };

/* Steps before a late run: more than 32 bits. */
#define LATE (UINT64_C(1) << 32)

/* A run over random parameters and gradients, the gradients in `slices` rows. */
static ebb_status make_run(ebbi_update_run *run, ebbi_fixture *fixture, size_t count, size_t slices,
                           const ebb_optimizer *optimizer) {
  double *values;
  ebb_state state = ebb_state_default(1, 0, 0);
  *run = (ebbi_update_run){.optimizer = *optimizer, .learning_rate = 0.25};
  TRY(ebbi_fixture_random(&run->parameters, &values, fixture, 1, count, 1));
  TRY(ebbi_fixture_output(&run->gradients, fixture, slices, count));
  TRY(ebbi_fixture_state(&run->state, fixture, &state));
  TRY(ebbi_loss_partials_create(fixture->exec, &run->partials, fixture->device, 1, (ebb_loss){0}));
  TRY(ebbi_fixture_keep(fixture, run->partials));
  return ebbi_update_run_begin(run, fixture);
}

/* STEPS steps after `before` earlier steps. */
static ebb_status run_steps(ebbi_fixture *fixture, size_t count, size_t slices,
                            const ebb_optimizer *optimizer, uint64_t before) {
  ebbi_update_run run;
  ebb_state state;
  TRY(make_run(&run, fixture, count, slices, optimizer));
  for (uint64_t step = before + 1; step <= before + STEPS; step++) {
    double *values;
    TRY(ebbi_fixture_random(&run.gradients, &values, fixture, slices, count, 1));
    TRY(ebbi_update_run_step(&run, step, 7));
    ebbi_update_run_tally(&run, &fixture->tally, 0, count);
  }
  TRY(ebb_tensor_download(&state, run.state));
  ebbi_tally_add(&fixture->tally, (double)state.done, (double)(before + STEPS), 1, 0);
  ebbi_tally_add(&fixture->tally, state.rows, 7, 1, 0);
  ebbi_tally_add(&fixture->tally, state.bad_parameter, EBB_STATE_NONE, 1, 0);
  return EBB_OK;
}

/* Each run frees what it holds: all runs together would exceed EBBI_FIXTURE_ITEMS. */
static ebb_status run_optimizer(ebbi_fixture *fixture, size_t count, size_t slices,
                                const ebb_optimizer *optimizer) {
  static const uint64_t before[] = {0, STEPS, LATE};
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    TRY(run_steps(fixture, count, slices, optimizer, before[i]));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}

/* Settings that change the rule, and a value that they have in some variants. */
static const struct {
  ebb_optimizer_setting setting;
  double value;
} switches[] = {{EBB_SETTING_momentum, 0.9},
                {EBB_SETTING_amsgrad, 1},
                {EBB_SETTING_decoupled_decay, 1},
                {EBB_SETTING_lr_decay, 0.125}};
enum { SWITCHES = sizeof switches / sizeof *switches };

/* Four variants, or two where all switches are unknown to the optimizer. */
static int variants_of(ebb_optimizer_kind kind) {
  for (size_t i = 0; i < SWITCHES; i++)
    if (ebb_optimizer_has(kind, switches[i].setting)) return 4;
  return 2;
}

/* With or without weight decay, with or without the switches that the optimizer has; with both,
 * Nesterov's form. */
static ebb_optimizer variant_of(ebb_optimizer_kind kind, int variant) {
  ebb_optimizer optimizer = ebb_optimizer_default(kind);
  bool decays = variant & 1, switched = variant & 2;
  optimizer.weight_decay = decays ? 0.1 : 0;
  for (size_t i = 0; i < SWITCHES && switched; i++)
    if (ebb_optimizer_has(kind, switches[i].setting))
      ebb_optimizer_set(&optimizer, switches[i].setting, switches[i].value);
  if (switched && ebb_optimizer_has(kind, EBB_SETTING_nesterov)) optimizer.nesterov = decays;
  return optimizer;
}

/* A rule is the same for each parameter, so that large slabs are left to the first optimizers of
 * the list unless everything is checked. */
static bool is_wanted(const ebbi_fixture *fixture, size_t kind, size_t count) {
  return kind < ebbi_fixture_some(fixture, EBB_OPT_COUNT) || count <= 1100;
}

/* Each optimizer. */
ebb_status ebbi_case_update(ebbi_fixture *fixture, ebbi_shape shape) {
  size_t count = shape.rows * shape.cols;
  for (int kind = 0; kind < EBB_OPT_COUNT && is_wanted(fixture, (size_t)kind, count); kind++) {
    for (int variant = 0; variant < variants_of((ebb_optimizer_kind)kind); variant++) {
      ebb_optimizer optimizer = variant_of((ebb_optimizer_kind)kind, variant);
      ebbi_tally_case(&fixture->tally, "%zu, %s%s%s%s", count, ebb_optimizer_name(optimizer.kind),
                      variant & 2 ? ", switched" : "", variant & 1 ? ", decay 0.1" : "",
                      optimizer.nesterov ? ", nesterov" : "");
      TRY(run_optimizer(fixture, count, 1, &optimizer));
    }
  }
  return EBB_OK;
}

/* Gradients in slices, which must be added in order, by the same function for every rule. */
ebb_status ebbi_case_update_slices(ebbi_fixture *fixture, ebbi_shape shape) {
  static const size_t slices[] = {1, 2, 5};
  enum { CASES = sizeof slices / sizeof *slices };
  size_t count = shape.rows * shape.cols, kinds = ebbi_fixture_some(fixture, EBB_OPT_COUNT);
  for (size_t i = 0; i < CASES * kinds; i++) {
    ebb_optimizer optimizer = variant_of((ebb_optimizer_kind)(i / CASES), 2);
    ebbi_tally_case(&fixture->tally, "%zu, %zu slices, %s", count, slices[i % CASES],
                    ebb_optimizer_name(optimizer.kind));
    TRY(run_optimizer(fixture, count, slices[i % CASES], &optimizer));
  }
  return EBB_OK;
}

/* True if the reference's moments of parameter i are too large for the device. */
static bool overflows(ebbi_update_run *run, size_t i) {
  bool infinite = false;
  for (size_t m = 0; m < ebb_optimizer_moments(&run->optimizer); m++)
    infinite = infinite || run->expected.moments[m][i] > (double)FLT_MAX;
  return infinite;
}

/* Gradients of NaN and Inf, and one whose square is infinite, which matters where the optimizer
 * keeps squares: these parameters stay, the lowest is reported, the others move; and a frozen step
 * moves none. */
static ebb_status run_not_finite(ebbi_fixture *fixture, size_t count,
                                 const ebb_optimizer *optimizer) {
  ebbi_update_run run;
  ebb_state state = ebb_state_default(1, 9, 0.25f);
  double *before, *gradients, *moved;
  size_t low = count / 3, high = count - 1, squared = count / 2;
  TRY(make_run(&run, fixture, count, 1, optimizer));
  TRY(ebbi_fixture_read(&before, fixture, run.parameters));
  TRY(ebbi_fixture_normal(&gradients, fixture, count, 1));
  gradients[high] = INFINITY;
  gradients[squared] = 1e30;
  gradients[low] = NAN;
  TRY(ebbi_fixture_input(&run.gradients, fixture, 1, count, gradients));
  memcpy(run.gradient_values, gradients, count * sizeof *gradients);
  ebbi_update_run_expect(&run, state.step);
  TRY(ebb_tensor_upload(run.state, &state));
  TRY(ebbi_update(fixture->exec, run.parameters, run.moments, run.gradients, run.state,
                  run.partials, optimizer, NULL));
  TRY(ebbi_fixture_read(&moved, fixture, run.parameters));
  TRY(ebb_tensor_download(&state, run.state));
  for (size_t i = 0; i < count; i++) {
    bool stays = i == low || i == high || (i == squared && overflows(&run, i));
    ebbi_tally_add(&fixture->tally, (moved[i] == before[i]) == stays, 1, 1, 0);
  }
  ebbi_tally_add(&fixture->tally, state.bad_parameter, (double)low, 1, 0);
  state.frozen = 1;
  TRY(ebb_tensor_upload(run.state, &state));
  TRY(ebbi_fixture_input(&run.gradients, fixture, 1, count, moved)); /* finite */
  TRY(ebbi_update(fixture->exec, run.parameters, run.moments, run.gradients, run.state,
                  run.partials, optimizer, NULL));
  return ebbi_fixture_compare(fixture, run.parameters, moved, NULL, 0);
}

ebb_status ebbi_case_update_not_finite(ebbi_fixture *fixture, ebbi_shape shape) {
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++) {
    ebb_optimizer optimizer = ebb_optimizer_default((ebb_optimizer_kind)kind);
    size_t count = shape.rows * shape.cols;
    ebbi_tally_case(&fixture->tally, "%zu, %s", count, ebb_optimizer_name(optimizer.kind));
    TRY(run_not_finite(fixture, count, &optimizer));
  }
  return EBB_OK;
}
