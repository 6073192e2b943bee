/* Encoders of targets: values scaled to about 1 and back to their units, classes by text or number,
 * and bare encoders. */
#include "table_rig.h"

static ebb_table *table_of_rows(size_t rows) {
  static const double ramp[] = {0, 1, 2, 3, 4, 5};
  ebb_table *t = rig_table(rows);
  rig_numbers(t, "x", EBB_COLUMN_NUMBER, ramp);
  return t;
}

/* Expected values from scikit-learn's StandardScaler, for any unit. */
static void test_values(void **state) {
  (void)state;
  static const double factors[] = {1e-9, 1, 1e5, 1e24, 1e300, -1e300, 1e-300};
  static const double shape[4] = {1, 2.5, -4, 7};
  static const double expected[4] = {-0.15915175351980754, 0.22281245492773066, -1.4323657816782682,
                                     1.3687050802703453};
  for (size_t f = 0; f < COUNT_OF(factors); f++) {
    double y[4], decoded[4];
    for (size_t i = 0; i < 4; i++) y[i] = shape[i] * factors[f];
    ebb_table *t = table_of_rows(4);
    rig_values(t, "y", y);
    ebb_encoder *e = encoder_of(t, NULL);
    assert_int_equal(ebb_encoder_task(e), EBB_TASK_REGRESSION);
    assert_int_equal(ebb_encoder_outputs(e), 1);
    assert_string_equal(ebb_encoder_target(e, 0), "y");
    assert_null(ebb_encoder_target(e, 1));
    ebb_dataset d = dataset_of(e, t);
    assert_null(d.labels);
    for (size_t i = 0; i < 4; i++) expect_near(d.values[i], copysign(1, factors[f]) * expected[i]);
    ebb_encoder_decode(decoded, e, d.values, 4);
    for (size_t i = 0; i < 4; i++) expect_near(decoded[i] / factors[f], shape[i]);
    ebb_dataset_clear(&d);
    ebb_encoder_free(e);
    ebb_table_free(t);
  }
}

static void test_scale_comes_from_the_training_rows(void **state) {
  (void)state;
  ebb_table *t = table_of_rows(4);
  rig_values(t, "y", (double[]){10, 1e9, 30, NAN});
  rig_values(t, "z", (double[]){5, 5, 5, 5});
  const size_t rows[2] = {0, 2}, all[3] = {0, 1, 2};
  ebb_encoder *e;
  assert_int_equal(ebb_encoder_fit(&e, t, rows, 2, NULL), EBB_OK);
  assert_true(ebb_encoder_target_mean(e, 0) == 20 && ebb_encoder_target_deviation(e, 0) == 10);
  assert_true(ebb_encoder_target_mean(e, 1) == 5 && ebb_encoder_target_deviation(e, 1) == 1);
  assert_true(ebb_encoder_target_mean(e, 2) == 0 && ebb_encoder_target_deviation(e, 2) == 1);
  ebb_dataset d;
  assert_int_equal(ebb_encoder_apply(&d, e, t, all, 3), EBB_OK);
  const double expected[6] = {-1, 0, 99999998, 0, 1, 0};
  for (size_t i = 0; i < 6; i++) expect_near(d.values[i], expected[i]);
  double decoded[6];
  ebb_encoder_decode(decoded, e, d.values, 3);
  assert_true(decoded[0] == 10 && decoded[1] == 5 && decoded[4] == 30);
  ebb_dataset_clear(&d);
  expect_message(ebb_encoder_apply(&d, e, t, NULL, 0), "t:5*the target is missing");
  ebb_encoder_free(e);
  assert_int_equal(ebb_encoder_fit(&e, t, rows, 2,
                                   &(ebb_encoder_options){.size = sizeof(ebb_encoder_options),
                                                          .no_scale_target = true}),
                   EBB_OK);
  assert_true(ebb_encoder_target_mean(e, 0) == 0 && ebb_encoder_target_deviation(e, 0) == 1);
  assert_int_equal(ebb_encoder_apply(&d, e, t, rows, 2), EBB_OK);
  assert_true(d.values[0] == 10 && d.values[3] == 5);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_values_beyond_float32(void **state) {
  (void)state;
  ebb_table *t = table_of_rows(2);
  rig_values(t, "y", (double[]){1, 1e300});
  ebb_encoder *e;
  ebb_dataset d;
  const size_t first[1] = {0};
  assert_int_equal(ebb_encoder_fit(&e, t, first, 1, NULL), EBB_OK);
  expect_message(ebb_encoder_apply(&d, e, t, NULL, 0), "t:3*1e+300*too large for float32");
  assert_null(d.storage);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static ebb_table *classes_of(size_t rows, const char *const *texts, bool numbers) {
  ebb_table *t = table_of_rows(rows);
  rig_classes(t, "y", texts, numbers);
  return t;
}

static void test_classes(void **state) {
  (void)state;
  ebb_table *t = classes_of(4, (const char *[]){"no", "yes", "no", "maybe"}, false);
  const size_t rows[2] = {0, 1};
  ebb_encoder *e;
  assert_int_equal(ebb_encoder_fit(&e, t, rows, 2, NULL), EBB_OK);
  assert_int_equal(ebb_encoder_task(e), EBB_TASK_CLASSIFICATION);
  assert_int_equal(ebb_encoder_outputs(e), 3); /* those of the table, not of the rows */
  assert_string_equal(ebb_encoder_class(e, 0), "maybe");
  assert_null(ebb_encoder_class(e, 3));
  assert_true(ebb_encoder_target_mean(e, 0) == 0 && ebb_encoder_target_deviation(e, 0) == 1);
  ebb_dataset d = dataset_of(e, t);
  static const int32_t expected[4] = {1, 2, 1, 0};
  assert_memory_equal(d.labels, expected, sizeof expected);
  assert_null(d.values);
  ebb_dataset_clear(&d);
  ebb_table *next = classes_of(3, (const char *[]){"yes", "zebra", NULL}, false);
  expect_message(ebb_encoder_apply(&d, e, next, NULL, 0),
                 "t:3: column \"y\": \"zebra\" is not one of the 3 classes");
  const size_t last[1] = {2};
  expect_message(ebb_encoder_apply(&d, e, next, last, 1), "t:4: column \"y\": the target is miss");
  const size_t good[1] = {0};
  assert_int_equal(ebb_encoder_apply(&d, e, next, good, 1), EBB_OK);
  assert_int_equal(d.labels[0], 2);
  ebb_dataset_clear(&d);
  ebb_table_free(next);
  next = table_of_rows(2);
  d = dataset_of(e, next);
  assert_true(!d.labels && !d.values && d.outputs == 3);
  ebb_dataset_clear(&d);
  ebb_table_free(next);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_classes_by_value(void **state) {
  (void)state;
  ebb_table *t = classes_of(3, (const char *[]){"10", "9", "1.0"}, true);
  ebb_table *next = classes_of(3, (const char *[]){"1", "9.00", "1e1"}, true);
  ebb_encoder *e = encoder_of(t, NULL);
  assert_string_equal(ebb_encoder_class(e, 0), "1.0");
  ebb_dataset d = dataset_of(e, next);
  for (int i = 0; i < 3; i++) assert_int_equal(d.labels[i], i);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
  ebb_table_free(next);
}

static void test_tasks_must_agree(void **state) {
  (void)state;
  ebb_table *values = table_of_rows(2), *classes = classes_of(2, (const char *[]){"a", "b"}, false);
  rig_values(values, "y", (double[]){1, 2});
  ebb_encoder *e = encoder_of(values, NULL);
  ebb_dataset d;
  expect_message(ebb_encoder_apply(&d, e, classes, NULL, 0),
                 "t: the target is one of classification, but the model does regression");
  rig_values(values, "z", (double[]){1, 2});
  expect_message(ebb_encoder_apply(&d, e, values, NULL, 0), "t: 2 target values*gives 1");
  ebb_encoder_free(e);
  ebb_table_free(values);
  ebb_table_free(classes);
}

/* Columns by position: a file without a header is read by position, and so are labels. */
static void test_places(void **state) {
  (void)state;
  ebb_table *t = rig_table(2);
  rig_values(t, "y", (double[]){1, 2});
  rig_numbers(t, "a", EBB_COLUMN_NUMBER, (double[]){1, 2});
  rig_column(t, "row", EBB_COLUMN_ID, EBB_COLUMN_NUMBER);
  rig_column(t, "text", EBB_COLUMN_LEFT_OUT, EBB_COLUMN_CATEGORY);
  rig_numbers(t, "b", EBB_COLUMN_NUMBER, (double[]){1, 2});
  rig_values(t, "z", (double[]){1, 2});
  ebb_encoder *e = encoder_of(t, NULL);
  assert_true(e->named && e->columns == 2 && e->file_columns == 6);
  assert_true(e->positions[0] == 1 && e->positions[1] == 4);
  assert_true(e->target_positions[0] == 0 && e->target_positions[1] == 5);
  assert_string_equal(e->names.items[1], "b");
  assert_string_equal(e->ids.items[0], "row");
  assert_string_equal(e->left_out.items[0], "text");
  ebb_encoder_free(e);
  t->labels_path = rig_copy("l", 2);
  e = encoder_of(t, NULL);
  assert_true(e->target_positions[0] == 6 && e->target_positions[1] == 7);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_bare(void **state) {
  (void)state;
  ebb_table *t = classes_of(3, (const char *[]){"1", "2", "2"}, true);
  ebb_encoder *e;
  assert_int_equal(ebb_encoder_bare(&e, 1, 3, EBB_TASK_AUTO), EBB_OK);
  assert_int_equal(ebb_encoder_task(e), EBB_TASK_AUTO);
  assert_null(ebb_encoder_class(e, 0));
  assert_null(ebb_encoder_target(e, 0));
  ebb_table *plain = table_of_rows(3);
  assert_int_equal(ebb_encoder_take_task(e, plain), EBB_OK);
  assert_int_equal(ebb_encoder_task(e), EBB_TASK_AUTO);
  expect_inputs(e, plain, (double[]){0, 1, 2}, 1);
  assert_int_equal(ebb_encoder_take_task(e, t), EBB_OK);
  assert_int_equal(ebb_encoder_take_task(e, t), EBB_OK);
  assert_int_equal(ebb_encoder_task(e), EBB_TASK_CLASSIFICATION);
  assert_string_equal(ebb_encoder_class(e, 2), "2");
  ebb_dataset d = dataset_of(e, t);
  assert_true(d.labels[0] == 1 && d.labels[2] == 2 && d.outputs == 3);
  ebb_dataset_clear(&d);
  rig_set(&plain->raw.columns[0].numbers, 1, NAN);
  expect_message(ebb_encoder_apply(&d, e, plain, NULL, 0), "t:3*missing*remove the row");
  ebb_encoder_free(e);
  assert_int_equal(ebb_encoder_bare(&e, 1, 2, EBB_TASK_CLASSIFICATION), EBB_OK);
  expect_message(ebb_encoder_apply(&d, e, t, NULL, 0), "t:3*\"2\" is not one of the 2 classes");
  ebb_encoder_free(e);
  ebb_table_free(plain);
  ebb_table_free(t);
}

/* A single output means regression: a number in its own unit. */
static void test_bare_regression(void **state) {
  (void)state;
  ebb_encoder *e;
  assert_int_equal(ebb_encoder_bare(&e, 1, 1, EBB_TASK_AUTO), EBB_OK);
  assert_int_equal(ebb_encoder_task(e), EBB_TASK_REGRESSION);
  ebb_table *t = table_of_rows(2);
  rig_values(t, "y", (double[]){100, -5});
  assert_int_equal(ebb_encoder_take_task(e, t), EBB_OK);
  ebb_dataset d = dataset_of(e, t);
  double decoded[2];
  ebb_encoder_decode(decoded, e, d.values, 2);
  assert_true(d.values[0] == 100 && decoded[0] == 100 && decoded[1] == -5);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
  assert_int_equal(ebb_encoder_bare(&e, 0, 1, EBB_TASK_AUTO), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_encoder_bare(&e, 1, SIZE_MAX, EBB_TASK_AUTO), EBB_ERR_ARGUMENT);
  assert_null(e);
  assert_int_equal(ebb_encoder_bare(&e, 4, 1, EBB_TASK_AUTO), EBB_OK);
  t = rig_bytes(1, 4, "abcd", true);
  d = dataset_of(e, t);
  assert_memory_equal(d.x_u8, "abcd", 4);
  assert_true(d.scale == 1);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_values),
                                     cmocka_unit_test(test_scale_comes_from_the_training_rows),
                                     cmocka_unit_test(test_values_beyond_float32),
                                     cmocka_unit_test(test_classes),
                                     cmocka_unit_test(test_classes_by_value),
                                     cmocka_unit_test(test_tasks_must_agree),
                                     cmocka_unit_test(test_places),
                                     cmocka_unit_test(test_bare),
                                     cmocka_unit_test(test_bare_regression)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
