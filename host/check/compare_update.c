/* Compares updates of sampled parameters and of their moments.
 */
#include "check/bounds.h"
#include "check/live.h"
#include "check/update_check.h"

#include "base/error.h"

#include <float.h>
#include <math.h>

/* A parameter's bound; NaN where an intermediate result may overflow. */
static double parameter_bound(const ebbi_update_run *run, size_t i, uint64_t step) {
  const ebbi_update_check *check = ebbi_update_check_of(run->optimizer.kind);
  double scale = run->scale.parameters[i], slack = check->slack(run, i, step);
  double bound = ebbi_bound_update(run->optimizer.kind) * scale + 4 * (double)FLT_MIN;
  return scale < EBBI_UPDATE_MOST ? bound + slack : NAN;
}

static void compare_one(ebbi_comparison *c, const ebbi_update_case *u, const ebbi_update_run *run,
                        size_t i) {
  static const char *const names[EBBI_SLABS] = {"parameters", "first", "second"};
  const double *expected[EBBI_SLABS] = {run->expected.parameters, run->expected.first,
                                        run->expected.second};
  const double *scale[EBBI_SLABS] = {NULL, run->scale.first, run->scale.second};
  double bound = parameter_bound(run, i, u->step);
  bool fits = isfinite(bound);
  for (size_t s = 0; s < EBBI_SLABS && u->after[s]; s++) {
    if (s > 0) bound = ebbi_bound_moment(u->optimizer->kind) * scale[s][i] + 4 * (double)FLT_MIN;
    ebbi_compare_parameter(c, names[s], 0, i, u->parameters[i], (double)u->after[s][i],
                           fits ? expected[s][i] : NAN, bound);
  }
}

ebb_status ebbi_compare_update(ebbi_comparison *c, const ebbi_update_case *u) {
  ebbi_update_run run = {
      .optimizer = *u->optimizer, .learning_rate = (double)u->learning_rate, .count = u->count};
  double *slices;
  TRY(ebbi_update_run_allocate(&run, &c->fixture));
  TRY(ebbi_fixture_array(&slices, &c->fixture, u->slices * u->count));
  for (size_t i = 0; i < u->slices * u->count; i++) slices[i] = (double)u->gradients[i];
  ebbi_reference_sum_slices(run.gradient_values, slices, u->slices, u->count);
  double *before[EBBI_SLABS] = {run.found.parameters, run.found.first, run.found.second};
  for (size_t s = 0; s < EBBI_SLABS && u->before[s]; s++)
    for (size_t i = 0; i < u->count; i++) before[s][i] = (double)u->before[s][i];
  ebbi_update_run_expect(&run, u->step);
  for (size_t i = 0; i < u->count; i++) compare_one(c, u, &run, i);
  return EBB_OK;
}
