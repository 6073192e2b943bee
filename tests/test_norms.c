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

/* ---- running statistics ---- */

/* One step on these rows of one column, by "1-batchnorm-1"; returns the running ones. */
static void after_a_step(ebb_device *device, float running[2], const float *x, size_t rows) {
  static const float targets[8] = {0};
  ebb_spec spec;
  ebb_network *network;
  ebb_trainer *trainer;
  expect(ebb_spec_parse(&spec, "1-batchnorm0.00001x0.25-1", 0, 0), EBB_OK);
  expect(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 5), EBB_OK);
  ebb_dataset data = {.inputs = 1, .outputs = 1, .rows = rows, .x = x, .values = targets};
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;

  options.batch = rows;
  options.loss = ebb_loss_default(EBB_LOSS_MSE);
  options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  expect(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
  expect(ebb_trainer_step(trainer, 1), EBB_OK);
  for (size_t i = 0; i < 2; i++)
    expect(ebb_tensor_download(&running[i], network->parameter[0][2 + i]), EBB_OK);
  ebb_trainer_free(trainer);
  ebb_network_free(network);
}

/* Mean 3 and unbiased variance 4 of {1, 3, 5}, from 0 and 1, by a quarter of the way. */
static void test_statistics_move(void **state) {
  const float x[] = {1, 3, 5};
  float running[2];
  after_a_step(*state, running, x, 3);
  assert_true(fabsf(running[0] - 0.75f) < 1e-6f && fabsf(running[1] - 1.75f) < 1e-6f);
}

/* One row has no variance: it is normalised by the running statistics, which stay. */
static void test_one_row_leaves_them(void **state) {
  const float x[] = {7};
  float running[2];
  after_a_step(*state, running, x, 1);
  assert_true(running[0] == 0 && running[1] == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_norm_with_large_mean),
      cmocka_unit_test(test_norm_that_overflows),
      cmocka_unit_test(test_statistics_move),
      cmocka_unit_test(test_one_row_leaves_them),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
