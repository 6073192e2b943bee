/* Cases of what surrounds the layers in a step, except for the loss: gathering the batch, and
 * initial weights.
 *
 * Data movement and random bits must match exactly; computed values have a bound.
 */
#include "check/bounds.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "base/rng.h"
#include "base/size.h"
#include "ops/ops.h"
#include <math.h>
#include <string.h>

/* Tallies a comparison of two integers. */
static void expect_equal(ebbi_fixture *fixture, uint64_t found, uint64_t expected) {
  ebbi_tally_add(&fixture->tally, (double)found, (double)expected, 1, 0);
}

/* Steps done before the epoch of a gather: more than 32 bits. */
#define GATHER_DONE ((UINT64_C(1) << 32) + 40)

/* A dataset on the device, and its elements as the batch must hold them. */
typedef struct gather_data {
  ebb_tensor *data, *targets;
  double *values;  /* as x must hold them */
  int32_t *labels; /* three columns, of which the last may be the weights' */
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
  TRY(ebbi_fixture_labels(&out->labels, fixture, 3 * longest, 1000000));
  return ebbi_fixture_tensor(&out->targets, fixture, EBB_I32, s.rows, 3, true, out->labels);
}

/* What a gather writes; weights may be NULL. */
typedef struct gather_batch {
  ebb_tensor *x, *y, *weights, *state;
} gather_batch;

/* Compares one batch row by row, and the state. */
static ebb_status compare_batch(ebbi_fixture *fixture, const gather_batch *b, const gather_data *d,
                                const uint32_t *order, size_t rows, size_t start) {
  size_t batch = ebb_tensor_rows(b->x), inputs = ebb_tensor_cols(b->x);
  size_t targets = ebb_tensor_cols(b->y);
  double *found;
  int32_t *labels, *weights;
  ebb_state state;
  TRY(ebbi_fixture_read(&found, fixture, b->x));
  TRY(ebbi_fixture_bytes(&labels, fixture, targets * batch, sizeof *labels));
  TRY(ebbi_fixture_bytes(&weights, fixture, batch, sizeof *weights));
  TRY(ebb_tensor_download(labels, b->y));
  if (b->weights) TRY(ebb_tensor_download(weights, b->weights));
  TRY(ebb_tensor_download(&state, b->state));
  for (size_t r = 0; r < batch; r++) {
    bool live = start + r < rows;
    size_t from = live ? order[start + r] : 0;
    for (size_t c = 0; c < inputs; c++)
      ebbi_tally_add(&fixture->tally, found[r * inputs + c],
                     live ? d->values[from * inputs + c] : 0, 1, 0);
    for (size_t t = 0; t < 3; t++)
      ebbi_tally_add(&fixture->tally, t < targets ? labels[targets * r + t] : weights[r],
                     live ? d->labels[3 * from + t] : 0, 1, 0);
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

/* Full of numbers that the gather must replace. */
static ebb_status make_batch(gather_batch *b, ebbi_fixture *fixture, ebbi_shape s,
                             const gather_data *d, bool weighted) {
  ebb_state state = ebb_state_default(0, 0, 0);
  *b = (gather_batch){0};
  TRY(ebbi_fixture_output(&b->x, fixture, s.depth, s.cols));
  TRY(ebbi_fixture_tensor(&b->y, fixture, EBB_I32, s.depth, weighted ? 2 : 3, false, d->labels));
  if (weighted)
    TRY(ebbi_fixture_tensor(&b->weights, fixture, EBB_F32, s.depth, 1, true, d->labels));
  return ebbi_fixture_state(&b->state, fixture, &state);
}

/* The first, middle and last batch of an epoch of `rows` rows; bytes come with weights. */
static ebb_status run_gather(ebbi_fixture *fixture, ebbi_shape s, bool bytes, bool shuffle,
                             size_t rows) {
  const uint64_t seed = 0x9e3779b97f4a7c15u; /* both halves matter */
  const uint32_t epoch = 3;
  gather_data d;
  uint32_t *order;
  gather_batch b;
  TRY(make_gather_data(&d, fixture, s, bytes));
  TRY(ebbi_fixture_bytes(&order, fixture, rows, sizeof *order));
  make_order(order, s, rows, shuffle, seed, epoch);
  ebb_state state = ebb_state_default(0, 0, 0);
  TRY(make_batch(&b, fixture, s, &d, bytes));
  size_t last = ebbi_ceil_div(rows, s.depth) - 1;
  for (int place = 0; place < 3; place++) {
    size_t batch = place * last / 2;
    state.epoch = epoch, state.epoch_first = GATHER_DONE, state.done = GATHER_DONE + batch;
    TRY(ebb_tensor_upload(b.state, &state));
    TRY(ebbi_gather_block(fixture->exec, b.x, b.y, b.weights, b.state, d.data, d.targets, rows,
                          d.scale, shuffle, seed, s.depth, 0));
    TRY(compare_batch(fixture, &b, &d, order, rows, batch * s.depth));
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

/* w [rows, cols] by every rule, then constant; all bits must match. */
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
  ebbi_tally_case(&fixture->tally, "%zux%zu signs", s.rows, s.cols);
  TRY(ebbi_init_signs(fixture->exec, w, seed, (uint32_t)s.depth));
  for (size_t i = 0; i < count; i++) {
    uint32_t words[4];
    ebbi_philox(words, seed, EBBI_RNG_WEIGHTS, (uint32_t)s.depth, i / 4);
    values[i] = words[i % 4] < UINT32_C(1) << 31 ? 1 : -1;
  }
  TRY(ebbi_fixture_compare(fixture, w, values, NULL, 0));
  ebbi_tally_case(&fixture->tally, "%zux%zu constant", s.rows, s.cols);
  TRY(ebbi_init_constant(fixture->exec, w, 0.75));
  for (size_t i = 0; i < count; i++) values[i] = 0.75;
  return ebbi_fixture_compare(fixture, w, values, NULL, 0);
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
