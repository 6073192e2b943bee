/* Trust ratios: the reference's, and how far the device's may be off.
 *
 * The reference makes the step by the optimizer's own row, at the rate 1. Rounding moves each
 * number of the step within the bound of an update, and so its norm by at most the norm of these
 * bounds.
 */
#include "check/bounds.h"
#include "check/live.h"
#include "check/slab.h"
#include "check/update_check.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

/* Steps whose norm is this far off are not compared: nearly all of each number cancels. */
static const double UNSURE = 0.1;

/* Norms of the numbers, their steps and the steps' errors. */
typedef struct norms {
  double p, step, error;
} norms;

static norms norms_of(const ebbi_update_run *run, uint64_t step) {
  const ebbi_update_check *check = ebbi_update_check_of(run->optimizer.kind);
  ebbi_update_run unit = *run;
  double bound = ebbi_bound_update(run->optimizer.kind) * ebbi_update_run_slack(run);
  norms n = {0};
  unit.learning_rate = 1;
  unit.expected = run->expected;
  ebbi_update_run_scale(&unit, step);
  for (size_t i = 0; i < run->count; i++) {
    double moments[EBB_OPTIMIZER_MOMENTS], before = run->found.parameters[i], after = before;
    for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++) moments[m] = run->found.moments[m][i];
    check->step(&after, moments, run->gradient_values[i], &run->optimizer, 1, step);
    double error = bound * (unit.scale.parameters[i] - fabs(before)) + check->slack(&unit, i, step);
    n.p += before * before;
    n.step += (before - after) * (before - after);
    n.error += error * error;
  }
  return (norms){sqrt(n.p), sqrt(n.step), sqrt(n.error)};
}

/* A quotient of 2.5 ulp, two roots of 3, two factors; squares below FLT_MIN are lost. */
enum { RATIO = 20 };

void ebbi_reference_trust(double *ratio, double *bound, const ebbi_exec *exec,
                          const ebbi_update_run *run, uint64_t step) {
  const double least = EBBI_TRUST_LEAST;
  norms n = norms_of(run, step);
  double lost = (double)run->count * 0x1p-126 / (least * least);
  double off = 2 * ebbi_bound_norm(exec, run->count) + RATIO * EBBI_ROUNDOFF + 2 * lost;
  double error = off + n.error / n.step;
  bool small = n.p < least * (1 - off) || n.step + n.error < least * (1 - off);
  bool large = n.p > least * (1 + off) && n.step - n.error > least * (1 + off);
  *ratio = large ? n.p / n.step : 1;
  *bound = small ? 0 : large && error < UNSURE ? 2 * error * *ratio + 0x1p-126 : NAN;
}

/* ---- of a live step ---- */

/* A tensor's part of a slab: as it is on the device, or as it was before a closed step. */
static ebb_status read_slab(double *out, ebbi_live *live, size_t slab, size_t first, size_t count) {
  float *part;
  TRY(ebbi_fixture_bytes(&part, &live->comparison.fixture, count, sizeof *part));
  if (live->closed)
    memcpy(part, live->slabs[slab] + first, count * sizeof *part);
  else
    TRY(ebbi_tensor_download_part(part, ebbi_live_slab(live->trainer, slab), 0, 1, first, count));
  for (size_t i = 0; i < count; i++) out[i] = (double)part[i];
  return EBB_OK;
}

static ebb_status read_gradients(double *out, ebbi_live *live, size_t first, size_t count) {
  const ebb_tensor *gradients = live->trainer->pass->gradients;
  ebbi_fixture *fixture = &live->comparison.fixture;
  size_t all = gradients->rows * count;
  float *part;
  double *slices;
  TRY(ebbi_fixture_bytes(&part, fixture, all, sizeof *part));
  TRY(ebbi_fixture_array(&slices, fixture, all));
  TRY(ebbi_tensor_download_part(part, gradients, 0, gradients->rows, first, count));
  for (size_t i = 0; i < all; i++) slices[i] = (double)part[i];
  ebbi_reference_sum_slices(out, slices, gradients->rows, count);
  return EBB_OK;
}

/* The ratio by the reference. */
static ebb_status expect(double *ratio, double *bound, ebbi_live *live, const ebbi_update_case *u,
                         size_t first, size_t count) {
  ebbi_fixture *fixture = &live->comparison.fixture;
  ebbi_update_run run = {.optimizer = *u->optimizer, .learning_rate = 1, .count = count};
  ebbi_update_run_treat(&run, &u->group, u->norms);
  TRY(ebbi_update_run_allocate(&run, fixture));
  TRY(read_slab(run.found.parameters, live, 0, first, count));
  for (size_t m = 0; m < ebb_optimizer_moments(u->optimizer); m++)
    TRY(read_slab(run.found.moments[m], live, 1 + m, first, count));
  TRY(read_gradients(run.gradient_values, live, first, count));
  ebbi_update_run_expect(&run, u->step);
  ebbi_reference_trust(ratio, bound, fixture->exec, &run, u->step);
  return EBB_OK;
}

/* The ratio in the row of the table that float `first` of the slab belongs to. */
static ebb_status find(double *ratio, ebbi_live *live, size_t first) {
  const ebb_tensor *table = live->trainer->groups.segments;
  ebbi_update_segment *segments;
  size_t vector = first / live->trainer->pass->exec.params.width, s = 0;
  TRY(ebbi_fixture_bytes(&segments, &live->comparison.fixture, table->rows, sizeof *segments));
  TRY(ebb_tensor_download(segments, table));
  while (s + 1 < table->rows && (size_t)segments[s].end <= vector) s++;
  *ratio = (double)segments[s].trust;
  return EBB_OK;
}

ebb_status ebbi_live_check_trust(double *found, ebbi_live *live, const ebbi_update_case *u,
                                 size_t node, size_t parameter) {
  size_t first, end;
  double expected, bound;
  ebbi_slab_parameter(&first, &end, live->trainer->network, node, parameter);
  TRY(find(found, live, first));
  TRY(expect(&expected, &bound, live, u, first, end - first));
  REQUIRE(
      !(fabs(*found - expected) > bound), EBB_ERR_NUMBERS,
      "%s: step %llu is computed wrongly: the trust ratio of layer %zu is %.9g, by the reference "
      "%.9g, give or take %.2g; the device, its driver or its memory is at fault; `ebb verify "
      "--all` checks every kernel",
      live->where, (unsigned long long)live->before.done + 1, node + 1, *found, expected, bound);
  return EBB_OK;
}
