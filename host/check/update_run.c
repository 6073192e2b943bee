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

void ebbi_update_run_expect(ebbi_update_run *run, uint64_t step) {
  size_t bytes = run->count * sizeof(double);
  memcpy(run->expected.parameters, run->found.parameters, bytes);
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++)
    memcpy(run->expected.moments[m], run->found.moments[m], bytes);
  ebbi_reference_update(run->expected.parameters, run->expected.moments, run->gradient_values,
                        run->count, &run->optimizer, run->learning_rate, step);
  for (size_t i = 0; i < run->count; i++)
    ebbi_update_check_of(run->optimizer.kind)->magnitudes(run, i, step);
}

ebb_status ebbi_update_run_follow(ebbi_update_run *run, uint64_t step) {
  TRY(ebbi_fixture_read_into(run->slice_values, run->gradients));
  ebbi_reference_sum_slices(run->gradient_values, run->slice_values,
                            ebb_tensor_rows(run->gradients), run->count);
  ebbi_update_run_expect(run, step);
  TRY(ebbi_fixture_read_into(run->found.parameters, run->parameters));
  for (size_t m = 0; m < moments_of(run); m++)
    TRY(ebbi_fixture_read_into(run->found.moments[m], run->moments[m]));
  return EBB_OK;
}

ebb_status ebbi_update_run_step(ebbi_update_run *run, uint64_t step, uint32_t live) {
  ebb_state state = ebb_state_default(live, step, (float)run->learning_rate);
  TRY(ebb_tensor_upload(run->state, &state));
  TRY(ebbi_update(run->exec, run->parameters, run->moments, run->gradients, run->state,
                  run->partials, &run->optimizer));
  return ebbi_update_run_follow(run, step);
}

void ebbi_update_run_tally(const ebbi_update_run *run, ebbi_tally *tally, size_t first,
                           size_t count) {
  const ebb_optimizer *o = &run->optimizer;
  for (size_t i = first; i < first + count; i++) {
    ebbi_tally_add(tally, run->found.parameters[i], run->expected.parameters[i],
                   run->scale.parameters[i], ebbi_bound_update(o->kind));
    for (size_t m = 0; m < moments_of(run); m++)
      ebbi_tally_add(tally, run->found.moments[m][i], run->expected.moments[m][i],
                     run->scale.moments[m][i], ebbi_bound_moment(o->kind));
  }
}
