/* ebb_verify: it passes on this device, and it can fail.
 *
 * A verification that never fails proves nothing. So each kernel file is given one fault, written
 * into a folder that EBB_KERNEL_DIR names, and ebb_verify must find every one of them.
 */
#include "test_support.h"

#include "device/device.h"
#include "kernel_files.h"
#include <ebb/ebb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the report callback saw. */
typedef struct seen {
  size_t checks, failed;
  char failed_names[4096]; /* "group name; " of each */
} seen;

static void note(const ebb_check *check, void *user) {
  seen *s = user;
  s->checks++;
  assert_true(check->passed == (check->error <= check->bound));
  assert_non_null(check->detail);
  if (check->passed) return;
  s->failed++;
  size_t used = strlen(s->failed_names);
  snprintf(s->failed_names + used, sizeof s->failed_names - used, "%s %s; ", check->group,
           check->name);
}

static ebb_network *make_network(ebb_device *device, const char *text) {
  ebb_network *network = NULL;
  ebb_spec spec;
  assert_int_equal(ebb_spec_parse(&spec, text, 0, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
  return network;
}

static ebb_verify_options options_for(const ebb_network *network) {
  return (ebb_verify_options){
      .network = network, .optimizer = ebb_optimizer_default(EBB_OPT_SGD), .seed = 5};
}

/* Verifies and demands success, naming what failed. */
static ebb_verify_result verify_passes(ebb_device *device, const ebb_verify_options *options) {
  seen s = {0};
  ebb_verify_result result;
  ebb_status status = ebb_verify(&result, device, options, note, &s);
  if (status != EBB_OK) fail_msg("%s\nfailed: %s", ebb_error_message(), s.failed_names);
  assert_int_equal(result.checks, s.checks);
  assert_int_equal(result.failed, 0);
  assert_true(result.worst.error <= result.worst.bound);
  assert_non_null(result.worst.name);
  return result;
}

static void test_kernels_pass(void **state) {
  ebb_engine before = ebb_device_engine(*state);
  ebb_verify_options options = {.kernels = true, .seed = 1};
  ebb_verify_result result = verify_passes(*state, &options);
  assert_true(result.checks >= 80); /* two forms at least, ten activations each way */
  assert_int_equal(ebb_device_engine(*state), before);
}

/* Every activation, both losses, every optimizer with all its settings, every engine. */
static void test_networks_pass(void **state) {
  static const char *const specs[] = {"7-11relu-9leaky_relu-13sigmoid-8tanh-5",
                                      "7-11gelu-9gelu_tanh-13silu-8softplus-12elu-5", "3-2", "1-1"};
  ebb_engine before = ebb_device_engine(*state);
  for (int e = 0; e < EBB_ENGINE_COUNT; e++) {
    if (ebb_device_set_engine(*state, (ebb_engine)e) != EBB_OK) continue;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
      ebb_network *network = make_network(*state, specs[i]);
      for (int variant = 0; variant < EBB_OPT_COUNT * EBB_LOSS_COUNT; variant++) {
        ebb_verify_options options = options_for(network);
        options.loss = (ebb_loss)(variant % EBB_LOSS_COUNT);
        options.optimizer = ebb_optimizer_default((ebb_optimizer_kind)(variant / EBB_LOSS_COUNT));
        options.optimizer.momentum = 0.9;
        options.optimizer.nesterov = variant % 2;
        options.optimizer.weight_decay = 0.05;
        options.batch = i == 0 ? 1 : 35;
        verify_passes(*state, &options);
      }
      ebb_network_free(network);
    }
  }
  assert_int_equal(ebb_device_set_engine(*state, before), EBB_OK);
}

static void test_a_deep_and_a_wide_network_pass(void **state) {
  static const char *const specs[] = {
      "5-16relu-16relu-16relu-16relu-16relu-16relu-16relu-16relu-16relu-16relu-3", "100-300relu-7"};
  for (int i = 0; i < 2; i++) {
    ebb_network *network = make_network(*state, specs[i]);
    ebb_verify_options options = options_for(network);
    verify_passes(*state, &options);
    ebb_network_free(network);
  }
}

/* Weights after a training run: small gradients, confident outputs. */
static void test_a_trained_network_passes(void **state) {
  static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
  static const int32_t labels[] = {0, 1, 1, 0};
  ebb_dataset data = {.rows = 4, .inputs = 2, .outputs = 2, .x = x, .labels = labels};
  ebb_train_options train = ebb_train_options_default();
  ebb_trainer *trainer = NULL;
  ebb_network *network = make_network(*state, "2-16tanh-16relu-2");
  train.epochs = 500;
  train.learning_rate = 0.05f;
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &train), EBB_OK);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_OK);
  ebb_trainer_free(trainer);
  ebb_verify_options options = options_for(network);
  options.dataset = &data; /* four rows: fewer than the default batch */
  options.optimizer = ebb_optimizer_default(EBB_OPT_ADAM);
  verify_passes(*state, &options);
  ebb_network_free(network);
}

static void test_uint8_data_and_values_pass(void **state) {
  enum { ROWS = 40, INPUTS = 6, OUTPUTS = 2 };
  uint8_t x[ROWS * INPUTS];
  float values[ROWS * OUTPUTS];
  for (int i = 0; i < ROWS * INPUTS; i++) x[i] = (uint8_t)(i * 37);
  for (int i = 0; i < ROWS * OUTPUTS; i++) values[i] = (float)(i % 11) - 5;
  ebb_dataset data = {.rows = ROWS,
                      .inputs = INPUTS,
                      .outputs = OUTPUTS,
                      .x_u8 = x,
                      .scale = 1 / 255.0f,
                      .values = values};
  ebb_network *network = make_network(*state, "6-20silu-2");
  ebb_verify_options options = options_for(network);
  options.dataset = &data;
  options.loss = EBB_LOSS_MSE;
  verify_passes(*state, &options);
  data.scale = 1; /* inputs up to 255 */
  verify_passes(*state, &options);
  ebb_network_free(network);
}

static void test_weights_stay(void **state) {
  ebb_network *network = make_network(*state, "5-9relu-3");
  ebb_tensor *slab = ebb_network_parameters(network);
  size_t bytes = ebb_tensor_cols(slab) * sizeof(float);
  float *before = malloc(bytes), *after = malloc(bytes);
  assert_non_null(before);
  assert_non_null(after);
  assert_int_equal(ebb_tensor_download(before, slab), EBB_OK);
  ebb_verify_options options = options_for(network);
  options.learning_rate = 0.5f;
  verify_passes(*state, &options);
  assert_int_equal(ebb_tensor_download(after, slab), EBB_OK);
  assert_memory_equal(before, after, bytes);
  free(before);
  free(after);
  ebb_network_free(network);
}

static void test_nan_weights_fail(void **state) {
  ebb_network *network = make_network(*state, "2-3relu-2");
  float weights[6] = {1, 2, NAN, 4, 5, 6};
  seen s = {0};
  ebb_verify_result result;
  ebb_verify_options options = options_for(network);
  assert_int_equal(ebb_tensor_upload(ebb_network_weight(network, 0), weights), EBB_OK);
  assert_int_equal(ebb_verify(&result, *state, &options, note, &s), EBB_ERR_NUMBERS);
  assert_true(result.failed > 0);
  assert_int_equal(result.failed, s.failed);
  assert_false(result.worst.passed);
  assert_non_null(strstr(s.failed_names, "forward layer 1"));
  ebb_network_free(network);
}

static void test_wrong_arguments(void **state) {
  static const float x[6] = {0};
  static const int32_t labels[2] = {0, 1};
  ebb_dataset narrow = {.rows = 2, .inputs = 3, .outputs = 2, .x = x, .labels = labels};
  ebb_dataset no_values = {.rows = 3, .inputs = 2, .outputs = 2, .x = x, .labels = labels};
  ebb_network *network = make_network(*state, "2-2");
  ebb_verify_options options = options_for(network), nothing = {0};
  ebb_verify_result result;
  no_values.rows = 2;
  assert_int_equal(ebb_verify(NULL, *state, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_verify(&result, NULL, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_verify(&result, *state, NULL, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_verify(&result, *state, &nothing, NULL, NULL), EBB_ERR_ARGUMENT);
  options.dataset = &narrow;
  assert_int_equal(ebb_verify(&result, *state, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "3 inputs"));
  options.dataset = &no_values;
  options.loss = EBB_LOSS_MSE;
  assert_int_equal(ebb_verify(&result, *state, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  options.loss = EBB_LOSS_COUNT;
  assert_int_equal(ebb_verify(&result, *state, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  ebb_network_free(network);
}

/* ---- faults ---- */

/* A fault: the text in a kernel file that is changed, and the check that must fail by it. Faults
 * that a network shows are run with one, by an ebb_engine or on the emulated matrix unit; the
 * others (spec NULL) with the kernel checks of that name. */
typedef struct fault {
  const char *file, *from, *to, *failing, *spec;
  int products;
} fault;

enum {
  MMA = EBB_ENGINE_COUNT,
  MMA_TF32 = MMA + EBB_PRECISION_TF32,
  MMA_BF16 = MMA + EBB_PRECISION_BF16
};

static const fault faults[] = {
    {"common.h", "PASTE(vload, WIDTH)(index, pointer)", "PASTE(vload, WIDTH)(0, pointer)",
     "gradient layer 1 weight, whole step", "9-33relu-3", EBB_ENGINE_CPU},
    {"activation.h", "select((T)(0.0f), (T)(1.0f), (a) > (T)(0.0f))",
     "select((T)(0.0f), (T)(1.0f), (a) >= (T)(0.0f))", "gradient layer 1 weight", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"activation.h", "0.044715f", "0.05f", "forward layer 1", "5-9gelu_tanh-3", EBB_ENGINE_CPU},
    {"activation.h", "((a) * (1.0f - (a)))", "((a) * (1.0f + (a)))", "gradient layer 1 bias",
     "5-9sigmoid-3", EBB_ENGINE_GPU},
    {"activation.cl", "r < rows", "r < rows - 1", "gradient layer 1 bias", "5-9relu-3",
     EBB_ENGINE_CLBLAST},
    {"matmul_cpu.cl", "fma(a_value", "fma(0.99f * a_value", "forward layer 1", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"matmul_gpu.cl", "k < STEPS", "k < STEPS - 2", "forward layer 1", "16-9relu-3",
     EBB_ENGINE_GPU},
    {"matmul_gpu.cl", "start = slice * slice_depth", "start = 0", "kernel matmul_nt", NULL, 0},
    {"matmul_mma.cl", "w = 1; w < WORDS", "w = 1; w < WORDS - 1", "gradient layer 1 bias",
     "5-9relu-3", MMA_TF32},
    {"mma.h", "0xffffe000u", "0xfffe0000u", "forward layer 1", "5-9relu-3", MMA_TF32},
    {"mma.h", "lane % 4 * 2) * PITCH, *right", "lane % 4) * PITCH, *right", "forward layer 1",
     "5-9relu-3", MMA_BF16},
    {"bf16.h", "isnan(x)", "isless(x, (PASTE(float, n))(0.0f))", "forward layer 1", "5-9tanh-3",
     MMA_BF16},
    {"finish.h", "as_vec(bits << 16)", "as_vec(bits << 15)", "gradient layer 1 weight", "5-9tanh-3",
     MMA_BF16},
    {"finish.h", "sum *= SLOPE", "sum = SLOPE", "gradient layer 1 weight", "5-9tanh-3",
     EBB_ENGINE_GPU},
    {"finish_slices.cl", "finish_nn(c, z, sum", "finish_nn(c, z, 0.9f * sum", "forward layer 1",
     "600-9relu-3", EBB_ENGINE_GPU},
    {"add_slices.cl", "slices, slice, 0", "slices - 1, slice, 0", "kernel matmul_tn", NULL, 0},
    {"elementary.h", "0.49999997f", "0.499f", "forward layer 1", "5-9tanh-3", EBB_ENGINE_CPU},
    {"loss.cl", "(vec)(-scale)", "(vec)(-0.999f * scale)", "gradient layer 2 bias", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"loss.cl", "columns_from(c) < label", "columns_from(c) > label", "kernel cross_entropy", NULL,
     0},
    {"update.h", "p - rate *", "p + rate *", "update layer 2", "5-9relu-3", EBB_ENGINE_CPU},
    {"common.h", "s * stride + i", "i", "kernel update_slices", NULL, 0},
    {"update.cl", "start + ELEMENT_VECTORS, vectors)", "start + ELEMENT_VECTORS, vectors) - 1",
     "kernel update_sgd", NULL, 0},
    {"state.h", "state->loss_carry = (sum - state->loss_sum) - term;",
     "state->loss_carry = 0.001f * sum;", "kernel metrics_add", NULL, 0},
    {"probe.cl", "step < steps", "step < steps - 1", "kernel probe_fma", NULL, 0},
    {"probe.cl", "load_vec(i, b) +", "load_vec(start, b) +", "kernel probe_triad", NULL, 0},
    {"lanes.h", "k < depth; k++", "k < depth - 1; k++", "gradient layer 2 weight, whole step",
     "5-9relu-3", EBB_ENGINE_CPU},
    {"lanes.h", "more ? aligned_vec(db", "1 ? aligned_vec(db", "kernel whole_step", NULL, 0},
    {"whole_step.h", "- one) * scale", "- 0.999f * one) * scale",
     "gradient layer 2 bias, whole step", "5-9relu-3", EBB_ENGINE_CPU},
    {"whole_step.h", "- one) * scale", "- 0.999f * one) * scale",
     "gradient layer 2 bias, whole step", "5-9relu-3", EBB_ENGINE_GPU},
    {"whole_step.cl", "r < c->rows ? -1 : 0", "-1", "forward loss, whole step", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"whole_step.cl", "n < steps", "n < 1", "kernel whole_steps", NULL, 0},
    {"whole_step_gpu.cl", "place % (uint)s->held", "0u", "kernel whole_step_gpu", NULL, 0},
    {"tiles.h", "v < whole;", "v < whole - 1;", "gradient layer 1 weight, whole step", "16-9relu-3",
     EBB_ENGINE_GPU},
    {"tiles.h", "more ? *to + total : total;\n      }", "total;\n      }", "kernel whole_step_gpu",
     NULL, 0},
    {"whole_step_gpu.cl", "r < rows; r++) total +=", "r < rows - 1; r++) total +=",
     "gradient layer 1 bias, whole step", "16-9relu-3", EBB_ENGINE_GPU},
    {"whole_step_gpu.cl", "n < steps", "n < 1", "kernel whole_steps_gpu", NULL, 0},
    {"batch.h", "state->done - state->epoch_first", "state->done - state->epoch", "kernel gather",
     NULL, 0},
    {"gather.cl", "from * targets + c", "from * targets", "kernel gather", NULL, 0},
    {"gather.cl", "position % (uint)held", "(position + (position >= (uint)held)) % (uint)held",
     "kernel gather", NULL, 0},
    {"whole_step.cl", "place % (uint)s->held", "0u", "kernel whole_step", NULL, 0},
    {"philox.h", "round < 10", "round < 9", "kernel init_weights", NULL, 0},
    {"init.cl", "block * 4 + lane", "block * 4 + (3 - lane)", "kernel init_weights", NULL, 0},
};

/* The whole text of a kernel file; the caller frees it. */
static char *read_kernel(const char *file) {
  char path[512], *text = calloc(1, 1 << 20);
  assert_non_null(text);
  snprintf(path, sizeof path, "%s/kernels/%s", EBB_SOURCE_DIR, file);
  FILE *stream = fopen(path, "rb");
  assert_non_null(stream);
  size_t size = fread(text, 1, (1 << 20) - 1, stream);
  assert_true(size > 0 && feof(stream));
  fclose(stream);
  return text;
}

/* Writes the file with its fault into the folder; the text to be changed must be there. */
static void plant(const char *folder, const fault *f) {
  char path[512], *text = read_kernel(f->file), *at = strstr(text, f->from);
  if (!at) fail_msg("%s: \"%s\" is not there: the fault needs a new place", f->file, f->from);
  snprintf(path, sizeof path, "%s/%s", folder, f->file);
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  fprintf(stream, "%.*s%s%s", (int)(at - text), text, f->to, at + strlen(f->from));
  assert_int_equal(fclose(stream), 0);
  free(text);
}

/* Verifies on a device of its own, which reads the kernels anew. False: no such engine. */
static bool run_fault(const fault *f, seen *s) {
  ebb_device *device = NULL;
  ebb_network *network = NULL;
  ebb_verify_options options = {.kernels = true, .seed = 1};
  ebb_verify_result result = {0};
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  if (f->products > MMA) {
    ebb_precision precision = (ebb_precision)(f->products - MMA);
    ebbi_device_set_mma(device, (ebbi_mma_state){precision, EBBI_UNIT_EMULATED});
  } else if (f->spec && ebb_device_set_engine(device, (ebb_engine)f->products) != EBB_OK) {
    ebb_device_free(device);
    return false;
  }
  if (!f->spec) options.only = f->failing + strlen("kernel ");
  if (f->spec) {
    network = make_network(device, f->spec);
    options = options_for(network);
  }
  ebb_status status = ebb_verify(&result, device, &options, note, s);
  if (status != EBB_ERR_NUMBERS)
    fail_msg("%s with \"%s\" gave %s (%s)", f->file, f->to, ebb_status_name(status),
             ebb_error_message());
  assert_true(result.failed > 0);
  assert_false(result.worst.passed);
  assert_non_null(strstr(ebb_error_message(), result.worst.name));
  ebb_network_free(network);
  ebb_device_free(device);
  return true;
}

static void test_every_fault_is_found(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    const fault *f = &faults[i];
    char folder[] = "/tmp/ebb-fault-XXXXXX", path[512];
    seen s = {0};
    assert_non_null(mkdtemp(folder));
    plant(folder, f);
    assert_int_equal(setenv("EBB_KERNEL_DIR", folder, 1), 0);
    bool run = run_fault(f, &s);
    assert_int_equal(unsetenv("EBB_KERNEL_DIR"), 0);
    snprintf(path, sizeof path, "%s/%s", folder, f->file);
    assert_int_equal(remove(path), 0);
    assert_int_equal(rmdir(folder), 0);
    if (run && !strstr(s.failed_names, f->failing))
      fail_msg("%s with \"%s\": %s passed; failed: %s", f->file, f->to, f->failing, s.failed_names);
  }
}

/* No kernel file may be left out above. */
static void test_every_file_has_a_fault(void **state) {
  (void)state;
  for (const ebbi_kernel_file *file = ebbi_kernel_files; file->name; file++) {
    bool found = false;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
      found = found || strcmp(faults[i].file, file->name) == 0;
    if (!found) fail_msg("%s has no fault in the table", file->name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kernels_pass),
      cmocka_unit_test(test_networks_pass),
      cmocka_unit_test(test_a_deep_and_a_wide_network_pass),
      cmocka_unit_test(test_a_trained_network_passes),
      cmocka_unit_test(test_uint8_data_and_values_pass),
      cmocka_unit_test(test_weights_stay),
      cmocka_unit_test(test_nan_weights_fail),
      cmocka_unit_test(test_wrong_arguments),
      cmocka_unit_test(test_every_file_has_a_fault),
      cmocka_unit_test(test_every_fault_is_found),
  };
  return cmocka_run_group_tests_name("verify", tests, open_test_device, close_test_device);
}
