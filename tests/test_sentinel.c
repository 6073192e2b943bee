/* The self-test and the sentinel do not change a training. They find a flipped bit anywhere, save
 * what a replay needs, and leave NaN to the training. */
#include "check/live.h"
#include "mutate.h"
#include "tensor/tensor.h"
#include "train_rig.h"

#include <ebb/sentinel.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char dump_path[] = "/tmp/ebb-sentinel-XXXXXX";

/* ---- the same bits ---- */

typedef struct form {
  const char *spec;
  size_t batch;
  ebb_step_form step;
  ebb_data_place place;
  ebb_optimizer_kind optimizer;
  bool keep_best;
} form;

/* Everything that a training leaves: weights, moments, state. */
typedef struct outcome {
  size_t bytes;
  unsigned char *all;
} outcome;

static void keep(outcome *o, const ebb_tensor *tensor) {
  if (!tensor) return;
  size_t bytes = tensor->cols * sizeof(float);
  o->all = realloc(o->all, o->bytes + bytes);
  assert_non_null(o->all);
  assert_int_equal(ebb_tensor_download(o->all + o->bytes, tensor), EBB_OK);
  o->bytes += bytes;
}

static outcome outcome_of(const ebb_trainer *trainer) {
  outcome o = {0};
  keep(&o, trainer->network->parameters);
  keep(&o, trainer->latest);
  keep(&o, trainer->moments[0]);
  keep(&o, trainer->moments[1]);
  keep(&o, trainer->pass->state);
  return o;
}

typedef struct watch {
  ebb_trainer *trainer;
  bool watched;
  uint64_t looks;
} watch;

static void look(watch *w) {
  if (w->watched && ebb_sentinel(w->trainer, w->looks++, dump_path) != EBB_OK)
    fail_msg("%s", ebb_error_message());
}

static bool check_report(const ebb_report *report, void *user) {
  (void)report;
  look(user);
  return true;
}

/* A run of three epochs, then steps by the caller, then another run. */
static outcome train(ebb_device *device, const form *f, bool watched) {
  rig r = rig_make(device, f->spec);
  ebb_dataset valid = classes_of(r.t, 40);
  r.options.batch = f->batch;
  r.options.step = f->step;
  r.options.data_on = f->place;
  r.options.block_bytes = 40 * f->batch;
  r.options.optimizer = ebb_optimizer_default(f->optimizer);
  r.options.optimizer.momentum = 0.9;
  r.options.keep_best = f->keep_best;
  r.options.epochs = 3;
  assert_int_equal(
      ebb_trainer_create(&r.trainer, r.network, &r.data, f->keep_best ? &valid : NULL, &r.options),
      EBB_OK);
  watch w = {r.trainer, watched, 0};
  if (watched && ebb_self_test(r.trainer) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_trainer_run(r.trainer, check_report, &w), EBB_OK);
  for (size_t steps = 1; steps < 40; steps *= 3) {
    look(&w);
    assert_int_equal(ebb_trainer_step(r.trainer, steps), EBB_OK);
    look(&w);
  }
  if (watched) assert_int_equal(ebb_self_test(r.trainer), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, check_report, &w), EBB_OK);
  look(&w);
  outcome o = outcome_of(r.trainer);
  rig_free(&r);
  return o;
}

/* Dropout around an activation, and a value with two readers. */
static const char graph_spec[] = "7-9gelu-res(5relu-drop0.3-9)-drop0.2-3";
static const char norm_spec[] = "7-9:nobias-layernormgelu-batchnorm-9-rmsnorm-3";

static void a_watched_training_leaves_the_same_bits(void **state) {
  static const form forms[] = {
      {"7-9tanh-3", 5, EBB_STEP_WHOLE, EBB_DATA_DEVICE, EBB_OPT_ADAM, false},
      {"7-9tanh-3", 5, EBB_STEP_WHOLE, EBB_DATA_HOST, EBB_OPT_SGD, true},
      {"7-9tanh:nobias-3", 70, EBB_STEP_WHOLE, EBB_DATA_DEVICE, EBB_OPT_ADAM, true},
      {"7-9tanh-3", 70, EBB_STEP_WHOLE, EBB_DATA_HOST, EBB_OPT_ADAM, false},
      {"7-9tanh-3", 31, EBB_STEP_LAYERS, EBB_DATA_DEVICE, EBB_OPT_ADAM, true},
      {"7-9tanh-3", 31, EBB_STEP_LAYERS, EBB_DATA_HOST, EBB_OPT_SGD, false},
      {graph_spec, 31, EBB_STEP_LAYERS, EBB_DATA_DEVICE, EBB_OPT_ADAM, true},
      {norm_spec, 31, EBB_STEP_LAYERS, EBB_DATA_DEVICE, EBB_OPT_ADAM, true},
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    outcome alone = train(*state, &forms[i], false), watched = train(*state, &forms[i], true);
    assert_int_equal(alone.bytes, watched.bytes);
    if (memcmp(alone.all, watched.all, alone.bytes) != 0) fail_msg("form %zu differs", i);
    free(alone.all);
    free(watched.all);
  }
}

/* ---- flipped bits ---- */

static const char dense_spec[] = "7-9gelu-5tanh-3";

static rig started_as(ebb_device *device, const char *spec, ebb_step_form step, size_t batch) {
  rig r = rig_make(device, spec);
  r.options.step = step;
  r.options.batch = batch;
  assert_int_equal(rig_start(&r), EBB_OK);
  return r;
}

static rig started(ebb_device *device, ebb_step_form step, size_t batch) {
  return started_as(device, dense_spec, step, batch);
}

/* Flips a bit of the exponent of one element. */
static void flip(ebb_tensor *tensor, size_t row, size_t col) {
  uint32_t *values = malloc(tensor->rows * tensor->cols * sizeof *values);
  assert_int_equal(ebb_tensor_download(values, tensor), EBB_OK);
  values[row * tensor->cols + col] ^= 0x00800000u;
  assert_int_equal(ebb_tensor_upload(tensor, values), EBB_OK);
  free(values);
}

/* A bit flips between step and check: the message says where, and a replay finds no fault. */
static void expect_found(rig *r, ebb_tensor *tensor, size_t row, size_t col, const char *place) {
  ebbi_live live = {.where = "look", .dump = dump_path};
  ebb_replay_result replay;
  char message[1024];
  remove(dump_path);
  assert_int_equal(ebbi_live_begin(&live, r->trainer, row * 7 + col), EBB_OK);
  flip(tensor, row, col);
  ebb_status status = ebbi_live_check_all(&live);
  snprintf(message, sizeof message, "%s", ebb_error_message());
  if (status != EBB_ERR_NUMBERS) fail_msg("%s: %s", place, ebb_status_name(status));
  if (!strstr(message, place)) fail_msg("no \"%s\" in: %s", place, message);
  assert_non_null(strstr(message, "step 1 "));
  assert_non_null(strstr(message, dump_path));
  flip(tensor, row, col);
  assert_int_equal(ebbi_live_end(&live), EBB_OK);
  if (ebb_replay(&replay, r->network->device, dump_path) != EBB_OK)
    fail_msg("%s: %s", place, ebb_error_message());
  if (!strstr(replay.what, place)) fail_msg("no \"%s\" in: %s", place, replay.what);
  assert_false(replay.wrong);
  assert_true(fabs(replay.found - replay.expected) > replay.bound);
  if (!(fabs(replay.now - replay.expected) <= replay.bound))
    fail_msg("%s: now %g, expected %g", place, replay.now, replay.expected);
  assert_int_equal(replay.step, 1);
  char spec[sizeof replay.spec];
  assert_int_equal(ebb_spec_text(spec, sizeof spec, ebb_network_spec(r->network)), EBB_OK);
  assert_string_equal(replay.spec, spec);
}

static void flips_are_found_by_layers(void **state) {
  rig r = started(*state, EBB_STEP_LAYERS, 31);
  const ebbi_pass *pass = r.trainer->pass;
  expect_found(&r, pass->value[0], 30, 6, "layer 1, rows: x [30, 6]");
  expect_found(&r, pass->z[0], 0, 8, "layer 1, forward: z [0, 8]");
  expect_found(&r, pass->value[1], 30, 0, "layer 1, forward: a [30, 0]");
  expect_found(&r, pass->value[3], 30, 2, "layer 3, forward: a [30, 2]");
  expect_found(&r, pass->dvalue[3], 30, 1, "layer 3, loss: dz [30, 1]");
  expect_found(&r, pass->partials, 0, 0, "layer 3, loss: partials [0, 0]");
  expect_found(&r, pass->partials, 1, 1, "layer 3, loss: partials [1, 1]");
  expect_found(&r, pass->dparameter[2][0], 4, 2, "layer 3, weight gradient: dw [4, 2]");
  expect_found(&r, pass->dparameter[1][1], 0, 4, "layer 2, weight gradient: db [0, 4]");
  expect_found(&r, pass->dvalue[1], 29, 8, "layer 2, input gradient: dz_below [29, 8]");
  rig_free(&r);
}

/* The same in the last row where the element is kept and has a bit to flip. */
static void expect_found_above(rig *r, ebb_tensor *tensor, size_t col, const char *place) {
  ebbi_live live = {.where = "look"};
  float *values = malloc(tensor->rows * tensor->cols * sizeof *values);
  size_t row = tensor->rows - 1;
  char text[96];
  assert_non_null(values);
  assert_int_equal(ebbi_live_begin(&live, r->trainer, 1), EBB_OK);
  assert_int_equal(ebb_tensor_download(values, tensor), EBB_OK);
  assert_int_equal(ebbi_live_end(&live), EBB_OK);
  while (row > 0 && values[row * tensor->cols + col] == 0) row--;
  snprintf(text, sizeof text, "%s [%zu, %zu]", place, row, col);
  expect_found(r, tensor, row, col, text);
  free(values);
}

static void flips_are_found_by_nodes(void **state) {
  rig r = started_as(*state, graph_spec, EBB_STEP_LAYERS, 17);
  const ebbi_pass *pass = r.trainer->pass;
  expect_found_above(&r, pass->value[1], 8, "layer 1, forward: a");
  expect_found_above(&r, pass->value[3], 4, "layer 3 (dropout), forward: y");
  expect_found_above(&r, pass->value[5], 0, "layer 5 (res), forward: y");
  expect_found_above(&r, pass->value[6], 3, "layer 6 (dropout), forward: y");
  expect_found_above(&r, pass->dinput[5][0], 1, "layer 6 (dropout), input gradient: dx");
  expect_found_above(&r, pass->dvalue[2], 2, "layer 3 (dropout), input gradient: dx");
  expect_found_above(&r, pass->dinput[3][0], 4, "layer 4, input gradient: dz_below");
  expect_found_above(&r, pass->dinput[1][0], 7, "layer 2, input gradient: dz_below");
  expect_found(&r, pass->dparameter[3][0], 4, 2, "layer 4, weight gradient: dw [4, 2]");
  expect_found(&r, pass->dparameter[6][1], 0, 1, "layer 7, weight gradient: db [0, 1]");
  expect_found_above(&r, pass->dvalue[1], 6, "layer 1, gradient sum: dy");
  rig_free(&r);
}

static void flips_are_found_in_whole_steps(void **state) {
  rig r = started(*state, EBB_STEP_WHOLE, 31);
  const ebbi_pass *pass = r.trainer->pass;
  const ebb_network *n = r.network;
  expect_found(&r, pass->gradients, 0, n->offset[0][0] + 6 * 32 + 8, "layer 1 weight [6, 8]");
  expect_found(&r, pass->gradients, 0, n->offset[2][1] + 2, "layer 3 bias [2]");
  expect_found(&r, pass->partials, 0, 0, "whole step: partials [0, 0]");
  expect_found(&r, n->parameters, 0, n->offset[1][0] + 32, "update: parameters of layer 2");
  expect_found(&r, r.trainer->moments[1], 0, n->offset[1][1], "update: second of layer 2 bias [0]");
  rig_free(&r);
}

/* Treated by groups, clipped by norm, the last layer frozen. */
static void flips_are_found_in_groups(void **state) {
  static const double rates[] = {1, 0.5, 0};
  rig r = rig_make(*state, dense_spec);
  const ebb_network *n = r.network;
  r.options.step = EBB_STEP_WHOLE;
  r.options.update = (ebb_update_options){
      .layer_rates = rates, .layers = 3, .clip_norm = 0.01, .l1 = 0.001, .no_decay_bias = 1};
  assert_int_equal(rig_start(&r), EBB_OK);
  expect_found(&r, n->parameters, 0, n->offset[1][0] + 32, "update: parameters of layer 2");
  expect_found(&r, n->parameters, 0, n->offset[2][1], "update: parameters of layer 3 bias [0]");
  expect_found(&r, r.trainer->moments[0], 0, n->offset[0][1], "update: first of layer 1 bias [0]");
  rig_free(&r);
}

/* A label that is not a class is never used as an index. */
static void labels_that_are_no_classes_are_found(void **state) {
  enum { BATCH = 4, CLASSES_OF = 3 };
  static const int32_t labels[] = {CLASSES_OF, INT32_MAX, -1, INT32_MIN};
  for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
    ebbi_comparison c = {
        .fixture = {.device = *state, .exec = ebbi_device_exec(*state), .seed = 1}};
    const ebb_spec spec = {CLASSES_OF, 1, .nodes = {{.units = CLASSES_OF}}};
    ebbi_step_tensors t = {
        .spec = &spec, .loss = ebb_loss_default(EBB_LOSS_CROSS_ENTROPY), .live = BATCH};
    const float zeros[BATCH * CLASSES_OF] = {0};
    const int32_t target[BATCH] = {0, 1, labels[i], 2};
    ebbi_comparison_of(&c, EBBI_OPERATION_LOSS, "", 0);
    assert_int_equal(
        ebbi_fixture_tensor(&t.value[1], &c.fixture, EBB_F32, BATCH, CLASSES_OF, false, zeros),
        EBB_OK);
    assert_int_equal(
        ebbi_fixture_tensor(&t.dvalue[1], &c.fixture, EBB_F32, BATCH, CLASSES_OF, false, zeros),
        EBB_OK);
    assert_int_equal(ebbi_fixture_tensor(&t.target, &c.fixture, EBB_I32, BATCH, 1, false, target),
                     EBB_OK);
    assert_int_equal(ebb_loss_partials_create(&t.partials, *state, BATCH), EBB_OK);
    assert_int_equal(ebbi_fixture_keep(&c.fixture, t.partials), EBB_OK);
    assert_int_equal(ebbi_compare_loss(&c, &t), EBB_OK);
    assert_true(c.severity > 1);
    assert_string_equal(c.worst.tensor, "target");
    assert_int_equal(c.worst.row, 2);
    assert_true(c.worst.found == (double)labels[i]);
    ebbi_fixture_clear(&c.fixture);
  }
}

/* The same in a whole step's data, and in the dump of the fault. */
static void whole_steps_find_labels_that_are_no_classes(void **state) {
  rig r = started(*state, EBB_STEP_WHOLE, 31);
  ebb_replay_result replay;
  ebb_tensor *targets = r.trainer->feed.targets[0];
  int32_t *labels = malloc(targets->rows * sizeof *labels);
  assert_non_null(labels);
  assert_int_equal(ebb_tensor_download(labels, targets), EBB_OK);
  for (size_t i = 0; i < targets->rows; i++) labels[i] = 5;
  assert_int_equal(ebb_tensor_upload(targets, labels), EBB_OK);
  assert_int_equal(ebb_sentinel(r.trainer, 1, dump_path), EBB_ERR_NUMBERS);
  assert_non_null(strstr(ebb_error_message(), "whole step: target [0, 0] is 5"));
  assert_int_equal(ebb_replay(&replay, *state, dump_path), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "label 5 of row 0 is none of the 3 classes"));
  free(labels);
  rig_free(&r);
}

/* ---- faults that the training handles, and impossible arguments ---- */

static void nan_is_left_to_the_training(void **state) {
  const ebb_step_form steps[] = {EBB_STEP_WHOLE, EBB_STEP_LAYERS};
  for (size_t i = 0; i < 2; i++) {
    rig r = rig_make(*state, "7-9relu-3");
    r.options.step = steps[i];
    r.options.learning_rate = 1e30f;
    r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
    for (size_t x = 0; x < ROWS * INPUTS; x++) r.t->x[x] *= 1e38f;
    assert_int_equal(rig_start(&r), EBB_OK);
    for (uint64_t step = 0; step < 4; step++) {
      if (ebb_self_test(r.trainer) != EBB_OK) fail_msg("%s", ebb_error_message());
      if (ebb_sentinel(r.trainer, step, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
      assert_int_equal(ebb_trainer_step(r.trainer, 1), EBB_OK);
    }
    assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_ERR_NUMBERS);
    assert_int_equal(ebb_sentinel(r.trainer, 1, NULL), EBB_ERR_ARGUMENT);
    rig_free(&r);
  }
}

static void a_dump_that_cannot_be_written_is_told(void **state) {
  rig r = started(*state, EBB_STEP_WHOLE, 31);
  ebbi_live live = {.where = "look", .dump = "/nowhere/dump"};
  assert_int_equal(ebbi_live_begin(&live, r.trainer, 1), EBB_OK);
  flip(r.trainer->pass->gradients, 0, 3);
  assert_int_equal(ebbi_live_check_slice(&live, 0, 0), EBB_ERR_NUMBERS);
  assert_non_null(strstr(ebb_error_message(), "could not be kept for a replay (/nowhere/dump"));
  flip(r.trainer->pass->gradients, 0, 3);
  assert_int_equal(ebbi_live_end(&live), EBB_OK);
  rig_free(&r);
}

/* Random damage to the last dump: it is refused, or replays other numbers. */
static void damaged_dumps_are_refused(void **state) {
  enum { MOST = 1 << 20 };
  ebb_replay_result replay;
  char *good = malloc(MOST), *bad = malloc(MOST), other[64];
  size_t refused = 0, size;
  FILE *stream = fopen(dump_path, "rb");
  assert_non_null(stream);
  size = fread(good, 1, MOST, stream);
  fclose(stream);
  snprintf(other, sizeof other, "%s.bad", dump_path);
  for (uint64_t round = 0; round < 150; round++) {
    memcpy(bad, good, size);
    /* mostly in the header, which is about 2 KB */
    size_t part = round % 3 ? 2048 : size, kept = mutate(bad, part, round);
    stream = fopen(other, "wb");
    fwrite(bad, 1, kept == part ? size : kept, stream);
    fclose(stream);
    ebb_status status = ebb_replay(&replay, *state, other);
    refused += status == EBB_ERR_INPUT;
    if (status != EBB_OK && status != EBB_ERR_INPUT && status != EBB_ERR_NUMBERS &&
        status != EBB_ERR_UNSUPPORTED)
      fail_msg("round %d: %s (%s)", (int)round, ebb_status_name(status), ebb_error_message());
  }
  assert_true(refused > 50);
  remove(other);
  assert_int_equal(ebb_replay(&replay, *state, "/nowhere/dump"), EBB_ERR_INPUT);
  assert_int_equal(ebb_replay(NULL, *state, dump_path), EBB_ERR_ARGUMENT);
  free(good);
  free(bad);
}

int main(void) {
  int file = mkstemp(dump_path);
  if (file < 0) return 1;
  close(file);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_watched_training_leaves_the_same_bits),
      cmocka_unit_test(flips_are_found_by_layers),
      cmocka_unit_test(flips_are_found_by_nodes),
      cmocka_unit_test(damaged_dumps_are_refused),
      cmocka_unit_test(flips_are_found_in_whole_steps),
      cmocka_unit_test(damaged_dumps_are_refused),
      cmocka_unit_test(flips_are_found_in_groups),
      cmocka_unit_test(labels_that_are_no_classes_are_found),
      cmocka_unit_test(whole_steps_find_labels_that_are_no_classes),
      cmocka_unit_test(nan_is_left_to_the_training),
      cmocka_unit_test(a_dump_that_cannot_be_written_is_told),
  };
  int failed = cmocka_run_group_tests_name("sentinel", tests, open_test_device, close_test_device);
  remove(dump_path);
  return failed;
}
