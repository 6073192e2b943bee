/* Hand-made datasets: faults are reported with row and column. */
#include "table_rig.h"

static void test_dataset_check(void **state) {
  (void)state;
  float x[4] = {0, 1, 2, 3}, values[2] = {0, 1};
  uint8_t bytes[4] = {0};
  int32_t labels[2] = {0, 1};
  const ebb_dataset good = {.rows = 2, .inputs = 2, .outputs = 2, .x = x, .labels = labels};
  assert_int_equal(ebb_dataset_check(&good), EBB_OK);
  ebb_dataset d = good;
  d.rows = 0;
  expect_message(ebb_dataset_check(&d), "dataset: empty (0 rows");
  d = good;
  d.inputs = SIZE_MAX;
  expect_message(ebb_dataset_check(&d), "too many");
  d = good;
  d.x_u8 = bytes;
  expect_message(ebb_dataset_check(&d), "either x or x_u8");
  d = good;
  d.values = values;
  expect_message(ebb_dataset_check(&d), "both labels and values");
  d = (ebb_dataset){.rows = 2, .inputs = 2, .x_u8 = bytes, .scale = NAN};
  expect_message(ebb_dataset_check(&d), "scale is nan");
  labels[1] = 2;
  expect_message(ebb_dataset_check(&good), "row 1: label 2, but there are 2 classes (0 to 1)");
  labels[1] = -1;
  expect_message(ebb_dataset_check(&good), "row 1: label -1");
  labels[1] = 1;
  x[2] = NAN;
  expect_message(ebb_dataset_check(&good), "row 1, input 0 is nan");
  x[2] = 0;
  values[1] = -INFINITY;
  d = (ebb_dataset){.rows = 2, .inputs = 2, .outputs = 1, .x = x, .values = values};
  expect_message(ebb_dataset_check(&d), "row 1, output 0 is -inf");
  ebb_dataset_clear(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_dataset_check)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
