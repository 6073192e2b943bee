/* Every kernel on random shapes, in addition to the fixed shapes of ebb_verify: within its bound,
 * bit for bit the same when repeated, and writing nothing except its result.
 *
 * Each tensor lies between guard words in a larger buffer. The guards are NaN, so a read beyond the
 * tensor gives NaN, and a write shows afterwards, as does a write to the padding of rows.
 *
 * Runs two activations, one of which keeps z; `test_kernels all` runs all of them.
 */
#include "test_support.h"

#include "base/error.h"
#include "base/rng.h"
#include "base/size.h"
#include "check/verify_kernels.h"
#include "tensor/tensor.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARDED = 2000, SHAPES = 3, LARGEST = 150 };

static const uint32_t GUARD = 0xffc0dead; /* a NaN */

/* A buffer with a tensor in its middle. */
typedef struct guarded {
  ebbi_buffer *whole;
  ebb_dtype dtype;
  size_t rows, cols, stride, bytes, offset,
      size; /* bytes of the tensor, its offset, bytes of the buffer */
} guarded;

typedef struct guards {
  size_t count;
  guarded items[GUARDED];
} guards;

static const size_t dtype_bytes[EBB_DTYPE_COUNT] = {
#define DTYPE_BYTES(name, bytes) [EBB_##name] = (bytes),
    EBB_DTYPE_LIST(DTYPE_BYTES)
#undef DTYPE_BYTES
};

/* Fills the buffer with guard words and the tensor's place with zeros. */
static ebb_status fill(const guarded *g) {
  unsigned char *image = malloc(g->size);
  if (!image) return EBB_ERR_MEMORY;
  for (size_t i = 0; i < g->size; i += sizeof GUARD) memcpy(image + i, &GUARD, sizeof GUARD);
  memset(image + g->offset, 0, g->bytes);
  ebb_status status = ebbi_buffer_upload(g->whole, image, 1, g->size, g->size);
  free(image);
  return status;
}

static ebb_status create_guarded(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype,
                                 size_t rows, size_t cols, bool packed) {
  guards *all = fixture->user;
  assert_true(all->count < GUARDED);
  guarded *g = &all->items[all->count];
  size_t unit = ebbi_device_alignment(fixture->device);
  bool padded = !packed && (dtype == EBB_F32 || dtype == EBB_BF16);
  size_t stride = padded ? ebbi_stride(rows, cols) : cols;
  *g = (guarded){NULL, dtype, rows, cols, stride, rows * stride * dtype_bytes[dtype], unit, 0};
  g->size = ebbi_round_up(2 * unit + g->bytes, unit);
  TRY(ebbi_buffer_create(&g->whole, fixture->device, g->size));
  all->count++;
  TRY(fill(g));
  ebb_tensor *tensor = calloc(1, sizeof *tensor);
  assert_non_null(tensor);
  *tensor = (ebb_tensor){fixture->device, NULL, dtype, rows, cols, stride};
  ebb_status status = ebbi_buffer_view(&tensor->buffer, g->whole, g->offset, g->bytes);
  if (status != EBB_OK) {
    ebb_tensor_free(tensor);
    return status;
  }
  *out = tensor;
  return EBB_OK;
}

/* Downloads a buffer, checks guards and padding, and returns its contents to the caller. */
static unsigned char *inspect(const guarded *g, const char *name) {
  unsigned char *image = malloc(g->size);
  assert_non_null(image);
  assert_int_equal(ebbi_buffer_download(image, g->whole, 1, g->size, g->size), EBB_OK);
  for (size_t i = 0; i < g->size; i++) {
    size_t at = i - g->offset; /* wraps around before the tensor */
    if (at < g->bytes) {
      size_t column = at / dtype_bytes[g->dtype] % g->stride;
      if (column >= g->cols && image[i] != 0)
        fail_msg("%s: column %zu of a [%zu, %zu] tensor was written", name, column, g->rows,
                 g->cols);
    } else if (image[i] != ((const unsigned char *)&GUARD)[i % sizeof GUARD]) {
      fail_msg("%s: byte %zu of %zu around a [%zu, %zu] tensor at %zu was written", name, i,
               g->size, g->rows, g->cols, g->offset);
    }
  }
  return image;
}

static bool everything; /* activations, and in whole steps losses and optimizers */

/* The contents of all tensors after one run of a case. */
static void run_case(unsigned char *images[GUARDED], guards *all, ebb_device *device,
                     const ebbi_kernel_check *check, ebb_activation activation, ebbi_shape shape) {
  ebbi_fixture fixture = {.device = device,
                          .exec = ebbi_device_exec(device),
                          .activation = activation,
                          .all = everything,
                          .seed = 12};
  fixture.create = create_guarded;
  fixture.user = all;
  *all = (guards){0};
  if (check->run(&fixture, shape) != EBB_OK) fail_msg("%s: %s", check->name, ebb_error_message());
  if (!(fixture.tally.compared > 0 && fixture.tally.error <= fixture.tally.bound))
    fail_msg("%s %s (%s): error %g, bound %g", check->name, ebb_activation_name(activation),
             fixture.tally.worst, fixture.tally.error, fixture.tally.bound);
  assert_true(all->count > 0);
  for (size_t i = 0; i < all->count; i++) images[i] = inspect(&all->items[i], check->name);
  ebbi_fixture_clear(&fixture);
  for (size_t i = 0; i < all->count; i++) ebbi_buffer_free(all->items[i].whole);
}

static void run_once(ebb_device *device, const ebbi_kernel_check *check, ebb_activation activation,
                     ebbi_shape shape) {
  unsigned char *images[GUARDED];
  guards all;
  run_case(images, &all, device, check, activation, shape);
  for (size_t i = 0; i < all.count; i++) free(images[i]);
}

static void run_twice(ebb_device *device, const ebbi_kernel_check *check, ebb_activation activation,
                      ebbi_shape shape) {
  unsigned char *first[GUARDED], *second[GUARDED];
  guards first_guards, second_guards;
  run_case(first, &first_guards, device, check, activation, shape);
  run_case(second, &second_guards, device, check, activation, shape);
  assert_int_equal(first_guards.count, second_guards.count);
  for (size_t i = 0; i < first_guards.count; i++) {
    assert_memory_equal(first[i], second[i], first_guards.items[i].size);
    free(first[i]);
    free(second[i]);
  }
}

/* The GPU's form of whole steps takes seconds to compile: with relu only unless all are wanted. */
static bool is_wanted(const ebbi_kernel_check *check, int activation) {
  bool gpu_step = check->use == EBBI_USE_STEP_GPU && !everything;
  bool usual = activation == EBB_ACT_RELU || (activation == EBB_ACT_SILU && !gpu_step);
  if (gpu_step && check->run == ebbi_case_whole_step_mixed_gpu) return false;
  return check->activations ? everything || usual : activation == EBB_ACT_IDENTITY;
}

static void run_rows(ebb_device *device, bool products) {
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    for (int f = 0; f < EBB_ACT_COUNT; f++)
      for (uint64_t i = 0;
           i < SHAPES && (check->use == EBBI_USE_PRODUCT) == products && is_wanted(check, f); i++) {
        uint32_t random[4];
        ebbi_philox(random, 77, EBBI_RNG_TEST, (uint32_t)f, i);
        ebbi_shape shape = {1 + random[0] % LARGEST, 1 + random[1] % LARGEST,
                            1 + random[2] % LARGEST};
        run_twice(device, check, (ebb_activation)f, shape);
      }
}

static void run_engine(ebb_device *device, ebb_engine engine) {
  ebb_engine before = ebb_device_engine(device);
  ebb_status status = ebb_device_set_engine(device, engine);
  if (status == EBB_ERR_UNSUPPORTED) skip();
  assert_int_equal(status, EBB_OK);
  run_rows(device, true);
  assert_int_equal(ebb_device_set_engine(device, before), EBB_OK);
}

static void test_gpu_form(void **state) {
  run_engine(*state, EBB_ENGINE_GPU);
}

/* The dense layer's passes in each tile configuration, also with split depth; one activation that
 * keeps z. Left to `all`: test_matmul_gpu.c has their products. */
static void test_gpu_configs(void **state) {
  if (!everything) skip();
  static const ebbi_shape shapes[] = {{149, 67, 31}, {13, 131, 45}, {21, 11, 1029}};
  ebb_engine before = ebb_device_engine(*state);
  assert_int_equal(ebb_device_set_engine(*state, EBB_ENGINE_GPU), EBB_OK);
  for (size_t c = 0; c < ebb_matmul_config_count(EBB_PRECISION_FP32); c++) {
    if (!ebb_device_fits_matmul_config(*state, c)) continue;
    assert_int_equal(ebb_device_set_matmul_config(*state, (int)c), EBB_OK);
    for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
      for (size_t i = 0; i < sizeof shapes / sizeof *shapes && strstr(check->name, "dense"); i++)
        run_twice(*state, check, EBB_ACT_SILU, shapes[i]);
  }
  assert_int_equal(ebb_device_set_matmul_config(*state, EBB_MATMUL_CONFIG_AUTO), EBB_OK);
  assert_int_equal(ebb_device_set_engine(*state, before), EBB_OK);
}

static void test_cpu_form(void **state) {
  run_engine(*state, EBB_ENGINE_CPU);
}

/* Left to `all`: CLBlast's kernels take long to compile. */
static void test_clblast(void **state) {
  if (!everything) skip();
  run_engine(*state, EBB_ENGINE_CLBLAST);
}

static void test_what_no_engine_changes(void **state) {
  run_rows(*state, false);
}

/* Shapes of two deep, narrow layers that no random shape resembles. */
static void test_extreme_shapes(void **state) {
  static const ebbi_shape shapes[] = {{1, 1, 5000}, {5000, 1, 1}, {1, 5000, 1}, {3, 2, 4097}};
  for (const ebbi_kernel_check *check = ebbi_kernel_checks; check->name; check++)
    if (everything || check->use != EBBI_USE_STEP_GPU)
      for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        run_once(*state, check, EBB_ACT_RELU, shapes[i]);
}

static void tally_one(double found, double expected, double scale, double bound, bool passes) {
  ebbi_tally tally = {0};
  ebbi_tally_add(&tally, found, expected, scale, bound);
  assert_true((tally.error <= tally.bound) == passes);
}

/* What must never pass, and what must pass. */
static void test_tally(void **state) {
  (void)state;
  tally_one(1, 1, 0, 0, true);
  tally_one(1, 1.5, 1, 0.5, true);
  tally_one(1, 1.5, 1, 0.49, false);
  tally_one(1, 1 + 1e-15, 1, 0, false);
  tally_one(1, 2, 0, 1, false);
  tally_one(1e-40, 0, 0, 1e-7, true); /* a denormal float, flushed */
  tally_one(1e-40, 0, 1, 0, false);   /* exact comparisons allow no flush */
  tally_one(NAN, 1, 1, 1, false);
  tally_one(NAN, NAN, 1, 1, false);
  tally_one(INFINITY, INFINITY, 1, 1, false);
  tally_one(1, 1.5, NAN, 1, false);
}

/* The worst comparison is the one with the largest error / bound, and NaN is worse than all. */
static void test_tally_keeps_the_worst(void **state) {
  (void)state;
  ebbi_tally tally = {0};
  const double found[] = {1.1, 1.001, 2, NAN, 1000}, bounds[] = {1, 0.002, 1, 1, 1};
  const char *worst[] = {"0", "1", "2", "3", "3"};
  for (int i = 0; i < 5; i++) {
    ebbi_tally_case(&tally, "%d", i);
    ebbi_tally_add(&tally, found[i], 1, 1, bounds[i]);
    assert_string_equal(tally.worst, worst[i]);
  }
  assert_int_equal(tally.compared, 5);
}

int main(int count, char **words) {
  everything = count > 1 && strcmp(words[1], "all") == 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tally),
      cmocka_unit_test(test_tally_keeps_the_worst),
      cmocka_unit_test(test_gpu_form),
      cmocka_unit_test(test_gpu_configs),
      cmocka_unit_test(test_cpu_form),
      cmocka_unit_test(test_clblast),
      cmocka_unit_test(test_what_no_engine_changes),
      cmocka_unit_test(test_extreme_shapes),
  };
  return cmocka_run_group_tests_name("kernels", tests, open_test_device, close_test_device);
}
