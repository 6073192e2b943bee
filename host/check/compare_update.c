/* Updates of sampled parameters: what a step has made of each and of its moments.
 */
#include "check/bounds.h"
#include "check/live.h"
#include "check/update_run.h"

#include "base/error.h"

#include <float.h>
#include <math.h>

/* How far off a device may be where a second moment is near FLT_MIN or below: it may take it for 0,
 * or round it to one of the few numbers that there are. */
static double underflow_of(const ebbi_update_run *run, size_t i, double c1, double c2) {
  const double off = 2 * (double)FLT_MIN;
  double epsilon = run->optimizer.epsilon, second = run->expected.second[i];
  double low = sqrt(fmax(second - off, 0) / c2) + epsilon;
  double high = sqrt((second + off) / c2) + epsilon;
  return run->learning_rate / c1 * ((run->scale.first[i] + off) * (1 / low - 1 / high) + off / low);
}

/* A parameter's bound; NaN where something may overflow on its way. 1 - beta^step, as the reference
 * forms it, is off by half an ulp of 1. */
static double parameter_bound(const ebbi_update_run *run, size_t i, uint64_t step) {
  const ebb_optimizer *o = &run->optimizer;
  const double most = (double)FLT_MAX / 2;
  double scale = run->scale.parameters[i];
  double bound = ebbi_bound_update(o->kind) * scale + 4 * (double)FLT_MIN;
  if (o->kind == EBB_OPT_SGD) return scale < most && run->scale.first[i] < most ? bound : NAN;
  double c1 = 1 - pow(o->beta1, (double)step), c2 = 1 - pow(o->beta2, (double)step);
  double change = run->learning_rate / c1 * fmax(run->scale.first[i], 1);
  bool fits =
      scale < most && change < most && run->scale.first[i] < most && run->scale.second[i] < most;
  double underflow = underflow_of(run, i, c1, c2) * (1 + ebbi_bound_update(o->kind));
  bound += scale * (DBL_EPSILON / c1 + DBL_EPSILON / c2) + underflow;
  return fits ? bound : NAN;
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
  TRY(ebbi_update_run_allocate(&run, &c->probe));
  TRY(ebbi_probe_array(&slices, &c->probe, u->slices * u->count));
  for (size_t i = 0; i < u->slices * u->count; i++) slices[i] = (double)u->gradients[i];
  ebbi_reference_sum_slices(run.gradient_values, slices, u->slices, u->count);
  double *before[EBBI_SLABS] = {run.found.parameters, run.found.first, run.found.second};
  for (size_t s = 0; s < EBBI_SLABS && u->before[s]; s++)
    for (size_t i = 0; i < u->count; i++) before[s][i] = (double)u->before[s][i];
  ebbi_update_run_expect(&run, u->step);
  for (size_t i = 0; i < u->count; i++) compare_one(c, u, &run, i);
  return EBB_OK;
}
