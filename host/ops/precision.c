/* Choosing the precision of products: probes a device's matrix units and tries the one that builds.
 *
 * A compiler that takes the code may still be wrong about it, and then trainings would fail in ways
 * that nobody can trace. So a unit first multiplies integers, in all layouts, whose products and
 * sums are exact in any order: every element must be right to the bit. That its operands keep all
 * their digits shows too, for the integers have as many as the precision has.
 */
#include "base/error.h"
#include "ops.h"

#include <ebb/precision.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

float ebb_precision_round(ebb_precision precision, float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (precision == EBB_PRECISION_FP32 || isnan(x)) return x;
  if (precision == EBB_PRECISION_BF16)
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
  else
    bits = (bits + 0x1000) & 0xffffe000u;
  memcpy(&x, &bits, sizeof x);
  return x;
}

enum { SIDE = 32, ELEMENTS = SIDE * SIDE }; /* of square operands: two blocks at least */

typedef struct trial {
  ebb_tensor *a, *b, *c;
  float *a_values, *b_values, *c_values; /* [SIDE, SIDE] each */
} trial;

/* Integers of both signs, below 2^11 in a (2^8 in bf16), below 16 in b: sums stay below 2^21. */
static void fill(trial *t, ebb_precision precision) {
  int most = precision == EBB_PRECISION_BF16 ? 255 : 2047;
  for (int i = 0; i < ELEMENTS; i++) {
    t->a_values[i] = (float)(i * 1103 % (2 * most + 1) - most);
    t->b_values[i] = (float)(i * 7 % 31 - 15);
  }
}

static ebb_status make(trial *t, ebb_device *device, ebb_precision precision) {
  t->a_values = calloc(3 * ELEMENTS, sizeof(float));
  REQUIRE(t->a_values, EBB_ERR_MEMORY, "ebb_device_set_precision: no memory");
  t->b_values = t->a_values + ELEMENTS;
  t->c_values = t->b_values + ELEMENTS;
  fill(t, precision);
  TRY(ebb_tensor_create(&t->a, device, EBB_F32, SIDE, SIDE));
  TRY(ebb_tensor_create(&t->b, device, EBB_F32, SIDE, SIDE));
  TRY(ebb_tensor_create(&t->c, device, EBB_F32, SIDE, SIDE));
  TRY(ebb_tensor_upload(t->a, t->a_values));
  return ebb_tensor_upload(t->b, t->b_values);
}

static double element(const trial *t, ebb_layout layout, int row, int col) {
  double sum = 0;
  for (int k = 0; k < SIDE; k++) {
    int a = layout == EBB_LAYOUT_TN ? k * SIDE + row : row * SIDE + k;
    int b = layout == EBB_LAYOUT_NT ? col * SIDE + k : k * SIDE + col;
    sum += (double)t->a_values[a] * (double)t->b_values[b];
  }
  return sum;
}

static ebb_status compare(trial *t, const ebb_device *device, ebb_layout layout) {
  TRY(ebb_matmul(t->c, t->a, layout == EBB_LAYOUT_TN, t->b, layout == EBB_LAYOUT_NT));
  TRY(ebb_tensor_download(t->c_values, t->c));
  for (int i = 0; i < ELEMENTS; i++) {
    double expected = element(t, layout, i / SIDE, i % SIDE), found = (double)t->c_values[i];
    REQUIRE(found == expected, EBB_ERR_NUMBERS,
            "precision %s: matrix unit \"%s\" of \"%s\" multiplies wrong: layout %d, element [%d, "
            "%d] of a sample is %.9g, must be %.9g; use fp32",
            ebb_precision_name(ebb_device_precision(device)), ebb_device_matrix_unit(device),
            ebb_device_get_info(device)->name, (int)layout, i / SIDE, i % SIDE, found, expected);
  }
  return EBB_OK;
}

static ebb_status try_unit(ebb_device *device) {
  trial t = {0};
  ebb_status status = make(&t, device, ebb_device_precision(device));
  for (int l = 0; l < EBB_LAYOUT_COUNT && status == EBB_OK; l++)
    status = compare(&t, device, (ebb_layout)l);
  ebb_tensor_free(t.a);
  ebb_tensor_free(t.b);
  ebb_tensor_free(t.c);
  free(t.a_values);
  return status;
}

ebb_status ebbi_device_try_unit(ebb_device *device, ebbi_unit unit, ebb_precision precision) {
  ebbi_mma_state before = ebbi_device_mma(device);
  ebbi_mma_state wanted = {precision, unit};
  TRY(ebbi_mma_probe(device, wanted));
  ebbi_device_set_mma(device, wanted);
  ebb_status status = try_unit(device);
  if (status != EBB_OK) ebbi_device_set_mma(device, before);
  return status;
}

/* EBB_MATRIX_UNIT: is it the emulated one that is wanted? */
static ebb_status wants_emulated(bool *wanted) {
  const char *value = getenv("EBB_MATRIX_UNIT");
  *wanted = value && strcmp(value, ebbi_unit_name(EBBI_UNIT_EMULATED)) == 0;
  REQUIRE(*wanted || !value || value[0] == '\0', EBB_ERR_ARGUMENT,
          "EBB_MATRIX_UNIT=%s: must be \"%s\" or unset", value, ebbi_unit_name(EBBI_UNIT_EMULATED));
  return EBB_OK;
}

ebb_status ebb_device_set_precision(ebb_device *device, ebb_precision precision) {
  REQUIRE(device, EBB_ERR_ARGUMENT, "ebb_device_set_precision: device is NULL");
  REQUIRE((unsigned)precision < EBB_PRECISION_COUNT, EBB_ERR_ARGUMENT,
          "ebb_device_set_precision: there is no precision %d", (int)precision);
  if (precision == EBB_PRECISION_FP32) {
    ebbi_device_set_mma(device, (ebbi_mma_state){.precision = EBB_PRECISION_FP32});
    return EBB_OK;
  }
  bool emulated;
  TRY(wants_emulated(&emulated));
  if (emulated) return ebbi_device_try_unit(device, EBBI_UNIT_EMULATED, precision);
  for (int unit = 0; unit < EBBI_UNIT_EMULATED; unit++)
    if (ebbi_mma_probe(device, (ebbi_mma_state){precision, (ebbi_unit)unit}) == EBB_OK)
      return ebbi_device_try_unit(device, (ebbi_unit)unit, precision);
  char reason[512];
  strncpy(reason, ebb_error_message(), sizeof reason - 1);
  reason[sizeof reason - 1] = '\0';
  return ebbi_fail(EBB_ERR_UNSUPPORTED,
                   "precision %s: \"%s\" has no matrix unit that ebb can use (there is code for "
                   "NVIDIA's, compute capability 8.0 and later); use fp32, or, to see the numbers "
                   "and not the speed, EBB_MATRIX_UNIT=emulated. The last one tried: %s",
                   ebb_precision_name(precision), ebb_device_get_info(device)->name, reason);
}
