/* Choosing the precision of products: probes a device's matrix units and tries the one that builds.
 *
 * A compiler that takes the code may still be wrong about it, and then trainings would fail in ways
 * that nobody can trace. So each tile configuration of a unit first multiplies integers, in all
 * layouts, from float32 or, in bf16, from bfloat16, as hidden layers keep it, and the first
 * configuration from float32 in bf16 too. The products and sums are exact in any order: every
 * element must be right to the bit. That operands keep all their digits shows too, for the integers
 * have as many as the precision has.
 *
 * The emulated unit is not tried: it is scalars, like all other kernels, and `ebb verify`'s affair.
 */
#include "base/error.h"
#include "ops/ops.h"

#include <ebb/precision.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a sample c [ROWS, COLS]: more than the largest tile has, and than two of its blocks, with
 * edges in all three. */
enum { ROWS = 133, COLS = 131, DEPTH = 99 };

typedef struct trial {
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
  fill(t, ebb_device_precision(device));
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

static ebb_status compare(trial *t, ebb_device *device) {
  TRY(ebb_matmul(t->c, t->a, t->layout == EBB_LAYOUT_TN, t->b, t->layout == EBB_LAYOUT_NT));
  TRY(ebb_tensor_download(t->c_values, t->c));
  for (int i = 0; i < ROWS * COLS; i++) {
    ebb_precision precision = ebb_device_precision(device);
    float expected = element(t, i / COLS, i % COLS), found = t->c_values[i];
    REQUIRE(found == expected, EBB_ERR_NUMBERS,
            "precision %s: matrix unit \"%s\" of \"%s\" multiplies wrong: tiles %s, layout %d, "
            "element [%d, %d] of a sample is %.9g, must be %.9g; use fp32",
            ebb_precision_name(precision), ebb_device_matrix_unit(device),
            ebb_device_get_info(device)->name,
            ebb_matmul_config_name(precision, (size_t)ebb_device_matmul_config(device)),
            (int)t->layout, i / COLS, i % COLS, (double)found, (double)expected);
  }
  return EBB_OK;
}

/* One configuration, from operands of a type. */
static ebb_status try_config(ebb_device *device, size_t config, ebb_dtype dtype) {
  ebb_status status = ebb_device_set_matmul_config(device, (int)config);
  for (int l = 0; l < EBB_LAYOUT_COUNT && status == EBB_OK; l++) {
    trial t = {.layout = (ebb_layout)l};
    status = make(&t, device, dtype);
    if (status == EBB_OK) status = compare(&t, device);
    ebb_tensor_free(t.a);
    ebb_tensor_free(t.b);
    ebb_tensor_free(t.c);
    free(t.a_values);
  }
  return status;
}

static ebb_status try_configs(ebb_device *device) {
  ebb_precision precision = ebb_device_precision(device);
  bool half = precision == EBB_PRECISION_BF16;
  if (half) TRY(try_config(device, 0, EBB_F32));
  for (size_t c = 0; c < ebb_matmul_config_count(precision); c++)
    if (ebb_device_fits_matmul_config(device, c))
      TRY(try_config(device, c, half ? EBB_BF16 : EBB_F32));
  return EBB_OK;
}

ebb_status ebbi_device_try_unit(ebb_device *device, ebbi_mma_state wanted) {
  ebbi_mma_state before = ebbi_device_mma(device);
  TRY(ebbi_mma_probe(device, wanted));
  ebbi_device_set_mma(device, wanted);
  int forced = ebb_device_matmul_config(device);
  ebb_status status = try_configs(device);
  ebb_status restored = ebb_device_set_matmul_config(device, forced);
  if (status == EBB_OK) status = restored;
  if (status != EBB_OK) ebbi_device_set_mma(device, before);
  return status;
}

/* EBB_MATRIX_UNIT: the unit that is wanted; EBBI_UNIT_COUNT: the first of a vendor that is there.
 */
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

/* Sets the precision by the wanted unit, or the first vendor's that builds. */
static ebb_status take_unit(ebb_device *device, ebb_precision precision) {
  char reason[512] = "";
  ebbi_unit wanted;
  TRY(find_wanted(&wanted));
  for (int u = 0; u < EBBI_UNIT_COUNT; u++) {
    ebbi_mma_state mma = {precision, (ebbi_unit)u};
    bool asked = wanted == EBBI_UNIT_COUNT ? u != EBBI_UNIT_EMULATED : u == (int)wanted;
    ebb_status status = asked ? ebbi_mma_probe(device, mma) : EBB_ERR_UNSUPPORTED;
    if (status == EBB_ERR_DEVICE)
      snprintf(reason, sizeof reason, ". The last one tried: %s", ebb_error_message());
    if (status != EBB_OK) continue;
    if (u != EBBI_UNIT_EMULATED) return ebbi_device_try_unit(device, mma);
    ebbi_device_set_mma(device, mma);
    return EBB_OK;
  }
  return ebbi_fail(EBB_ERR_UNSUPPORTED,
                   "precision %s: \"%s\" has no matrix unit that ebb can use (there is code for "
                   "NVIDIA's, compute capability 8.0 and later); use fp32, or, to see the numbers "
                   "and not the speed, EBB_MATRIX_UNIT=emulated%s",
                   ebb_precision_name(precision), ebb_device_get_info(device)->name, reason);
}

ebb_status ebb_device_set_precision(ebb_device *device, ebb_precision precision) {
  REQUIRE(device, EBB_ERR_ARGUMENT, "ebb_device_set_precision: device is NULL");
  REQUIRE((unsigned)precision < EBB_PRECISION_COUNT, EBB_ERR_ARGUMENT,
          "ebb_device_set_precision: there is no precision %d", (int)precision);
  if (precision == EBB_PRECISION_FP32)
    ebbi_device_set_mma(device, (ebbi_mma_state){.precision = EBB_PRECISION_FP32});
  else
    TRY(take_unit(device, precision));
  ebbi_tuned_load(device);
  return EBB_OK;
}
