/* From a file's bytes to a network's arrays, with small texts and real files. Single steps have
 * their own tests.
 */
#include "test_data.h"

#include <zlib.h>

static void test_golden(void **state) {
  (void)state;
  ebb_table *t = table_of("a,b,c\n1,2.5,x\n-3,4e2,y\n\n.5,-0.25,x\n", NULL);
  assert_int_equal(ebb_table_rows(t), 3);
  assert_int_equal(ebb_table_columns(t), 2);
  assert_true(ebb_table_has_target(t));
  assert_int_equal(ebb_table_task(t), EBB_TASK_CLASSIFICATION);
  static const double numbers[3][2] = {{1, 2.5}, {-3, 400}, {.5, -.25}};
  for (size_t i = 0; i < 6; i++)
    assert_true(ebbi_table_number(t, i / 2, i % 2) == numbers[i / 2][i % 2]);
  assert_int_equal(ebbi_raw_line(&t->raw, 2), 5);
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d = dataset_of(e, t);
  static const double x[] = {0.84292723, -0.6997817, -1.40487872, 1.41418836,
                             0.56195149, -0.71440665}; /* scikit-learn's StandardScaler */
  expect_inputs(e, t, x, 2);
  assert_int_equal(d.outputs, 2);
  assert_memory_equal(d.labels, ((const int32_t[]){0, 1, 0}), 3 * sizeof *d.labels);
  assert_string_equal(ebb_encoder_class(e, 1), "y");
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static const char shop[] = "key;size;price;day;colour;y\n"
                           "k1;1,5;$ 1.200;2024-01-01;red;10\n"
                           "k2;2;$ 7;2024-01-03;blue;20,5\n"
                           "k3;;$ 8;2024-02-01;;30\n"
                           "k4;3;$ 9;2024-02-02;red;\n";
static const ebb_read_options shop_options = {
    .size = sizeof(ebb_read_options), .id = "key", .decimal = ','};

/* Every kind of column at once, then new data with other columns and values. */
static void test_kinds(void **state) {
  (void)state;
  ebb_table *t = table_of(shop, &shop_options);
  assert_int_equal(ebb_table_rows(t), 3); /* one row lacks the target */
  ebb_encoder *e = encoder_of(t, &(ebb_encoder_options){.size = sizeof(ebb_encoder_options),
                                                        .no_scale = true,
                                                        .missing = EBB_MISSING_MEAN});
  ebb_dataset d = dataset_of(e, t);
  /* size, price, month, weekday, days, blue, red */
  static const double x[] = {1.5,   1200, 1, 0,    19723, 0, 1, 2,     7, 1, 2,
                             19725, 1,    0, 1.75, 8,     2, 3, 19754, 1, 0};
  expect_inputs(e, t, x, 7);
  for (size_t i = 0; i < 3; i++)
    expect_near((double)d.values[i] * e->target_deviation[0] + e->target_mean[0],
                (const double[]){10, 20.5, 30}[i]);
  ebb_dataset_clear(&d);
  ebb_read_options options = {.size = sizeof(ebb_read_options),
                              .encoder = e,
                              .ignore_target = true,
                              .decimal = ',',
                              .id = "who"};
  ebb_table *rows = table_of("colour;who;price;size;day\ngreen;me;5;4;2024-03-05\n", &options);
  assert_string_equal(ebb_table_id(rows, 0, 0), "me");
  char unknown[128];
  assert_int_equal(ebb_encoder_unknown(unknown, sizeof unknown, e, rows), 1);
  d = dataset_of(e, rows);
  expect_inputs(e, rows, (const double[]){4, 5, 3, 1, 19787, 0, 0}, 7);
  assert_true(!d.labels && !d.values);
  ebb_dataset_clear(&d);
  ebb_table_free(rows);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_options_that_do_not_fit(void **state) {
  (void)state;
  ebb_table *t;
  const ebb_read_options both = {.size = sizeof(ebb_read_options), .labels = "l", .target = "y"};
  assert_int_equal(ebb_table_read(&t, "nowhere", &both), EBB_ERR_ARGUMENT);
  assert_null(t);
  static const ebb_read_options marks[] = {{.delimiter = '.'}, {.delimiter = '"'}};
  for (size_t i = 0; i < COUNT_OF(marks); i++)
    assert_int_equal(parse_bytes(&t, "1,2\n", 4, &marks[i]), EBB_ERR_ARGUMENT);
}

static void test_digits(void **state) {
  (void)state;
  ebb_table *t;
  if (ebb_table_read(&t, EBB_SOURCE_DIR "/examples/digits.csv", NULL))
    fail_msg("%s", ebb_error_message());
  assert_true(t->raw.header);
  assert_int_equal(ebb_table_rows(t), 1797);
  assert_int_equal(ebb_table_columns(t), 64);
  assert_int_equal(ebb_table_classes(t), 10);
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d = dataset_of(e, t);
  assert_int_equal(d.inputs, 64);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* Images remain bytes. */
static void test_mnist(void **state) {
  (void)state;
  char images[512], labels[512];
  real_file(images, "data/mnist10k-images-idx3-ubyte.gz");
  real_file(labels, "data/mnist10k-labels-idx1-ubyte.gz");
  ebb_table *t;
  if (ebb_table_read(&t, images,
                     &(ebb_read_options){.size = sizeof(ebb_read_options), .labels = labels}))
    fail_msg("%s", ebb_error_message());
  assert_string_equal(
      ebb_table_summary(t),
      "10000 rows, 784 uint8 columns, target \"labels\": 10 classes (10 distinct integers)");
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d = dataset_of(e, t);
  assert_non_null(d.x_u8);
  assert_null(d.x);
  assert_true(d.scale == 1.0f / 255);
  assert_int_equal(d.labels[0], 7); /* the test set begins 7 2 1 0 4 */
  assert_int_equal(d.labels[4], 4);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_files(void **state) {
  (void)state;
  char path[] = "/tmp/ebb-test-XXXXXX";
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  ebb_table *t;
  expect_message(ebb_table_read(&t, path, NULL), "the file is empty");
  gzFile stream = gzdopen(dup(descriptor), "wb");
  assert_non_null(stream);
  assert_int_equal(gzwrite(stream, "\0\0\x08\1\0\0\0\2ab", 10), 10);
  assert_int_equal(gzclose(stream), Z_OK);
  assert_int_equal(ebb_table_read(&t, path, NULL), EBB_OK);
  assert_string_equal(ebb_table_summary(t), "2 rows, 1 numeric column, no target");
  ebb_table_free(t);
  expect_message(
      ebb_table_read(&t, path,
                     &(ebb_read_options){.size = sizeof(ebb_read_options), .labels = "/nowhere"}),
      "/nowhere: No such file");
  assert_int_equal(ftruncate(descriptor, 20), 0);
  expect_message(ebb_table_read(&t, path, NULL), path);
  close(descriptor);
  unlink(path);
  expect_message(ebb_table_read(&t, path, NULL), "No such file");
  expect_message(ebb_table_read(&t, "/tmp", NULL), "folder");
  assert_null(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden),
                                     cmocka_unit_test(test_kinds),
                                     cmocka_unit_test(test_options_that_do_not_fit),
                                     cmocka_unit_test(test_digits),
                                     cmocka_unit_test(test_mnist),
                                     cmocka_unit_test(test_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
