/* Writes every program that ebb would build on a large GPU, with its options, and builds none: what
 * gpu_code.py gives to compilers of GPUs where there is no GPU.
 *
 * gpu_programs FOLDER. The programs are those that launches ask for: the device is told that it is
 * a GPU and only collects programs, so names and options are the host's own. A file begins with
 * three lines: "// part: ", "// what: " and "// options: ". Rejected: a list of kernels and options
 * of the test's own, which would soon differ from the host's.
 */
#include "check/kind.h"
#include "device/cl.h"
#include "gemm/gemm.h"
#include "ops/vectors.h"
#include "test_support.h"

#include <ebb/ebb.h>
#include <ebb/tool.h>
#include <stdio.h>
#include <string.h>

/* The limits of NVIDIA's H200, as its driver reports them. */
static const ebb_device_info h200 = {
    .type = EBB_DEVICE_GPU_DISCRETE, .float_width = 1, .max_group = 1024, .local_bytes = 48 << 10};

enum { BATCH = 64, SIDE = 512, VALUES = 4, WIDE = 128 };

static struct {
  const char *folder;
  ebb_device *device;
  const ebbi_program *last; /* that was written */
  int count;                /* of files */
  ebb_precision precision;  /* of the products */
  size_t config;
  ebb_dtype type;
} to;

/* ---- writing ---- */

static void write_program(const ebbi_program *program, const char *part, const char *what) {
  char path[4096], file[64], *text;
#define FILE_ROW(name, source)                                                                     \
  if (program->id == EBBI_KERNEL_##name) snprintf(file, sizeof file, "%s", source);
  EBBI_KERNEL_LIST(FILE_ROW)
  if (ebbi_program_source(&text, file, ebbi_kernel_name(program->id), program->options) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  snprintf(path, sizeof path, "%s/%03d-%s.cl", to.folder, to.count++,
           ebbi_kernel_name(program->id));
  FILE *out = fopen(path, "w");
  if (!out) fail_msg("cannot write %s", path);
  fprintf(out, "// part: %s\n// what: %s\n// options: %s\n%s", part, what, program->options, text);
  fclose(out);
  free(text);
}

/* Writes the programs that were collected since the last call for the same device. */
static void write_new(const char *part, const char *what) {
  const ebbi_program *from = to.last ? to.last->next : to.device->programs;
  for (; from; from = from->next) {
    write_program(from, part, what);
    to.last = from;
  }
}

/* Instead of the library's function: what was collected is not built, and the training that asked
 * for it ends. */
ebb_status __wrap_ebbi_programs_build(ebb_device *device, ebb_status planned);
ebb_status __wrap_ebbi_programs_build(ebb_device *device, ebb_status planned) {
  (void)device;
  return planned == EBB_OK ? EBB_ERR_UNSUPPORTED : planned;
}

/* ---- the device ---- */

static void look_like(const ebb_device_info *gpu) {
  ebbi_exec exec = *ebbi_device_exec(to.device);
  ebb_device_info *info = &to.device->info;
  info->type = gpu->type;
  info->float_width = gpu->float_width;
  info->max_group = gpu->max_group;
  info->local_bytes = gpu->local_bytes;
  exec.engine = EBB_ENGINE_GPU;
  assert_int_equal(ebbi_exec_set_width(&exec, to.device, ebbi_params_width(info)), EBB_OK);
  ebbi_device_set_exec(to.device, &exec);
}

/* Collects with a device of its own: a program is written once for each device. */
static void with_device(void (*collect)(void)) {
  if (ebb_device_open(&to.device, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
  look_like(&h200);
  ebbi_programs_plan(to.device);
  to.last = NULL;
  collect();
  ebb_device_free(to.device);
}

/* ---- trainings ---- */

static void collect_training(const char *part, const char *what, const char *spec_text,
                             size_t inputs, size_t outputs, ebb_train_options options) {
  static float x[BATCH * 1024], values[BATCH * SIDE];
  static int32_t labels[BATCH];
  bool classes = ebb_loss_has_labels(options.loss.kind);
  ebb_spec spec;
  ebb_network *network = NULL;
  ebb_trainer *trainer = NULL;
  if (ebb_spec_parse(&spec, spec_text, inputs, outputs) != EBB_OK ||
      ebb_network_create(&network, to.device, &spec, EBB_INIT_AUTO, 1) != EBB_OK)
    fail_msg("%s: %s", what, ebb_error_message());
  outputs = ebb_spec_outputs(&spec);
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    values[i] = 1.0f / (float)outputs; /* probabilities, too */
  ebb_dataset data = {.rows = BATCH,
                      .inputs = spec.inputs,
                      .outputs = classes ? outputs : outputs / ebb_loss_outputs(options.loss),
                      .x = x,
                      .labels = classes ? labels : NULL,
                      .values = classes ? NULL : values};
  if (ebb_trainer_create(&trainer, network, &data, NULL, &options) != EBB_ERR_UNSUPPORTED)
    fail_msg("%s: no programs were collected: %s", what, ebb_error_message());
  to.device->planning = true;
  ebb_trainer_free(trainer);
  ebb_metrics metrics;
  assert_int_equal(ebb_evaluate(&metrics, network, &data, options.loss), EBB_ERR_UNSUPPORTED);
  to.device->planning = true;
  ebb_network_free(network);
  write_new(part, what);
}

static void collect_first_training(void) {
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.batch = BATCH;
  collect_training("training", "784-512relu-512relu-10", "512relu-512relu", 784, 10, options);
}

/* A network that a whole step suits, and those with which `ebb verify` checks the kinds of nodes.
 */
static void collect_small(void) {
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.step = EBB_STEP_WHOLE;
  for (options.batch = BATCH; options.batch > 8; options.batch /= 4)
    collect_training("small", "4-16relu-16relu-3", "16relu-16relu", 4, 3, options);
  options.step = EBB_STEP_LAYERS;
  options.loss = ebb_loss_default(EBB_LOSS_MSE);
  for (int k = 0; k < EBB_KIND_COUNT; k++)
    collect_training("kind", ebb_kind_name((ebb_kind)k), ebbi_kind_check_of((ebb_kind)k)->network,
                     0, 0, options);
}

static void collect_losses(void) {
  for (int l = 0; l < EBB_LOSS_COUNT; l++)
    for (size_t targets = VALUES; targets <= WIDE; targets *= WIDE / VALUES) {
      ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
      options.loss = ebb_loss_default((ebb_loss_kind)l);
      options.step = EBB_STEP_LAYERS;
      collect_training("loss", ebb_loss_name((ebb_loss_kind)l), "16relu", 8,
                       targets * ebb_loss_outputs(options.loss), options);
    }
}

static void collect_optimizers(void) {
  for (int o = 0; o < EBB_OPT_COUNT; o++) {
    ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
    options.optimizer = ebb_optimizer_default((ebb_optimizer_kind)o);
    options.step = EBB_STEP_LAYERS;
    if (ebb_optimizer_is_full_batch((ebb_optimizer_kind)o)) options.batch = BATCH;
    collect_training("optimizer", ebb_optimizer_name((ebb_optimizer_kind)o), "16relu", 8, VALUES,
                     options);
  }
}

static void collect_update_options(void) {
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.batch = BATCH / 4;
  options.step = EBB_STEP_LAYERS;
  options.update.clip_norm = options.update.max_norm = 1;
  options.update.ema = 0.5;
  options.update.accumulate = 2;
  collect_training("optimizer", "clipping and averages", "16relu", 8, VALUES, options);
}

/* ---- products ---- */

static ebb_tensor *make(ebb_dtype type, size_t rows, size_t cols) {
  ebb_tensor *tensor = NULL;
  assert_int_equal(ebb_tensor_create(&tensor, to.device, type, rows, cols), EBB_OK);
  return tensor;
}

/* The three passes of a hidden dense layer whose values are of a type. */
static void collect_products(const ebbi_exec *exec, ebb_dtype type) {
  ebb_tensor *x = make(type, SIDE, SIDE), *w = make(EBB_F32, SIDE, SIDE),
             *b = make(EBB_F32, 1, SIDE), *z = make(type, SIDE, SIDE), *a = make(type, SIDE, SIDE),
             *dw = make(EBB_F32, SIDE, SIDE);
  assert_int_equal(ebbi_dense_forward(exec, a, NULL, x, w, b, EBB_ACT_RELU), EBB_OK);
  assert_int_equal(ebbi_dense_weight_gradient(exec, dw, b, x, z), EBB_OK);
  assert_int_equal(ebbi_dense_input_gradient(exec, z, x, w, NULL, a, EBB_ACT_RELU), EBB_OK);
  ebb_tensor *const all[] = {x, w, b, z, a, dw};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
}

static void collect_tile(void) {
  ebbi_exec exec = *ebbi_device_exec(to.device);
  char what[96];
  exec.mma = (ebbi_mma_state){to.precision, EBBI_UNIT_NVIDIA};
  if (ebbi_exec_set_config(&exec, to.device, (int)to.config) != EBB_OK) return;
  snprintf(what, sizeof what, "%s of %s, %s", ebb_precision_name(to.precision),
           to.type == EBB_BF16 ? "bf16" : "f32", ebb_matmul_config_name(to.precision, to.config));
  collect_products(&exec, to.type);
  write_new("product", what);
}

static void collect_tiles(void) {
  for (to.precision = EBB_PRECISION_FP32; to.precision < EBB_PRECISION_COUNT; to.precision++)
    for (int half = 0; half < (to.precision == EBB_PRECISION_BF16 ? 2 : 1); half++)
      for (to.config = 0; to.config < ebb_matmul_config_count(to.precision); to.config++) {
        to.type = half ? EBB_BF16 : EBB_F32;
        with_device(collect_tile);
      }
}

/* What trainings ask for only between their steps, or with CLBlast, or measurements. */
static void collect_others(void) {
  const ebbi_exec *exec = ebbi_device_exec(to.device);
  ebb_tensor *a = make(EBB_F32, 1, SIDE), *b = make(EBB_F32, 1, SIDE), *c = make(EBB_F32, 1, SIDE),
             *sums;
  assert_int_equal(ebbi_sums_create(&sums, to.device), EBB_OK);
  assert_int_equal(ebbi_vector_sum(exec, a, b, c, 1, 1), EBB_OK);
  assert_int_equal(ebbi_vector_dot(exec, sums, a, b), EBB_OK);
  assert_int_equal(ebb_activation_forward(a, b, c, EBB_ACT_RELU), EBB_OK);
  assert_int_equal(ebb_activation_backward(a, NULL, b, EBB_ACT_RELU), EBB_OK);
  assert_int_equal(ebb_bias_gradient(a, b), EBB_OK);
  assert_int_equal(ebb_probe_fma(a, b, 8, 1, 0), EBB_OK);
  assert_int_equal(ebb_probe_triad(a, b, c, 1), EBB_OK);
  ebb_tensor *const all[] = {a, b, c, sums};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
  write_new("other", "vectors");
}

int main(int count, char **words) {
  if (count != 2) return fputs("usage: gpu_programs FOLDER\n", stderr), 2;
  to.folder = words[1];
  static void (*const parts[])(void) = {collect_first_training, collect_small,
                                        collect_losses,         collect_optimizers,
                                        collect_update_options, collect_others};
  collect_tiles();
  for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) with_device(parts[p]);
  printf("%d programs\n", to.count);
  return 0;
}
