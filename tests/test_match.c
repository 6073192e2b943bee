/* Matching an encoder's columns to a new file.
 */
#include "test_data.h"

/* An encoder of columns a (number), b (amount in km), c (category), d (date) and target y, fitted
 * on a file that also had x, left out, between b and c. */
typedef struct trained {
  ebb_encoder encoder;
  ebbi_feature features[4];
  size_t positions[4], target;
} trained;

static void train(trained *t, bool named) {
  static const char *const names[] = {"a", "b", "c", "d"};
  size_t index;
  *t = (trained){.features = {{.kind = EBB_COLUMN_NUMBER},
                              {.kind = EBB_COLUMN_AMOUNT, .format = "km"},
                              {.kind = EBB_COLUMN_CATEGORY},
                              {.kind = EBB_COLUMN_DATE, .format = "d-m-y"}},
                 .positions = {0, 1, 3, 4},
                 .target = 5};
  t->encoder = (ebb_encoder){.task = EBB_TASK_CLASSIFICATION,
                             .columns = 4,
                             .features = t->features,
                             .positions = t->positions,
                             .file_columns = 6,
                             .named = named,
                             .target_positions = &t->target,
                             .outputs = 2};
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(ebbi_names_add(&t->encoder.names, &index, names[i]), EBB_OK);
  assert_int_equal(ebbi_names_add(&t->encoder.left_out, &index, "x"), EBB_OK);
  assert_int_equal(ebbi_names_add(&t->encoder.targets, &index, "y"), EBB_OK);
}

static void forget(trained *t) {
  ebbi_names_free(&t->encoder.names);
  ebbi_names_free(&t->encoder.left_out);
  ebbi_names_free(&t->encoder.targets);
}

/* The first row must be a 1.5, b 7, c "1", d 1 February 2021. */
static void expect_match(const trained *model, const char *text, ebb_read_options options,
                         const char *target, const char *notes) {
  char found[512];
  options.encoder = &model->encoder;
  ebb_table *t = table_of(text, &options);
  describe_target(found, t);
  assert_string_equal(found, target);
  expect_notes(t, notes);
  assert_int_equal(ebb_table_columns(t), 4);
  assert_true(ebbi_table_number(t, 0, 0) == 1.5 && ebbi_table_number(t, 0, 1) == 7);
  assert_string_equal(ebbi_table_texts(t, 2)->items[ebbi_table_code(t, 0, 2)], "1");
  assert_true(ebbi_table_number(t, 0, 3) == 18659);
  ebb_table_free(t);
}

static void expect_mismatch(const trained *model, const char *text, const char *message) {
  expect_refused(text,
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .encoder = &model->encoder},
                 message);
}

static void test_match_by_name(void **state) {
  (void)state;
  trained t;
  ebb_read_options none = EBB_READ_OPTIONS_INIT,
                   ignore = {.size = sizeof(ebb_read_options), .ignore_target = true},
                   id = {.size = sizeof(ebb_read_options), .id = "extra"};
  train(&t, true);
  expect_match(&t, "d,c,b,a\n1.2.2021,1,7km,1.5\n", none, "none", "");
  expect_match(&t, "y,a,b,x,c,d\nv,1.5,7 km,k,1,1/2/2021\n", none, "classification y: v", "");
  expect_match(&t, "y,a,b,x,c,d\n,1.5,7,k,1,1/2/2021\nnew,2,7 km,k,2,\n", ignore, "none", "");
  expect_match(
      &t, "extra,a,b,c,d\n9,1.5,7 km,1,1/2/2021\n", none, "none",
      "column ignored, since the model was trained without: \"extra\"; --id passes one through");
  expect_match(&t, "extra,a,b,c,d\n9,1.5,7 km,1,1/2/2021\n", id, "none", "");
  expect_mismatch(&t, "a,d,e\n1.5,1/2/2021,x\n",
                  "t: 2 of the model's 4 input columns are missing: \"b\", \"c\"");
  expect_mismatch(&t, "a,b,c,d\n1,7 km,1,1/2/2021\nx,7 km,1,1/2/2021\n",
                  "t:3: column \"a\": \"x\" is not a number, unlike the training data");
  expect_mismatch(&t, "a,b,c,d\n1,7 m,1,1/2/2021\n",
                  "t:2: column \"b\": \"7 m\" is no amount in km, unlike the training data");
  expect_mismatch(&t, "a,b,c,d\n1,7 km,1,2/13/2021\n",
                  "t:2: column \"d\": \"2/13/2021\" is not a date, d-m-y");
  expect_refused(
      "a,b,c,d\n1,7 km,1,\n",
      &(ebb_read_options){.size = sizeof(ebb_read_options), .encoder = &t.encoder, .target = "a"},
      "t: column \"a\" is an input of the model");
  ebb_table *unused;
  assert_int_equal(parse_bytes(&unused, "a\n1\n", 4,
                               &(ebb_read_options){.size = sizeof(ebb_read_options),
                                                   .encoder = &t.encoder,
                                                   .drop = "a"}),
                   EBB_ERR_ARGUMENT);
  forget(&t);
}

/* With and without the target, with and without the column left out. */
static void test_match_by_position(void **state) {
  (void)state;
  trained t;
  ebb_read_options none = {.size = sizeof(ebb_read_options), .header = EBB_HEADER_NO},
                   ignore = {.size = sizeof(ebb_read_options),
                             .header = EBB_HEADER_NO,
                             .ignore_target = true};
  train(&t, false);
  expect_match(&t, "1.5,7 km,k,1,1/2/2021,v\n", none, "classification 5: v", "");
  expect_match(&t, "1.5,7 km,k,1,1/2/2021,v\n", ignore, "none", "");
  expect_match(&t, "1.5,7 km,k,1,1/2/2021\n", none, "none", "");
  expect_match(&t, "1.5,7 km,1,1/2/2021\n", none, "none", "");
  expect_match(
      &t, "id7,1.5,7 km,1,1/2/2021\n",
      (ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_NO, .id = "0"},
      "none", "");
  expect_match(
      &t, "v,1.5,7 km,1,1/2/2021\n",
      (ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_NO, .target = "0"},
      "classification 0: v", "");
  expect_refused("1.5,7 km,1\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options),
                                     .header = EBB_HEADER_NO,
                                     .encoder = &t.encoder},
                 "t: 3 columns, but the model takes 4 (or 5 with the target)");
  forget(&t);
}

/* A network without an encoder: column i is input i, class i is output i. */
static void expect_bare(size_t outputs, const char *text, ebb_read_options options,
                        const char *target) {
  ebb_encoder bare = {.bare = true, .columns = 2, .inputs = 2, .outputs = outputs};
  options.encoder = &bare;
  options.header = EBB_HEADER_NO;
  char found[512];
  ebb_table *t = table_of(text, &options);
  describe_target(found, t);
  assert_string_equal(found, target);
  assert_int_equal(ebb_table_columns(t), 2);
  ebb_table_free(t);
}

/* Numbers of an array: only an input's value beyond float32 is reported. */
static void test_array(void **state) {
  (void)state;
  const char *file = "\0\0\x0d\x02\0\0\0\1\0\0\0\3\x3f\x80\0\0\x7f\x80\0\0\x7f\x80\0\0";
  ebb_encoder bare = {.bare = true, .columns = 2, .inputs = 2, .outputs = 3};
  ebb_read_options options = {
      .size = sizeof(ebb_read_options), .encoder = &bare, .ignore_target = true};
  ebb_table *t;
  expect_message(parse_bytes(&t, file, 24, &options),
                 "t: row 0, column 1*inf is not a finite number");
  bare.columns = bare.inputs = 1;
  bare.outputs = 2;
  assert_int_equal(parse_bytes(&t, file, 24, &options), EBB_OK);
  assert_true(ebbi_table_number(t, 0, 0) == 1);
  ebb_table_free(t);
}

static void test_bare(void **state) {
  (void)state;
  ebb_read_options none = EBB_READ_OPTIONS_INIT,
                   ignore = {.size = sizeof(ebb_read_options), .ignore_target = true},
                   regression = {.size = sizeof(ebb_read_options), .task = EBB_TASK_REGRESSION};
  expect_bare(3, "1,2\n3,4\n", none, "none");
  expect_bare(3, "1,2,1\n3,4,2\n", none, "classification 2: 1 2");
  expect_bare(3, "1,2,1\n3,4,2\n", ignore, "none");
  expect_bare(1, "1,2,1\n3,4,2\n", none, "regression 2");
  expect_bare(2, "1,2,1,7\n3,4,2,8\n", none, "regression 2 3");
  expect_bare(1, "1,2,0\n3,4,1\n", regression, "regression 2");
  ebb_encoder bare = {.bare = true, .columns = 2, .inputs = 2, .outputs = 3};
  ebb_read_options options = {
      .size = sizeof(ebb_read_options), .encoder = &bare, .header = EBB_HEADER_NO};
  expect_refused("1,2,1\n3,4,3\n", &options,
                 "t: the target is neither a class, from 0 to 2, nor one number for each of the "
                 "model's 3 outputs");
  expect_refused("1,2,3,4\n", &options, "t: 4 columns, but the model takes 2");
  options.no_target = true;
  expect_refused("1,2,1\n", &options, "t: 3 columns, but the model takes 2");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_match_by_name),
                                     cmocka_unit_test(test_match_by_position),
                                     cmocka_unit_test(test_array), cmocka_unit_test(test_bare)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
