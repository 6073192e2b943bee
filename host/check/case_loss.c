/* Cases of the loss, with and without weights of rows, and of the sums that close a step. */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "ops/ops.h"
#include <math.h>

/* Tallies a comparison of two integers. */
static void expect_equal(ebbi_fixture *fixture, uint64_t found, uint64_t expected) {
  ebbi_tally_add(&fixture->tally, (double)found, (double)expected, 1, 0);
}

/* Rows of outputs for each row of the target, as an ensemble's members have. */
static size_t members_of(ebbi_shape s) {
  return s.rows % 3 == 0 ? 3 : s.rows % 2 == 0 ? 2 : 1;
}

/* Random outputs; with `coarse`, integers, so that the largest of a row often occurs twice; NaN
 * where the weight is 0, since such rows are not read. */
static ebb_status make_outputs(ebb_tensor **z, double **values, ebbi_fixture *fixture, ebbi_shape s,
                               bool coarse, const double *weights) {
  size_t count = s.rows * s.cols;
  TRY(ebbi_fixture_normal(values, fixture, count, 3));
  for (size_t i = 0; i < count && coarse; i++) (*values)[i] = round((*values)[i]);
  for (size_t i = 0; i < count && weights; i++)
    if (weights[i / s.cols / members_of(s)] == 0) (*values)[i] = NAN;
  return ebbi_fixture_input(z, fixture, s.rows, s.cols, *values);
}

/* Compares the sums of the partials with the reference: losses, hits, weights. */
static ebb_status compare_loss_sums(ebbi_fixture *fixture, const ebb_tensor *partials,
                                    const ebbi_reference_target *target, const double *z,
                                    size_t live, size_t cols, double mean, double magnitude) {
  double sums[3], weight = ebbi_reference_weights(target, live), own_bound = ebbi_bound_sum(live);
  TRY(ebbi_fixture_sums(sums, fixture, partials));
  ebbi_tally_add(&fixture->tally, sums[0], mean * (double)live, magnitude * (double)live,
                 ebbi_bound_loss_value(target->loss, cols) + own_bound);
  if (!target->weights) own_bound = 0; /* counts are exact */
  ebbi_tally_add(&fixture->tally, sums[1], ebbi_reference_correct(z, target, live, cols),
                 target->weights ? weight * (double)ebbi_loss_hits(target->loss, cols) : 1,
                 own_bound);
  if (target->weights) ebbi_tally_add(&fixture->tally, sums[2], weight, weight, own_bound);
  return EBB_OK;
}

/* Compares dz and the sums of the partials with the reference. */
static ebb_status run_loss(ebbi_fixture *fixture, ebbi_shape s, const ebbi_reference_target *target,
                           const ebb_tensor *target_tensor, const ebb_tensor *z,
                           const double *z_values, bool coarse) {
  ebb_loss loss = target->loss;
  size_t count = s.rows * s.cols, examples = s.rows / target->members;
  size_t live_examples = examples - s.depth % examples, live = live_examples * target->members;
  ebb_state state = ebb_state_default((uint32_t)live_examples, 1, 0);
  ebb_tensor *dz, *partials, *state_tensor, *weights = NULL;
  double *expected, *scale;
  ebbi_tally_case(&fixture->tally, "%s, %zux%zu, %zu members, %zu live%s%s",
                  ebb_loss_name(loss.kind), s.rows, s.cols, target->members, live,
                  coarse ? ", ties" : "", loss.weighted ? ", weights" : "");
  TRY(ebbi_fixture_output(&dz, fixture, s.rows, s.cols));
  TRY(ebbi_loss_partials_create(fixture->exec, &partials, fixture->device, s.rows, loss));
  TRY(ebbi_fixture_keep(fixture, partials));
  TRY(ebbi_fixture_state(&state_tensor, fixture, &state));
  if (loss.weighted)
    TRY(ebbi_fixture_targets(&weights, fixture, EBB_F32, examples, 0, NULL, target->weights));
  TRY(ebbi_loss_forward_backward(fixture->exec, dz, partials, z, target_tensor, weights,
                                 state_tensor, loss));

  TRY(ebbi_fixture_array(&expected, fixture, count));
  TRY(ebbi_fixture_array(&scale, fixture, count));
  double mean = ebbi_reference_loss(expected, z_values, target, s.rows, live, s.cols);
  double magnitude = ebbi_reference_loss_scale(scale, z_values, target, s.rows, live, s.cols);
  TRY(ebbi_fixture_compare(fixture, dz, expected, scale, ebbi_bound_loss_gradient(loss, s.cols)));
  return compare_loss_sums(fixture, partials, target, z_values, live, s.cols, mean, magnitude);
}

/* Makes the labels of two rows in three the first and the last of their largest outputs: a hit, and
 * none if there are several. */
static void label_largest(int32_t *labels, const double *z, size_t rows, size_t members,
                          size_t cols) {
  for (size_t r = 0; r < rows; r++) {
    const double *row = z + r * members * cols;
    size_t first = 0, last = 0;
    for (size_t c = 1; c < cols; c++) {
      if (row[c] > row[first]) first = c;
      if (row[c] >= row[last]) last = c;
    }
    if (r % 3 != 2) labels[r] = (int32_t)(r % 3 == 0 ? first : last);
  }
}

/* A loss for labels, at outputs of which some are equal or at others. */
static ebb_status run_labels(ebbi_fixture *fixture, ebbi_shape s, ebb_loss loss, bool coarse) {
  int32_t *labels;
  ebb_tensor *tensor, *z;
  double *z_values, *weights;
  size_t examples = s.rows / members_of(s);
  TRY(ebbi_fixture_weights(&weights, fixture, examples, loss));
  TRY(make_outputs(&z, &z_values, fixture, s, coarse, weights));
  TRY(ebbi_fixture_labels(&labels, fixture, examples, s.cols));
  if (coarse) label_largest(labels, z_values, examples, members_of(s), s.cols);
  TRY(ebbi_fixture_tensor(&tensor, fixture, EBB_I32, examples, 1, false, labels));
  return run_loss(fixture, s, &(ebbi_reference_target){loss, labels, NULL, weights, members_of(s)},
                  tensor, z, z_values, coarse);
}

/* A loss for values; the shape's columns are targets. */
static ebb_status run_values(ebbi_fixture *fixture, ebbi_shape s, ebb_loss loss) {
  double *values, *z_values, *weights;
  ebb_tensor *tensor, *z;
  size_t examples = s.rows / members_of(s);
  TRY(ebbi_fixture_weights(&weights, fixture, examples, loss));
  TRY(ebbi_fixture_values(&values, fixture, examples * s.cols, loss.kind));
  TRY(ebbi_fixture_input(&tensor, fixture, examples, s.cols, values));
  s.cols *= ebb_loss_outputs(loss);
  TRY(make_outputs(&z, &z_values, fixture, s, false, weights));
  return run_loss(fixture, s, &(ebbi_reference_target){loss, NULL, values, weights, members_of(s)},
                  tensor, z, z_values, false);
}

static ebb_status run_one(ebbi_fixture *fixture, ebbi_shape s, ebb_loss loss) {
  bool labels = ebb_loss_has_labels(loss.kind);
  if (labels) TRY(run_labels(fixture, s, loss, true));
  TRY(labels ? run_labels(fixture, s, loss, false) : run_values(fixture, s, loss));
  ebbi_fixture_clear(fixture);
  return EBB_OK;
}

/* Every loss, with a list of numbers also by three. z [rows, cols]; depth sets how many rows do not
 * count. */
static ebb_status run_losses(ebbi_fixture *fixture, ebbi_shape s, bool weighted) {
  int count = weighted ? (int)ebbi_fixture_some(fixture, EBB_LOSS_COUNT) : EBB_LOSS_COUNT;
  for (int kind = 0; kind < count; kind++) {
    ebb_loss loss = ebb_loss_default((ebb_loss_kind)kind), listed = ebbi_reference_listed(loss);
    loss.weighted = weighted;
    TRY(run_one(fixture, s, loss));
    if (!weighted && ebb_loss_outputs(listed) > ebb_loss_outputs(loss))
      TRY(run_one(fixture, s, listed));
  }
  return EBB_OK;
}

ebb_status ebbi_case_loss(ebbi_fixture *fixture, ebbi_shape s) {
  return run_losses(fixture, s, false);
}

ebb_status ebbi_case_loss_weighted(ebbi_fixture *fixture, ebbi_shape s) {
  return run_losses(fixture, s, true);
}

/* Adds partials with a loss that is not finite: that step is reported, and stays the first one. */
static ebb_status add_bad_loss(ebbi_fixture *fixture, ebb_tensor *state_tensor, size_t groups,
                               size_t sums) {
  ebb_tensor *partials;
  ebb_state state;
  float *bad;
  TRY(ebbi_fixture_bytes(&bad, fixture, sums * groups, sizeof *bad));
  bad[0] = NAN;
  TRY(ebbi_fixture_tensor(&partials, fixture, EBB_F32, groups, sums, true, bad));
  TRY(ebb_tensor_download(&state, state_tensor));
  state.step = 70;
  TRY(ebb_tensor_upload(state_tensor, &state));
  TRY(ebbi_metrics_add(fixture->exec, state_tensor, partials));
  TRY(ebbi_metrics_add(fixture->exec, state_tensor, partials));
  TRY(ebb_tensor_download(&state, state_tensor));
  expect_equal(fixture, state.bad_step, 70);
  expect_equal(fixture, state.bad_loss, 1);
  return EBB_OK;
}

/* Random losses, and hits; with weights, hits that are no whole numbers, and weights. */
static ebb_status make_partials(ebb_tensor **partials, double totals[3], ebbi_fixture *fixture,
                                size_t groups, size_t sums) {
  double *losses;
  float *floats;
  TRY(ebbi_fixture_normal(&losses, fixture, groups, 10));
  TRY(ebbi_fixture_bytes(&floats, fixture, sums * groups, sizeof *floats));
  for (size_t g = 0; g < groups; g++) {
    const float values[3] = {(float)fabs(losses[g]), (float)(g % 17) + (sums > 2 ? 0.7f : 0),
                             (float)(g % 19) + 2.3f};
    for (size_t i = 0; i < sums; i++) floats[sums * g + i] = values[i];
    for (size_t i = 0; i < sums; i++) totals[i] += (double)values[i];
  }
  return ebbi_fixture_tensor(partials, fixture, EBB_F32, groups, sums, true, floats);
}

/* Tallies a compensated sum of three steps. */
static void expect_sum(ebbi_fixture *fixture, float sum, float carry, double total, size_t groups) {
  ebbi_tally_add(&fixture->tally, (double)sum - (double)carry, 3 * total, 3 * total,
                 ebbi_bound_sum(groups));
}

/* Three steps' partials for a batch of `rows` rows. */
static ebb_status run_metrics(ebbi_fixture *fixture, ebbi_shape s, ebb_loss loss) {
  ebb_tensor *partials, *state_tensor;
  double totals[3] = {0};
  const uint64_t before = UINT64_C(1) << 32; /* steps: needs more than 32 bits */
  ebb_state state = ebb_state_default((uint32_t)s.rows, before + 3, 0);
  state.epoch_first = before, state.epoch_steps = 3; /* the epoch ends as the step closes */
  size_t groups = ebbi_loss_groups(fixture->exec, s.rows), sums = ebbi_loss_sums(loss);
  ebbi_tally_case(&fixture->tally, "%zu rows%s", s.rows, loss.weighted ? ", weights" : "");
  TRY(make_partials(&partials, totals, fixture, groups, sums));
  TRY(ebbi_fixture_state(&state_tensor, fixture, &state));
  for (int step = 0; step < 3; step++) TRY(ebbi_metrics_add(fixture->exec, state_tensor, partials));
  TRY(ebb_tensor_download(&state, state_tensor));
  expect_sum(fixture, state.loss_sum, state.loss_carry, totals[0], groups);
  if (loss.weighted) {
    expect_sum(fixture, state.hit_sum, state.hit_carry, totals[1], groups);
    expect_sum(fixture, state.weight_sum, state.weight_carry, totals[2], groups);
  }
  expect_equal(fixture, state.correct, loss.weighted ? 0 : 3 * (uint64_t)totals[1]);
  expect_equal(fixture, state.rows, 3 * s.rows);
  expect_equal(fixture, state.done, before + 3);
  expect_equal(fixture, state.epoch, 1);
  expect_equal(fixture, state.epoch_first, before + 3);
  expect_equal(fixture, state.bad_step, EBB_STATE_NO_STEP);
  return add_bad_loss(fixture, state_tensor, groups, sums);
}

ebb_status ebbi_case_metrics_add(ebbi_fixture *fixture, ebbi_shape s) {
  TRY(run_metrics(fixture, s, (ebb_loss){0}));
  return run_metrics(fixture, s, (ebb_loss){.weighted = true});
}
