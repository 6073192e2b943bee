/* ebb_verify can fail: a fault is planted in each kernel file, and the responsible check must find
 * it.
 *
 * A verification that never fails proves nothing. Only that check runs, so that a fault costs only
 * the few kernels it needs.
 */
#include "kernel_fault.h"

#include "device/device.h"
#include <ebb/ebb.h>

/* A fault: a text in a kernel file, its replacement, and the check that must then fail. A fault
 * with a spec is checked with that network, on an ebb_engine or the emulated tensor core; the
 * others (spec NULL) with the kernel checks. */
typedef struct fault {
  const char *file, *from, *to, *failing, *spec;
  int products;
} fault;

enum { PARTS = 4 };

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
    {"cpu_tile.h", "fma(a_value", "fma(0.99f * a_value", "forward layer 1", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"matmul_cpu.cl", "total += panel", "total -= panel", "gradient layer 1 bias", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"matmul_few.cl", "fma(a_value", "fma(0.99f * a_value", "kernel dense_few_rows relu", NULL, 0},
    {"vector.cl", "own.product += aligned_vec", "own.product -= aligned_vec", "kernel vector_dot",
     NULL, 0},
    {"matmul_gpu.cl", "k < STEPS", "k < STEPS - 2", "forward layer 1", "16-9relu-3",
     EBB_ENGINE_GPU},
    {"matmul_gpu.cl", "start = slice * slice_depth", "start = 0", "kernel matmul_nt gpu", NULL, 0},
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
    {"add_slices.cl", "slices, slice, 0", "slices - 1, slice, 0", "kernel matmul_tn cpu", NULL, 0},
    {"add.cl", "if (b) sum +=", "if (b) sum -=", "kernel add", NULL, 0},
    {"add.cl", "sum *= SLOPE", "sum = SLOPE", "kernel add", NULL, 0},
    {"add.cl", "if (b) sum +=", "if (b) sum += 0.999f *", "kind res forward", NULL, 0},
    {"elements.h", "(0, at)) << 16", "(0, at)) << 15", "kernel add", NULL, 0},
    {"dropout.cl", "uniform >= (vec)(rate)", "uniform > (vec)(1.01f * rate)", "kernel node_forward",
     NULL, 0},
    {"dropout.cl", "call / 16 * BLOCK", "call / 32 * BLOCK", "kernel node_backward", NULL, 0},
    {"dropout.cl", "node, state->step", "node, state->step + (f != 0)", "kind dropout gradient",
     NULL, 0},
    {"glu.cl", "b * (1.0f - s)", "b * (1.0f + s)", "kind swiglu gradient", NULL, 0},
    {"members.cl", "row / members", "row % members", "kernel node_forward", NULL, 0},
    {"adapter.cl", "load_a(x + at) * d", "load_a(x + at) * 0.999f * d", "kind adapter gradient",
     NULL, 0},
    {"heads.cl", "total += A_FLOAT", "total -= A_FLOAT", "kind heads gradient", NULL, 0},
    {"mean.cl", "sum / (float)members", "sum", "kernel node_forward", NULL, 0},
    {"copy_columns.cl", "from_first + c, left", "c, left", "kind wide gradient", NULL, 0},
    {"columns.h", "i < left ? PART", "i < left - 1 ? PART", "kind wide forward", NULL, 0},
    {"noise.cl", "deviation * normal", "0.99f * deviation * normal", "kernel node_forward", NULL,
     0},
    {"prelu.cl", "aligned_vec(w, 0) * value", "0.99f * aligned_vec(w, 0) * value",
     "kind prelu forward", NULL, 0},
    {"scale.cl", "total += load_a", "total -= load_a", "kind scale gradient", NULL, 0},
    {"embed.cl", "row >= end", "row >= end - 1", "kind embed gradient", NULL, 0},
    {"batchnorm.cl", "normal * (of_weight", "normal * (0.999f * of_weight",
     "kind batchnorm gradient", NULL, 0},
    {"batchnorm.cl", "load_a(x + (size_t)r * stride) - pivot", "load_a(x + (size_t)r * stride)",
     "kernel node_forward", NULL, 0},
    {"norm.cl", "squares += d * d", "squares += 1.0001f * d * d", "kernel node_forward", NULL, 0},
    {"norm.cl", "variance = sums.y / cols", "variance = sums.y / (cols - 1)",
     "kind layernorm forward", NULL, 0},
    {"norm.cl", "normal * mean.y", "normal * 0.999f * mean.y", "kind rmsnorm gradient", NULL, 0},
    {"norm.cl", "2 * across, get", "2 * across + 1, get", "kernel node_backward", NULL, 0},
    {"periodic.cl", "return -sin(angle)", "return sin(angle)", "kind periodic gradient", NULL, 0},
    {"elementary.h", "0.49999997f", "0.499f", "forward layer 1", "5-9tanh-3", EBB_ENGINE_CPU},
    {"loss_cross_entropy.h", "smoothed_label(scale, p), other",
     "0.999f * smoothed_label(scale, p), other", "gradient layer 2 bias", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"loss_cross_entropy.h", "columns_from(c) < label", "columns_from(c) > label", "kernel loss",
     NULL, 0},
    {"loss.cl", "r < live ? ROW_WEIGHT", "r < live - 1 ? ROW_WEIGHT", "kernel loss", NULL, 0},
    {"value_loss.h", "p) * scale, cols - c", "p) * 0.999f * scale, cols - c", "kernel loss", NULL,
     0},
    {"hinge_loss.h", "dz[label] = -total", "dz[label] = total", "kernel loss", NULL, 0},
    {"target_loss.h", "slopes[k] * scale, t", "slopes[k] * 0.999f * scale, t", "kernel loss", NULL,
     0},
    {"accumulate.cl", "aligned_vec(sum, i) + part", "aligned_vec(sum, i) - part",
     "kernel accumulate", NULL, 0},
    {"gradient_norm.cl", "low += below * below", "low += below", "kernel gradient_norm", NULL, 0},
    {"update_groups.h", "at->l2 * p +", "at->l2 * p -", "kernel update_groups", NULL, 0},
    {"trust_ratio.cl", "norm.x / norm.y", "norm.y / norm.x", "kernel trust_ratio", NULL, 0},
    {"muon.cl", "rest * (g - m0)", "0.99f * rest * (g - m0)", "kernel muon_update", NULL, 0},
    {"muon.cl", "aligned_vec(x, i) + b", "aligned_vec(x, i) - b", "kernel muon_iteration", NULL, 0},
    {"max_norm.cl", "most / norm, norm", "0.99f * most / norm, norm", "kernel max_norm", NULL, 0},
    {"average.cl", "old + now", "old - now", "kernel average", NULL, 0},
    {"update.h", "not_finite(next) | not_finite(moment)", "not_finite(next)",
     "kernel update_not_finite", NULL, 0},
    {"schedule.h", "steps - top + 1", "steps - top", "kernel schedule", NULL, 0},
    {"optimizer_adam.h", "rule->beta2 *", "0.999f * rule->beta2 *", "kernel update", NULL, 0},
    {"optimizer_sgd.h", "p - rule->rate *", "p + rule->rate *", "update layer 2 sgd", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"common.h", "s * stride + i", "i", "kernel update_slices", NULL, 0},
    {"update.cl", "start + ELEMENT_VECTORS, vectors)", "start + ELEMENT_VECTORS, vectors) - 1",
     "kernel update", NULL, 0},
    {"state.h", "*carry = (next - old) - term;", "*carry = 0.001f * next;", "kernel metrics_add",
     NULL, 0},
    {"whole_step.h", "s->scale *", "1.001f * s->scale *", "kernel whole_step relu", NULL, 0},
    {"probe.cl", "step < steps", "step < steps - 1", "kernel probe_fma", NULL, 0},
    {"probe.cl", "load_vec(i, b) +", "load_vec(start, b) +", "kernel probe_triad", NULL, 0},
    {"lanes.h", "k < depth; k++", "k < depth - 1; k++", "gradient layer 2 weight, whole step",
     "5-9relu-3", EBB_ENGINE_CPU},
    {"lanes.h", "more ? aligned_vec(db", "1 ? aligned_vec(db", "kernel whole_step relu", NULL, 0},
    {"loss_cross_entropy.h", "/ sum - target) * scale;", "/ sum - 0.999f * target) * scale;",
     "gradient layer 2 bias, whole step", "5-9relu-3", EBB_ENGINE_CPU},
    {"loss_cross_entropy.h", "/ sum - target) * scale;", "/ sum - 0.999f * target) * scale;",
     "gradient layer 2 bias, whole step", "5-9relu-3", EBB_ENGINE_GPU},
    {"chunk.h", "weight[r] > 0.0f ? -1 : 0", "-1", "forward loss, whole step", "5-9relu-3",
     EBB_ENGINE_CPU},
    {"whole_step.cl", "n < steps", "n < 1", "kernel whole_steps", NULL, 0},
    {"whole_team.cl", "rows, c > 0);", "rows, 0);", "kernel whole_step_team relu", NULL, 0},
    {"whole_team.cl", "if (column == columns)", "if (column > columns)", "kernel whole_steps_team",
     NULL, 0},
    {"whole_step_gpu.cl", "place % (uint)s->held", "0u", "kernel whole_step_gpu relu", NULL, 0},
    {"tiles.h", "v < whole;", "v < whole - 1;", "gradient layer 1 weight, whole step", "16-9relu-3",
     EBB_ENGINE_GPU},
    {"tiles.h", "more ? *to + total : total;\n      }", "total;\n      }",
     "kernel whole_step_gpu relu", NULL, 0},
    {"whole_step_gpu.cl", "r < rows; r++) total +=", "r < rows - 1; r++) total +=",
     "gradient layer 1 bias, whole step", "16-9relu-3", EBB_ENGINE_GPU},
    {"whole_step_gpu.cl", "n < steps", "n < 1", "kernel whole_steps_gpu", NULL, 0},
    {"batch.h", "state->done - state->epoch_first", "state->done - state->epoch", "kernel gather",
     NULL, 0},
    {"gather.cl", "y_row[c] = target_row[c]", "y_row[c] = target_row[0]", "kernel gather", NULL, 0},
    {"gather.cl", "position % (uint)held", "(position + (position >= (uint)held)) % (uint)held",
     "kernel gather", NULL, 0},
    {"chunk.h", "place % (uint)s->held", "0u", "kernel whole_step relu", NULL, 0},
    {"philox.h", "round < 10", "round < 9", "kernel init_weights", NULL, 0},
    {"init.cl", "block * 4 + lane", "block * 4 + (3 - lane)", "kernel init_weights", NULL, 0},
};

static bool is_failing(const ebb_check *check, void *user) {
  *(bool *)user = !check->passed;
  return true;
}

/* Returns false if the device lacks the engine. */
static bool choose_products(ebb_device *device, const fault *f) {
  if (f->products <= MMA)
    return !f->spec || ebb_device_set_engine(device, (ebb_engine)f->products) == EBB_OK;
  ebb_precision precision = (ebb_precision)(f->products - MMA);
  ebbi_exec exec = *ebbi_device_exec(device);
  exec.mma = (ebbi_mma_state){precision, EBBI_UNIT_EMULATED};
  ebbi_device_set_exec(device, &exec);
  return true;
}

static ebb_network *make_network(ebb_device *device, const char *text) {
  ebb_network *network = NULL;
  ebb_spec spec;
  assert_int_equal(ebb_spec_parse(&spec, text, 0, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
  return network;
}

/* Runs on a new device, which reads the kernels again. */
static void find_fault(const fault *f) {
  ebb_device *device = NULL;
  ebb_network *network = NULL;
  ebb_verify_result result = {0};
  bool failed = false;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  if (choose_products(device, f)) {
    if (f->spec) network = make_network(device, f->spec);
    ebb_verify_options options = {.size = sizeof(ebb_verify_options),
                                  .kernels = !f->spec,
                                  .all = true,
                                  .only = f->failing,
                                  .network = network,
                                  .optimizer = ebb_optimizer_default(EBB_OPT_SGD),
                                  .seed = f->spec ? 5 : 1};
    ebb_status status = ebb_verify(&result, device, &options, is_failing, &failed);
    if (status != EBB_ERR_NUMBERS)
      fail_msg("%s with \"%s\": %s gave %s (%s)", f->file, f->to, f->failing,
               ebb_status_name(status), ebb_error_message());
    assert_true(failed && result.checks == 1 && result.failed == 1 && !result.worst.passed);
    assert_non_null(strstr(ebb_error_message(), result.worst.name));
  }
  ebb_network_free(network);
  ebb_device_free(device);
}

/* A subset of the faults: `first`, and each `step`-th after it. */
typedef struct share {
  size_t first, step;
} share;

static void test_every_fault_is_found(void **state) {
  const share *mine = *state;
  for (size_t i = mine->first; i < sizeof faults / sizeof *faults; i += mine->step) {
    plant_fault(faults[i].file, faults[i].from, faults[i].to);
    find_fault(&faults[i]);
    unplant_fault();
  }
}

/* A row of a table, which the verification runs as it does all others, or the list itself. */
static bool is_row(const char *name) {
  return strncmp(name, "loss_", 5) == 0 || strncmp(name, "optimizer_", 10) == 0 ||
         strcmp(name, "activations.h") == 0;
}

/* No other kernel file may be left out above. */
static void test_every_file_has_a_fault(void **state) {
  (void)state;
  for (const ebbi_kernel_file *file = ebbi_kernel_files; file->name; file++) {
    bool found = is_row(file->name);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
      found = found || strcmp(faults[i].file, file->name) == 0;
    if (!found) fail_msg("%s has no fault in the table", file->name);
  }
}

/* test_verify_faults [PART]: all faults, or one of PARTS parts that run side by side. */
int main(int count, char **words) {
  size_t part = count > 1 ? (size_t)atoi(words[1]) : 0;
  share mine = {part, count > 1 ? PARTS : 1};
  if (part >= PARTS) {
    fprintf(stderr, "usage: test_verify_faults [PART], from 0 to %d\n", PARTS - 1);
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_file_has_a_fault),
      cmocka_unit_test_prestate(test_every_fault_is_found, &mine),
  };
  return cmocka_run_group_tests_name("verify faults", tests, NULL, NULL);
}
