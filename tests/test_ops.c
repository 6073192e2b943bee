/* Operations called directly: refused arguments, and shapes that no other test's network has.
 */
#include "check/bounds.h"
#include "check/reference.h"
#include "ops/ops.h"
#include "test_support.h"

#include <ebb/ebb.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 70 };

/* An update's tensors. */
typedef struct slabs {
  ebb_tensor *parameters, *first, *second, *gradients, *state, *partials;
} slabs;

static ebb_tensor *make_tensor(ebb_device *device, size_t rows, size_t cols, const float *values) {
  ebb_tensor *tensor = NULL;
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, rows, cols), EBB_OK);
  if (values) assert_int_equal(ebb_tensor_upload(tensor, values), EBB_OK);
  return tensor;
}

static slabs make_slabs(ebb_device *device, size_t slices) {
  float *ones = calloc(slices * COUNT, sizeof *ones);
  slabs s = {.first = make_tensor(device, 1, COUNT, NULL),
             .second = make_tensor(device, 1, COUNT, NULL)};
  ebb_state state = ebb_state_default(1, 1, 0.5f);
  assert_non_null(ones);
  for (size_t i = 0; i < slices * COUNT; i++) ones[i] = 1;
  s.parameters = make_tensor(device, 1, COUNT, ones);
  s.gradients = make_tensor(device, slices, COUNT, ones);
  free(ones);
  assert_int_equal(ebb_tensor_create(&s.state, device, EBB_I32, 1, EBB_STATE_WORDS), EBB_OK);
  assert_int_equal(ebb_tensor_upload(s.state, &state), EBB_OK);
  assert_int_equal(ebb_loss_partials_create(&s.partials, device, 1), EBB_OK);
  return s;
}

static void free_slabs(slabs *s) {
  ebb_tensor *all[] = {s->parameters, s->first, s->second, s->gradients, s->state, s->partials};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
}

static ebb_status update(const slabs *s, ebb_tensor *first, ebb_tensor *second,
                         const ebb_tensor *gradients, const ebb_optimizer *optimizer) {
  ebb_tensor *const moments[] = {first, second};
  return ebb_update(s->parameters, moments, gradients, s->state, s->partials, optimizer);
}

static void gradients_come_in_slices(void **state) {
  const ebb_optimizer sgd = ebb_optimizer_default(EBB_OPT_SGD);
  for (size_t slices = 1; slices <= 4; slices++) {
    slabs s = make_slabs(*state, slices);
    float values[COUNT];
    assert_int_equal(update(&s, NULL, NULL, s.gradients, &sgd), EBB_OK);
    assert_int_equal(ebb_tensor_download(values, s.parameters), EBB_OK);
    for (int i = 0; i < COUNT; i++) assert_true(values[i] == 1 - 0.5f * (float)slices);
    free_slabs(&s);
  }
}

static void an_update_of_wrong_shapes_is_refused(void **state) {
  slabs s = make_slabs(*state, 3);
  ebb_optimizer sgd = ebb_optimizer_default(EBB_OPT_SGD);
  const ebb_optimizer adam = ebb_optimizer_default(EBB_OPT_ADAM);
  ebb_tensor *narrow = make_tensor(*state, 3, COUNT - 1, NULL), *packed = NULL;
  assert_int_equal(ebb_tensor_create_packed(&packed, *state, EBB_F32, 3, COUNT), EBB_OK);
  assert_int_equal(update(&s, s.first, NULL, NULL, &sgd), EBB_ERR_ARGUMENT);
  assert_int_equal(update(&s, s.first, NULL, narrow, &sgd), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "gradients is [3, 69], must be [3, 70]"));
  assert_int_equal(update(&s, s.first, NULL, packed, &sgd), EBB_ERR_ARGUMENT);
  assert_int_equal(update(&s, s.gradients, s.second, s.gradients, &adam), EBB_ERR_ARGUMENT);
  assert_int_equal(update(&s, s.first, NULL, s.gradients, &adam), EBB_ERR_ARGUMENT);
  sgd.momentum = 0.9;
  assert_int_equal(update(&s, NULL, NULL, s.gradients, &sgd), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "first is NULL"));
  assert_int_equal(ebb_update(s.parameters, NULL, s.gradients, s.state, s.partials, &sgd),
                   EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "moments is NULL"));
  ebb_tensor_free(narrow);
  ebb_tensor_free(packed);
  free_slabs(&s);
}

/* A device may limit a grid's second dimension to 65535 groups. */
static void activations_have_as_many_rows_as_they_like(void **state) {
  enum { ROWS = 65537, COLS = 3 };
  float *values = malloc(ROWS * COLS * sizeof *values);
  const float bias[COLS] = {-1, 0, 0.5f};
  assert_non_null(values);
  for (int i = 0; i < ROWS * COLS; i++) values[i] = (float)(i % 7) - 3;
  ebb_tensor *z = make_tensor(*state, ROWS, COLS, values), *b = make_tensor(*state, 1, COLS, bias);
  ebb_tensor *a = make_tensor(*state, ROWS, COLS, NULL);
  assert_int_equal(ebb_activation_forward(a, z, b, EBB_ACT_RELU), EBB_OK);
  assert_int_equal(ebb_activation_backward(z, NULL, a, EBB_ACT_RELU), EBB_OK);
  assert_int_equal(ebb_tensor_download(values, a), EBB_OK);
  for (int i = 0; i < ROWS * COLS; i++) {
    float sum = (float)(i % 7) - 3 + bias[i % COLS];
    assert_true(values[i] == (sum > 0 ? sum : 0));
  }
  assert_int_equal(ebb_tensor_download(values, z), EBB_OK); /* z f'(z) equals f(z) */
  for (int i = 0; i < ROWS * COLS; i++) {
    float sum = (float)(i % 7) - 3 + bias[i % COLS];
    assert_true(values[i] == (sum > 0 ? sum : 0));
  }
  ebb_tensor_free(z);
  ebb_tensor_free(b);
  ebb_tensor_free(a);
  free(values);
}

/* f(z) and f'(z) of a whole row of z on the device. */
static void run_activation(float *value, float *slope, ebb_device *device, const float *z_values,
                           size_t count, ebb_activation activation) {
  float ones[64], zeros[64] = {0};
  for (size_t i = 0; i < count; i++) ones[i] = 1;
  ebb_tensor *z = make_tensor(device, 1, count, z_values);
  ebb_tensor *a = make_tensor(device, 1, count, NULL), *b = make_tensor(device, 1, count, zeros);
  ebb_tensor *dz = make_tensor(device, 1, count, ones);
  assert_int_equal(ebb_activation_forward(a, z, b, activation), EBB_OK);
  assert_int_equal(ebb_activation_backward(dz, z, a, activation), EBB_OK);
  assert_int_equal(ebb_tensor_download(value, a), EBB_OK);
  assert_int_equal(ebb_tensor_download(slope, dz), EBB_OK);
  ebb_tensor *all[] = {z, a, b, dz};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
}

/* Equal within the bound, or the same infinity where the exact number is beyond the floats. */
static bool is_close(float found, double expected, double bound) {
  if (fabs(expected) > (double)FLT_MAX) return (double)found == copysign(INFINITY, expected);
  return fabs((double)found - expected) <= bound;
}

/* The rows, then those with a parameter with another one; EBB_ACT_COUNT for the rest. */
static ebb_activation numbered(int i) {
  ebb_activation row = (ebb_activation)(i % EBB_ACT_COUNT), varied = ebbi_activation_varied(row);
  return i < EBB_ACT_COUNT ? row : varied != row ? varied : EBB_ACT_COUNT;
}

/* Signed zeros, kinks and both of their sides, large numbers: f and f' are finite where the exact
 * numbers are. */
static void activations_at_their_ends(void **state) {
  static const float places[] = {
      -0.0f,  0,      1e-30f, -1e-30f, 1,      -1,     3,     -3,     6,     -6,    0.99f, 1.01f,
      -0.99f, -1.01f, 2.99f,  3.01f,   -2.99f, -3.01f, 5.99f, 6.01f,  20,    -20,   88,    -88,
      1000,   -1000,  1e8f,   -1e8f,   1e19f,  -1e19f, 1e30f, -1e30f, 3e38f, -3e38f};
  enum { PLACES = sizeof places / sizeof *places };
  for (int i = 0; i < 2 * EBB_ACT_COUNT; i++) {
    const ebb_activation f = numbered(i);
    if (f == EBB_ACT_COUNT) continue;
    float value[PLACES], slope[PLACES];
    run_activation(value, slope, *state, places, PLACES, f);
    for (size_t p = 0; p < PLACES; p++) {
      double z = (double)places[p], exact = ebbi_reference_activation(f, z);
      double value_bound = ebbi_bound_activation(f) * ebbi_value_scale(f, z) + (double)FLT_MIN;
      double slope_bound = ebbi_bound_slope(f) * ebbi_slope_scale(f, z) + (double)FLT_MIN;
      if (!is_close(value[p], exact, value_bound) ||
          !is_close(slope[p], ebbi_reference_slope(f, z), slope_bound))
        fail_msg("%s at %g: %g, slope %g", ebb_activation_name(f), z, (double)value[p],
                 (double)slope[p]);
    }
  }
}

/* A NaN stays one. At an infinity f has its limit, or is NaN where f is a product 0 times infinity.
 */
static void activations_of_no_numbers(void **state) {
  static const float places[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < EBB_ACT_COUNT; i++) {
    const ebb_activation f = (ebb_activation)i;
    float value[3], slope[3];
    run_activation(value, slope, *state, places, 3, f);
    assert_true(isnan(value[0]));
    for (int p = 1; p < 3; p++) {
      double limit = ebbi_reference_activation(f, (double)places[p]);
      if (isnan(limit) ? !isnan(value[p]) : !is_close(value[p], limit, 4 * FLT_EPSILON))
        fail_msg("%s at %g: %g", ebb_activation_name(f), (double)places[p], (double)value[p]);
    }
  }
}

/* A NaN among the logits makes its row's loss and gradient NaN, in any lane. -Inf is an impossible
 * class. */
static void cross_entropy_of_logits_that_are_not_finite(void **state) {
  enum { COLS = 37 };
  const int32_t label = 3;
  float values[COLS], dz_values[COLS], sums[2];
  ebb_state one = ebb_state_default(1, 1, 0);
  ebb_tensor *z = make_tensor(*state, 1, COLS, NULL), *dz = make_tensor(*state, 1, COLS, NULL);
  ebb_tensor *target = NULL, *state_tensor = NULL, *partials = NULL;
  assert_int_equal(ebb_tensor_create(&target, *state, EBB_I32, 1, 1), EBB_OK);
  assert_int_equal(ebb_tensor_upload(target, &label), EBB_OK);
  assert_int_equal(ebb_tensor_create(&state_tensor, *state, EBB_I32, 1, EBB_STATE_WORDS), EBB_OK);
  assert_int_equal(ebb_tensor_upload(state_tensor, &one), EBB_OK);
  assert_int_equal(ebb_loss_partials_create(&partials, *state, 1), EBB_OK);
  assert_int_equal(ebb_tensor_rows(partials), 1);
  for (int at = 0; at < 2 * COLS; at++) {
    bool nan = at < COLS;
    for (int c = 0; c < COLS; c++) values[c] = (float)(c % 5);
    values[at % COLS] = nan ? NAN : -INFINITY;
    assert_int_equal(ebb_tensor_upload(z, values), EBB_OK);
    assert_int_equal(ebb_loss_forward_backward(dz, partials, z, target, state_tensor,
                                               ebb_loss_default(EBB_LOSS_CROSS_ENTROPY)),
                     EBB_OK);
    assert_int_equal(ebb_tensor_download(sums, partials), EBB_OK);
    assert_int_equal(ebb_tensor_download(dz_values, dz), EBB_OK);
    assert_true(nan ? isnan(sums[0]) : at % COLS == label ? isinf(sums[0]) : isfinite(sums[0]));
    for (int c = 0; c < COLS; c++) assert_true(nan ? isnan(dz_values[c]) : isfinite(dz_values[c]));
    if (!nan) assert_true(dz_values[at % COLS] == (at % COLS == label ? -1 : 0));
  }
  ebb_tensor *all[] = {z, dz, target, state_tensor, partials};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
}

/* Outputs far from 0 have neither overflow nor NaN, on either side; a NaN stays one. */
static void binary_cross_entropy_of_large_outputs(void **state) {
  enum { COLS = 7 };
  const float z_values[COLS] = {1e4f, 1e4f, -1e4f, -1e4f, 88, -200, 0};
  const float y_values[COLS] = {0, 1, 0, 1, 0, 1, 0.5f};
  const float slopes[COLS] = {1, 0, 0, -1, 1, -1, 0};
  float found[COLS], sums[2], broken[COLS];
  ebb_state one = ebb_state_default(1, 1, 0);
  ebb_loss bce = ebb_loss_default(EBB_LOSS_BCE);
  ebb_tensor *z = make_tensor(*state, 1, COLS, NULL), *dz = make_tensor(*state, 1, COLS, NULL);
  ebb_tensor *y = make_tensor(*state, 1, COLS, NULL), *state_tensor = NULL, *partials = NULL;
  assert_int_equal(ebb_tensor_create(&state_tensor, *state, EBB_I32, 1, EBB_STATE_WORDS), EBB_OK);
  assert_int_equal(ebb_tensor_upload(state_tensor, &one), EBB_OK);
  assert_int_equal(ebb_loss_partials_create(&partials, *state, 1), EBB_OK);
  assert_int_equal(ebb_tensor_upload(z, z_values), EBB_OK);
  assert_int_equal(ebb_tensor_upload(y, y_values), EBB_OK);
  assert_int_equal(ebb_loss_forward_backward(dz, partials, z, y, state_tensor, bce), EBB_OK);
  assert_int_equal(ebb_tensor_download(sums, partials), EBB_OK);
  assert_int_equal(ebb_tensor_download(found, dz), EBB_OK);
  for (int c = 0; c < COLS; c++) assert_true(fabs((double)(found[c] * COLS - slopes[c])) < 1e-6);
  assert_true(fabs((double)sums[0] * COLS - (2e4 + 288 + log(2))) < 0.02);
  memcpy(broken, z_values, sizeof broken);
  broken[COLS - 1] = NAN;
  assert_int_equal(ebb_tensor_upload(z, broken), EBB_OK);
  assert_int_equal(ebb_loss_forward_backward(dz, partials, z, y, state_tensor, bce), EBB_OK);
  assert_int_equal(ebb_tensor_download(sums, partials), EBB_OK);
  assert_int_equal(ebb_tensor_download(found, dz), EBB_OK);
  assert_true(isnan(sums[0]) && isnan(found[COLS - 1]));
  ebb_tensor *all[] = {z, dz, y, state_tensor, partials};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_come_in_slices),
      cmocka_unit_test(an_update_of_wrong_shapes_is_refused),
      cmocka_unit_test(activations_have_as_many_rows_as_they_like),
      cmocka_unit_test(activations_at_their_ends),
      cmocka_unit_test(activations_of_no_numbers),
      cmocka_unit_test(cross_entropy_of_logits_that_are_not_finite),
      cmocka_unit_test(binary_cross_entropy_of_large_outputs),
  };
  return cmocka_run_group_tests_name("ops", tests, open_test_device, close_test_device);
}
