/* Norms on the device: what they do to numbers that are hard for them. */
#include "checkpoint_rig.h"
#include "nn/network.h"

#include <math.h>

static ebb_network *network_of(ebb_device *device, const char *text) {
  ebb_spec spec;
  ebb_network *network;
  expect(ebb_spec_parse(&spec, text, 0, 0), EBB_OK);
  expect(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 5), EBB_OK);
  return network;
}

/* A mean of 10,000 deviations costs no digit. The row is 1e4 + (-1, 0, 1, -1, …), exact floats. */
static void test_norm_with_large_mean(void **state) {
  enum { COLS = 37 };
  ebb_network *network = network_of(*state, "37-layernorm-37");
  float x[COLS], y[COLS], *w = calloc(COLS * COLS, sizeof *w);
  double mean = 0, variance = 0;
  for (size_t i = 0; i < COLS; i++) {
    w[i * COLS + i] = 1;
    x[i] = 1e4f + (float)(i % 3) - 1;
    mean += ((double)x[i] - 1e4) / COLS;
  }
  for (size_t i = 0; i < COLS; i++) variance += pow((double)x[i] - 1e4 - mean, 2) / COLS;
  assert_int_equal(ebb_tensor_upload(network->parameter[1][0], w), EBB_OK);
  assert_int_equal(ebb_network_predict(network, y, x, 1), EBB_OK);
  for (size_t i = 0; i < COLS; i++)
    assert_true(fabs((double)y[i] - ((double)x[i] - 1e4 - mean) / sqrt(variance + 1e-5)) < 2e-6);
  free(w);
  ebb_network_free(network);
}

/* A variance beyond float32 is no network of zeros: the output is NaN, which training reports. */
static void test_norm_that_overflows(void **state) {
  ebb_network *network = network_of(*state, "4-rmsnorm-1");
  float x[] = {3e30f, 1, 1, 1}, y;
  assert_int_equal(ebb_network_predict(network, &y, x, 1), EBB_OK);
  assert_true(isnan(y));
  ebb_network_free(network);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_norm_with_large_mean),
      cmocka_unit_test(test_norm_that_overflows),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
