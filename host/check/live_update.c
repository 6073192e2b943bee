/* What is compared of a live step's update: the norm of the gradients, sampled parameters with
 * their moments, and what follows an update.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/live.h"
#include "check/slab.h"

#include "base/error.h"
#include "ops/ops.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Adjacent parameters are picked in runs of RUN, at most RUNS runs a node. */
enum { RUN = 64, RUNS = 8 };

/* The indices of a parameter's first and last numbers and of some between. */
static void pick_parameters(size_t *count, size_t *index, ebbi_live *live, size_t node,
                            size_t parameter) {
  size_t first, end;
  ebbi_slab_parameter(&first, &end, live->trainer->network, node, parameter);
  *count = 0;
  if (end - first <= RUN * RUNS) {
    for (size_t i = first; i < end; i++) index[(*count)++] = i;
    return;
  }
  for (size_t run = 0; run < RUNS; run++) {
    size_t at = end - first - RUN;
    if (run == 0) at = 0;
    if (run > 1) at = ebbi_pick_one(&live->comparison, at);
    for (size_t i = 0; i < RUN; i++) index[(*count)++] = first + at + i;
  }
}

/* The picked columns of a slab, of one row or of slices. */
static ebb_status read_picked(float **out, ebbi_fixture *fixture, const ebb_tensor *slab,
                              const ebbi_update_case *u) {
  float *runs;
  TRY(ebbi_fixture_bytes(out, fixture, slab->rows * u->count, sizeof **out));
  TRY(ebbi_fixture_bytes(&runs, fixture, slab->rows * u->count, sizeof *runs));
  for (size_t i = 0, run; i < u->count; i += run) {
    for (run = 1; i + run < u->count && u->parameters[i + run] == u->parameters[i] + run;) run++;
    TRY(ebbi_tensor_download_part(runs, slab, 0, slab->rows, u->parameters[i], run));
    for (size_t s = 0; s < slab->rows; s++)
      memcpy(*out + s * u->count + i, runs + s * run, run * sizeof *runs);
  }
  return EBB_OK;
}

/* The table of a case with groups, which has one run. */
static ebb_status make_groups(ebbi_update_groups *out, const ebbi_update_case *u,
                              ebbi_fixture *fixture) {
  *out = (ebbi_update_groups){0};
  if (!u->grouped) return EBB_OK;
  ebbi_update_group group = u->group;
  group.trusted = false; /* its rate has the trust ratio */
  const ebbi_update_segment all =
      ebbi_update_segment_of(fixture->exec, u->count, &group, u->optimizer);
  TRY(ebbi_update_groups_create(out, fixture->device, &all, 1, u->norms != NULL));
  TRY(ebbi_fixture_keep(fixture, out->segments));
  if (!u->norms) return EBB_OK;
  TRY(ebbi_fixture_keep(fixture, out->norms));
  return ebb_tensor_upload(out->norms, u->norms);
}

ebb_status ebbi_update_case_run(ebbi_update_case *u, const ebb_state *state,
                                ebbi_fixture *fixture) {
  ebb_tensor *slabs[EBBI_SLABS] = {NULL}, *gradients, *partials, *state_tensor;
  ebbi_update_groups groups;
  TRY(make_groups(&groups, u, fixture));
  for (size_t s = 0; s < EBBI_SLABS && u->before[s]; s++)
    TRY(ebbi_fixture_tensor(&slabs[s], fixture, EBB_F32, 1, u->count, false, u->before[s]));
  TRY(ebbi_fixture_tensor(&gradients, fixture, EBB_F32, u->slices, u->count, false, u->gradients));
  TRY(ebbi_loss_partials_create(fixture->exec, &partials, fixture->device, 1, (ebb_loss){0}));
  TRY(ebbi_fixture_keep(fixture, partials));
  TRY(ebbi_fixture_state(&state_tensor, fixture, state));
  TRY(ebbi_update(fixture->exec, slabs[0], slabs + 1, gradients, state_tensor, partials,
                  u->optimizer, &groups));
  for (size_t s = 0; s < EBBI_SLABS && u->before[s]; s++) {
    TRY(ebbi_fixture_bytes(&u->after[s], fixture, u->count, sizeof *u->after[s]));
    TRY(ebb_tensor_download(u->after[s], slabs[s]));
  }
  return EBB_OK;
}

/* The values before and after a whole step. */
static ebb_status take_update(ebbi_update_case *u, ebbi_live *live, ebb_tensor *const *slabs) {
  ebbi_fixture *fixture = &live->comparison.fixture;
  for (size_t s = 0; s < EBBI_SLABS && slabs[s]; s++) {
    TRY(ebbi_fixture_bytes(&u->before[s], fixture, u->count, sizeof *u->before[s]));
    for (size_t i = 0; i < u->count; i++) u->before[s][i] = live->slabs[s][u->parameters[i]];
    TRY(read_picked(&u->after[s], fixture, slabs[s], u));
  }
  return EBB_OK;
}

/* How the training treats the parameter. */
static ebb_status take_group(ebbi_update_case *u, ebbi_live *live, size_t node, size_t parameter) {
  const ebb_trainer *trainer = live->trainer;
  const ebbi_update_groups *groups = &trainer->groups;
  u->grouped = groups->segments != NULL;
  u->group = ebbi_updates_group(&trainer->options, trainer->network, node, parameter);
  if (groups->norms) {
    TRY(ebbi_fixture_bytes(&u->norms, &live->comparison.fixture, EBBI_NORM_GROUPS,
                           2 * sizeof *u->norms));
    TRY(ebb_tensor_download(u->norms, groups->norms));
  }
  if (!u->group.trusted) return EBB_OK;
  double trust;
  TRY(ebbi_live_check_trust(&trust, live, u, node, parameter));
  u->group.rate *= trust;
  return EBB_OK;
}

static ebb_status check_update(ebbi_live *live, size_t node, size_t parameter) {
  ebb_trainer *trainer = live->trainer;
  ebbi_comparison *c = &live->comparison;
  ebb_tensor *slabs[EBBI_SLABS];
  ebbi_update_case u = {.optimizer = &trainer->options.optimizer,
                        .learning_rate = live->after.learning_rate, /* the open step's */
                        .step = live->before.done + 1,
                        .slices = trainer->pass->gradients->rows};
  ebbi_comparison_of(c, EBBI_OPERATION_UPDATE,
                     ebbi_node_check(&trainer->network->spec, node)->label, node);
  for (size_t s = 0; s < EBBI_SLABS; s++) slabs[s] = ebbi_live_slab(trainer, s);
  TRY(take_group(&u, live, node, parameter));
  if (trainer->lbfgs) return EBB_OK; /* its steps are searched; the gradients are checked */
  if (u.group.apart) return EBB_OK;  /* its products are those of the layers; see case_muon.c */
  TRY(ebbi_fixture_bytes(&u.parameters, &c->fixture, RUN * RUNS, sizeof *u.parameters));
  pick_parameters(&u.count, u.parameters, live, node, parameter);
  TRY(read_picked(&u.gradients, &c->fixture, trainer->pass->gradients, &u));
  if (live->closed) {
    TRY(take_update(&u, live, slabs));
  } else {
    for (size_t s = 0; s < EBBI_SLABS && slabs[s]; s++)
      TRY(read_picked(&u.before[s], &c->fixture, slabs[s], &u));
    TRY(ebbi_update_case_run(&u, &live->after, &c->fixture));
  }
  TRY(ebbi_compare_update(c, &u));
  const ebbi_evidence evidence = {.update = &u};
  return live->comparison.severity > 1 ? ebbi_live_report(live, &evidence) : EBB_OK;
}

ebb_status ebbi_live_check_norm(ebbi_live *live) {
  const ebb_trainer *trainer = live->trainer;
  const ebbi_update_groups *groups = &trainer->groups;
  double found, expected, bound;
  const ebbi_pass *pass = trainer->pass;
  if (ebbi_live_is_broken(live)) return EBB_OK;
  if (groups->norms && !live->closed) TRY(ebbi_gradient_norm(&pass->exec, groups, pass->gradients));
  if (groups->trust && !live->closed)
    TRY(ebbi_trust_ratios(&pass->exec, groups, trainer->network->parameters, trainer->moments,
                          pass->gradients, pass->state, &trainer->options.optimizer));
  if (!groups->norms) return EBB_OK;
  TRY(ebbi_compare_norm(&found, &expected, &bound, &live->comparison.fixture, trainer));
  REQUIRE(!isfinite(expected) || fabs(found - expected) <= bound, EBB_ERR_NUMBERS,
          "%s: step %llu is computed wrongly: the norm of the gradients is %.9g, by the reference "
          "%.9g, give or take %.2g; the device, its driver or its memory is at fault; `ebb verify "
          "--all` checks every kernel",
          live->where, (unsigned long long)live->before.done + 1, found, expected, bound);
  return EBB_OK;
}

/* The weights into UNITS units of a parameter, zeros where it has fewer: [rows, UNITS]. Rows of the
 * largest vector need no padding. */
enum { UNITS = 16 };

static ebb_status take_units(float **out, size_t *first, ebbi_comparison *c, const ebb_tensor *w) {
  size_t units = w->cols < UNITS ? w->cols : UNITS;
  float *dense;
  *first = ebbi_pick_one(c, w->cols - units + 1);
  TRY(ebbi_fixture_bytes(out, &c->fixture, w->rows * UNITS, sizeof **out));
  TRY(ebbi_fixture_bytes(&dense, &c->fixture, w->rows * units, sizeof *dense));
  TRY(ebbi_tensor_download_part(dense, w, 0, w->rows, *first, units));
  for (size_t r = 0; r < w->rows; r++)
    memcpy(*out + r * UNITS, dense + r * units, units * sizeof *dense);
  return EBB_OK;
}

/* Shrinks the weights into some units of a parameter on the device, and compares. */
static ebb_status check_max_norm(ebbi_live *live, size_t node, size_t parameter) {
  const ebb_trainer *trainer = live->trainer;
  const ebb_tensor *w = trainer->network->parameter[node][parameter];
  ebbi_comparison *c = &live->comparison;
  double most = trainer->options.update.max_norm, bound = ebbi_bound_max_norm(w->rows);
  ebb_tensor *part, *state;
  float *before, *after;
  size_t first;
  TRY(take_units(&before, &first, c, w));
  TRY(ebbi_fixture_bytes(&after, &c->fixture, w->rows * UNITS, sizeof *after));
  TRY(ebbi_fixture_tensor(&part, &c->fixture, EBB_F32, w->rows, UNITS, true, before));
  TRY(ebbi_fixture_state(&state, &c->fixture, &live->after));
  TRY(ebbi_max_norm(c->fixture.exec, part, state, most));
  TRY(ebb_tensor_download(after, part));
  for (size_t i = 0; i < w->rows * UNITS; i++) {
    double factor = ebbi_reference_max_norm_factor(before + i % UNITS, w->rows, UNITS, most);
    double expected = (double)before[i] * factor, off = fabs((double)after[i] - expected);
    REQUIRE(
        !(off > fabs(expected) * bound + (double)FLT_MIN), EBB_ERR_NUMBERS,
        "%s: step %llu is computed wrongly: max-norm makes weight [%zu, %zu] of layer %zu %.9g, "
        "by the reference it is %.9g; the device, its driver or its memory is at fault; `ebb "
        "verify --all` checks every kernel",
        live->where, (unsigned long long)live->before.done + 1, i / UNITS, first + i % UNITS,
        node + 1, (double)after[i], expected);
  }
  return EBB_OK;
}

ebb_status ebbi_live_check_update(ebbi_live *live, size_t node) {
  const ebb_network *network = live->trainer->network;
  if (ebbi_live_is_broken(live)) return EBB_OK;
  for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[node][p]; p++) {
    TRY(check_update(live, node, p));
    if (ebbi_updates_limit(&live->trainer->options, network, node, p))
      TRY(check_max_norm(live, node, p));
    ebbi_fixture_clear(&live->comparison.fixture);
  }
  return EBB_OK;
}
