/* Cases of what surrounds the layers in a step: loss, metrics, and gathering the batch.
 *
 * Data movement and random bits must match exactly; computed values have a bound.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "base/size.h"
#include "ops/ops.h"
#include <math.h>
#include <string.h>

/* Tallies a comparison of two integers. */
static void expect_equal(ebbi_fixture *fixture, uint64_t found, uint64_t expected) {
  ebbi_tally_add(&fixture->tally, (double)found, (double)expected, 1, 0);
}

/* Random outputs; with `coarse`, integers, so that the largest of a row often occurs twice. */
static ebb_status make_outputs(ebb_tensor **z, double **values, ebbi_fixture *fixture, ebbi_shape s,
                               bool coarse) {
  size_t count = s.rows * s.cols;
  TRY(ebbi_fixture_normal(values, fixture, count, 3));
  for (size_t i = 0; i < count && coarse; i++) (*values)[i] = round((*values)[i]);
  return ebbi_fixture_input(z, fixture, s.rows, s.cols, *values);
}

/* Compares dz and the sums of the partials with the reference. */
static ebb_status run_loss(ebbi_fixture *fixture, ebbi_shape s, const ebbi_reference_target *target,
                           const ebb_tensor *target_tensor, const ebb_tensor *z,
                           const double *z_values, bool coarse) {
  size_t count = s.rows * s.cols, live = s.rows - s.depth % s.rows;
  ebb_state state = ebb_state_default((uint32_t)live, 1, 0);
  ebb_tensor *dz, *partials, *state_tensor;
  double *expected, *scale, *sums, loss_sum = 0, correct = 0;
  ebbi_tally_case(&fixture->tally, "%s, %zux%zu, %zu live%s", ebb_loss_name(target->loss.kind),
                  s.rows, s.cols, live, coarse ? ", ties" : "");
  TRY(ebbi_fixture_output(&dz, fixture, s.rows, s.cols));
  TRY(ebbi_loss_partials_create(fixture->exec, &partials, fixture->device, s.rows));
  TRY(ebbi_fixture_keep(fixture, partials));
  TRY(ebbi_fixture_state(&state_tensor, fixture, &state));
  TRY(ebbi_loss_forward_backward(fixture->exec, dz, partials, z, target_tensor, state_tensor,
                                 target->loss));

  TRY(ebbi_fixture_array(&expected, fixture, count));
  TRY(ebbi_fixture_array(&scale, fixture, count));
  double loss = ebbi_reference_loss(expected, z_values, target, s.rows, live, s.cols);
  bool classes = ebb_loss_has_labels(target->loss.kind);
  for (size_t i = 0; i < live * s.cols; i++)
    scale[i] = ebbi_loss_gradient_scale(target->loss, expected[i], (double)live);
  TRY(ebbi_fixture_compare(fixture, dz, expected, scale,
                           ebbi_bound_loss_gradient(target->loss, s.cols)));
  TRY(ebbi_fixture_read(&sums, fixture, partials));
  for (size_t group = 0; group < ebb_tensor_rows(partials); group++) {
    loss_sum += sums[2 * group];
    correct += sums[2 * group + 1];
  }
  ebbi_tally_add(&fixture->tally, loss_sum, loss * (double)live,
                 (double)live * ebbi_loss_value_scale(target->loss, loss),
                 ebbi_bound_loss_value(target->loss, s.cols) + ebbi_bound_sum(live));
  size_t hits = classes ? ebbi_reference_correct(z_values, target->labels, live, s.cols) : 0;
  ebbi_tally_add(&fixture->tally, correct, (double)hits, 1, 0);
  return EBB_OK;
}

/* Makes the labels of two rows in three the first and the last of their largest outputs: a hit, and
 * none if there are several. */
static void label_largest(int32_t *labels, const double *z, size_t rows, size_t cols) {
  for (size_t r = 0; r < rows; r++) {
    const double *row = z + r * cols;
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
  double *z_values;
  TRY(make_outputs(&z, &z_values, fixture, s, coarse));
  TRY(ebbi_fixture_labels(&labels, fixture, s.rows, s.cols));
  if (coarse) label_largest(labels, z_values, s.rows, s.cols);
  TRY(ebbi_fixture_tensor(&tensor, fixture, EBB_I32, s.rows, 1, false, labels));
  return run_loss(fixture, s, &(ebbi_reference_target){loss, labels, NULL}, tensor, z, z_values,
                  coarse);
}

static ebb_status run_values(ebbi_fixture *fixture, ebbi_shape s, ebb_loss loss) {
  double *values, *z_values;
  ebb_tensor *tensor, *z;
  TRY(ebbi_fixture_random(&tensor, &values, fixture, s.rows, s.cols, 1));
  TRY(make_outputs(&z, &z_values, fixture, s, false));
  return run_loss(fixture, s, &(ebbi_reference_target){loss, NULL, values}, tensor, z, z_values,
                  false);
}

/* Every loss. z [rows, cols]; depth sets how many rows do not count. */
ebb_status ebbi_case_loss(ebbi_fixture *fixture, ebbi_shape s) {
  for (int kind = 0; kind < EBB_LOSS_COUNT; kind++) {
    ebb_loss loss = ebb_loss_default((ebb_loss_kind)kind);
    bool labels = ebb_loss_has_labels(loss.kind);
    if (labels) TRY(run_labels(fixture, s, loss, true));
    TRY(labels ? run_labels(fixture, s, loss, false) : run_values(fixture, s, loss));
    ebbi_fixture_clear(fixture);
  }
  return EBB_OK;
}

/* Adds partials with a loss that is not finite: that step is reported, and stays the first one. */
static ebb_status add_bad_loss(ebbi_fixture *fixture, ebb_tensor *state_tensor, size_t groups) {
  ebb_tensor *partials;
  ebb_state state;
  float *bad;
  TRY(ebbi_fixture_bytes(&bad, fixture, 2 * groups, sizeof *bad));
  bad[0] = NAN;
  TRY(ebbi_fixture_tensor(&partials, fixture, EBB_F32, groups, 2, true, bad));
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

/* Three steps' partials for a batch of `rows` rows, each with a loss and its correct rows. */
ebb_status ebbi_case_metrics_add(ebbi_fixture *fixture, ebbi_shape s) {
  ebb_tensor *partials, *state_tensor;
  double *losses, *values, sum = 0, correct = 0;
  const uint64_t before = UINT64_C(1) << 32; /* steps: needs more than 32 bits */
  ebb_state state = ebb_state_default((uint32_t)s.rows, before + 3, 0);
  state.epoch_first = before, state.epoch_steps = 3; /* the epoch ends as the step closes */
  ebbi_tally_case(&fixture->tally, "%zu rows", s.rows);
  TRY(ebbi_loss_partials_create(fixture->exec, &partials, fixture->device, s.rows));
  TRY(ebbi_fixture_keep(fixture, partials));
  size_t groups = ebb_tensor_rows(partials);
  TRY(ebbi_fixture_normal(&losses, fixture, groups, 10));
  TRY(ebbi_fixture_array(&values, fixture, 2 * groups));
  float *floats;
  TRY(ebbi_fixture_bytes(&floats, fixture, 2 * groups, sizeof *floats));
  for (size_t g = 0; g < groups; g++) {
    floats[2 * g] = (float)fabs(losses[g]);
    floats[2 * g + 1] = (float)(g % 17);
    sum += fabs(losses[g]);
    correct += (double)(g % 17);
  }
  TRY(ebb_tensor_upload(partials, floats));
  TRY(ebbi_fixture_state(&state_tensor, fixture, &state));
  for (int step = 0; step < 3; step++) TRY(ebbi_metrics_add(fixture->exec, state_tensor, partials));
  TRY(ebb_tensor_download(&state, state_tensor));
  ebbi_tally_add(&fixture->tally, (double)state.loss_sum - (double)state.loss_carry, 3 * sum,
                 3 * sum, ebbi_bound_sum(groups));
  expect_equal(fixture, state.correct, 3 * (uint64_t)correct);
  expect_equal(fixture, state.rows, 3 * s.rows);
  expect_equal(fixture, state.done, before + 3);
  expect_equal(fixture, state.epoch, 1);
  expect_equal(fixture, state.epoch_first, before + 3);
  expect_equal(fixture, state.bad_step, EBB_STATE_NO_STEP);
  return add_bad_loss(fixture, state_tensor, groups);
}

/* Steps done before the epoch of a gather: more than 32 bits. */
#define GATHER_DONE ((UINT64_C(1) << 32) + 40)

/* A dataset on the device, and its elements as the batch must hold them. */
typedef struct gather_data {
  ebb_tensor *data, *targets;
  double *values;  /* as x must hold them */
  int32_t *labels; /* two columns */
  float scale;
} gather_data;

static ebb_status make_gather_data(gather_data *out, ebbi_fixture *fixture, ebbi_shape s,
                                   bool bytes) {
  size_t count = s.rows * s.cols;
  int32_t *integers;
  float *floats;
  uint8_t *octets;
  out->scale = 1 / 255.0f;
  TRY(ebbi_fixture_array(&out->values, fixture, count));
  TRY(ebbi_fixture_labels(&integers, fixture, count, 256));
  TRY(ebbi_fixture_bytes(&floats, fixture, count, sizeof *floats));
  TRY(ebbi_fixture_bytes(&octets, fixture, count, 1));
  for (size_t i = 0; i < count; i++) {
    octets[i] = (uint8_t)integers[i];
    floats[i] = (float)integers[i] - 77.7f;
    out->values[i] = bytes ? (double)(out->scale * (float)octets[i]) : (double)floats[i];
  }
  TRY(ebbi_fixture_tensor(&out->data, fixture, bytes ? EBB_U8 : EBB_F32, s.rows, s.cols, true,
                          bytes ? (void *)octets : (void *)floats));
  size_t longest =
      s.rows > s.depth ? s.rows : s.depth; /* they also fill the batch before the first gather */
  TRY(ebbi_fixture_labels(&out->labels, fixture, 2 * longest, 1000000));
  return ebbi_fixture_tensor(&out->targets, fixture, EBB_I32, s.rows, 2, true, out->labels);
}

/* Compares one batch row by row, and the state. */
static ebb_status compare_batch(ebbi_fixture *fixture, const ebb_tensor *x, const ebb_tensor *y,
                                const ebb_tensor *state_tensor, const gather_data *d,
                                const uint32_t *order, size_t rows, size_t start) {
  size_t batch = ebb_tensor_rows(x), inputs = ebb_tensor_cols(x);
  double *found;
  int32_t *labels;
  ebb_state state;
  TRY(ebbi_fixture_read(&found, fixture, x));
  TRY(ebbi_fixture_bytes(&labels, fixture, 2 * batch, sizeof *labels));
  TRY(ebb_tensor_download(labels, y));
  TRY(ebb_tensor_download(&state, state_tensor));
  for (size_t r = 0; r < batch; r++) {
    bool live = start + r < rows;
    size_t from = live ? order[start + r] : 0;
    for (size_t c = 0; c < inputs; c++)
      ebbi_tally_add(&fixture->tally, found[r * inputs + c],
                     live ? d->values[from * inputs + c] : 0, 1, 0);
    for (size_t t = 0; t < 2; t++)
      ebbi_tally_add(&fixture->tally, labels[2 * r + t], live ? d->labels[2 * from + t] : 0, 1, 0);
  }
  expect_equal(fixture, state.step, GATHER_DONE + 1 + start / batch);
  expect_equal(fixture, state.live, rows - start < batch ? rows - start : batch);
  expect_equal(fixture, state.frozen, 0);
  return EBB_OK;
}

/* Each row's place in the data for a whole epoch: of these rows, shuffled or not, or of several
 * blocks of them. */
static void make_order(uint32_t *order, ebbi_shape s, size_t rows, bool shuffle, uint64_t seed,
                       uint32_t epoch) {
  if (rows == s.rows) ebbi_reference_order(order, rows, shuffle, seed, epoch);
  for (size_t i = 0; i < rows && rows > s.rows; i++) order[i] = (uint32_t)(i % s.rows);
}

/* The first, middle and last batch of an epoch of `rows` rows. */
static ebb_status run_gather(ebbi_fixture *fixture, ebbi_shape s, bool bytes, bool shuffle,
                             size_t rows) {
  const uint64_t seed = 0x9e3779b97f4a7c15u; /* both halves matter */
  const uint32_t epoch = 3;
  gather_data d;
  uint32_t *order;
  ebb_tensor *x, *y, *state_tensor;
  TRY(make_gather_data(&d, fixture, s, bytes));
  TRY(ebbi_fixture_bytes(&order, fixture, rows, sizeof *order));
  make_order(order, s, rows, shuffle, seed, epoch);
  ebb_state state = ebb_state_default(0, 0, 0);
  TRY(ebbi_fixture_output(&x, fixture, s.depth, s.cols));
  TRY(ebbi_fixture_tensor(&y, fixture, EBB_I32, s.depth, 2, false, d.labels));
  TRY(ebbi_fixture_state(&state_tensor, fixture, &state));
  size_t last = ebbi_ceil_div(rows, s.depth) - 1;
  for (int place = 0; place < 3; place++) {
    size_t batch = place * last / 2;
    state.epoch = epoch, state.epoch_first = GATHER_DONE, state.done = GATHER_DONE + batch;
    TRY(ebb_tensor_upload(state_tensor, &state));
    TRY(ebbi_gather_block(fixture->exec, x, y, state_tensor, d.data, d.targets, rows, d.scale,
                          shuffle, seed));
    TRY(compare_batch(fixture, x, y, state_tensor, &d, order, rows, batch * s.depth));
  }
  return EBB_OK;
}

/* Data [rows, cols] in batches of `depth` rows; then as a block of an epoch with more rows. */
ebb_status ebbi_case_gather(ebbi_fixture *fixture, ebbi_shape s) {
  for (int form = 0; form < 6; form++) {
    bool bytes = form & 1, shuffle = form & 2, block = form & 4;
    ebbi_tally_case(&fixture->tally, "%zux%zu by %zu, %s%s", s.rows, s.cols, s.depth,
                    bytes ? "uint8" : "float32",
                    block     ? ", a block"
                    : shuffle ? ", shuffled"
                              : "");
    TRY(run_gather(fixture, s, bytes, shuffle, block ? 2 * s.rows + 1 : s.rows));
  }
  return EBB_OK;
}

/* w [rows, cols] by every rule; all bits must match. */
ebb_status ebbi_case_init_weights(ebbi_fixture *fixture, ebbi_shape s) {
  const uint64_t seed = 0x0123456789abcdefu;
  size_t count = s.rows * s.cols;
  float *expected;
  double *values;
  ebb_tensor *w;
  TRY(ebbi_fixture_bytes(&expected, fixture, count, sizeof *expected));
  TRY(ebbi_fixture_array(&values, fixture, count));
  TRY(ebbi_fixture_output(&w, fixture, s.rows, s.cols));
  for (int rule = EBB_INIT_AUTO + 1; rule < EBB_INIT_COUNT; rule++) {
    ebbi_tally_case(&fixture->tally, "%zux%zu %s", s.rows, s.cols, ebb_init_name((ebb_init)rule));
    TRY(ebbi_init_weights(fixture->exec, w, (ebb_init)rule, seed, (uint32_t)s.depth));
    ebbi_reference_init(expected, s.rows, s.cols, (ebb_init)rule, seed, (uint32_t)s.depth);
    for (size_t i = 0; i < count; i++) values[i] = (double)expected[i];
    TRY(ebbi_fixture_compare(fixture, w, values, NULL, 0));
  }
  return EBB_OK;
}

/* Uploads and downloads [rows, cols] of one type, padded or packed. */
static ebb_status run_transfer(ebbi_fixture *fixture, ebbi_shape s, ebb_dtype dtype, bool packed) {
  static const size_t sizes[EBB_DTYPE_COUNT] = {
#define TYPE_SIZE(name, bytes) bytes,
      EBB_DTYPE_LIST(TYPE_SIZE)
#undef TYPE_SIZE
  };
  size_t count = s.rows * s.cols, size = sizes[dtype];
  int32_t *numbers;
  unsigned char *sent, *received;
  ebb_tensor *tensor;
  TRY(ebbi_fixture_labels(&numbers, fixture, count, 0x3f800000)); /* as floats: in [0, 1) */
  TRY(ebbi_fixture_bytes(&sent, fixture, count, size));
  TRY(ebbi_fixture_bytes(&received, fixture, count, size));
  memcpy(sent, numbers, count * size);
  TRY(ebbi_fixture_tensor(&tensor, fixture, dtype, s.rows, s.cols, packed, sent));
  TRY(ebb_tensor_download(received, tensor));
  for (size_t i = 0; i < count * size; i++) expect_equal(fixture, received[i], sent[i]);
  return EBB_OK;
}

ebb_status ebbi_case_transfer(ebbi_fixture *fixture, ebbi_shape s) {
  static const char *const names[EBB_DTYPE_COUNT] = {
#define TYPE_NAME(name, bytes) #name,
      EBB_DTYPE_LIST(TYPE_NAME)
#undef TYPE_NAME
  };
  for (int form = 0; form < 2 * EBB_DTYPE_COUNT; form++) {
    bool packed = form % 2 == 1;
    ebbi_tally_case(&fixture->tally, "%zux%zu %s%s", s.rows, s.cols, names[form / 2],
                    packed ? " packed" : "");
    TRY(run_transfer(fixture, s, (ebb_dtype)(form / 2), packed));
  }
  return EBB_OK;
}
