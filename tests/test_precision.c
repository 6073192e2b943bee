/* Precisions: what a number is rounded to, when a matrix unit is taken, and that products, memory
 * plans and trainings in tf32 and bf16 are what they should be. On the emulated unit, which any
 * device has; that each tile and type multiplies right is ebb verify's affair.
 */
#include "test_support.h"

#include "check/reference.h"
#include "device/device.h"
#include "kernel_files.h"
#include "tensor/tensor.h"
#include <ebb/ebb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 37 };

static int open_emulated(void **state) {
  setenv("EBB_MATRIX_UNIT", "emulated", 1);
  return open_test_device(state);
}

static int close_emulated(void **state) {
  unsetenv("EBB_MATRIX_UNIT");
  return close_test_device(state);
}

static void set(ebb_device *device, ebb_precision precision) {
  if (ebb_device_set_precision(device, precision) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_device_precision(device), precision);
}

/* ---- rounding ---- */

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Against the reference, which is arithmetic and not bits: every 4099th pattern, and all ties of
 * some exponents. */
static void test_rounding(void **state) {
  (void)state;
  for (int p = 0; p < EBB_PRECISION_COUNT; p++) {
    ebb_precision precision = (ebb_precision)p;
    for (uint64_t pattern = 0; pattern <= UINT32_MAX; pattern += 4099) {
      uint32_t patterns[] = {(uint32_t)pattern, (uint32_t)pattern | 0xffffu,
                             ((uint32_t)pattern & 0xffff0000u) | 0x8000u,
                             ((uint32_t)pattern & 0xffffe000u) | 0x1000u};
      for (int i = 0; i < 4; i++) {
        float x = float_of(patterns[i]), found = ebb_precision_round(precision, x);
        float expected = (float)ebbi_reference_round(precision, (double)x);
        if (isnan(x) ? !isnan(found) : memcmp(&found, &expected, sizeof found) != 0)
          fail_msg("%s of %08x: %a, must be %a", ebb_precision_name(precision), patterns[i],
                   (double)found, (double)expected);
      }
    }
  }
  assert_true(ebb_precision_round(EBB_PRECISION_TF32, 1 + 0x1p-11f) == 1 + 0x1p-10f);
  assert_true(ebb_precision_round(EBB_PRECISION_BF16, 1 + 0x1p-8f) == 1);
  assert_true(ebb_precision_round(EBB_PRECISION_BF16, 1 + 0x3p-8f) == 1 + 0x1p-6f);
}

static void test_names(void **state) {
  (void)state;
  assert_string_equal(ebb_precision_name(EBB_PRECISION_FP32), "fp32");
  assert_string_equal(ebb_precision_name(EBB_PRECISION_BF16), "bf16");
  assert_string_equal(ebb_precision_name(EBB_PRECISION_COUNT), "?");
}

/* ---- taking a unit ---- */

static void test_emulated_unit(void **state) {
  ebb_device *device = *state;
  assert_int_equal(ebb_device_precision(device), EBB_PRECISION_FP32);
  assert_null(ebb_device_matrix_unit(device));
  set(device, EBB_PRECISION_BF16);
  assert_string_equal(ebb_device_matrix_unit(device), "emulated");
  set(device, EBB_PRECISION_TF32);
  set(device, EBB_PRECISION_FP32);
  assert_null(ebb_device_matrix_unit(device));
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_COUNT), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_set_precision(NULL, EBB_PRECISION_TF32), EBB_ERR_ARGUMENT);
  setenv("EBB_MATRIX_UNIT", "abacus", 1);
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_TF32), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "EBB_MATRIX_UNIT=abacus"));
  setenv("EBB_MATRIX_UNIT", "emulated", 1);
}

/* Without a unit the precision is refused and stays what it was; with one it is taken. */
static void test_own_unit(void **state) {
  ebb_device *device = *state;
  set(device, EBB_PRECISION_BF16);
  unsetenv("EBB_MATRIX_UNIT");
  ebb_status status = ebb_device_set_precision(device, EBB_PRECISION_TF32);
  bool has_unit =
      ebbi_mma_probe(device, (ebbi_mma_state){EBB_PRECISION_TF32, EBBI_UNIT_NVIDIA}) == EBB_OK;
  assert_int_equal(status, has_unit ? EBB_OK : EBB_ERR_UNSUPPORTED);
  if (!has_unit) {
    assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_TF32), EBB_ERR_UNSUPPORTED);
    assert_non_null(strstr(ebb_error_message(), "has no matrix unit that ebb can use"));
    assert_int_equal(ebb_device_precision(device), EBB_PRECISION_BF16);
    assert_string_equal(ebb_device_matrix_unit(device), "emulated");
  }
  setenv("EBB_MATRIX_UNIT", "emulated", 1);
  set(device, EBB_PRECISION_FP32);
}

/* A unit that multiplies wrong, or drops digits, is refused: mma.h with a fault, on a device that
 * reads the kernels anew. */
static void refuse_fault(const char *from, const char *to, ebb_precision precision) {
  char folder[] = "/tmp/ebb-precision-XXXXXX", path[64];
  ebb_device *device = NULL;
  const ebbi_kernel_file *file = ebbi_kernel_files;
  while (strcmp(file->name, "mma.h") != 0) file++;
  const char *at = strstr(file->text, from);
  if (!at) fail_msg("mma.h: \"%s\" is not there: the fault needs a new place", from);
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/mma.h", folder);
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  fprintf(stream, "%.*s%s%s", (int)(at - file->text), file->text, to, at + strlen(from));
  assert_int_equal(fclose(stream), 0);
  setenv("EBB_KERNEL_DIR", folder, 1);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_int_equal(ebb_device_set_precision(device, precision), EBB_ERR_NUMBERS);
  assert_non_null(strstr(ebb_error_message(), "multiplies wrong"));
  assert_int_equal(ebb_device_precision(device), EBB_PRECISION_FP32);
  ebb_device_free(device);
  unsetenv("EBB_KERNEL_DIR");
  assert_int_equal(remove(path), 0);
  assert_int_equal(rmdir(folder), 0);
}

static void test_wrong_units(void **state) {
  (void)state;
  refuse_fault("near, far, near, far", "near, far, far, near", EBB_PRECISION_TF32);
  refuse_fault("w < UNIT_WORDS", "w < UNIT_WORDS - 1", EBB_PRECISION_BF16);
  refuse_fault("0xffffe000u", "0xffffc000u",
               EBB_PRECISION_TF32); /* 9 bits of the fraction, not 10 */
}

/* Each precision has its own configurations, and each its own forced one. */
static void test_configurations(void **state) {
  ebb_device *device = *state, *forced = NULL;
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_TF32, 0), "32x32x8 16x32");
  assert_int_equal(ebb_matmul_config_count(EBB_PRECISION_COUNT), 0);
  set(device, EBB_PRECISION_BF16);
  size_t count = ebb_matmul_config_count(EBB_PRECISION_BF16);
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_BF16, count), "?");
  assert_false(ebb_device_fits_matmul_config(device, count));
  assert_int_equal(ebb_device_set_matmul_config(device, (int)count), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "there are 4 in bf16"));
  assert_int_equal(ebb_device_set_matmul_config(device, 1), EBB_OK);
  set(device, EBB_PRECISION_FP32);
  assert_int_equal(ebb_device_matmul_config(device), EBB_MATMUL_CONFIG_AUTO);
  set(device, EBB_PRECISION_BF16);
  assert_int_equal(ebb_device_matmul_config(device), 1);
  assert_int_equal(ebb_device_set_matmul_config(device, EBB_MATMUL_CONFIG_AUTO), EBB_OK);
  set(device, EBB_PRECISION_FP32);
  setenv("EBB_MATMUL_CONFIG", "64x64x8 32x64", 1);
  assert_int_equal(ebb_device_open(&forced, NULL), EBB_OK);
  assert_int_equal(ebb_device_matmul_config(forced), EBB_MATMUL_CONFIG_AUTO);
  set(forced, EBB_PRECISION_TF32);
  assert_int_equal(ebb_device_matmul_config(forced), 1);
  assert_int_equal(ebb_device_choose_matmul_config(forced, EBB_LAYOUT_NN, 999, 999, 9), 1);
  ebb_device_free(forced);
  setenv("EBB_MATMUL_CONFIG", "7x7", 1);
  assert_int_equal(ebb_device_open(&forced, NULL), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "in tf32 and bf16 \"32x32x8 16x32\", "));
  unsetenv("EBB_MATMUL_CONFIG");
}

/* ---- products ---- */

/* Neither an engine nor what was chosen for another precision goes before the unit. */
static void test_engines_give_way(void **state) {
  ebb_device *device = *state;
  unsigned class_index = ebb_matmul_class(SIDE, SIDE, SIDE);
  ebb_status chosen =
      ebb_device_set_matmul_choice(device, EBB_LAYOUT_NN, class_index, EBB_MATMUL_CLBLAST);
  set(device, EBB_PRECISION_TF32);
  assert_int_equal(ebb_device_choose_engine(device, EBB_LAYOUT_NN, SIDE, SIDE, SIDE),
                   EBB_ENGINE_GPU);
  assert_int_equal(
      ebb_device_set_matmul_choice(device, EBB_LAYOUT_NN, class_index, EBB_MATMUL_CLBLAST),
      EBB_ERR_UNSUPPORTED);
  set(device, EBB_PRECISION_FP32);
  if (chosen == EBB_OK)
    assert_int_equal(ebb_device_choose_engine(device, EBB_LAYOUT_NN, SIDE, SIDE, SIDE),
                     EBB_ENGINE_CLBLAST);
  assert_int_equal(
      ebb_device_set_matmul_choice(device, EBB_LAYOUT_NN, class_index, EBB_MATMUL_CONFIG_AUTO),
      EBB_OK);
}

static ebb_tensor *make(ebb_device *device, ebb_dtype dtype, const float *values) {
  ebb_tensor *tensor = NULL;
  assert_int_equal(ebb_tensor_create(&tensor, device, dtype, SIDE, SIDE), EBB_OK);
  if (values) assert_int_equal(ebb_tensor_upload(tensor, values), EBB_OK);
  return tensor;
}

/* Only products read bfloat16: anything else would take the bits of two for a float. */
static void refuse_elsewhere(ebb_device *device, ebb_tensor *half, ebb_tensor *full) {
  ebb_tensor *row = NULL;
  assert_int_equal(ebb_tensor_create(&row, device, EBB_F32, 1, SIDE), EBB_OK);
  assert_int_equal(ebb_activation_forward(full, half, row, EBB_ACT_RELU), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_activation_backward(half, NULL, full, EBB_ACT_RELU), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_bias_gradient(row, half), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_loss_forward_backward(full, full, half, full, full, EBB_LOSS_MSE),
                   EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "z is of type BF16, must be F32"));
  ebb_tensor_free(row);
}

static void test_types(void **state) {
  ebb_device *device = *state;
  ebb_tensor *half = make(device, EBB_BF16, NULL), *a = make(device, EBB_F32, NULL),
             *b = make(device, EBB_F32, NULL);
  assert_int_equal(ebb_tensor_stride(half), ebb_tensor_stride(a));
  for (int p = 0; p < EBB_PRECISION_COUNT; p++) {
    bool good = p == EBB_PRECISION_BF16;
    set(device, (ebb_precision)p);
    assert_int_equal(ebb_matmul(b, half, false, a, false), good ? EBB_OK : EBB_ERR_ARGUMENT);
    assert_int_equal(ebb_matmul(half, a, false, b, true), good ? EBB_OK : EBB_ERR_ARGUMENT);
    assert_int_equal(ebb_matmul(half, a, true, b, false), EBB_ERR_ARGUMENT); /* a gradient */
    assert_non_null(strstr(ebb_error_message(), "is of type BF16, must be F32"));
  }
  set(device, EBB_PRECISION_FP32);
  refuse_elsewhere(device, half, a);
  ebb_tensor_free(half);
  ebb_tensor_free(a);
  ebb_tensor_free(b);
}

/* c = op(a).op(b), all SIDE x SIDE. */
static void multiply(float *c, ebb_device *device, const float *a, bool transpose_a, const float *b,
                     bool transpose_b) {
  ebb_tensor *at = make(device, EBB_F32, a), *bt = make(device, EBB_F32, b),
             *ct = make(device, EBB_F32, a);
  assert_int_equal(ebb_matmul(ct, at, transpose_a, bt, transpose_b), EBB_OK);
  assert_int_equal(ebb_tensor_download(c, ct), EBB_OK);
  ebb_tensor_free(at);
  ebb_tensor_free(bt);
  ebb_tensor_free(ct);
}

/* NaN in the last row of an operand stays in c's last row, and Inf in the last step is Inf in all
 * of c: nothing that stands in for what lies beyond an edge is added, and rounding keeps both. */
static void check_edges(ebb_device *device) {
  float ones[SIDE * SIDE], odd[SIDE * SIDE], c[SIDE * SIDE];
  for (size_t i = 0; i < SIDE * SIDE; i++) ones[i] = odd[i] = 1;
  for (size_t i = (SIDE - 1) * SIDE; i < SIDE * SIDE; i++)
    odd[i] = float_of(i % 2 ? 0x7f800001u : 0xffffffffu); /* NaNs that careless rounding loses */
  for (int layout = 0; layout < 2; layout++) {
    multiply(c, device, odd, false, ones, layout == 1);
    for (size_t i = 0; i < SIDE * SIDE; i++)
      if (!(i < (SIDE - 1) * SIDE ? c[i] == SIDE : isnan(c[i])))
        fail_msg("NaN in the last row: element %zu is %g", i, (double)c[i]);
  }
  for (size_t i = (SIDE - 1) * SIDE; i < SIDE * SIDE; i++) odd[i] = INFINITY;
  for (int layout = 0; layout < 2; layout++) {
    multiply(c, device, layout ? odd : ones, layout == 1, layout ? ones : odd, false);
    for (size_t i = 0; i < SIDE * SIDE; i++)
      if (c[i] != INFINITY) fail_msg("Inf in the last step: element %zu is %g", i, (double)c[i]);
  }
}

static void test_edges(void **state) {
  ebb_device *device = *state;
  for (int p = EBB_PRECISION_TF32; p < EBB_PRECISION_COUNT; p++) {
    set(device, (ebb_precision)p);
    for (size_t c = 0; c < ebb_matmul_config_count((ebb_precision)p); c++) {
      if (!ebb_device_fits_matmul_config(device, c)) continue;
      assert_int_equal(ebb_device_set_matmul_config(device, (int)c), EBB_OK);
      check_edges(device);
    }
    assert_int_equal(ebb_device_set_matmul_config(device, EBB_MATMUL_CONFIG_AUTO), EBB_OK);
  }
  set(device, EBB_PRECISION_FP32);
}

/* ---- networks ---- */

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
  uint64_t bytes; /* of device memory that the training took */
  float weights[64];
} outcome;

static outcome train(ebb_device *device, const char *text) {
  ebb_dataset data = make_data();
  ebb_train_options options = ebb_train_options_default();
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
  assert_int_equal(ebb_evaluate(&out.metrics, network, &data, EBB_LOSS_CROSS_ENTROPY), EBB_OK);
  float *weights = calloc(INPUTS * 200, sizeof *weights);
  assert_non_null(weights);
  assert_int_equal(ebb_tensor_download(weights, ebb_network_weight(network, 0)), EBB_OK);
  memcpy(out.weights, weights, sizeof out.weights);
  free(weights);
  ebb_network_free(network);
  return out;
}

/* A training learns as much as in fp32, takes the same weights when it is run again, and, in bf16,
 * has its hidden layers in half the memory: of two layers of 200, a, z and dz. */
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
    uint64_t halves = 6 * BATCH * ebbi_stride(BATCH, 200) * 2;
    if (p == EBB_PRECISION_BF16) assert_int_equal(exact.bytes - first.bytes, halves);
  }
  set(device, EBB_PRECISION_FP32);
  assert_int_equal(ebb_device_set_engine(device, engine), EBB_OK);
}

static void test_whole_steps_are_refused(void **state) {
  ebb_device *device = *state;
  ebb_dataset data = make_data();
  ebb_train_options options = ebb_train_options_default();
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
      ebb_verify_options options = {.network = network,
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
      cmocka_unit_test(test_rounding),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_emulated_unit),
      cmocka_unit_test(test_own_unit),
      cmocka_unit_test(test_wrong_units),
      cmocka_unit_test(test_configurations),
      cmocka_unit_test(test_engines_give_way),
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_edges),
      cmocka_unit_test(test_training),
      cmocka_unit_test(test_whole_steps_are_refused),
      cmocka_unit_test(test_networks_pass),
  };
  return cmocka_run_group_tests_name("precision", tests, open_emulated, close_emulated);
}
