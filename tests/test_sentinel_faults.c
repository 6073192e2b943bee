/* A fault is planted in each kernel of a training: the self-test finds it before the first step,
 * the sentinel finds it within a few checks, and a replay confirms it; a sound device refutes it.
 */
#include "kernel_fault.h"

#include "base/rng.h"
#include "device/device.h"
#include <ebb/ebb.h>
#include <ebb/sentinel.h>

typedef struct fault {
  const char *file, *from, *to, *spec; /* spec NULL: 9-33relu-5 */
  ebb_step_form step;
  ebb_engine engine;
  ebb_optimizer_kind optimizer;
  const char *said; /* what the self-test's message must contain */
} fault;

static const fault faults[] = {
    {"gather.cl", "const float *)data + from * inputs", "const float *)data + from", NULL,
     EBB_STEP_LAYERS, EBB_ENGINE_CPU, EBB_OPT_SGD, "rows: x"},
    {"gather.cl", "target_data + from * columns", "target_data + from / 2 * columns", NULL,
     EBB_STEP_LAYERS, EBB_ENGINE_CPU, EBB_OPT_SGD, "rows: target"},
    {"cpu_tile.h", "fma(a_value", "fma(0.9999f * a_value", NULL, EBB_STEP_LAYERS, EBB_ENGINE_CPU,
     EBB_OPT_SGD, "forward: a"},
    {"elementary.h", "0.49999997f", "0.4999f", "9-33tanh-5", EBB_STEP_LAYERS, EBB_ENGINE_CPU,
     EBB_OPT_SGD, "forward: a"},
    {"loss_cross_entropy.h", "smoothed_label(scale, p), other",
     "0.9999f * smoothed_label(scale, p), other", NULL, EBB_STEP_LAYERS, EBB_ENGINE_CPU,
     EBB_OPT_SGD, "loss: dz"},
    {"loss_cross_entropy.h", "log_float(sum) +", "1.0001f * log_float(sum) +", NULL,
     EBB_STEP_LAYERS, EBB_ENGINE_CPU, EBB_OPT_SGD, "loss: partials"},
    {"activation.h", "select((T)(0.0f), (T)(1.0f), (a) > (T)(0.0f))",
     "select((T)(0.0f), (T)(1.0f), (a) >= (T)(0.0f))", NULL, EBB_STEP_LAYERS, EBB_ENGINE_CPU,
     EBB_OPT_SGD, "input gradient: dz_below"},
    {"matmul_gpu.cl", "k < STEPS", "k < STEPS - 2", NULL, EBB_STEP_LAYERS, EBB_ENGINE_GPU,
     EBB_OPT_SGD, "forward: a"},
    {"add.cl", "if (b) sum +=", "if (b) sum += 0.9999f *", "9-8relu-res(8tanh-8)-5",
     EBB_STEP_LAYERS, EBB_ENGINE_CPU, EBB_OPT_SGD, "layer 4 (res), forward: y"},
    {"add.cl", "sum *= SLOPE(vec, before, value)", "sum *= 0.9999f * SLOPE(vec, before, value)",
     "9-8relu-res(8tanh-8)-5", EBB_STEP_LAYERS, EBB_ENGINE_CPU, EBB_OPT_SGD,
     "layer 1, gradient sum: dy"},
    {"dropout.cl", "(vec)(scale), uniform", "(vec)(0.9999f * scale), uniform", "9-8relu-drop0.2-5",
     EBB_STEP_LAYERS, EBB_ENGINE_CPU, EBB_OPT_SGD, "layer 2 (dropout), forward: y"},
    {"dropout.cl", "node, state->step", "node, state->step + (f != 0)", "9-8relu-drop0.2-5",
     EBB_STEP_LAYERS, EBB_ENGINE_CPU, EBB_OPT_SGD, "layer 2 (dropout), input gradient: dx"},
    {"optimizer_sgd.h", "p - rule->rate *", "p - 0.9999f * rule->rate *", NULL, EBB_STEP_LAYERS,
     EBB_ENGINE_CPU, EBB_OPT_SGD, "update: parameters of layer"},
    {"optimizer_adam.h", "rule->beta2 * aligned_vec(moments->second, i)",
     "aligned_vec(moments->second, i)", NULL, EBB_STEP_LAYERS, EBB_ENGINE_CPU, EBB_OPT_ADAM,
     NULL}, /* appears from the second step on */
    {"lanes.h", "k < depth; k++", "k < depth - 1; k++", NULL, EBB_STEP_WHOLE, EBB_ENGINE_CPU,
     EBB_OPT_ADAM, "whole step: "},
    {"loss_cross_entropy.h", "/ sum - target) * scale;", "/ sum - 0.9999f * target) * scale;", NULL,
     EBB_STEP_WHOLE, EBB_ENGINE_CPU, EBB_OPT_ADAM, "whole step: "},
    {"batch.h", "min((uint)batch, (uint)rows - start)", "min((uint)batch - 1, (uint)rows - start)",
     NULL, EBB_STEP_WHOLE, EBB_ENGINE_CPU, EBB_OPT_ADAM, "whole step: "},
    {"philox.h", "round < 10", "round < 9", NULL, EBB_STEP_WHOLE, EBB_ENGINE_CPU, EBB_OPT_ADAM,
     "whole step: "},
    {"whole_step.cl", "n < steps", "n < min(steps, 8)", NULL, EBB_STEP_WHOLE, EBB_ENGINE_CPU,
     EBB_OPT_SGD, "16 steps in one launch"},
    {"optimizer_adam.h", "(sqrt(most) * rule", "(1.0001f * sqrt(most) * rule", NULL, EBB_STEP_WHOLE,
     EBB_ENGINE_CPU, EBB_OPT_ADAM, "update: parameters of layer"},
};

enum { ROWS = 300, INPUTS = 9, CLASSES = 5, LOOKS = 12, PARTS = 2 };

typedef struct training {
  ebb_device *device;
  ebb_network *network;
  ebb_trainer *trainer;
  float x[ROWS * INPUTS];
  int32_t labels[ROWS];
} training;

static void start(training *t, const fault *f) {
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_spec spec;
  uint32_t bits[4];
  for (size_t i = 0; i < ROWS * INPUTS; i++) {
    ebbi_philox(bits, 5, EBBI_RNG_TEST, 0, i);
    t->x[i] = ebbi_normal(bits[0]);
    t->labels[i / INPUTS] = (int32_t)(bits[1] % CLASSES);
  }
  const ebb_dataset data = {
      .rows = ROWS, .inputs = INPUTS, .outputs = CLASSES, .x = t->x, .labels = t->labels};
  options.step = f->step;
  options.optimizer = ebb_optimizer_default(f->optimizer);
  assert_int_equal(ebb_device_open(&t->device, NULL), EBB_OK);
  assert_int_equal(ebb_device_set_engine(t->device, f->engine), EBB_OK);
  assert_int_equal(ebb_spec_parse(&spec, f->spec ? f->spec : "9-33relu-5", 0, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&t->network, t->device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
  if (ebb_trainer_create(&t->trainer, t->network, &data, NULL, &options) != EBB_OK)
    fail_msg("%s", ebb_error_message());
}

static void end(training *t) {
  ebb_trainer_free(t->trainer);
  ebb_network_free(t->network);
  ebb_device_free(t->device);
}

/* Runs the sentinel during a training. Its single steps cannot show the burst's fault. */
static void find_by_sentinel(const training *t, const fault *f, const char *dump) {
  ebb_status status = EBB_OK;
  for (uint64_t look = 0; look < LOOKS && status == EBB_OK; look++) {
    assert_int_equal(ebb_trainer_step(t->trainer, 3), EBB_OK);
    status = ebb_sentinel(t->trainer, look, dump);
  }
  if (status != EBB_ERR_NUMBERS)
    fail_msg("%s with \"%s\": the sentinel gave %s", f->file, f->to, ebb_status_name(status));
}

static void expect_replay(const training *t, const char *dump, ebb_status expected) {
  ebb_replay_result result;
  ebb_status status = ebb_replay(&result, t->device, dump);
  if (status != expected)
    fail_msg("the replay gave %s, not %s: %s (%s)", ebb_status_name(status),
             ebb_status_name(expected), result.what, ebb_error_message());
  assert_true(result.wrong == (expected == EBB_ERR_NUMBERS));
}

/* A replay does not repeat the order of the rows. */
static bool can_be_replayed(const fault *f) {
  return strcmp(f->file, "philox.h") != 0 && strcmp(f->file, "batch.h") != 0 &&
         strcmp(f->file, "gather.cl") != 0;
}

static void find(const fault *f, const char *dump) {
  training *t = calloc(1, sizeof *t);
  assert_non_null(t);
  bool burst = strstr(f->to, "min(steps") != NULL;
  plant_fault(f->file, f->from, f->to);
  start(t, f);
  ebb_status status = ebb_self_test(t->trainer);
  if (f->said && (status != EBB_ERR_NUMBERS || !strstr(ebb_error_message(), f->said)))
    fail_msg("%s with \"%s\": the self-test gave %s (%s), not \"%s\"", f->file, f->to,
             ebb_status_name(status), ebb_error_message(), f->said);
  if (!burst) find_by_sentinel(t, f, dump);
  if (!burst && can_be_replayed(f)) expect_replay(t, dump, EBB_ERR_NUMBERS);
  unplant_fault();
  end(t);
  if (!burst) {
    start(t, f);
    expect_replay(t, dump, EBB_OK);
    end(t);
  }
  free(t);
}

/* A subset of the faults: `first`, and each `step`-th after it. */
typedef struct share {
  size_t first, step;
} share;

static void test_every_fault_is_found(void **state) {
  const share *mine = *state;
  char dump[] = "/tmp/ebb-dump-XXXXXX";
  int file = mkstemp(dump);
  assert_true(file >= 0);
  close(file);
  for (size_t i = mine->first; i < sizeof faults / sizeof *faults; i += mine->step)
    find(&faults[i], dump);
  assert_int_equal(remove(dump), 0);
}

/* test_sentinel_faults [PART]: all faults, or one of PARTS parts that run side by side. */
int main(int count, char **words) {
  size_t part = count > 1 ? (size_t)atoi(words[1]) : 0;
  share mine = {part, count > 1 ? PARTS : 1};
  if (part >= PARTS) {
    fprintf(stderr, "usage: test_sentinel_faults [PART], from 0 to %d\n", PARTS - 1);
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(test_every_fault_is_found, &mine),
  };
  return cmocka_run_group_tests_name("sentinel faults", tests, NULL, NULL);
}
