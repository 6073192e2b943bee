/* Precisions: rounding of numbers, acceptance of a tensor core, and which products accept tf32 and
 * bf16. Uses the emulated tensor core, which works on any device; ebb verify checks that each tile
 * and type multiplies correctly.
 */
#include "kernel_fault.h"

#include "check/reference.h"
#include "gemm/gemm.h"
#include "tensor/tensor.h"
#include <ebb/ebb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE = 37 };

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

/* Against the reference, which rounds by arithmetic instead of bits: every 4099th pattern, and all
 * ties of some exponents. */
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

/* ---- accepting a tensor core ---- */

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

/* Without a tensor core the precision is refused and stays as it was; with one it is set. */
static void test_own_unit(void **state) {
  ebb_device *device = *state;
  set(device, EBB_PRECISION_BF16);
  unsetenv("EBB_MATRIX_UNIT");
  ebb_status status = ebb_device_set_precision(device, EBB_PRECISION_TF32);
  bool has_unit = ebbi_mma_probe(device, ebbi_device_exec(device),
                                 (ebbi_mma_state){EBB_PRECISION_TF32, EBBI_UNIT_NVIDIA}) == EBB_OK;
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

/* A tensor core is tried in each of its tiles before it is accepted. Wrong products or dropped
 * digits in any part of a tile refuse it. */
static void test_trial(void **state) {
  ebb_device *device = *state;
  for (int p = EBB_PRECISION_TF32; p < EBB_PRECISION_COUNT; p++) {
    const ebbi_mma_state wanted = {(ebb_precision)p, EBBI_UNIT_EMULATED};
    ebbi_exec exec = *ebbi_device_exec(device);
    if (ebbi_exec_try_unit(&exec, device, wanted) != EBB_OK) fail_msg("%s", ebb_error_message());
    assert_int_equal(exec.mma.precision, p);
    assert_int_equal(ebbi_exec_config(&exec), EBB_MATMUL_CONFIG_AUTO);
    assert_int_equal(ebb_device_precision(device),
                     EBB_PRECISION_FP32); /* the default stays unchanged */
  }
  set(device, EBB_PRECISION_FP32);
}

static void refuse_fault(const char *file, const char *from, const char *to,
                         ebb_precision precision) {
  ebb_device *device = NULL;
  plant_fault(file, from, to);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  const ebbi_mma_state wanted = {precision, EBBI_UNIT_EMULATED};
  ebbi_exec exec = *ebbi_device_exec(device);
  ebb_status status = ebbi_exec_try_unit(&exec, device, wanted);
  if (status != EBB_ERR_NUMBERS) fail_msg("%s for %s is not refused", to, from);
  assert_non_null(strstr(ebb_error_message(), "multiplies wrong"));
  assert_int_equal(exec.mma.precision, EBB_PRECISION_FP32);
  ebb_device_free(device);
  unplant_fault();
}

static void test_wrong_units(void **state) {
  (void)state;
  refuse_fault("mma.h", "near, far, near, far", "near, far, far, near", EBB_PRECISION_TF32);
  refuse_fault("mma.h", "w < UNIT_WORDS", "w < UNIT_WORDS - 1", EBB_PRECISION_BF16);
  /* 9 bits of the fraction, not 10 */
  refuse_fault("mma.h", "0xffffe000u", "0xffffc000u", EBB_PRECISION_TF32);
  /* only in large tiles: their second words */
  refuse_fault("matmul_mma.cl", "w < WORDS; w +=", "w < UNIT_WORDS; w +=", EBB_PRECISION_TF32);
  /* only in bfloat16 operands: their pairs */
  refuse_fault("matmul_mma.cl", "(first.y & 0xffffu) | second.y << 16",
               "(first.y & 0xffffu) | second.x << 16", EBB_PRECISION_BF16);
  refuse_fault("matmul_mma.cl", "buffer ^= 1", "buffer ^= 0", EBB_PRECISION_BF16);
}

/* Each precision has its own configurations and its own forced configuration. */
static void test_configurations(void **state) {
  ebb_device *device = *state, *forced = NULL;
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_TF32, 0), "32x32x8 16x32");
  assert_int_equal(ebb_matmul_config_count(EBB_PRECISION_COUNT), 0);
  set(device, EBB_PRECISION_BF16);
  size_t count = ebb_matmul_config_count(EBB_PRECISION_BF16);
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_BF16, count), "?");
  assert_false(ebb_device_fits_matmul_config(device, count));
  assert_int_equal(ebb_device_set_matmul_config(device, (int)count), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "there are 5 in bf16"));
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

/* The tensor core takes precedence over engines and over choices for other precisions. */
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

/* Only products read bfloat16: any other operation would take two numbers for one float. */
static void refuse_elsewhere(ebb_device *device, ebb_tensor *half, ebb_tensor *full) {
  ebb_tensor *row = NULL;
  assert_int_equal(ebb_tensor_create(&row, device, EBB_F32, 1, SIDE), EBB_OK);
  assert_int_equal(ebb_activation_forward(full, half, row, EBB_ACT_RELU), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_activation_backward(half, NULL, full, EBB_ACT_RELU), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_bias_gradient(row, half), EBB_ERR_ARGUMENT);
  assert_int_equal(
      ebb_loss_forward_backward(full, full, half, full, full, ebb_loss_default(EBB_LOSS_MSE)),
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

/* A host reads the floats it wrote, rounded in bfloat16. NaN with any bits stays NaN. */
static void test_floats(void **state) {
  ebb_device *device = *state;
  float values[SIDE * SIDE], found[SIDE * SIDE];
  for (size_t i = 0; i < SIDE * SIDE; i++) values[i] = sinf((float)i) * 1e3f;
  values[1] = float_of(0x7f800001u);
  values[2] = -INFINITY;
  for (int half = 0; half < 2; half++) {
    ebb_tensor *tensor = make(device, half ? EBB_BF16 : EBB_F32, NULL);
    ebb_precision kept = half ? EBB_PRECISION_BF16 : EBB_PRECISION_FP32;
    assert_int_equal(ebb_tensor_upload_floats(tensor, values), EBB_OK);
    assert_int_equal(ebb_tensor_download_floats(found, tensor), EBB_OK);
    for (size_t i = 0; i < SIDE * SIDE; i++)
      assert_true(i == 1 ? isnan(found[i]) : found[i] == ebb_precision_round(kept, values[i]));
    assert_int_equal(ebb_tensor_upload_floats(tensor, NULL), EBB_ERR_ARGUMENT);
    ebb_tensor_free(tensor);
  }
  ebb_tensor *labels = make(device, EBB_I32, NULL);
  assert_int_equal(ebb_tensor_upload_floats(labels, values), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_tensor_download_floats(found, labels), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "must be of type F32 or BF16"));
  ebb_tensor_free(labels);
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

/* NaN in the last row of an operand stays in c's last row, and Inf in the last step makes all of c
 * Inf: values that stand in beyond an edge are never added, and rounding keeps both. */
static void check_edges(ebb_device *device) {
  float ones[SIDE * SIDE], odd[SIDE * SIDE], c[SIDE * SIDE];
  for (size_t i = 0; i < SIDE * SIDE; i++) ones[i] = odd[i] = 1;
  for (size_t i = (SIDE - 1) * SIDE; i < SIDE * SIDE; i++)
    odd[i] =
        float_of(i % 2 ? 0x7f800001u : 0xffffffffu); /* NaNs that careless rounding would lose */
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rounding),       cmocka_unit_test(test_names),
      cmocka_unit_test(test_emulated_unit),  cmocka_unit_test(test_own_unit),
      cmocka_unit_test(test_trial),          cmocka_unit_test(test_wrong_units),
      cmocka_unit_test(test_configurations), cmocka_unit_test(test_engines_give_way),
      cmocka_unit_test(test_types),          cmocka_unit_test(test_floats),
      cmocka_unit_test(test_edges),
  };
  return cmocka_run_group_tests_name("precision", tests, open_emulated_device,
                                     close_emulated_device);
}
