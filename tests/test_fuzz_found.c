/* Faults found by the fuzz targets, each reduced to the fewest bytes. */
#include "raw_rig.h"

#include <base/error.h>

/* A file's text in a message cannot control a terminal; a compiler's log keeps its lines. */
static void test_message(void **state) {
  (void)state;
  ebbi_fail(EBB_ERR_INPUT, "%s: \"%s\"", "a.csv", "\x1b[2J\a\x7f\n\tend");
  assert_string_equal(ebb_error_message(), "a.csv: \"?[2J??\n\tend\"");
}

/* Values that are not calendar days are not turned into dates. */
static void test_no_dates(void **state) {
  (void)state;
  char text[32];
  assert_string_equal(ebb_column_value(text, sizeof text, EBB_COLUMN_CATEGORY, NAN), "nan");
  assert_string_equal(ebb_column_value(text, sizeof text, EBB_COLUMN_DATE, 1e300), "1e+300");
  assert_string_equal(ebb_column_value(text, sizeof text, EBB_COLUMN_NUMBER, -INFINITY), "-inf");
  assert_string_equal(ebb_column_value(text, sizeof text, EBB_COLUMN_DATE, 1), "1970-01-02");
}

/* Rounding keeps their order, from the smallest numbers to the largest gap. */
static void test_quartiles(void **state) {
  (void)state;
  static const double values[][2] = {{1.5e-323, 1.5e-323}, {-1e308, 1e308}, {0.1, 0.1}};
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    ebb_table *t = table_of("1,0.5\n2,1.5\n", &(ebb_read_options){.size = sizeof(ebb_read_options),
                                                                  .task = EBB_TASK_REGRESSION});
    double q[5];
    ebbi_cells_free(t->target.numbers[0]);
    t->target.numbers[0] = ebbi_cells_new();
    for (int k = 0; k < 2; k++)
      assert_int_equal(ebbi_cells_add(t->target.numbers[0], values[i][k]), EBB_OK);
    assert_int_equal(ebb_table_quartiles(q, t, 0), EBB_OK);
    for (int k = 0; k < 4; k++) assert_true(q[k] <= q[k + 1]);
    assert_true(q[0] == values[i][0] && q[4] == values[i][1] && isfinite(q[2]));
    ebb_table_free(t);
  }
}

/* Positions of columns and target that the claimed file does not have. */
static void test_positions(void **state) {
  (void)state;
  ebb_encoder *e;
  expect_message(
      ebb_encoder_from_json(
          &e, "{\"task\":\"regression\",\"missing\":\"refuse\",\"columns\":2,\"file_columns\":2,"
              "\"scale\":1.0,\"outputs\":1,\"targets\":[{\"name\":\"y\",\"position\":1}],"
              "\"features\":[[0.0,1.0],[0.0,1.0]],\"names\":[\"a\",\"b\"]}"),
      "\"file_columns\": 2");
}

/* An amount beyond float32 is refused where plain numbers are, with the same words. */
static void test_large_amounts(void **state) {
  (void)state;
  static const char text[] = "a,y\n$5,u\n3.6e56,v\n$7,u\n";
  ebb_table *t = NULL;
  ebb_status status = ebbi_table_parse(&t, "t", tight_copy(text, strlen(text)), strlen(text),
                                       &(ebb_read_options)EBB_READ_OPTIONS_INIT);
  assert_int_equal(status, EBB_ERR_INPUT);
  expect_message(status, "t:3: column \"a\": 3.6e+56 is too large");
}

static ebb_table *labelled(const char *text, const char *labels) {
  static const ebb_read_options inputs = {.size = sizeof(ebb_read_options), .no_target = true},
                                defaults = EBB_READ_OPTIONS_INIT;
  ebb_table *t = table_of(text, &inputs);
  if (ebbi_table_add_labels(t, "l", tight_copy(labels, strlen(labels)), strlen(labels),
                            &defaults) == EBB_OK)
    return t;
  ebb_table_free(t);
  return NULL;
}

/* An empty label column was once read as no labels. */
static void test_empty_labels(void **state) {
  (void)state;
  assert_null(labelled("a,b\n1.5,2\n", ",\"\"\n,\n"));
  expect_message(EBB_ERR_INPUT, "l: no labels");
}

/* A labels file and the inputs use the same column names: when written, each name occurs once. */
static void test_names_of_labels(void **state) {
  (void)state;
  char path[64], *bytes;
  size_t size;
  ebb_table *t = labelled("a,b\n1.5,2\n2.5,1\n", "b,labels_b\n0.5,1\n0.25,2\n");
  assert_non_null(t);
  snprintf(path, sizeof path, "test_fuzz_found.%ld.csv", (long)getpid());
  if (ebb_table_write(t, path, &(ebb_encoder_options)EBB_ENCODER_OPTIONS_INIT) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  assert_int_equal(ebbi_file_read(&bytes, &size, path, EBBI_FILE_LIMIT), EBB_OK);
  unlink(path);
  assert_string_equal(bytes, "a,b,labels_b,labels_labels_b\n1.5,2,0.5,1\n2.5,1,0.25,2\n");
  free(bytes);
  ebb_table_free(t);
}

/* A table whose first name is an ARFF keyword, or begins with a byte order mark, is read back as
 * is. */
static void test_first_names(void **state) {
  (void)state;
  static const char *const names[] = {"@attribute", "\xef\xbb\xbf"
                                                    "a"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    char path[64];
    ebb_table *t = table_of("u,y\n1.5,2\n2.5,1\n", NULL), *again;
    size_t index;
    ebbi_names_free(&t->raw.names);
    assert_int_equal(ebbi_names_add(&t->raw.names, &index, names[i]), EBB_OK);
    assert_int_equal(ebbi_names_add(&t->raw.names, &index, "y"), EBB_OK);
    snprintf(path, sizeof path, "test_fuzz_found.%ld.csv", (long)getpid());
    assert_int_equal(ebb_table_write(t, path, &(ebb_encoder_options)EBB_ENCODER_OPTIONS_INIT),
                     EBB_OK);
    assert_int_equal(ebb_table_read(&again, path, NULL), EBB_OK);
    unlink(path);
    assert_string_equal(again->raw.names.items[0], names[i]);
    ebb_table_free(again);
    ebb_table_free(t);
  }
}

/* Finding an input's column once took a walk over all columns for each cell written. */
static void test_columns_of_inputs(void **state) {
  (void)state;
  ebb_table *t = table_of(
      "n,c,d,m,y\n1.5,u,2021-03-01,7,1\n2.5,v,2021-03-02,8,2\n"
      "3.5,w,2021-03-03,6.5,1\n",
      &(ebb_read_options){.size = sizeof(ebb_read_options), .categorical = "c", .keep = "d"});
  ebb_encoder *e = encoder_of(t, NULL);
  size_t index = 0, within;
  for (size_t c = 0; c < e->columns; c++)
    for (size_t i = 0; i < ebbi_feature_inputs(&e->features[c]); i++, index++) {
      assert_int_equal(ebbi_encoder_column_of(&within, e, index), c);
      assert_int_equal(within, i);
    }
  assert_int_equal(index, e->inputs);
  char name[32];
  ebbi_encoder_input_name(name, sizeof name, e, 2);
  assert_string_equal(name, "c=v");
  ebb_encoder_free(e);
  ebb_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_message),          cmocka_unit_test(test_no_dates),
      cmocka_unit_test(test_quartiles),        cmocka_unit_test(test_positions),
      cmocka_unit_test(test_large_amounts),    cmocka_unit_test(test_empty_labels),
      cmocka_unit_test(test_names_of_labels),  cmocka_unit_test(test_first_names),
      cmocka_unit_test(test_columns_of_inputs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
