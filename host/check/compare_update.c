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

const char *ebbi_slab_name(size_t slab) {
  return slab == 0 ? "parameters" : ebbi_moment_names[slab - 1];
}

static double *slab_of(const ebbi_update_values *values, size_t slab) {
  return slab == 0 ? values->parameters : values->moments[slab - 1];
}

static void compare_one(ebbi_comparison *c, const ebbi_update_case *u, const ebbi_update_run *run,
                        size_t i) {
  double bound = parameter_bound(run, i, u->step);
  bool fits = isfinite(bound);
  for (size_t s = 0; s < EBBI_SLABS && u->after[s]; s++) {
    const double *expected = slab_of(&run->expected, s), *scale = slab_of(&run->scale, s);
    if (s > 0) bound = ebbi_bound_moment(u->optimizer->kind) * scale[i] + 4 * (double)FLT_MIN;
    ebbi_compare_parameter(c, ebbi_slab_name(s), 0, i, u->parameters[i], (double)u->after[s][i],
                           fits ? expected[i] : NAN, bound);
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
  for (size_t s = 0; s < EBBI_SLABS && u->before[s]; s++)
    for (size_t i = 0; i < u->count; i++) slab_of(&run.found, s)[i] = (double)u->before[s][i];
  ebbi_update_run_expect(&run, u->step);
  for (size_t i = 0; i < u->count; i++) compare_one(c, u, &run, i);
  return EBB_OK;
}
