/* Cases of updates by groups: runs of a slab that are treated differently, each compared on its
 * own, and the norm that clips all gradients.
 */
#include "check/bounds.h"
#include "check/update_run.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "base/size.h"
#include "ops/ops.h"
#include "ops/optimizer_row.h"
#include "tensor/tensor.h"

#include <math.h>

enum { RUNS = 6, MOST_WIDTH = 16, STEPS = 2 };

/* Frozen runs lie between others, so that a kernel that misses a border is found. */
static const ebbi_update_group treatments[RUNS] = {
    {.rate = 1, .l2 = 0.125, .clip_norm = 3},
    {.rate = 0, .l1 = 0.5, .clip_norm = 3},
    {.rate = 0.1, .no_decay = true, .clip_value = 0.25, .clip_norm = 3},
    {.rate = 1, .l1 = 0.03125, .clip_norm = 3},
    {.rate = 0, .clip_value = 0.5, .clip_norm = 3},
    {.rate = 3, .l1 = 0.01, .l2 = 0.01, .clip_value = 2, .clip_norm = 3}};

/* A slab whose run r ends at ends[r], in numbers. */
typedef struct groups_case {
  ebbi_fixture *fixture;
  ebbi_update_run run;
  ebbi_update_groups groups;
  size_t ends[RUNS];
  ebbi_update_group treatments[RUNS]; /* in a step, rates with trust ratios */
} groups_case;

/* Treats run r, whose optimizer may trust it. */
static void take_treatment(groups_case *c, size_t r) {
  bool trusts = ebbi_optimizer_row_of(c->run.optimizer.kind)->trusts;
  c->treatments[r] = treatments[r];
  c->treatments[r].trusted = trusts && r != 2 && treatments[r].rate > 0;
}

/* Cuts the slab at multiples of the largest width; a short one has empty runs at its start. */
static ebb_status make_groups(groups_case *c, bool by_norm) {
  ebbi_fixture *fixture = c->fixture;
  ebbi_update_segment segments[RUNS];
  size_t vectors = ebbi_ceil_div(c->run.count, MOST_WIDTH), count = 0;
  for (size_t r = 0; r < RUNS; r++) {
    size_t end = (r + 1) * vectors / RUNS * MOST_WIDTH, before = r > 0 ? c->ends[r - 1] : 0;
    c->ends[r] = r + 1 < RUNS ? end : c->run.count;
    take_treatment(c, r);
    if (c->ends[r] > before)
      segments[count++] =
          ebbi_update_segment_of(fixture->exec, c->ends[r], &c->treatments[r], &c->run.optimizer);
  }
  TRY(ebbi_update_groups_create(&c->groups, fixture->device, segments, count, by_norm));
  TRY(ebbi_fixture_keep(fixture, c->groups.segments));
  if (c->groups.trust) TRY(ebbi_fixture_keep(fixture, c->groups.trust));
  return by_norm ? ebbi_fixture_keep(fixture, c->groups.norms) : EBB_OK;
}

static ebb_status make_case(groups_case *c, size_t count, size_t slices,
                            const ebb_optimizer *optimizer, bool by_norm) {
  ebbi_fixture *fixture = c->fixture;
  ebb_state state = ebb_state_default(1, 0, 0);
  double *values;
  c->run = (ebbi_update_run){.optimizer = *optimizer, .learning_rate = 0.25};
  TRY(ebbi_fixture_random(&c->run.parameters, &values, fixture, 1, count, 1));
  TRY(ebbi_fixture_output(&c->run.gradients, fixture, slices, count));
  TRY(ebbi_fixture_state(&c->run.state, fixture, &state));
  TRY(ebbi_loss_partials_create(fixture->exec, &c->run.partials, fixture->device, 1,
                                (ebb_loss){0}));
  TRY(ebbi_fixture_keep(fixture, c->run.partials));
  TRY(ebbi_update_run_begin(&c->run, fixture));
  return make_groups(c, by_norm);
}

/* The squares of the gradients that are trained, added up. */
static double trained_squares(const groups_case *c) {
  double sum = 0;
  for (size_t r = 0, i = 0; r < RUNS; r++)
    for (; i < c->ends[r]; i++)
      if (treatments[r].rate > 0) sum += c->run.gradient_values[i] * c->run.gradient_values[i];
  return sum;
}

/* The part of a run of numbers, as a run of its own. */
static ebbi_update_run part_of(const groups_case *c, size_t r, const float *norms) {
  ebbi_update_run part = c->run;
  size_t first = r > 0 ? c->ends[r - 1] : 0;
  ebbi_update_values *values[] = {&part.expected, &part.found, &part.scale};
  part.count = c->ends[r] - first;
  for (size_t v = 0; v < 3; v++) {
    values[v]->parameters += first;
    for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++) values[v]->moments[m] += first;
  }
  part.gradient_values += first;
  part.magnitudes += first;
  ebbi_update_run_treat(&part, &c->treatments[r], norms);
  return part;
}

/* Computes the trust ratios on the device and compares them; they become factors of the rates. */
static ebb_status find_trust(groups_case *c, uint64_t step, const float *norms) {
  ebbi_update_run *run = &c->run;
  ebbi_fixture *fixture = c->fixture;
  ebbi_update_segment segments[RUNS];
  TRY(ebbi_trust_ratios(fixture->exec, &c->groups, run->parameters, run->moments, run->gradients,
                        run->state, &run->optimizer));
  TRY(ebb_tensor_download(segments, c->groups.segments));
  TRY(ebbi_update_run_sum(run));
  for (size_t r = 0, s = 0; r < RUNS; r++) {
    double expected, bound;
    take_treatment(c, r);
    ebbi_update_run part = part_of(c, r, norms);
    if (part.count == 0) continue;
    double found = (double)segments[s++].trust;
    if (!part.group->trusted) continue;
    ebbi_update_run_expect(&part, step);
    ebbi_reference_trust(&expected, &bound, fixture->exec, &part, step);
    if (!isnan(bound)) ebbi_tally_add(&fixture->tally, found, expected, 1, bound);
    c->treatments[r].rate *= found;
  }
  return EBB_OK;
}

/* One step, whose gradients are `spread` large. */
static ebb_status run_step(groups_case *c, uint64_t step, double spread) {
  ebbi_fixture *fixture = c->fixture;
  ebbi_update_run *run = &c->run;
  const ebb_tensor *gradients = run->gradients;
  ebb_state state = ebb_state_default(1, step, (float)run->learning_rate);
  float norms[2 * EBBI_NORM_GROUPS];
  double *values;
  bool by_norm = c->groups.norms != NULL;
  TRY(ebbi_fixture_random(&run->gradients, &values, fixture, gradients->rows, run->count, spread));
  TRY(ebb_tensor_upload(run->state, &state));
  if (by_norm) {
    TRY(ebbi_gradient_norm(fixture->exec, &c->groups, run->gradients));
    TRY(ebb_tensor_download(norms, c->groups.norms));
  }
  if (c->groups.trust) TRY(find_trust(c, step, by_norm ? norms : NULL));
  TRY(ebbi_update(fixture->exec, run->parameters, run->moments, run->gradients, run->state,
                  run->partials, &run->optimizer, &c->groups));
  TRY(ebbi_update_run_sum(run));
  for (size_t r = 0; r < RUNS; r++) {
    ebbi_update_run part = part_of(c, r, by_norm ? norms : NULL);
    ebbi_update_run_expect(&part, step);
  }
  TRY(ebbi_update_run_read(run));
  for (size_t r = 0; r < RUNS; r++) {
    ebbi_update_run part = part_of(c, r, by_norm ? norms : NULL);
    ebbi_update_run_tally(&part, &fixture->tally, 0, part.count);
  }
  return EBB_OK;
}

/* Each optimizer, with and without clipping by norm. */
ebb_status ebbi_case_update_groups(ebbi_fixture *fixture, ebbi_shape shape) {
  size_t count = shape.rows * shape.cols;
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++)
    for (int by_norm = 0; by_norm < 2; by_norm++) {
      ebb_optimizer optimizer = ebb_optimizer_default((ebb_optimizer_kind)kind);
      groups_case c = {.fixture = fixture};
      optimizer.weight_decay = 0.1;
      ebbi_tally_case(&fixture->tally, "%zu, %s%s", count, ebb_optimizer_name(optimizer.kind),
                      by_norm ? ", clipped by norm" : "");
      TRY(make_case(&c, count, 1 + (size_t)by_norm, &optimizer, by_norm));
      for (uint64_t step = 1; step <= STEPS; step++) TRY(run_step(&c, step, step == 1 ? 1 : 0.01));
      ebbi_fixture_clear(fixture);
    }
  return EBB_OK;
}

/* The norm of gradients of common, tiny and huge size. */
ebb_status ebbi_case_gradient_norm(ebbi_fixture *fixture, ebbi_shape shape) {
  static const double spreads[] = {1, 1e-12, 1e16, 1e35};
  const ebb_optimizer optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  size_t count = shape.rows * shape.cols;
  for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
    groups_case c = {.fixture = fixture};
    float norms[2 * EBBI_NORM_GROUPS];
    double *values;
    ebbi_tally_case(&fixture->tally, "%zu, gradients of about %g", count, spreads[i]);
    TRY(make_case(&c, count, 1 + i % 2, &optimizer, true));
    TRY(ebbi_fixture_random(&c.run.gradients, &values, fixture, 1 + i % 2, count, spreads[i]));
    TRY(ebbi_gradient_norm(fixture->exec, &c.groups, c.run.gradients));
    TRY(ebb_tensor_download(norms, c.groups.norms));
    TRY(ebbi_update_run_sum(&c.run));
    double expected = sqrt(trained_squares(&c));
    ebbi_tally_add(&fixture->tally, ebbi_reference_norm(norms), expected, expected,
                   ebbi_bound_norm(fixture->exec, count));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}

/* The trust ratios of weights and gradients of common, tiny and huge size. */
ebb_status ebbi_case_trust_ratio(ebbi_fixture *fixture, ebbi_shape shape) {
  static const double spreads[][2] = {{1, 1}, {1e-25, 1}, {1e30, 1e-4}, {0.1, 1e16}, {0, 0}};
  size_t count = shape.rows * shape.cols;
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++)
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
      ebb_optimizer optimizer = ebb_optimizer_default((ebb_optimizer_kind)kind);
      ebb_state state = ebb_state_default(1, 1, 1);
      groups_case c = {.fixture = fixture};
      if (!ebbi_optimizer_row_of(optimizer.kind)->trusts) continue;
      ebbi_tally_case(&fixture->tally, "%zu, %s, weights of about %g", count,
                      ebb_optimizer_name(optimizer.kind), spreads[i][0]);
      TRY(make_case(&c, count, 1, &optimizer, false));
      TRY(ebbi_fixture_random(&c.run.parameters, &c.run.found.parameters, fixture, 1, count,
                              spreads[i][0]));
      TRY(ebbi_fixture_random(&c.run.gradients, &c.run.gradient_values, fixture, 1, count,
                              spreads[i][1]));
      TRY(ebb_tensor_upload(c.run.state, &state));
      if (c.groups.trust) TRY(find_trust(&c, 1, NULL));
      ebbi_fixture_clear(fixture);
    }
  return EBB_OK;
}
