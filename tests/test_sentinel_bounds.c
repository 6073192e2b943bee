/* The self-test and the sentinel never report correct numbers: random networks, data and step
 * forms, tiny and huge numbers, each checked as the training proceeds.
 *
 * test_sentinel_bounds TRAININGS [SEED] also uses every activation, engine, width and precision,
 * whose kernels take long to compile, and prints the largest error relative to its bound.
 */
#include "test_support.h"

#include "base/rng.h"
#include "check/live.h"
#include "ops/optimizer_row.h"
#include <ebb/ebb.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { USUAL = 60, ROWS = 300, SIDE = 140 };

static struct {
  size_t trainings;
  bool wide; /* everything, instead of only what other tests have compiled */
  uint64_t seed, draws;
  double worst[2]; /* of gradients and everything before them; of updates */
  char worst_case[2][512];
} all = {.trainings = USUAL, .seed = 1};

static size_t random_below(size_t limit) {
  uint32_t block[4];
  ebbi_philox(block, all.seed, EBBI_RNG_TEST, 7, all.draws++);
  return block[0] % limit;
}

static float random_normal(void) {
  uint32_t block[4];
  ebbi_philox(block, all.seed, EBBI_RNG_TEST, 8, all.draws++);
  return ebbi_normal(block[0]);
}

#define ONE_OF(array) ((array)[random_below(sizeof(array) / sizeof *(array))])

typedef struct training {
  ebb_device *device;
  ebbi_exec usual;
  ebb_spec spec;
  ebb_dataset data;
  ebb_train_options options;
  ebb_network *network;
  ebb_trainer *trainer;
  float x[ROWS * SIDE], y[ROWS * SIDE];
  uint8_t octets[ROWS * SIDE];
  int32_t labels[ROWS];
  char text[512];
} training;

/* Values where a residual connection may start: connections do not overlap. */
typedef struct starts {
  size_t count, value[EBB_MAX_NODES];
} starts;

/* Sometimes adds a node between dense layers: dropout, a norm, a gate, or the sum of two values of
 * equal width, or any two side by side, the earlier of which has other readers too. */
static void choose_nodes(ebb_spec *spec, starts *s) {
  static const double rates[] = {0, 0.1, 0.5, 0.99};
  if (random_below(5) == 0) assert_int_equal(ebb_spec_add_dropout(spec, ONE_OF(rates)), EBB_OK);
  if (random_below(5) == 0)
    assert_int_equal(ebb_spec_add_layernorm(spec, random_below(2) ? 0 : 0.1, EBB_ACT_TANH), EBB_OK);
  if (random_below(5) == 0) assert_int_equal(ebb_spec_add_rmsnorm(spec, 0, EBB_ACT_RELU), EBB_OK);
  if (random_below(5) == 0)
    assert_int_equal(ebb_spec_add_batchnorm(spec, 0, 0, EBB_ACT_TANH), EBB_OK);
  if (random_below(3) == 0 && ebb_spec_cols(spec, spec->count) % 2 == 0)
    assert_int_equal(random_below(2) ? ebb_spec_add_glu(spec) : ebb_spec_add_swiglu(spec), EBB_OK);
  size_t from = s->count > 0 ? random_below(s->count) : 0;
  bool equal =
      s->count > 0 && ebb_spec_cols(spec, s->value[from]) == ebb_spec_cols(spec, spec->count);
  if (s->count > 0 && s->value[from] < spec->count && (equal || random_below(3) == 0)) {
    assert_int_equal(equal ? ebb_spec_add_residual(spec, s->value[from])
                           : ebb_spec_add_wide(spec, s->value[from]),
                     EBB_OK);
    s->count = from + 1;
  }
  s->value[s->count++] = spec->count;
}

/* Sometimes an embedding of codes, which are any numbers here, or of numbers. */
static void choose_front(ebb_spec *spec) {
  size_t columns = 1 + random_below(ebb_spec_inputs(spec));
  if (random_below(3) == 0)
    assert_int_equal(
        ebb_spec_add_embedding(spec, columns, 1 + random_below(9), 1 + random_below(5)), EBB_OK);
  if (random_below(3) == 0)
    assert_int_equal(
        ebb_spec_add_periodic(spec, columns, 1 + random_below(20), 2 + random_below(4)), EBB_OK);
}

static void choose_network(training *t) {
  static const size_t sizes[] = {1,  2,  3,  7,  15,  16,  17,  31, 32,
                                 33, 63, 64, 65, 100, 127, 128, 130};
  size_t layers = 1 + random_below(4);
  assert_int_equal(ebb_spec_begin(&t->spec, ONE_OF(sizes)), EBB_OK);
  ebb_activation activation = random_below(2) ? EBB_ACT_RELU : EBB_ACT_TANH;
  bool graph = random_below(3) == 0;
  size_t width = ONE_OF(sizes);
  starts s = {0};
  if (graph) choose_front(&t->spec);
  if (graph) choose_nodes(&t->spec, &s);
  for (size_t l = 0; l + 1 < layers; l++) {
    if (all.wide) activation = (ebb_activation)random_below(EBB_ACT_COUNT);
    assert_int_equal(ebb_spec_add(&t->spec, graph ? width : ONE_OF(sizes), activation), EBB_OK);
    if (graph) choose_nodes(&t->spec, &s);
  }
  assert_int_equal(ebb_spec_add(&t->spec, ONE_OF(sizes), EBB_ACT_IDENTITY), EBB_OK);
}

/* Inputs from so tiny that products underflow to so large that sums overflow. */
static void choose_data(training *t) {
  static const float scales[] = {1,   1,    1,    1e-3f, 1e-20f, 1e-38f,
                                 100, 1e4f, 1e4f, 1e6f,  1e15f,  1e30f};
  float x_scale = ONE_OF(scales), y_scale = random_below(2) ? 1 : ONE_OF(scales);
  size_t rows = 1 + random_below(ROWS), inputs = ebb_spec_inputs(&t->spec);
  size_t outputs = ebb_spec_outputs(&t->spec);
  bool bytes = random_below(5) == 0, equal = random_below(6) == 0;
  for (size_t i = 0; i < rows * inputs; i++) {
    t->x[i] = random_below(20) ? random_normal() * x_scale : 0;
    if (equal && i >= inputs) t->x[i] = t->x[i - inputs];
    t->octets[i] = (uint8_t)random_below(256);
  }
  for (size_t i = 0; i < rows * outputs; i++) t->y[i] = random_normal() * y_scale;
  for (size_t i = 0; i < rows; i++) t->labels[i] = (int32_t)random_below(outputs);
  bool classes = random_below(3) > 0;
  t->data = (ebb_dataset){.rows = rows,
                          .inputs = inputs,
                          .outputs = outputs,
                          .x = bytes ? NULL : t->x,
                          .x_u8 = bytes ? t->octets : NULL,
                          .scale = 1 / 255.0f,
                          .labels = classes ? t->labels : NULL,
                          .values = classes ? NULL : t->y};
  t->options.loss = ebb_loss_default(classes ? EBB_LOSS_CROSS_ENTROPY : EBB_LOSS_MSE);
  snprintf(t->text + strlen(t->text), sizeof t->text - strlen(t->text),
           ", %zu rows, x %s%g%s, y %g, %s", rows, bytes ? "bytes" : "", (double)x_scale,
           equal ? " equal" : "", (double)y_scale, ebb_loss_name(t->options.loss.kind));
}

static void choose_options(training *t) {
  static const size_t batches[] = {1, 2, 5, 31, 32, 33, 64, 100, 257};
  static const float rates[] = {0.001f, 0.001f, 0.1f, 1e-8f, 10};
  static const double decays[] = {0, 0, 0.01, 1};
  t->options = (ebb_train_options)EBB_TRAIN_OPTIONS_INIT;
  t->options.batch = ONE_OF(batches);
  t->options.learning_rate = ONE_OF(rates);
  ebb_optimizer_kind kind = random_below(EBB_OPT_COUNT);
  if (ebbi_optimizer_row_of(kind)->searches) kind = EBB_OPT_SGD; /* lbfgs: no update, no batches */
  t->options.optimizer = ebb_optimizer_default(kind);
  t->options.optimizer.weight_decay = ONE_OF(decays);
  t->options.optimizer.momentum = random_below(2) ? 0.9 : 0;
  t->options.optimizer.nesterov = random_below(2);
  if (random_below(4) == 0) t->options.optimizer.epsilon = 1e-37;
  if (random_below(8) == 0) t->options.optimizer.beta2 = 1 - 1e-12;
  t->options.shuffle = random_below(2);
  t->options.data_on = random_below(2) ? EBB_DATA_HOST : EBB_DATA_DEVICE;
  t->options.block_bytes = 1 + random_below(20000);
  t->options.seed = random_below(1000);
}

/* Chooses engine, precision and width. */
static void choose_device(training *t) {
  ebb_precision precision = (ebb_precision)random_below(2 * EBB_PRECISION_COUNT);
  static const unsigned widths[] = {4, 8, 16};
  if (precision >= EBB_PRECISION_COUNT) precision = EBB_PRECISION_FP32;
  ebb_engine engine = (ebb_engine)random_below(EBB_ENGINE_COUNT);
  if (ebb_device_set_engine(t->device, engine) != EBB_OK)
    assert_int_equal(ebb_device_set_engine(t->device, EBB_ENGINE_CPU), EBB_OK);
  assert_int_equal(ebb_device_set_width(t->device, ONE_OF(widths)), EBB_OK);
  ebbi_exec exec = *ebbi_device_exec(t->device);
  exec.mma = (ebbi_mma_state){precision, EBBI_UNIT_EMULATED};
  ebbi_device_set_exec(t->device, all.wide ? &exec : &t->usual);
  t->options.step = random_below(2) ? EBB_STEP_AUTO : EBB_STEP_LAYERS;
  snprintf(t->text + strlen(t->text), sizeof t->text - strlen(t->text),
           ", %s, width %u, %s, batch %zu, %s rate %g decay %g",
           ebb_engine_name(ebb_device_engine(t->device)), ebb_device_width(t->device),
           ebb_precision_name(precision), t->options.batch,
           ebb_optimizer_name(t->options.optimizer.kind), (double)t->options.learning_rate,
           t->options.optimizer.weight_decay);
}

/* Records the worst error since the last call, separately for gradients and updates: updates
 * approach their bounds where second moments are below float32's range. */
static void note_worst(const training *t, ebbi_live *live, int part, const char *when) {
  ebbi_comparison *c = &live->comparison;
  if (c->severity > all.worst[part]) {
    char what[128];
    ebbi_number_describe(what, sizeof what, &c->worst, t->network);
    all.worst[part] = c->severity;
    snprintf(all.worst_case[part], sizeof all.worst_case[part], "%.300s: %s, %s", t->text, when,
             what);
  }
  c->severity = 0;
  c->compared = 0;
}

static ebb_status check_gradients(ebbi_live *live) {
  size_t layers = live->trainer->network->spec.count;
  if (live->whole)
    return ebbi_live_check_slice(live, random_below(live->trainer->pass->whole->layout.slices), 0);
  for (size_t l = 0; l < layers; l++) {
    ebb_status status = ebbi_live_check_forward(live, l);
    if (status == EBB_OK) status = ebbi_live_check_backward(live, l);
    if (status != EBB_OK) return status;
  }
  return EBB_OK;
}

/* Checks the live batch, all layers. */
static void look(training *t, const char *when) {
  ebbi_live live = {.where = "look"};
  ebb_status status = ebbi_live_begin(&live, t->trainer, all.draws++);
  if (status == EBB_OK) status = check_gradients(&live);
  note_worst(t, &live, 0, when);
  if (status == EBB_OK) status = ebbi_live_check_norm(&live);
  for (size_t l = 0; l < t->spec.count && status == EBB_OK; l++)
    status = ebbi_live_check_update(&live, l);
  note_worst(t, &live, 1, when);
  if (status != EBB_OK) fail_msg("%s, %s: %s", t->text, when, ebb_error_message());
  assert_int_equal(ebbi_live_end(&live), EBB_OK);
}

static void run(training *t) {
  t->text[0] = '\0';
  choose_network(t);
  assert_int_equal(ebb_spec_text(t->text, sizeof t->text, &t->spec), EBB_OK);
  choose_options(t);
  choose_data(t);
  choose_device(t);
  if (t->options.step == EBB_STEP_AUTO) snprintf(t->text + strlen(t->text), 8, ", auto");
  assert_int_equal(ebb_network_create(&t->network, t->device, &t->spec,
                                      random_below(4) ? EBB_INIT_AUTO : EBB_INIT_ZERO, all.draws++),
                   EBB_OK);
  if (ebb_trainer_create(&t->trainer, t->network, &t->data, NULL, &t->options) != EBB_OK)
    fail_msg("%s: %s", t->text, ebb_error_message());
  if (ebb_self_test(t->trainer) != EBB_OK) fail_msg("%s: %s", t->text, ebb_error_message());
  look(t, "at first");
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(ebb_trainer_step(t->trainer, 1 + random_below(20)), EBB_OK);
    look(t, "later");
  }
  ebb_trainer_free(t->trainer);
  ebb_network_free(t->network);
}

static void test_right_numbers_pass(void **state) {
  training *t = calloc(1, sizeof *t);
  assert_non_null(t);
  t->device = *state;
  t->usual = *ebbi_device_exec(t->device);
  for (size_t i = 0; i < all.trainings; i++) run(t);
  ebbi_device_set_exec(t->device, &t->usual);
  for (int part = 0; part < 2; part++) {
    if (all.wide)
      print_message("%s: worst error %.3f of its bound\n%s\n", part ? "updates" : "gradients",
                    all.worst[part], all.worst_case[part]);
    assert_true(all.worst[part] > 0 && all.worst[part] <= 1);
  }
  free(t);
}

int main(int count, char **words) {
  if (count > 1) all.trainings = (size_t)atoi(words[1]), all.wide = true;
  if (count > 2) all.seed = (uint64_t)atoll(words[2]);
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_right_numbers_pass)};
  return cmocka_run_group_tests_name("sentinel bounds", tests, open_test_device, close_test_device);
}
