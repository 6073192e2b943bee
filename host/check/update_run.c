/* Update runs. An error is measured against the magnitudes of the terms: for a parameter, its own
 * magnitude and those of the change's terms before any cancel.
 */
#include "check/update_run.h"

#include "base/error.h"
#include "check/bounds.h"
#include "check/update_check.h"
#include <math.h>
#include <string.h>

static size_t moments_of(const ebbi_update_run *run) {
  return ebb_optimizer_moments(&run->optimizer);
}

static ebb_status make_values(ebbi_update_values *out, ebbi_fixture *fixture, size_t count) {
  TRY(ebbi_fixture_array(&out->parameters, fixture, count));
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++)
    TRY(ebbi_fixture_array(&out->moments[m], fixture, count));
  return EBB_OK;
}

ebb_status ebbi_update_run_allocate(ebbi_update_run *run, ebbi_fixture *fixture) {
  TRY(make_values(&run->expected, fixture, run->count));
  TRY(make_values(&run->scale, fixture, run->count));
  TRY(make_values(&run->found, fixture, run->count));
  TRY(ebbi_fixture_array(&run->magnitudes, fixture, run->count));
  return ebbi_fixture_array(&run->gradient_values, fixture, run->count);
}

ebb_status ebbi_update_run_begin(ebbi_update_run *run, ebbi_fixture *fixture) {
  run->exec = fixture->exec;
  run->count = ebb_tensor_cols(run->parameters);
  TRY(ebbi_update_run_allocate(run, fixture));
  TRY(ebbi_fixture_array(&run->slice_values, fixture,
                         ebb_tensor_rows(run->gradients) * run->count));
  for (size_t m = 0; m < moments_of(run); m++)
    TRY(ebbi_fixture_input(&run->moments[m], fixture, 1, run->count, run->found.moments[m]));
  return ebbi_fixture_read_into(run->found.parameters, run->parameters);
}

/* Operations on a gradient before the optimizer gets it, in roundings: two factors, two penalties,
 * and the rate's factor. The factor by norm adds half the roundings of a sum of 64 pairs, since its
 * root halves them, a root of 3 ulp, a sum and a quotient of 2.5 ulp. A trust ratio is a further
 * factor, which the expected rate takes as rounded with the rate's. An optimizer's bound allows 3
 * roundings for g + decay p, so one more rounding of g raises it by a third of itself at most. */
enum { SHAPE = 8, SHAPE_BY_NORM = 60, SHAPE_BY_TRUST = 2 };

double ebbi_update_run_slack(const ebbi_update_run *run) {
  if (!run->group) return 1;
  if (run->group->rate == 0) return 0;
  int shape = (run->norms ? SHAPE_BY_NORM : SHAPE) + (run->group->trusted ? SHAPE_BY_TRUST : 0);
  return 1 + shape / 3.0;
}

void ebbi_update_run_treat(ebbi_update_run *run, const ebbi_update_group *group,
                           const float *norms) {
  run->group = group;
  run->norms = norms;
  run->learning_rate *= (double)(float)group->rate;
  if (group->no_decay) run->optimizer.weight_decay = 0;
}

/* Replaces the gradients by those that the optimizer gets, and makes `magnitudes` those of their
 * terms. */
static void shape(ebbi_update_run *run) {
  const ebbi_update_group *group = run->group;
  double clip = ebbi_reference_clip(group, run->norms);
  for (size_t i = 0; i < run->count; i++) {
    double g = run->gradient_values[i], p = run->found.parameters[i];
    run->gradient_values[i] = ebbi_reference_shape(g, p, group, clip);
    run->magnitudes[i] = fabs(ebbi_reference_shape(fabs(g), fabs(p), group, clip));
  }
}

void ebbi_update_run_scale(ebbi_update_run *run, uint64_t step) {
  double *gradients = run->gradient_values;
  if (run->group) run->gradient_values = run->magnitudes;
  for (size_t i = 0; i < run->count; i++)
    ebbi_update_check_of(run->optimizer.kind)->magnitudes(run, i, step);
  run->gradient_values = gradients;
}

void ebbi_update_run_expect(ebbi_update_run *run, uint64_t step) {
  size_t bytes = run->count * sizeof(double);
  memcpy(run->expected.parameters, run->found.parameters, bytes);
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++)
    memcpy(run->expected.moments[m], run->found.moments[m], bytes);
  if (run->group) shape(run);
  if (run->group && run->group->rate == 0) return;
  ebbi_reference_update(run->expected.parameters, run->expected.moments, run->gradient_values,
                        run->count, &run->optimizer, run->learning_rate, step);
  ebbi_update_run_scale(run, step);
}

ebb_status ebbi_update_run_sum(ebbi_update_run *run) {
  size_t slices = ebb_tensor_rows(run->gradients);
  TRY(ebbi_fixture_read_into(run->slice_values, run->gradients));
  ebbi_reference_sum_slices(run->gradient_values, run->slice_values, slices, run->count);
  return EBB_OK;
}

ebb_status ebbi_update_run_read(ebbi_update_run *run) {
  TRY(ebbi_fixture_read_into(run->found.parameters, run->parameters));
  for (size_t m = 0; m < moments_of(run); m++)
    TRY(ebbi_fixture_read_into(run->found.moments[m], run->moments[m]));
  return EBB_OK;
}

ebb_status ebbi_update_run_follow(ebbi_update_run *run, uint64_t step) {
  TRY(ebbi_update_run_sum(run));
  ebbi_update_run_expect(run, step);
  return ebbi_update_run_read(run);
}

ebb_status ebbi_update_run_step(ebbi_update_run *run, uint64_t step, uint32_t live) {
  ebb_state state = ebb_state_default(live, step, (float)run->learning_rate);
  TRY(ebb_tensor_upload(run->state, &state));
  TRY(ebbi_update(run->exec, run->parameters, run->moments, run->gradients, run->state,
                  run->partials, &run->optimizer, NULL));
  return ebbi_update_run_follow(run, step);
}

void ebbi_update_run_tally(const ebbi_update_run *run, ebbi_tally *tally, size_t first,
                           size_t count) {
  double slack = ebbi_update_run_slack(run);
  double update = ebbi_bound_update(run->optimizer.kind) * slack;
  double moment = ebbi_bound_moment(run->optimizer.kind) * slack;
  for (size_t i = first; i < first + count; i++) {
    ebbi_tally_add(tally, run->found.parameters[i], run->expected.parameters[i],
                   run->scale.parameters[i], update);
    for (size_t m = 0; m < moments_of(run); m++)
      ebbi_tally_add(tally, run->found.moments[m][i], run->expected.moments[m][i],
                     run->scale.moments[m][i], moment);
  }
}
