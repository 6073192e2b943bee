/* Runs the kernel table: each operation on odd shapes, with each activation that affects it. The
 * device's default forms come first. The option `all` adds the forms of other devices: engines,
 * tile configurations, vector widths too large for this device's registers, and products on tensor
 * cores, of which the emulated one runs anywhere.
 *
 * The shapes are 1, primes, and tile and vector sizes plus or minus one, which exercise the edges.
 * The last four are wide and deep enough for several panels and blocks of the CPU products, and the
 * last also for split depth. A row's result is the worst element of all its shapes.
 */
#include "check/verify_kernels.h"

#include "base/error.h"
#include "check/verifier.h"
#include "gemm/gemm.h"
#include "graph/whole_step.h"
#include "ops/ops.h"
#include <stdio.h>
#include <string.h>

const ebbi_kernel_check ebbi_kernel_checks[] = {
#define CHECK_ROW(name, activations, use)                                                          \
  {#name, ebbi_case_##name, EBBI_CHECK_##activations, EBBI_USE_##use},
    EBBI_KERNEL_CHECK_LIST(CHECK_ROW)
#undef CHECK_ROW
        {NULL, NULL, false, EBBI_USE_ANY}};

typedef struct shape_list {
  const ebbi_shape *shapes;
  size_t count;
} shape_list;
#define LIST_OF(array) {array, sizeof array / sizeof *array}

static const ebbi_shape odd[] = {{1, 1, 1},     {1, 7, 3},     {5, 1, 64},    {31, 33, 65},
                                 {33, 31, 1},   {65, 128, 15}, {2, 257, 5},   {257, 3, 2},
                                 {64, 64, 16},  {129, 17, 33}, {13, 256, 7},  {3, 930, 5},
                                 {13, 70, 531}, {2, 530, 531}, {19, 35, 3107}};

/* Enough for one tile configuration: less than a tile, edges of the largest tile, split depth. */
static const ebbi_shape of_tile[] = {{1, 1, 1}, {129, 133, 35}, {35, 257, 9}, {67, 5, 1043}};

/* Enough for an activation once another has run all shapes. These products have the same tiles, so
 * the activation is compiled once. */
static const ebbi_shape of_activation[] = {{1, 1, 1}, {5, 1, 64}, {31, 33, 29}, {33, 31, 1}};

static const shape_list all_shapes = LIST_OF(odd), tile_shapes = LIST_OF(of_tile),
                        activation_shapes = LIST_OF(of_activation);

/* Runs one row of the table with one activation: all its shapes, one report. */
static ebb_status run_check(ebbi_verifier *verifier, const ebbi_kernel_check *check,
                            shape_list list, ebb_activation activation, const char *form) {
  char name[96], text[EBB_ACTIVATION_TEXT];
  bool named = check->activations != EBBI_CHECK_NONE;
  snprintf(name, sizeof name, "%s%s%s%s%s", check->name, named ? " " : "",
           named ? ebb_activation_text(text, activation) : "", *form ? " " : "", form);
  if (!ebbi_verifier_wants(verifier, "kernel", name)) return EBB_OK;
  ebbi_fixture fixture = {.device = verifier->device,
                          .exec = &verifier->exec,
                          .activation = activation,
                          .half_inputs = verifier->half_inputs,
                          .half_outputs = verifier->half_outputs,
                          .all = verifier->options->all,
                          .seed = verifier->options->seed};
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < list.count && status == EBB_OK; i++) {
    status = check->run(&fixture, list.shapes[i]);
    ebbi_fixture_clear(&fixture);
  }
  TRY(status);
  return ebbi_verifier_report(verifier, "kernel", name, &fixture.tally);
}

static bool takes(const ebbi_kernel_check *check, ebb_activation activation, bool all) {
  ebbi_check_activations wanted = check->activations;
  if (activation == EBB_ACT_RELU) return true;
  if (wanted == EBBI_CHECK_TWO && activation == EBB_ACT_SILU) return true;
  return wanted == EBBI_CHECK_EACH || (wanted != EBBI_CHECK_NONE && all);
}

/* Runs a row with its activations: relu on all shapes, the others on few, or on all with `all`. A
 * parameter is checked with two values. */
static ebb_status run_row(ebbi_verifier *verifier, const ebbi_kernel_check *check,
                          const char *form) {
  bool all = verifier->options->all;
  for (int f = 0; f < EBB_ACT_COUNT; f++) {
    shape_list shapes = all || f == EBB_ACT_RELU ? all_shapes : activation_shapes;
    ebb_activation own = (ebb_activation)f, varied = ebbi_activation_varied(own);
    if (!takes(check, own, all)) continue;
    TRY(run_check(verifier, check, shapes, own, form));
    if (varied != own && check->activations == EBBI_CHECK_EACH)
      TRY(run_check(verifier, check, shapes, varied, form));
  }
  return EBB_OK;
}

static ebb_status run_rows(ebbi_verifier *verifier, ebbi_check_use use, const char *form) {
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    if (check->use == use) TRY(run_row(verifier, check, form));
  return EBB_OK;
}

/* ---- the products ---- */

/* Checks the products through the dense layer's passes, with what these fuse, and the activation
 * that is cheapest to compile and keeps z. */
static ebb_status run_dense(ebbi_verifier *verifier, const char *name) {
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    if (check->use == EBBI_USE_PRODUCT && strncmp(check->name, "dense", 5) == 0)
      TRY(run_check(verifier, check, tile_shapes, EBB_ACT_SILU, name));
  return EBB_OK;
}

/* The same with one tile configuration, unless the device is too small for it. */
static ebb_status run_config(ebbi_verifier *verifier, size_t config, const char *maker) {
  ebbi_exec *exec = &verifier->exec;
  char name[96];
  if (!ebbi_exec_fits_config(exec, verifier->device, config)) return EBB_OK;
  snprintf(name, sizeof name, "%s %s", maker, ebb_matmul_config_name(exec->mma.precision, config));
  TRY(ebbi_exec_set_config(exec, verifier->device, (int)config));
  return run_dense(verifier, name);
}

/* The first `count` tile configurations of the precision. */
static ebb_status run_configs(ebbi_verifier *verifier, size_t count, const char *maker) {
  for (size_t c = 0; c < count; c++) TRY(run_config(verifier, c, maker));
  return EBB_OK;
}

/* True if tuning chose the configuration for a class of products in this precision. */
static bool is_tuned(const ebbi_exec *exec, int choice) {
  for (int layout = 0; layout < EBB_LAYOUT_COUNT; layout++)
    for (unsigned c = 0; c < EBB_MATMUL_CLASSES; c++)
      if (ebbi_exec_choice(exec, (ebb_layout)layout, c) == choice) return true;
  return false;
}

/* The tile configurations that tuning chose, or the others. */
static ebb_status run_tuned(ebbi_verifier *verifier, bool tuned, const char *maker) {
  size_t count = ebb_matmul_config_count(verifier->exec.mma.precision);
  for (size_t c = 0; c < count; c++)
    if (is_tuned(&verifier->exec, (int)c) == tuned) TRY(run_config(verifier, c, maker));
  return EBB_OK;
}

/* How products on a tensor core are checked: a precision, and what else is kept in bfloat16. */
typedef struct mma_form {
  ebb_precision precision;
  bool half_inputs, half_outputs;
  const char *name;
} mma_form;
static const mma_form mma_forms[] = {{EBB_PRECISION_TF32, false, false, "tf32"},
                                     {EBB_PRECISION_BF16, false, false, "bf16"},
                                     {EBB_PRECISION_BF16, false, true, "bf16 first layer"},
                                     {EBB_PRECISION_BF16, true, true, "bf16 hidden layer"},
                                     {EBB_PRECISION_BF16, true, false, "bf16 last layer"}};
enum { MMA_FORMS = sizeof mma_forms / sizeof *mma_forms };

static void take_form(ebbi_verifier *verifier, char maker[64], ebbi_unit unit,
                      const mma_form *form) {
  snprintf(maker, 64, "%s %s", ebbi_unit_name(unit), form->name);
  verifier->exec.mma = (ebbi_mma_state){form->precision, unit};
  verifier->half_inputs = form->half_inputs;
  verifier->half_outputs = form->half_outputs;
}

/* The device's own tensor core, in its precision, with the tiles that it takes. */
static ebb_status run_own_unit(ebbi_verifier *verifier) {
  ebbi_mma_state own = verifier->exec.mma;
  char maker[64];
  for (size_t f = 0; f < MMA_FORMS; f++) {
    if (mma_forms[f].precision != own.precision) continue;
    take_form(verifier, maker, own.unit, &mma_forms[f]);
    TRY(run_dense(verifier, maker));
    TRY(run_tuned(verifier, true, maker));
    TRY(ebbi_exec_set_config(&verifier->exec, verifier->device, EBB_MATMUL_CONFIG_AUTO));
  }
  return EBB_OK;
}

/* ---- forms of other devices ---- */

/* A tensor core in one form: each tile configuration, or only the first where types are mixed. */
static ebb_status run_unit(ebbi_verifier *verifier, ebbi_unit unit, const mma_form *form) {
  bool mixed = form->half_inputs != form->half_outputs;
  char maker[64];
  take_form(verifier, maker, unit, form);
  return run_configs(verifier, mixed ? 1 : ebb_matmul_config_count(form->precision), maker);
}

/* True if any of its checks is selected; otherwise the tensor core's code need not be built. */
static bool wants_unit(ebbi_verifier *verifier, ebbi_unit unit, const mma_form *form) {
  ebbi_verifier trial = *verifier;
  trial.counting = true;
  trial.listing = false;
  trial.count = 0;
  (void)run_unit(&trial, unit, form);
  return trial.count > 0;
}

/* Every tensor core whose code the device's compiler accepts; these rows answer whether its results
 * are right. Without any, the emulated one covers the rest of the kernels' text. */
static ebb_status run_units(ebbi_verifier *verifier) {
  for (size_t f = 0; f < MMA_FORMS; f++) {
    bool found = false;
    for (int unit = 0; unit < EBBI_UNIT_COUNT; unit++) {
      ebbi_mma_state mma = {mma_forms[f].precision, (ebbi_unit)unit};
      if (unit == EBBI_UNIT_EMULATED && found) continue;
      if (!wants_unit(verifier, mma.unit, &mma_forms[f])) continue;
      if (ebbi_mma_probe(verifier->device, &verifier->exec, mma) != EBB_OK) continue;
      TRY(run_unit(verifier, mma.unit, &mma_forms[f]));
      found = true;
    }
  }
  return EBB_OK;
}

/* The table at the other vector widths. An activation's formula is the same at any width, so one
 * that keeps z is enough. */
static ebb_status run_widths(ebbi_verifier *verifier) {
  static const unsigned widths[] = {16, 8, 4};
  const ebbi_exec own = verifier->exec;
  char name[32];
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
    if (widths[i] == own.params.width) continue;
    snprintf(name, sizeof name, "width %u", widths[i]);
    TRY(ebbi_exec_set_width(&verifier->exec, verifier->device, widths[i]));
    for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
      TRY(run_check(verifier, check, all_shapes, EBB_ACT_GELU, name));
  }
  verifier->exec = own;
  return EBB_OK;
}

static ebb_status run_engines(ebbi_verifier *verifier, ebb_engine own) {
  for (int e = 0; e < EBB_ENGINE_COUNT; e++) {
    if (e == (int)own) continue;
    ebb_status status = ebbi_exec_set_engine(&verifier->exec, (ebb_engine)e);
    if (status == EBB_ERR_UNSUPPORTED) continue;
    TRY(status);
    TRY(run_rows(verifier, EBBI_USE_PRODUCT, ebb_engine_name((ebb_engine)e)));
  }
  return EBB_OK;
}

/* ---- order of the parts ---- */

/* Runs a part of the table, starting from the device's defaults. */
static ebb_status run_part(ebbi_verifier *verifier, ebb_status (*run)(ebbi_verifier *)) {
  verifier->exec = *ebbi_device_exec(verifier->device);
  verifier->half_inputs = verifier->half_outputs = false;
  return run(verifier);
}

/* True if the device uses such a row by default. */
static bool is_own(const ebbi_verifier *verifier, ebbi_check_use use) {
  const ebbi_exec *exec = &verifier->exec;
  bool clblast = exec->engine == EBB_ENGINE_CLBLAST || is_tuned(exec, EBB_MATMUL_CLBLAST);
  bool grouped = ebbi_whole_is_grouped(exec, verifier->device);
  return use == EBBI_USE_ANY || use == EBBI_USE_PRODUCT || (use == EBBI_USE_CLBLAST && clblast) ||
         (use == EBBI_USE_STEP_CPU && !grouped) || (use == EBBI_USE_STEP_GPU && grouped);
}

static ebb_status run_own_products(ebbi_verifier *verifier) {
  const ebbi_exec *exec = &verifier->exec;
  const char *engine = ebb_engine_name(exec->engine);
  if (exec->mma.precision != EBB_PRECISION_FP32) return run_own_unit(verifier);
  TRY(run_rows(verifier, EBBI_USE_PRODUCT, engine));
  return exec->engine == EBB_ENGINE_GPU ? run_tuned(verifier, true, engine) : EBB_OK;
}

ebb_status ebbi_verify_products(ebbi_verifier *verifier) {
  return run_part(verifier, run_own_products);
}

static ebb_status run_others(ebbi_verifier *verifier, bool own) {
  verifier->exec.mma = (ebbi_mma_state){.precision = EBB_PRECISION_FP32};
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    if (check->use != EBBI_USE_PRODUCT && is_own(verifier, check->use) == own)
      TRY(run_row(verifier, check, ""));
  return EBB_OK;
}

static ebb_status run_own_kernels(ebbi_verifier *verifier) {
  return run_others(verifier, true);
}

ebb_status ebbi_verify_kernels(ebbi_verifier *verifier) {
  return run_part(verifier, run_own_kernels);
}

static ebb_status run_other_forms(ebbi_verifier *verifier) {
  ebb_engine own = verifier->exec.engine;
  bool scalar = verifier->exec.mma.precision == EBB_PRECISION_FP32;
  TRY(run_others(verifier, false));
  TRY(run_engines(verifier, scalar ? own : EBB_ENGINE_COUNT));
  TRY(ebbi_exec_set_engine(&verifier->exec, EBB_ENGINE_CPU));
  TRY(run_widths(verifier));
  TRY(ebbi_exec_set_engine(&verifier->exec, EBB_ENGINE_GPU));
  if (own == EBB_ENGINE_GPU && scalar)
    TRY(run_tuned(verifier, false, "gpu"));
  else
    TRY(run_configs(verifier, ebb_matmul_config_count(EBB_PRECISION_FP32), "gpu"));
  return run_units(verifier);
}

ebb_status ebbi_verify_other_forms(ebbi_verifier *verifier) {
  return run_part(verifier, run_other_forms);
}
