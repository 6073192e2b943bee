/* The tile configurations of the engine gpu: the list, the choice for a product, and correct
 * products in each one at edges, with split depth, and beside NaN and Inf.
 *
 * test_kernels and ebb verify check the kernels against the reference, guard words and the other
 * activations; oclgrind_matmul.sh checks their accesses.
 */
#include "test_support.h"

#include "check/verify_kernels.h"
#include "device/cl.h"
#include "gemm/gemm.h"
#include <ebb/ebb.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 37, DEEP = 1043 };

static int open_gpu_engine(void **state) {
  if (open_test_device(state) != 0) return -1;
  return ebb_device_set_engine(*state, EBB_ENGINE_GPU) == EBB_OK ? 0 : -1;
}

/* ---- the table ---- */

static void test_names(void **state) {
  (void)state;
  size_t count = ebb_matmul_config_count(EBB_PRECISION_FP32);
  assert_in_range(count, 4, 6);
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(ebb_matmul_config_name(EBB_PRECISION_FP32, i),
                              ebb_matmul_config_name(EBB_PRECISION_FP32, j));
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_FP32, 0), "32x32x16 4x4");
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_FP32, count - 1), "128x128x8 8x8");
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_FP32, count), "?");
}

/* A copy of the device with other limits. Nothing may be queued on it. */
static ebb_device limited(const ebb_device *device, size_t group, uint64_t local) {
  ebb_device copy = *device;
  copy.info.max_group = group;
  copy.info.local_bytes = local;
  return copy;
}

static size_t fitting(const ebb_device *device) {
  size_t count = 0;
  for (size_t c = 0; c < ebb_matmul_config_count(EBB_PRECISION_FP32); c++)
    count += ebb_device_fits_matmul_config(device, c);
  return count;
}

static void test_limits(void **state) {
  const ebb_device large = limited(*state, 256, 32768), small = limited(*state, 64, 16384),
                   tiny = limited(*state, 32, 32768);
  ebb_device copy = small;
  assert_int_equal(fitting(&large), ebb_matmul_config_count(EBB_PRECISION_FP32));
  assert_int_equal(fitting(&small), 3);
  assert_int_equal(fitting(&tiny), 0);
  assert_false(ebb_device_fits_matmul_config(&large, ebb_matmul_config_count(EBB_PRECISION_FP32)));
  assert_int_equal(ebb_device_set_matmul_config(&copy, 5), EBB_ERR_UNSUPPORTED);
  assert_non_null(strstr(ebb_error_message(), "\"128x128x8 8x8\" is too large"));
  assert_int_equal(ebb_device_choose_matmul_config(&tiny, EBB_LAYOUT_NN, 9, 9, 9),
                   EBB_MATMUL_CONFIG_AUTO);
  for (size_t size = 1; size < 5000; size += 61) {
    int chosen = ebb_device_choose_matmul_config(&small, EBB_LAYOUT_NN, size, size, size);
    assert_true(chosen >= 0 && ebb_device_fits_matmul_config(&small, (size_t)chosen));
  }
}

static void test_forced(void **state) {
  ebb_device *device = *state;
  assert_int_equal(ebb_device_matmul_config(device), EBB_MATMUL_CONFIG_AUTO);
  for (int wrong = -2; wrong < 200; wrong += 100)
    assert_int_equal(ebb_device_set_matmul_config(device, wrong), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_set_matmul_config(device, 2), EBB_OK);
  assert_int_equal(ebb_device_matmul_config(device), 2);
  assert_int_equal(ebb_device_choose_matmul_config(device, EBB_LAYOUT_NT, 9999, 9999, 9), 2);
  assert_int_equal(ebb_device_set_matmul_config(device, EBB_MATMUL_CONFIG_AUTO), EBB_OK);
}

static void test_variable(void **state) {
  (void)state;
  ebb_device *device = NULL;
  setenv("EBB_MATMUL_CONFIG", "64x64x8 8x8", 1);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_string_equal(
      ebb_matmul_config_name(EBB_PRECISION_FP32, (size_t)ebb_device_matmul_config(device)),
      "64x64x8 8x8");
  ebb_device_free(device);
  setenv("EBB_MATMUL_CONFIG", "7x7", 1);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "EBB_MATMUL_CONFIG=7x7: must be one of \"32x32"));
  unsetenv("EBB_MATMUL_CONFIG");
}

/* ---- the choice ---- */

static void test_classes(void **state) {
  (void)state;
  assert_int_equal(ebb_matmul_class(1, 1, 1), 0);
  assert_int_equal(ebb_matmul_class(32, 32, 128), 0);
  assert_int_equal(ebb_matmul_class(32, 32, 129), 1);
  assert_int_equal(ebb_matmul_class(32, 33, 128), 4);
  assert_int_equal(ebb_matmul_class(33, 32, 128), 32);
  assert_int_equal(ebb_matmul_class(SIZE_MAX, SIZE_MAX, SIZE_MAX), EBB_MATMUL_CLASSES - 1);
}

static void test_choices(void **state) {
  ebb_device *device = *state;
  unsigned class_index = ebb_matmul_class(100, 300, 700);
  int own = ebb_device_choose_matmul_config(device, EBB_LAYOUT_TN, 100, 300, 700);
  int other = own == 0 ? 1 : 0;
  assert_int_equal(ebb_device_set_matmul_choice(device, EBB_LAYOUT_TN, class_index, other), EBB_OK);
  assert_int_equal(ebb_device_choose_matmul_config(device, EBB_LAYOUT_TN, 100, 300, 700), other);
  assert_int_equal(ebb_device_choose_matmul_config(device, EBB_LAYOUT_TN, 128, 512, 2048), other);
  assert_int_equal(ebb_device_choose_matmul_config(device, EBB_LAYOUT_NN, 100, 300, 700), own);
  assert_int_equal(ebb_device_set_matmul_config(device, 2), EBB_OK);
  assert_int_equal(ebb_device_choose_matmul_config(device, EBB_LAYOUT_TN, 100, 300, 700), 2);
  assert_int_equal(ebb_device_set_matmul_config(device, EBB_MATMUL_CONFIG_AUTO), EBB_OK);
  assert_int_equal(
      ebb_device_set_matmul_choice(device, EBB_LAYOUT_TN, class_index, EBB_MATMUL_CONFIG_AUTO),
      EBB_OK);
  assert_int_equal(ebb_device_choose_matmul_config(device, EBB_LAYOUT_TN, 100, 300, 700), own);
  assert_int_equal(ebb_device_set_matmul_choice(device, EBB_LAYOUT_COUNT, 0, 0), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_set_matmul_choice(device, EBB_LAYOUT_TN, EBB_MATMUL_CLASSES, 0),
                   EBB_ERR_ARGUMENT);
}

/* Large products get large tiles and small ones small tiles; a large depth over few tiles is split.
 * The number of compute units never matters, because the bits of sums depend on the plan. */
static void test_plans(void **state) {
  ebb_device device = limited(*state, 256, 32768), other = device;
  ebbi_tiling tiling, again;
  other.info.compute_units = 3 * device.info.compute_units + 1;
  for (size_t rows = 1; rows < 9000; rows = rows * 3 + 1)
    for (size_t depth = 1; depth < 20000; depth = depth * 2 + 1) {
      assert_true(
          ebbi_matmul_choose(&tiling, &device.exec, &device, EBB_LAYOUT_TN, rows, 100, depth));
      assert_true(ebbi_matmul_choose(&again, &other.exec, &other, EBB_LAYOUT_TN, rows, 100, depth));
      assert_int_equal(tiling.config, again.config);
      assert_int_equal(tiling.slice_depth, again.slice_depth);
      assert_true((tiling.slices - 1) * tiling.slice_depth < depth);
      assert_true(tiling.slices * tiling.slice_depth >= depth);
      assert_true(tiling.slices == 1 ||
                  (depth >= 512 && tiling.across * tiling.down * tiling.slices <= 256));
    }
  assert_true(ebbi_matmul_choose(&tiling, &device.exec, &device, EBB_LAYOUT_NN, 4096, 4096, 4096));
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_FP32, (size_t)tiling.config),
                      "128x128x8 8x8");
  assert_int_equal(tiling.slices, 1);
  assert_true(ebbi_matmul_choose(&tiling, &device.exec, &device, EBB_LAYOUT_NN, 30, 30, 100));
  assert_string_equal(ebb_matmul_config_name(EBB_PRECISION_FP32, (size_t)tiling.config),
                      "32x32x16 4x4");
  assert_int_equal(tiling.slices, 1);
  assert_true(ebbi_matmul_choose(&tiling, &device.exec, &device, EBB_LAYOUT_TN, 512, 10, 8192));
  assert_true(tiling.slices >= 16);
}

/* ---- the products ---- */

/* Runs `check` in each configuration that fits the device. */
static void in_each_config(ebb_device *device, void (*check)(ebb_device *device)) {
  size_t run = 0;
  for (size_t c = 0; c < ebb_matmul_config_count(EBB_PRECISION_FP32); c++)
    if (ebb_device_fits_matmul_config(device, c)) {
      assert_int_equal(ebb_device_set_matmul_config(device, (int)c), EBB_OK);
      check(device);
      run++;
    }
  assert_int_equal(ebb_device_set_matmul_config(device, EBB_MATMUL_CONFIG_AUTO), EBB_OK);
  assert_true(run >= 3);
}

static void compare_with_reference(ebb_device *device) {
  static const ebbi_shape shapes[] = {{1, 3, 1}, {35, 37, 21}, {131, 129, 9}, {3, 5, 531}};
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && strstr(check->name, "dense"); i++) {
      ebbi_fixture fixture = {.device = device,
                              .exec = ebbi_device_exec(device),
                              .activation = EBB_ACT_SILU,
                              .seed = 3};
      assert_int_equal(check->run(&fixture, shapes[i]), EBB_OK);
      ebbi_fixture_clear(&fixture);
      if (!(fixture.tally.compared > 0 && fixture.tally.error <= fixture.tally.bound))
        fail_msg(
            "%s %s (%s): error %g, bound %g", check->name,
            ebb_matmul_config_name(EBB_PRECISION_FP32, (size_t)ebb_device_matmul_config(device)),
            fixture.tally.worst, fixture.tally.error, fixture.tally.bound);
    }
}

static void test_products(void **state) {
  in_each_config(*state, compare_with_reference);
}

static ebb_tensor *make(ebb_device *device, size_t rows, size_t cols, const float *values) {
  ebb_tensor *tensor = NULL;
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, rows, cols), EBB_OK);
  assert_int_equal(ebb_tensor_upload(tensor, values), EBB_OK);
  return tensor;
}

/* c = op(a).op(b), all SIDE x SIDE. */
static void multiply(float *c, ebb_device *device, const float *a, bool transpose_a, const float *b,
                     bool transpose_b) {
  ebb_tensor *at = make(device, SIDE, SIDE, a), *bt = make(device, SIDE, SIDE, b),
             *ct = make(device, SIDE, SIDE, a);
  assert_int_equal(ebb_matmul(ct, at, transpose_a, bt, transpose_b), EBB_OK);
  assert_int_equal(ebb_tensor_download(c, ct), EBB_OK);
  ebb_tensor_free(at);
  ebb_tensor_free(bt);
  ebb_tensor_free(ct);
}

/* Rows and columns beyond the edge repeat the last ones, and steps beyond the depth are zeros on
 * both sides. So NaN in the last row of c stays there, and Inf in the last step becomes Inf in
 * c. */
static void check_edges(ebb_device *device) {
  float ones[SIDE * SIDE], odd[SIDE * SIDE], c[SIDE * SIDE];
  for (size_t i = 0; i < SIDE * SIDE; i++) ones[i] = odd[i] = 1;
  for (size_t i = (SIDE - 1) * SIDE; i < SIDE * SIDE; i++) odd[i] = NAN;
  for (int layout = 0; layout < 2; layout++) { /* the last row of a in memory: of c except in TN */
    multiply(c, device, odd, false, ones, layout == 1);
    for (size_t i = 0; i < SIDE * SIDE; i++)
      if (!(i < (SIDE - 1) * SIDE ? c[i] == SIDE : isnan(c[i])))
        fail_msg("NaN in the last row: element %zu is %g", i, (double)c[i]);
  }
  for (size_t i = (SIDE - 1) * SIDE; i < SIDE * SIDE; i++) odd[i] = INFINITY;
  for (int layout = 0; layout < 2; layout++) { /* the last row of b and of a: the last step of k */
    multiply(c, device, layout ? odd : ones, layout == 1, layout ? ones : odd, false);
    for (size_t i = 0; i < SIDE * SIDE; i++)
      if (c[i] != INFINITY) fail_msg("Inf in the last step: element %zu is %g", i, (double)c[i]);
  }
}

static void test_edges(void **state) {
  in_each_config(*state, check_edges);
}

static void fill(float *values, size_t count, float step) {
  for (size_t i = 0; i < count; i++) values[i] = sinf(step * (float)(i + 1));
}

/* A weight gradient with split depth, recorded, then run again after a larger product has used the
 * device's workspace: the same bits, also without the bias gradient. */
static void test_split_recorded(void **state) {
  enum { ROWS = 9, COLS = 6 };
  static float x_values[DEEP * 200], dz_values[DEEP * COLS];
  float first[ROWS * COLS], second[ROWS * COLS], sums[COLS], sums_again[COLS];
  ebb_device *device = *state;
  ebbi_sequence *sequence = NULL;
  fill(x_values, sizeof x_values / sizeof *x_values, 0.37f);
  fill(dz_values, sizeof dz_values / sizeof *dz_values, 0.73f);
  ebb_tensor *x = make(device, DEEP, ROWS, x_values), *dz = make(device, DEEP, COLS, dz_values),
             *wide = make(device, DEEP, 200, x_values), *dw = make(device, ROWS, COLS, x_values),
             *db = make(device, 1, COLS, x_values), *large = make(device, 200, COLS, x_values);
  assert_int_equal(ebbi_sequence_begin(&sequence, device), EBB_OK);
  assert_int_equal(ebb_dense_weight_gradient(dw, db, x, dz), EBB_OK);
  ebbi_sequence_end(sequence);
  assert_int_equal(ebbi_sequence_launches(sequence), 2);
  assert_int_equal(ebbi_sequence_run(sequence), EBB_OK);
  assert_int_equal(ebb_tensor_download(first, dw), EBB_OK);
  assert_int_equal(ebb_tensor_download(sums, db), EBB_OK);
  assert_int_equal(ebb_matmul(large, wide, true, dz, false), EBB_OK);
  assert_int_equal(ebb_tensor_upload(dw, x_values), EBB_OK);
  assert_int_equal(ebb_tensor_upload(db, x_values), EBB_OK);
  assert_int_equal(ebbi_sequence_run(sequence), EBB_OK);
  assert_int_equal(ebb_tensor_download(second, dw), EBB_OK);
  assert_int_equal(ebb_tensor_download(sums_again, db), EBB_OK);
  assert_memory_equal(first, second, sizeof first);
  assert_memory_equal(sums, sums_again, sizeof sums);
  assert_int_equal(ebb_matmul(dw, x, true, dz, false), EBB_OK);
  assert_int_equal(ebb_tensor_download(second, dw), EBB_OK);
  assert_memory_equal(first, second, sizeof first);
  ebbi_sequence_free(sequence);
  ebb_tensor *const all[] = {x, dz, wide, dw, db, large};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),   cmocka_unit_test(test_limits),
      cmocka_unit_test(test_forced),  cmocka_unit_test(test_variable),
      cmocka_unit_test(test_classes), cmocka_unit_test(test_choices),
      cmocka_unit_test(test_plans),   cmocka_unit_test(test_products),
      cmocka_unit_test(test_edges),   cmocka_unit_test(test_split_recorded),
  };
  return cmocka_run_group_tests_name("matmul_gpu", tests, open_gpu_engine, close_test_device);
}
