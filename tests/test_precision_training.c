/* Trainings in tf32 and bf16: what they learn, their memory, and networks against the reference.
 * Uses the emulated tensor core, which works on any device.
 */
#include "test_support.h"

#include "tensor/tensor.h"
#include <ebb/ebb.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void set(ebb_device *device, ebb_precision precision) {
  if (ebb_device_set_precision(device, precision) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_device_precision(device), precision);
}

enum { ROWS = 300, INPUTS = 9, CLASSES = 3, BATCH = 130 }; /* no product is split */

static ebb_dataset make_data(void) {
  static float x[ROWS * INPUTS];
  static int32_t labels[ROWS];
  for (int i = 0; i < ROWS * INPUTS; i++) x[i] = sinf(0.7f * (float)(i + 1));
  for (int r = 0; r < ROWS; r++) labels[r] = (x[r * INPUTS] > 0) + (x[r * INPUTS + 4] > 0.5f);
  return (ebb_dataset){
      .rows = ROWS, .inputs = INPUTS, .outputs = CLASSES, .x = x, .labels = labels};
}

typedef struct outcome {
  ebb_metrics metrics;
  uint64_t bytes; /* device memory of the training */
  float weights[64];
} outcome;

static outcome train(ebb_device *device, const char *text) {
  ebb_dataset data = make_data();
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_network *network = NULL;
  ebb_trainer *trainer = NULL;
  ebb_spec spec;
  outcome out = {0};
  options.batch = BATCH;
  options.epochs = 10;
  options.learning_rate = 0.01f;
  options.step = EBB_STEP_AUTO;
  assert_int_equal(ebb_spec_parse(&spec, text, INPUTS, CLASSES), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  if (ebb_trainer_create(&trainer, network, &data, NULL, &options) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  out.bytes = ebb_device_counters(device).allocated_bytes - before;
  assert_int_equal(ebb_trainer_step_form(trainer), EBB_STEP_LAYERS);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_OK);
  ebb_trainer_free(trainer);
  assert_int_equal(
      ebb_evaluate(&out.metrics, network, &data, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY)), EBB_OK);
  float *weights = calloc(INPUTS * 200, sizeof *weights);
  assert_non_null(weights);
  assert_int_equal(ebb_tensor_download(weights, ebb_network_weight(network, 0)), EBB_OK);
  memcpy(out.weights, weights, sizeof out.weights);
  free(weights);
  ebb_network_free(network);
  return out;
}

/* A training learns as much as in fp32 and gives the same weights when repeated. In bf16 its hidden
 * layers take half the memory: a, z and dz of two layers of 200, and a again for the evaluation of
 * a batch. */
static void test_training(void **state) {
  ebb_device *device = *state;
  static const char text[] = "200gelu-200silu";
  ebb_engine engine = ebb_device_engine(device);
  assert_int_equal(ebb_device_set_engine(device, EBB_ENGINE_GPU), EBB_OK);
  outcome exact = train(device, text);
  for (int p = EBB_PRECISION_TF32; p < EBB_PRECISION_COUNT; p++) {
    set(device, (ebb_precision)p);
    outcome first = train(device, text), again = train(device, text);
    assert_memory_equal(first.weights, again.weights, sizeof first.weights);
    assert_memory_not_equal(first.weights, exact.weights, sizeof first.weights);
    assert_true(fabs(first.metrics.loss - exact.metrics.loss) < 0.1 * exact.metrics.loss);
    assert_true(first.metrics.accuracy > 0.9);
    uint64_t halves = 8 * BATCH * ebbi_stride(BATCH, 200) * 2;
    if (p == EBB_PRECISION_BF16) assert_int_equal(exact.bytes - first.bytes, halves);
  }
  set(device, EBB_PRECISION_FP32);
  assert_int_equal(ebb_device_set_engine(device, engine), EBB_OK);
}

static void test_whole_steps_are_refused(void **state) {
  ebb_device *device = *state;
  ebb_dataset data = make_data();
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_network *network = NULL;
  ebb_trainer *trainer = NULL;
  ebb_spec spec;
  options.step = EBB_STEP_WHOLE;
  set(device, EBB_PRECISION_TF32);
  assert_int_equal(ebb_spec_parse(&spec, "5relu", INPUTS, CLASSES), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options),
                   EBB_ERR_UNSUPPORTED);
  assert_non_null(strstr(ebb_error_message(), "whole steps are computed in fp32, not in tf32"));
  set(device, EBB_PRECISION_FP32);
  ebb_network_free(network);
}

/* What a diverging training reports: a layer's output, or a parameter. */
static const char *diverge(ebb_device *device, ebb_precision own, ebb_precision later) {
  static char message[256];
  ebb_dataset data = make_data();
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_network *network = NULL;
  ebb_trainer *trainer = NULL;
  ebb_spec spec;
  options.batch = BATCH;
  options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  options.learning_rate = 1e30f;
  options.step = EBB_STEP_LAYERS;
  options.data_on = EBB_DATA_HOST; /* the bad batch runs again */
  set(device, own);
  assert_int_equal(ebb_spec_parse(&spec, "32relu-32relu", INPUTS, CLASSES), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
  set(device, later);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_ERR_NUMBERS);
  snprintf(message, sizeof message, "%s", ebb_error_message());
  ebb_trainer_free(trainer);
  ebb_network_free(network);
  set(device, EBB_PRECISION_FP32);
  return message;
}

/* A layer with non-finite output is found among bfloat16 values too, and in the trainer's own
 * precision, whatever the device's default is by then. */
static void test_diverging(void **state) {
  ebb_device *device = *state;
  char exact[256], half[256];
  strcpy(exact, diverge(device, EBB_PRECISION_FP32, EBB_PRECISION_FP32));
  strcpy(half, diverge(device, EBB_PRECISION_BF16, EBB_PRECISION_BF16));
  assert_non_null(strstr(exact, "in the output of layer 2"));
  assert_string_equal(half, exact);
  assert_string_equal(diverge(device, EBB_PRECISION_BF16, EBB_PRECISION_FP32), exact);
  assert_string_equal(diverge(device, EBB_PRECISION_FP32, EBB_PRECISION_BF16), exact);
}

/* Chains of layers against the reference, in each precision; a batch whose products are split. */
static void test_networks_pass(void **state) {
  ebb_device *device = *state;
  static const char *const specs[] = {"7-41relu-33gelu-5", "5-9tanh-3", "530-3silu-4sigmoid-2"};
  for (int p = EBB_PRECISION_TF32; p < EBB_PRECISION_COUNT; p++) {
    set(device, (ebb_precision)p);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
      ebb_network *network = NULL;
      ebb_spec spec;
      ebb_verify_result result;
      assert_int_equal(ebb_spec_parse(&spec, specs[i], 0, 0), EBB_OK);
      assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
      ebb_verify_options options = {.size = sizeof(ebb_verify_options),
                                    .network = network,
                                    .batch = i == 1 ? 530 : 35,
                                    .optimizer = ebb_optimizer_default(EBB_OPT_SGD),
                                    .seed = 5};
      if (ebb_verify(&result, device, &options, NULL, NULL) != EBB_OK)
        fail_msg("%s", ebb_error_message());
      assert_int_equal(ebb_device_precision(device), p);
      ebb_network_free(network);
    }
  }
  set(device, EBB_PRECISION_FP32);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_training),
      cmocka_unit_test(test_diverging),
      cmocka_unit_test(test_whole_steps_are_refused),
      cmocka_unit_test(test_networks_pass),
  };
  return cmocka_run_group_tests_name("precision_training", tests, open_emulated_device,
                                     close_emulated_device);
}
