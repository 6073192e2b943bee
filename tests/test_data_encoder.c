/* Encoders: fitting, applying, reading further files by them, JSON; and the check of datasets. */
#include "test_data.h"

#include <math.h>

static void expect_near(double found, double expected) {
  if (!(fabs(found - expected) <= 1e-6 * fmax(1, fabs(expected))))
    fail_msg("%.9g instead of %.9g", found, expected);
}

static const char small[] = "w,kind,y\n1,b,no\n2,a,yes\n3,b,no\n6,c,yes\n";

static void test_golden(void **state) {
  (void)state;
  ebb_table *t = table_of(small, NULL);
  ebb_encoder *e = encoder_of(t, NULL);
  assert_int_equal(ebb_encoder_inputs(e), 4);
  assert_int_equal(ebb_encoder_outputs(e), 2);
  assert_int_equal(ebb_encoder_task(e), EBB_TASK_CLASSIFICATION);
  assert_string_equal(ebb_encoder_class(e, 0), "no");
  assert_string_equal(ebb_encoder_class(e, 1), "yes");
  assert_null(ebb_encoder_class(e, 2));
  ebb_dataset d = dataset_of(e, t);
  double deviation = sqrt((4 + 1 + 0 + 9) / 4.0); /* mean 3 */
  const float hot[4][3] = {{0, 1, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const double w[4] = {1, 2, 3, 6};
  for (size_t r = 0; r < 4; r++) {
    expect_near(d.x[4 * r], (w[r] - 3) / deviation);
    for (size_t k = 0; k < 3; k++) assert_true(d.x[4 * r + 1 + k] == hot[r][k]);
    assert_int_equal(d.labels[r], r % 2);
  }
  assert_null(d.values);
  assert_null(d.x_u8);
  ebb_dataset_clear(&d);
  assert_null(d.storage);
  const size_t rows[2] = {3, 0};
  assert_int_equal(ebb_encoder_apply(&d, e, t, rows, 2), EBB_OK);
  assert_int_equal(d.rows, 2);
  expect_near(d.x[0], (6 - 3) / deviation);
  expect_near(d.x[4], (1 - 3) / deviation);
  assert_int_equal(d.labels[0], 1);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* Statistics come from the given rows, categories and classes from all. */
static void test_fit_on_some_rows(void **state) {
  (void)state;
  ebb_table *t = table_of(small, NULL);
  const size_t rows[2] = {0, 2};
  ebb_encoder *e;
  assert_int_equal(ebb_encoder_fit(&e, t, rows, 2, NULL), EBB_OK);
  assert_true(e->features[0].mean == 2 && e->features[0].deviation == 1);
  assert_int_equal(e->features[1].categories.count, 3);
  assert_int_equal(e->outputs, 2);
  ebb_encoder_free(e);
  const size_t wrong[1] = {4};
  assert_int_equal(ebb_encoder_fit(&e, t, wrong, 1, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_encoder_fit(&e, t, rows, 0, NULL), EBB_ERR_ARGUMENT);
  ebb_table_free(t);
}

static void test_constant_and_unscaled(void **state) {
  (void)state;
  ebb_table *t = table_of("0.1,5,1.5\n0.1,7,2.5\n0.1,9,-3.5\n", NULL);
  ebb_encoder *e = encoder_of(t, NULL);
  assert_true(e->features[0].mean == 0.1 && e->features[0].deviation == 1);
  ebb_dataset d = dataset_of(e, t);
  assert_true(d.x[0] == 0 && d.x[2] == 0 && d.x[4] == 0);
  assert_true(d.values[0] == 1.5f && d.values[2] == -3.5f);
  assert_int_equal(d.outputs, 1);
  assert_null(d.labels);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  e = encoder_of(t, &(ebb_encoder_options){.no_scale = true});
  d = dataset_of(e, t);
  assert_true(d.x[0] == 0.1f && d.x[1] == 5 && d.x[5] == 9);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_missing(void **state) {
  (void)state;
  ebb_table *t = table_of("1,b,0\n?,a,1\n4,b,0\n4,?,1\n", NULL);
  ebb_encoder *e;
  expect_message(ebb_encoder_fit(&e, t, NULL, 0, NULL),
                 "t:2: column \"0\": a value is missing*--missing mean");
  assert_null(e);
  for (int unscaled = 0; unscaled < 2; unscaled++) {
    e = encoder_of(t, &(ebb_encoder_options){.missing = EBB_MISSING_MEAN, .no_scale = unscaled});
    ebb_dataset d = dataset_of(e, t);
    expect_near(d.x[3], unscaled ? 3 : 0); /* the mean of 1, 4, 4 */
    assert_true(d.x[10] == 0 && d.x[11] == 1);
    ebb_dataset_clear(&d);
    ebb_encoder_free(e);
  }
  const size_t whole[2] = {0, 2};
  assert_int_equal(ebb_encoder_fit(&e, t, whole, 2, NULL), EBB_OK);
  ebb_dataset d;
  expect_message(ebb_encoder_apply(&d, e, t, NULL, 0), "t:2: column \"0\": a value is missing");
  assert_null(d.storage);
  ebb_encoder_free(e);
  ebb_table_free(t);
  t = table_of("?,1,0\n?,2,1\n", NULL);
  const ebb_encoder_options fill = {.missing = EBB_MISSING_MEAN};
  expect_message(ebb_encoder_fit(&e, t, NULL, 0, &fill), "t:1: column \"0\": no row");
  ebb_table_free(t);
}

static void test_json_round_trip(void **state) {
  (void)state;
  ebb_table *t =
      table_of("w,\"k\"\"\xc3\xa9\n\",y\n0.1,b,no\n1e-30,a,yes\n3e30,b,no\n6,c,yes\n", NULL);
  ebb_encoder *e = encoder_of(t, &(ebb_encoder_options){.missing = EBB_MISSING_MEAN}), *back;
  char *text, *again;
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  assert_null(strchr(text, '\n'));
  if (ebb_encoder_from_json(&back, text) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_encoder_to_json(&again, back), EBB_OK);
  assert_string_equal(text, again);
  for (size_t c = 0; c < 2; c++) {
    assert_true(e->features[c].mean == back->features[c].mean);
    assert_true(e->features[c].deviation == back->features[c].deviation);
    assert_true(e->features[c].fill == back->features[c].fill);
  }
  assert_int_equal(back->missing, EBB_MISSING_MEAN);
  ebb_dataset a = dataset_of(e, t), b = dataset_of(back, t);
  assert_memory_equal(a.x, b.x, a.rows * a.inputs * sizeof *a.x);
  assert_memory_equal(a.labels, b.labels, a.rows * sizeof *a.labels);
  ebb_dataset_clear(&a);
  ebb_dataset_clear(&b);
  free(text);
  free(again);
  ebb_encoder_free(e);
  ebb_encoder_free(back);
  ebb_table_free(t);
}

static void test_json_golden(void **state) {
  (void)state;
  ebb_table *t = table_of("w,k,y\n1,b,no\n3,a,yes\n", NULL);
  ebb_encoder *e = encoder_of(t, NULL);
  char *text;
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  assert_string_equal(
      text, "{\"task\":\"classification\",\"missing\":\"refuse\",\"columns\":2,\"scale\":1.0,"
            "\"target\":{\"name\":\"y\",\"position\":2},\"outputs\":2,\"features\":[{\"mean\":2.0,"
            "\"deviation\":1.0,\"fill\":2.0},{\"categories\":[\"a\",\"b\"],\"fill\":0}],\"names\":["
            "\"w\",\"k\"],\"named\":true,\"classes\":[\"no\",\"yes\"]}");
  free(text);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* The text read as the encoder's input gives these x in its first row, and this label. */
static void expect_row(const ebb_encoder *e, const char *text, const char *target, const float *x,
                       int label) {
  ebb_table *t = table_of(text, &(ebb_read_options){.encoder = e, .target = target});
  ebb_dataset d = dataset_of(e, t);
  for (size_t i = 0; i < d.inputs; i++) expect_near(d.x[i], x[i]);
  assert_int_equal(d.labels != NULL, label >= 0);
  if (d.labels) assert_int_equal(d.labels[0], label);
  ebb_dataset_clear(&d);
  ebb_table_free(t);
}

static void test_reading_by_an_encoder(void **state) {
  (void)state;
  ebb_table *t = table_of(small, NULL);
  ebb_encoder *e = encoder_of(t, &(ebb_encoder_options){.no_scale = true});
  const float x[4] = {7, 0, 0, 1};
  expect_row(e, "w,kind,y\n7,c,yes\n", NULL, x, 1);
  expect_row(e, "y,kind,w\nyes,c,7\n", NULL, x, 1);
  expect_row(e, "kind,w\nc,7\n", NULL, x, -1);
  expect_row(e, "7,c\n", NULL, x, -1);
  expect_row(e, "7,c,yes\n", NULL, x, 1);
  expect_row(e, "yes,7,c\n", "0", x, 1);
  expect_row(e, "a,w,kind\nno,7,c\n", "a", x, 0);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void expect_unreadable(const ebb_encoder *e, const char *text, const char *target,
                              const char *parts) {
  ebb_table *t;
  ebb_dataset d = {0};
  ebb_read_options options = {.encoder = e, .target = target};
  ebb_status status = parse_bytes(&t, text, strlen(text), &options);
  if (status == EBB_OK) status = ebb_encoder_apply(&d, e, t, NULL, 0);
  assert_null(d.storage);
  ebb_table_free(t);
  expect_message(status, parts);
}

static void test_reading_what_does_not_fit(void **state) {
  (void)state;
  ebb_table *t = table_of(small, NULL);
  ebb_encoder *e = encoder_of(t, NULL);
  expect_unreadable(e, "w,kind,y\n7,c,yes\n7,d,no\n", NULL,
                    "t:3: column \"kind\": \"d\" is none of the 3");
  expect_unreadable(e, "w,kind,y\n7,c,yes\n7,a,maybe\n", NULL,
                    "t:3: column \"y\": \"maybe\" is none of the 2");
  expect_unreadable(e, "w,kind,y\n7,c,yes\n7,?,yes\n", NULL,
                    "t:3: column \"kind\": a value is missing");
  expect_unreadable(e, "w,kind,y\n7,c,yes\n7,a,\n", NULL,
                    "t:3: column \"y\": the target is missing");
  expect_unreadable(e, "w,kind\n7,c\nseven,a\n", NULL,
                    "t:3: column \"w\": \"seven\" is not a number");
  expect_unreadable(e, "7,5\n", NULL, "t:1: column \"1\": \"5\" is none of the 3 categories");
  expect_unreadable(e, "w,sort\n7,c\n", NULL, "t:1: column \"kind\", which the model");
  expect_unreadable(e, "w,kind,more\n7,c,1\n", NULL, "t:1: column \"more\" is none");
  expect_unreadable(e, "w,kind,y\n7,c,yes\n", "w", "t:1: column \"w\", which the model");
  expect_unreadable(e, "7\n", NULL, "t:1: 1 columns, but the model takes 2 (or 3");
  expect_unreadable(e, "7,a,yes,1\n", NULL, "t:1: 4 columns, but the model takes 2");
  expect_unreadable(e, "7,a\n", "1", "t:1: 2 columns");
  expect_unreadable(e, "w,kind\n", NULL, "t: a header, but no rows");
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_far_values(void **state) {
  (void)state;
  ebb_table *t = table_of("1e-20,1\n2e-20,0\n", NULL);
  ebb_encoder *e = encoder_of(t, NULL);
  expect_unreadable(e, "3e30\n", NULL, "t:1: column \"0\": 3e+30 is too far");
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* Classes of numbers are matched by value, others by text. */
static void test_classes_by_value(void **state) {
  (void)state;
  ebb_table *t = table_of("1,10\n2,9\n3,1.0\n", NULL);
  ebb_encoder *e = encoder_of(t, &(ebb_encoder_options){.no_scale = true});
  const float x[1] = {4};
  expect_row(e, "4,1\n", NULL, x, 0);
  expect_row(e, "4,9.00\n", NULL, x, 1);
  expect_row(e, "4,1e1\n", NULL, x, 2);
  expect_unreadable(e, "4,2\n", NULL, "t:1: column \"1\": \"2\" is none of the 3 classes");
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* A model of bytes can be given the same numbers as CSV: they are scaled alike. */
static void test_arrays_and_csv(void **state) {
  (void)state;
  ebb_table *t, *labels;
  assert_int_equal(parse_bytes(&t, "\0\0\x08\2\0\0\0\2\0\0\0\2\0\x33\xff\x66", 16, NULL), EBB_OK);
  assert_int_equal(ebbi_table_add_labels(t, "l", "\0\0\x08\1\0\0\0\2\0\1", 10, EBB_TASK_AUTO),
                   EBB_OK);
  for (int unscaled = 0; unscaled < 2; unscaled++) {
    ebb_encoder *e = encoder_of(t, &(ebb_encoder_options){.no_scale = unscaled});
    ebb_dataset d = dataset_of(e, t);
    assert_memory_equal(d.x_u8, "\0\x33\xff\x66", 4);
    assert_true(d.scale == (unscaled ? 1.0f : 1.0f / 255));
    assert_int_equal(d.labels[1], 1);
    ebb_dataset_clear(&d);
    const float x[2] = {unscaled ? 255 : 1, unscaled ? 51 : .2f};
    expect_row(e, "255,51\n", NULL, x, -1);
    expect_row(e, "255,51,1\n", NULL, x, 1);
    expect_unreadable(e, "255,51,7\n", NULL, "\"7\" is none of the 2 classes");
    expect_unreadable(e, "255,?\n", NULL, "t:1: column \"1\": a value is missing");
    expect_unreadable(e, "255\n", NULL, "1 columns, but the model takes 2");
    assert_int_equal(parse_bytes(&labels, "\0\0\x08\1\0\0\0\1a", 9, NULL), EBB_OK);
    expect_message(ebb_encoder_apply(&d, e, labels, NULL, 0),
                   "t: 1 columns, but the model takes 2");
    ebb_table_free(labels);
    ebb_encoder_free(e);
  }
  ebb_table_free(t);
}

static void test_without_target(void **state) {
  (void)state;
  ebb_table *t;
  assert_int_equal(parse_bytes(&t, "\0\0\x08\1\0\0\0\2ab", 10, NULL), EBB_OK);
  ebb_encoder *e = encoder_of(t, NULL);
  assert_int_equal(ebb_encoder_outputs(e), 0);
  assert_int_equal(ebb_encoder_task(e), EBB_TASK_AUTO);
  ebb_dataset d = dataset_of(e, t);
  assert_true(!d.labels && !d.values && d.x_u8);
  ebb_dataset_clear(&d);
  char *text;
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_ERR_ARGUMENT);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_tasks_must_agree(void **state) {
  (void)state;
  ebb_table *t = table_of("1,1.5\n2,2.5\n", NULL), *other = table_of("1,a\n", NULL);
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d;
  expect_message(ebb_encoder_apply(&d, e, other, NULL, 0),
                 "classification, but the model does regression");
  ebb_table_free(other);
  other = table_of("a,1.5\n", NULL);
  expect_message(ebb_encoder_apply(&d, e, other, NULL, 0), "column \"0\" holds text*takes numbers");
  ebb_table_free(other);
  expect_unreadable(e, "1,a\n", NULL, "t:1: column \"1\": \"a\" is not a number");
  ebb_encoder_free(e);
  ebb_table_free(t);
}

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

/* Encoded real data: columns have mean 0 and deviation 1, one-hot columns sum to 1. */
static void test_abalone(void **state) {
  (void)state;
  char path[512];
  ebb_table *t;
  assert_int_equal(ebb_table_read(&t, real_file(path, "abalone.csv"), NULL), EBB_OK);
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d = dataset_of(e, t);
  assert_int_equal(d.inputs, 10);
  for (size_t c = 0; c < 10; c++) {
    double sum = 0, squares = 0;
    for (size_t r = 0; r < d.rows; r++) {
      double x = d.x[r * 10 + c];
      sum += x;
      squares += x * x;
    }
    if (c >= 3) {
      expect_near(sum / (double)d.rows, 0);
      expect_near(squares / (double)d.rows, 1);
    } else {
      assert_true(sum == (c == 0 ? 1307 : c == 1 ? 1342 : 1528)); /* F, I, M */
    }
  }
  assert_true(d.values[0] == 15);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden),
                                     cmocka_unit_test(test_fit_on_some_rows),
                                     cmocka_unit_test(test_constant_and_unscaled),
                                     cmocka_unit_test(test_missing),
                                     cmocka_unit_test(test_json_round_trip),
                                     cmocka_unit_test(test_json_golden),
                                     cmocka_unit_test(test_reading_by_an_encoder),
                                     cmocka_unit_test(test_reading_what_does_not_fit),
                                     cmocka_unit_test(test_far_values),
                                     cmocka_unit_test(test_classes_by_value),
                                     cmocka_unit_test(test_arrays_and_csv),
                                     cmocka_unit_test(test_without_target),
                                     cmocka_unit_test(test_tasks_must_agree),
                                     cmocka_unit_test(test_dataset_check),
                                     cmocka_unit_test(test_abalone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
