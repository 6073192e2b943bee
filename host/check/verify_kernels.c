/* Runs the kernel table: each operation on odd shapes, with each activation and matmul engine that
 * make a difference to it, at each vector width, also those that the device has no registers for,
 * and the products on matrix units, of which the emulated one runs anywhere.
 *
 * The shapes are 1, primes, and tiles' and vectors' sizes with one more or less: the places where
 * edges are wrong; the last four are wide and deep enough for several panels and blocks of the CPU
 * products, the last also for a split of the depth. A row's outcome is the worst element of all its
 * shapes.
 */
#include "check/verify_kernels.h"

#include "base/error.h"
#include "check/verifier.h"
#include "device/device.h"
#include <stdio.h>
#include <string.h>

enum { SHAPES = 15, TILE_SHAPES = 4 };

const ebbi_kernel_check ebbi_kernel_checks[] = {
#define CHECK_ROW(name, by_activation, by_engine)                                                  \
  {#name, ebbi_case_##name, by_activation, by_engine},
    EBBI_KERNEL_CHECK_LIST(CHECK_ROW)
#undef CHECK_ROW
        {NULL, NULL, false, false}};

static const ebbi_shape shapes[SHAPES] = {{1, 1, 1},     {1, 7, 3},     {5, 1, 64},    {31, 33, 65},
                                          {33, 31, 1},   {65, 128, 15}, {2, 257, 5},   {257, 3, 2},
                                          {64, 64, 16},  {129, 17, 33}, {13, 256, 7},  {3, 930, 5},
                                          {13, 70, 531}, {2, 530, 531}, {19, 35, 3107}};

/* Enough for one tile configuration: less than a tile, edges of the largest, a depth that is split.
 */
static const ebbi_shape tile_shapes[TILE_SHAPES] = {
    {1, 1, 1}, {129, 133, 35}, {35, 257, 9}, {67, 5, 1043}};

/* One row of the table, with one activation: all its shapes, one report. */
static ebb_status run_check(ebbi_verifier *verifier, const ebbi_kernel_check *check,
                            const ebbi_shape *shape, size_t count, ebb_activation activation,
                            const char *engine) {
  const char *only = verifier->options->only;
  if (only && !strstr(check->name, only)) return EBB_OK;
  ebbi_probe probe = {.device = verifier->device,
                      .activation = activation,
                      .half_inputs = verifier->half_inputs,
                      .half_outputs = verifier->half_outputs,
                      .seed = verifier->options->seed};
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < count && status == EBB_OK; i++) {
    status = check->run(&probe, shape[i]);
    ebbi_probe_clear(&probe);
  }
  TRY(status);
  char name[96];
  bool named = check->by_activation;
  snprintf(name, sizeof name, "%s%s%s%s%s", check->name, named ? " " : "",
           named ? ebb_activation_name(activation) : "", *engine ? " " : "", engine);
  ebbi_verifier_report(verifier, "kernel", name, &probe.tally);
  return EBB_OK;
}

/* All rows that depend on the engine, or all that do not. */
static ebb_status run_table(ebbi_verifier *verifier, bool by_engine, const char *engine) {
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++) {
    if (check->by_engine != by_engine) continue;
    int activations = check->by_activation ? EBB_ACT_COUNT : 1;
    for (int f = 0; f < activations; f++)
      TRY(run_check(verifier, check, shapes, SHAPES, (ebb_activation)f, engine));
  }
  return EBB_OK;
}

/* The table at the widths that are not the device's own. An activation is the same formula at any:
 * one that also keeps z will do. */
static ebb_status run_width(ebbi_verifier *verifier, unsigned width) {
  char name[32];
  snprintf(name, sizeof name, "width %u", width);
  TRY(ebb_device_set_width(verifier->device, width));
  TRY(ebb_device_set_engine(verifier->device, EBB_ENGINE_CPU));
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    TRY(run_check(verifier, check, shapes, SHAPES, EBB_ACT_GELU, name));
  return EBB_OK;
}

static ebb_status run_widths(ebbi_verifier *verifier) {
  static const unsigned widths[] = {16, 8, 4};
  unsigned own = ebb_device_width(verifier->device);
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < sizeof widths / sizeof *widths && status == EBB_OK; i++)
    if (widths[i] != own) status = run_width(verifier, widths[i]);
  ebb_status restored = ebb_device_set_width(verifier->device, own);
  return status != EBB_OK ? status : restored;
}

/* The dense layer's passes: they are the products and what is fused with them. An activation that
 * keeps z, the cheapest to compile. */
static ebb_status run_dense(ebbi_verifier *verifier, const char *name) {
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    if (check->by_engine && strncmp(check->name, "dense", 5) == 0)
      TRY(run_check(verifier, check, tile_shapes, TILE_SHAPES, EBB_ACT_SILU, name));
  return EBB_OK;
}

/* The dense layer's passes in the first `count` tile configurations of the device's precision, as
 * far as they fit. */
static ebb_status run_configs(ebbi_verifier *verifier, size_t count, const char *maker) {
  ebb_device *device = verifier->device;
  ebb_precision precision = ebb_device_precision(device);
  int before = ebb_device_matmul_config(device);
  ebb_status status = EBB_OK;
  for (size_t c = 0; c < count && status == EBB_OK; c++) {
    if (!ebb_device_fits_matmul_config(device, c)) continue;
    char name[96];
    snprintf(name, sizeof name, "%s %s", maker, ebb_matmul_config_name(precision, c));
    status = ebb_device_set_matmul_config(device, (int)c);
    if (status == EBB_OK) status = run_dense(verifier, name);
  }
  ebb_status restored = ebb_device_set_matmul_config(device, before);
  return status != EBB_OK ? status : restored;
}

static ebb_status run_scalars(ebbi_verifier *verifier) {
  TRY(ebb_device_set_engine(verifier->device, EBB_ENGINE_GPU));
  return run_configs(verifier, ebb_matmul_config_count(EBB_PRECISION_FP32), "gpu");
}

/* How products on a matrix unit are checked: a precision, and what else is kept in bfloat16. */
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

/* A unit in one form: each tile configuration, but where types are mixed the first alone. */
static ebb_status run_unit(ebbi_verifier *verifier, ebbi_unit unit, const mma_form *form) {
  bool mixed = form->half_inputs != form->half_outputs;
  char maker[64];
  snprintf(maker, sizeof maker, "%s %s", ebbi_unit_name(unit), form->name);
  ebbi_device_set_mma(verifier->device, (ebbi_mma_state){form->precision, unit});
  verifier->half_inputs = form->half_inputs;
  verifier->half_outputs = form->half_outputs;
  return run_configs(verifier, mixed ? 1 : ebb_matmul_config_count(form->precision), maker);
}

/* Every unit whose code the device's compiler takes: whether it may be used is another question,
 * which these rows answer. Where there is none the emulated one, so that the rest of the kernels'
 * text is checked on any device. */
static ebb_status run_form(ebbi_verifier *verifier, const mma_form *form) {
  bool found = false;
  for (int unit = 0; unit < EBBI_UNIT_COUNT; unit++) {
    ebbi_mma_state mma = {form->precision, (ebbi_unit)unit};
    if (unit == EBBI_UNIT_EMULATED && found) continue;
    if (ebbi_mma_probe(verifier->device, mma) != EBB_OK) continue;
    TRY(run_unit(verifier, mma.unit, form));
    found = true;
  }
  return EBB_OK;
}

static ebb_status run_units(ebbi_verifier *verifier) {
  for (size_t f = 0; f < sizeof mma_forms / sizeof *mma_forms; f++)
    TRY(run_form(verifier, &mma_forms[f]));
  return EBB_OK;
}

static ebb_status run_engines(ebbi_verifier *verifier) {
  for (int e = 0; e < EBB_ENGINE_COUNT; e++) {
    ebb_status status = ebb_device_set_engine(verifier->device, (ebb_engine)e);
    if (status == EBB_ERR_UNSUPPORTED) continue;
    TRY(status);
    TRY(run_table(verifier, true, ebb_engine_name((ebb_engine)e)));
  }
  TRY(run_table(verifier, false, ""));
  TRY(run_scalars(verifier));
  TRY(run_widths(verifier));
  return run_units(verifier);
}

ebb_status ebbi_verify_kernels(ebbi_verifier *verifier) {
  ebbi_engine_state engine = ebbi_device_engine_state(verifier->device);
  ebbi_mma_state mma = ebbi_device_mma(verifier->device);
  ebbi_device_set_mma(verifier->device, (ebbi_mma_state){.precision = EBB_PRECISION_FP32});
  ebb_status status = run_engines(verifier);
  verifier->half_inputs = verifier->half_outputs = false;
  ebbi_device_set_mma(verifier->device, mma);
  ebbi_device_restore_engine(verifier->device, engine);
  return status;
}
