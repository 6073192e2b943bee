/* Compares updates of sampled parameters and of their moments.
 */
#include "check/bounds.h"
#include "check/live.h"
#include "check/slab.h"
#include "check/update_check.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

/* A parameter's bound; NaN where an intermediate result may overflow. */
static double parameter_bound(const ebbi_update_run *run, size_t i, uint64_t step) {
  const ebbi_update_check *check = ebbi_update_check_of(run->optimizer.kind);
  double scale = run->scale.parameters[i], slack = check->slack(run, i, step);
  double bound = ebbi_bound_update(run->optimizer.kind) * ebbi_update_run_slack(run) * scale +
                 4 * (double)FLT_MIN;
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
  double more = ebbi_update_run_slack(run), bound = more > 0 ? parameter_bound(run, i, u->step) : 0;
  bool fits = isfinite(bound);
  for (size_t s = 0; s < EBBI_SLABS && u->after[s]; s++) {
    const double *expected = slab_of(&run->expected, s), *scale = slab_of(&run->scale, s);
    if (s > 0 && more > 0)
      bound = ebbi_bound_moment(u->optimizer->kind) * more * scale[i] + 4 * (double)FLT_MIN;
    ebbi_compare_parameter(c, ebbi_slab_name(s), 0, i, u->parameters[i], (double)u->after[s][i],
                           fits ? expected[i] : NAN, bound);
  }
}

ebb_status ebbi_compare_update(ebbi_comparison *c, const ebbi_update_case *u) {
  ebbi_update_run run = {
      .optimizer = *u->optimizer, .learning_rate = (double)u->learning_rate, .count = u->count};
  double *slices;
  if (u->grouped) ebbi_update_run_treat(&run, &u->group, u->norms);
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

/* Adds the squares of the parameter's gradients, which are sums of slices. */
static ebb_status add_squares(double *sum, ebbi_fixture *fixture, const ebb_tensor *gradients,
                              size_t first, size_t count) {
  float *part;
  double *slices, *total;
  size_t all = gradients->rows * count;
  TRY(ebbi_fixture_bytes(&part, fixture, all, sizeof *part));
  TRY(ebbi_fixture_array(&slices, fixture, all));
  TRY(ebbi_fixture_array(&total, fixture, count));
  TRY(ebbi_tensor_download_part(part, gradients, 0, gradients->rows, first, count));
  for (size_t i = 0; i < all; i++) slices[i] = (double)part[i];
  ebbi_reference_sum_slices(total, slices, gradients->rows, count);
  for (size_t i = 0; i < count; i++) *sum += total[i] * total[i];
  ebbi_fixture_clear(fixture);
  return EBB_OK;
}

ebb_status ebbi_compare_norm(double *found, double *expected, double *bound, ebbi_fixture *fixture,
                             const ebb_trainer *trainer) {
  const ebb_network *network = trainer->network;
  const ebb_tensor *gradients = trainer->pass->gradients;
  float norms[2 * EBBI_NORM_GROUPS];
  double sum = 0;
  TRY(ebb_tensor_download(norms, trainer->groups.norms));
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++) {
      size_t first, end;
      ebbi_slab_parameter(&first, &end, network, n, p);
      if (ebbi_updates_group(&trainer->options, network, n, p).rate > 0)
        TRY(add_squares(&sum, fixture, gradients, first, end - first));
    }
  *found = ebbi_reference_norm(norms);
  *expected = sqrt(sum);
  *bound = ebbi_bound_norm(&trainer->pass->exec, gradients->cols) * *expected +
           sqrt((double)gradients->cols * (double)FLT_MIN);
  return EBB_OK;
}
