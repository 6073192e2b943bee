/* Sets the precision of products: tries a device's tensor cores and takes the first that builds.
 *
 * A compiler may accept the code and still translate it wrongly, and trainings would then fail in
 * ways that nobody can trace. Each tile configuration therefore first multiplies integers in all
 * layouts, from float32 or, in bf16, from bfloat16 as hidden layers store it; the first
 * configuration also from float32 in bf16. Products and sums are exact in any order, so every
 * element must match to the bit. The integers use all digits of the precision, so lost digits are
 * found, too.
 *
 * The emulated unit is not tried: it uses ordinary arithmetic like all other kernels, which `ebb
 * verify` checks.
 */
#include "base/error.h"
#include "gemm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sizes of a sample c [ROWS, COLS]: larger than the largest tile and than two of its blocks, with
 * edges in all three dimensions. */
enum { ROWS = 133, COLS = 261, DEPTH = 99 };

typedef struct trial {
  const ebbi_exec *exec;
  ebb_layout layout;
  ebb_tensor *a, *b, *c;
  float *a_values, *b_values, *c_values;
} trial;

/* Integers of both signs, below 2^11 in a (2^8 in bf16), below 16 in b: sums stay below 2^22. */
static void fill(trial *t, ebb_precision precision) {
  int most = precision == EBB_PRECISION_BF16 ? 255 : 2047;
  for (int i = 0; i < ROWS * DEPTH; i++) t->a_values[i] = (float)(i * 1103 % (2 * most + 1) - most);
  for (int i = 0; i < COLS * DEPTH; i++) t->b_values[i] = (float)(i * 7 % 31 - 15);
}

static ebb_status make(trial *t, ebb_device *device, ebb_dtype dtype) {
  bool tn = t->layout == EBB_LAYOUT_TN, nt = t->layout == EBB_LAYOUT_NT;
  t->a_values = calloc(ROWS * DEPTH + COLS * DEPTH + ROWS * COLS, sizeof(float));
  REQUIRE(t->a_values, EBB_ERR_MEMORY, "ebb_device_set_precision: no memory");
  t->b_values = t->a_values + ROWS * DEPTH;
  t->c_values = t->b_values + COLS * DEPTH;
  fill(t, t->exec->mma.precision);
  TRY(ebb_tensor_create(&t->a, device, dtype, tn ? DEPTH : ROWS, tn ? ROWS : DEPTH));
  TRY(ebb_tensor_create(&t->b, device, dtype, nt ? COLS : DEPTH, nt ? DEPTH : COLS));
  TRY(ebb_tensor_create(&t->c, device, EBB_F32, ROWS, COLS));
  TRY(ebb_tensor_upload_floats(t->a, t->a_values));
  return ebb_tensor_upload_floats(t->b, t->b_values);
}

static float element(const trial *t, int row, int col) {
  float sum = 0;
  for (int k = 0; k < DEPTH; k++) {
    int a = t->layout == EBB_LAYOUT_TN ? k * ROWS + row : row * DEPTH + k;
    int b = t->layout == EBB_LAYOUT_NT ? col * DEPTH + k : k * COLS + col;
    sum += t->a_values[a] * t->b_values[b];
  }
  return sum;
}

static ebb_status compare(trial *t, const ebb_device *device) {
  ebb_precision precision = t->exec->mma.precision;
  TRY(ebbi_matmul(t->exec, t->c, t->a, t->layout == EBB_LAYOUT_TN, t->b,
                  t->layout == EBB_LAYOUT_NT));
  TRY(ebb_tensor_download(t->c_values, t->c));
  for (int i = 0; i < ROWS * COLS; i++) {
    float expected = element(t, i / COLS, i % COLS), found = t->c_values[i];
    REQUIRE(found == expected, EBB_ERR_NUMBERS,
            "precision %s: matrix unit \"%s\" of \"%s\" multiplies wrong: tiles %s, layout %d, "
            "element [%d, %d] of a sample is %.9g, must be %.9g; use fp32",
            ebb_precision_name(precision), ebbi_exec_unit(t->exec),
            ebb_device_get_info(device)->name,
            ebb_matmul_config_name(precision, (size_t)ebbi_exec_config(t->exec)), (int)t->layout,
            i / COLS, i % COLS, (double)found, (double)expected);
  }
  return EBB_OK;
}

/* Tries one configuration with operands of a type. */
static ebb_status try_config(ebbi_exec *exec, ebb_device *device, size_t config, ebb_dtype dtype) {
  ebb_status status = ebbi_exec_set_config(exec, device, (int)config);
  for (int l = 0; l < EBB_LAYOUT_COUNT && status == EBB_OK; l++) {
    trial t = {.exec = exec, .layout = (ebb_layout)l};
    status = make(&t, device, dtype);
    if (status == EBB_OK) status = compare(&t, device);
    ebb_tensor_free(t.a);
    ebb_tensor_free(t.b);
    ebb_tensor_free(t.c);
    free(t.a_values);
  }
  return status;
}

ebb_status ebbi_exec_try_unit(ebbi_exec *exec, ebb_device *device, ebbi_mma_state wanted) {
  bool half = wanted.precision == EBB_PRECISION_BF16;
  ebbi_exec tried = *exec;
  tried.mma = wanted;
  TRY(ebbi_mma_probe(device, exec, wanted));
  if (half) TRY(try_config(&tried, device, 0, EBB_F32));
  for (size_t c = 0; c < ebb_matmul_config_count(wanted.precision); c++)
    if (ebbi_exec_fits_config(&tried, device, c))
      TRY(try_config(&tried, device, c, half ? EBB_BF16 : EBB_F32));
  exec->mma = wanted;
  return EBB_OK;
}

/* Reads EBB_MATRIX_UNIT. EBBI_UNIT_COUNT stands for the first available unit of a vendor. */
static ebb_status find_wanted(ebbi_unit *unit) {
  const char *value = getenv("EBB_MATRIX_UNIT");
  *unit = EBBI_UNIT_COUNT;
  if (!value || value[0] == '\0') return EBB_OK;
  for (int u = 0; u < EBBI_UNIT_COUNT; u++)
    if (strcmp(value, ebbi_unit_name((ebbi_unit)u)) == 0) *unit = (ebbi_unit)u;
#define UNIT_TEXT(name, text) ", " text
  static const char names[] = EBBI_UNIT_LIST(UNIT_TEXT);
  REQUIRE(*unit != EBBI_UNIT_COUNT, EBB_ERR_ARGUMENT,
          "EBB_MATRIX_UNIT=%s: must be one of %s, or unset", value, names + 2);
  return EBB_OK;
}

/* Sets the precision with the desired unit, or the first vendor's that builds. */
static ebb_status take_unit(ebbi_exec *exec, ebb_device *device, ebb_precision precision) {
  char reason[512] = "";
  ebbi_unit wanted;
  TRY(find_wanted(&wanted));
  for (int u = 0; u < EBBI_UNIT_COUNT; u++) {
    ebbi_mma_state mma = {precision, (ebbi_unit)u};
    bool asked = wanted == EBBI_UNIT_COUNT ? u != EBBI_UNIT_EMULATED : u == (int)wanted;
    ebb_status status = asked ? ebbi_mma_probe(device, exec, mma) : EBB_ERR_UNSUPPORTED;
    if (status == EBB_ERR_DEVICE)
      snprintf(reason, sizeof reason, ". The last one tried: %s", ebb_error_message());
    if (status != EBB_OK) continue;
    if (u != EBBI_UNIT_EMULATED) return ebbi_exec_try_unit(exec, device, mma);
    exec->mma = mma;
    return EBB_OK;
  }
  return ebbi_fail(EBB_ERR_UNSUPPORTED,
                   "precision %s: \"%s\" has no matrix unit that ebb can use (there is code for "
                   "NVIDIA's, compute capability 8.0 and later); use fp32, or, to see the numbers "
                   "and not the speed, EBB_MATRIX_UNIT=emulated%s",
                   ebb_precision_name(precision), ebb_device_get_info(device)->name, reason);
}

ebb_status ebbi_exec_set_precision(ebbi_exec *exec, ebb_device *device, ebb_precision precision) {
  REQUIRE((unsigned)precision < EBB_PRECISION_COUNT, EBB_ERR_ARGUMENT,
          "ebb_device_set_precision: there is no precision %d", (int)precision);
  if (precision == EBB_PRECISION_FP32)
    exec->mma = (ebbi_mma_state){.precision = EBB_PRECISION_FP32};
  else
    TRY(take_unit(exec, device, precision));
  ebbi_tuned_load(exec, device);
  return EBB_OK;
}
