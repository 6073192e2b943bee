/* The simple API: ebb/simple.h.
 */
#include "test_support.h"

#include <ebb/simple.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 120, INPUTS = 2 };

/* Points far from unit scale, labelled 7 or -3 by the sign of their product; and a value. */
static void fill(float *x, int32_t *labels, float *values) {
  unsigned seed = 7;
  for (size_t i = 0; i < ROWS; i++) {
    for (size_t k = 0; k < INPUTS; k++) {
      seed = seed * 1103515245u + 12345u;
      x[i * INPUTS + k] = 1000 * ((float)(seed >> 16 & 0x7fff) / 16384 - 1);
    }
    labels[i] = x[i * INPUTS] > 0 ? 7 : -3;
    values[i] = 500 + 3 * x[i * INPUTS] - x[i * INPUTS + 1];
  }
}

static void test_a_classifier(void **state) {
  (void)state;
  float x[ROWS * INPUTS], values[ROWS], before[ROWS * 2], after[ROWS * 2];
  int32_t labels[ROWS], found[ROWS];
  char path[] = "/tmp/ebb_simple_XXXXXX";
  fill(x, labels, values);
  ebb_arrays data = {.x = x, .labels = labels, .rows = ROWS, .inputs = INPUTS};
  ebb_simple_options options = EBB_SIMPLE_OPTIONS_INIT;
  options.network = "16tanh";
  options.epochs = 60;
  options.learning_rate = 0.01;
  ebb_simple *model = NULL, *again = NULL;
  assert_int_equal(ebb_simple_train(&model, &data, &options), EBB_OK);
  assert_int_equal(ebb_simple_inputs(model), INPUTS);
  assert_int_equal(ebb_simple_outputs(model), 2);
  assert_string_equal(ebb_simple_class(model, 0), "-3");
  assert_string_equal(ebb_simple_class(model, 1), "7");
  assert_null(ebb_simple_class(model, 2));
  assert_int_equal(ebb_simple_classify(model, found, x, ROWS), EBB_OK);
  size_t right = 0;
  for (size_t i = 0; i < ROWS; i++) right += found[i] == labels[i];
  assert_true(right > ROWS * 9 / 10);
  assert_int_equal(ebb_simple_predict(model, before, x, ROWS), EBB_OK);
  for (size_t i = 0; i < ROWS; i++) {
    assert_true(fabsf(before[2 * i] + before[2 * i + 1] - 1) < 1e-6f);
    assert_int_equal(before[2 * i + 1] > before[2 * i] ? 7 : -3, found[i]);
  }
  assert_true(mkstemp(path) >= 0);
  assert_int_equal(ebb_simple_save(model, path), EBB_OK);
  assert_int_equal(ebb_simple_load(&again, path, NULL), EBB_OK);
  assert_int_equal(ebb_simple_predict(again, after, x, ROWS), EBB_OK);
  assert_memory_equal(before, after, sizeof before);
  unlink(path);
  ebb_simple_free(again);
  ebb_simple_free(model);
}

static void test_a_regression(void **state) {
  (void)state;
  float x[ROWS * INPUTS], values[ROWS], out[ROWS];
  int32_t labels[ROWS];
  fill(x, labels, values);
  ebb_arrays data = {.x = x, .values = values, .rows = ROWS, .inputs = INPUTS, .outputs = 1};
  ebb_simple_options options = EBB_SIMPLE_OPTIONS_INIT;
  options.network = "16tanh";
  options.epochs = 100;
  options.learning_rate = 0.01;
  ebb_simple *model = NULL;
  assert_int_equal(ebb_simple_train(&model, &data, &options), EBB_OK);
  assert_int_equal(ebb_simple_predict(model, out, x, ROWS), EBB_OK);
  double error = 0, deviation = 0;
  for (size_t i = 0; i < ROWS; i++) {
    error += pow((double)out[i] - (double)values[i], 2);
    deviation += pow((double)values[i] - 500, 2);
  }
  assert_true(error < 0.05 * deviation); /* in the values' own unit */
  assert_int_equal(ebb_simple_classify(model, labels, x, ROWS), EBB_ERR_ARGUMENT);
  ebb_simple_free(model);
}

static void test_losses(void **state) {
  (void)state;
  float x[ROWS * INPUTS], values[ROWS], out[2 * ROWS];
  int32_t labels[ROWS];
  fill(x, labels, values);
  ebb_arrays data = {.x = x, .values = values, .rows = ROWS, .inputs = INPUTS, .outputs = 1};
  ebb_simple_options options = EBB_SIMPLE_OPTIONS_INIT;
  options.network = "16tanh", options.epochs = 60, options.learning_rate = 0.01;
  options.loss = "quantile(0.1,0.9)";
  ebb_simple *model = NULL;
  assert_int_equal(ebb_simple_train(&model, &data, &options), EBB_OK);
  assert_int_equal(ebb_simple_outputs(model), 2);
  assert_int_equal(ebb_simple_predict(model, out, x, ROWS), EBB_OK);
  size_t below = 0, above = 0;
  for (size_t i = 0; i < ROWS; i++) {
    assert_true(out[2 * i] <= out[2 * i + 1]);
    below += values[i]<out[2 * i], above += values[i]> out[2 * i + 1];
  }
  assert_true(below < ROWS / 3 && above < ROWS / 3 && below + above < ROWS / 2);
  ebb_simple_free(model);
  data.values = NULL, data.labels = labels, data.outputs = 0;
  assert_int_equal(ebb_simple_train(&model, &data, &options), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "\"quantile(0.1,0.9)\" does not go with labels"));
  options.loss = "no loss";
  assert_int_equal(ebb_simple_train(&model, &data, &options), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "unknown"));
  options.loss = "bce";
  assert_int_equal(ebb_simple_train(&model, &data, &options), EBB_OK);
  assert_int_equal(ebb_simple_outputs(model), 2);
  assert_int_equal(ebb_simple_predict(model, out, x, ROWS), EBB_OK);
  size_t right = 0;
  for (size_t i = 0; i < ROWS; i++) right += (out[2 * i + 1] > 0.5f) == (labels[i] == 7);
  assert_true(right > 9 * ROWS / 10);
  ebb_simple_free(model);
}

static void test_refusals(void **state) {
  (void)state;
  float x[] = {1, 2, NAN, 4, 5, 6, 7, 8}, values[] = {1, 2, 3, 4};
  int32_t labels[] = {0, 1, 0, 1};
  ebb_arrays none = {.x = x, .rows = 4, .inputs = 2};
  ebb_arrays both = {
      .x = x, .labels = labels, .values = values, .rows = 4, .inputs = 2, .outputs = 1};
  ebb_arrays missing = {.x = x, .labels = labels, .rows = 4, .inputs = 2};
  float complete[] = {1, 2, 3, 4, 5, 6, 7, 8}, hole[] = {1, 2, NAN, 4};
  ebb_arrays no_value = {.x = complete, .values = hole, .rows = 2, .inputs = 4, .outputs = 2};
  ebb_simple_options unsized = {0}, later[2] = {EBB_SIMPLE_OPTIONS_INIT};
  ebb_simple *model = NULL;
  assert_int_equal(ebb_simple_train(&model, &none, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_simple_train(&model, &both, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_simple_train(&model, &missing, NULL), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "row 1"));
  assert_int_equal(ebb_simple_train(&model, &no_value, NULL), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "values: row 1, column 0"));
  assert_int_equal(ebb_simple_train(&model, &missing, &unsized), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "_INIT"));
  memset(later + 1, 1, sizeof later[1]);
  later[0].size = sizeof later;
  assert_int_equal(ebb_simple_train(&model, &missing, later), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "beyond"));
  assert_null(model);
}

/* An older header has shorter options: what they lack takes its default. */
static void test_older_options(void **state) {
  (void)state;
  float x[ROWS * INPUTS], values[ROWS];
  int32_t labels[ROWS];
  fill(x, labels, values);
  ebb_arrays data = {.x = x, .labels = labels, .rows = ROWS, .inputs = INPUTS};
  ebb_simple_options options = EBB_SIMPLE_OPTIONS_INIT;
  options.network = "4tanh";
  options.epochs = 1;
  options.batch = SIZE_MAX; /* beyond the size, so it is ignored */
  options.size = offsetof(ebb_simple_options, batch);
  ebb_simple *model = NULL;
  assert_int_equal(ebb_simple_train(&model, &data, &options), EBB_OK);
  ebb_simple_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_classifier),  cmocka_unit_test(test_a_regression),
      cmocka_unit_test(test_losses),        cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_older_options),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
