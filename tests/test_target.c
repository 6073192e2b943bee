/* The target: which column, task and classes. */
#include "test_data.h"

#include "array_files.h"

static void expect_target(const char *text, const ebb_read_options *options, const char *target,
                          const char *notes) {
  ebb_table *t = table_of(text, options);
  char found[512];
  describe_target(found, t);
  assert_string_equal(found, target);
  expect_notes(t, notes);
  ebb_table_free(t);
}

static void test_classes(void **state) {
  (void)state;
  expect_target("a,y\n1,b\n2.5,a\n2,B\n", NULL, "classification y (text): B a b", "");
  expect_target("a,y\n1,-1\n2.5,1\n2,+1\n", NULL, "classification y (2 distinct integers): -1 1",
                "");
  expect_target("a,y\n1,+1\n2.5,-1\n2,1.0\n", NULL, "classification y (2 distinct integers): -1 +1",
                "");
  expect_target("a,y\n1,0.\n2.5,1.\n2,0\n", NULL, "classification y (2 distinct integers): 0. 1.",
                "");
  expect_target("a,y\n1,3\n2.5,1\n2,2\n", NULL, "classification y (3 distinct integers): 1 2 3",
                "");
  expect_target("a,y\n1,10\n2.5,9\n2,x\n", NULL, "classification y (text): 10 9 x", "");
  expect_target("a,y\n1,$5\n2.5,$7\n2,$5\n", NULL, "classification y (text): $5 $7", "");
}

static void test_regression(void **state) {
  (void)state;
  expect_target("a,y\n1,0.5\n2.5,1\n2,2\n", NULL, "regression y (numbers with fractions)", "");
  ebb_read_options options = {.size = sizeof(ebb_read_options), .task = EBB_TASK_REGRESSION};
  expect_target("a,y\n1,1\n2.5,3\n2,1\n", &options, "regression y", "");
  expect_refused("a,y\n1,1\n2.5,b\n2,1\n", &options,
                 "t:3: column \"y\": \"b\" is not a number, as the target of a regression must be");
  options.task = EBB_TASK_CLASSIFICATION;
  expect_target("a,y\n1,1.5\n2.5,.5\n2,1\n", &options, "classification y: .5 1 1.5", "");
  expect_target("a,y\n1,10\n2.5,7\n2,a\n", &options, "classification y: 10 7 a", "");
}

/* `count` distinct numbers from `first` on, `step` apart, each `times` times. */
static const char *counts(int count, int times, int step, int first) {
  static char text[6000 * 24];
  char *at = text + sprintf(text, "a,y\n");
  for (int i = 0; i < count * times; i++)
    at += sprintf(at, "%d.5,%d\n", i, first + i % count * step);
  return text;
}

static void expect_counts(int count, int times, int step, int first, bool classes,
                          const char *note) {
  char reason[64];
  ebb_table *t = table_of(counts(count, times, step, first), NULL);
  snprintf(reason, sizeof reason, "%d distinct integers", count);
  assert_string_equal(t->target.reason, reason);
  assert_int_equal(t->target.task, classes ? EBB_TASK_CLASSIFICATION : EBB_TASK_REGRESSION);
  assert_int_equal(t->target.classes.count, classes ? (size_t)count : 0);
  expect_notes(t, note);
  ebb_table_free(t);
}

/* A note appears only if the meaning of whole numbers is doubtful. */
static void test_doubtful_numbers(void **state) {
  (void)state;
  expect_counts(10, 2, 1, 0, true, "");
  expect_counts(10, 2, 1, 1, true, "");
  expect_counts(2, 3, 7, 5, true, "");
  expect_counts(7, 2, 1, 3, true,
                "!target \"y\": 7 distinct whole numbers: 7 classes; --task regression if they are "
                "amounts");
  expect_counts(5, 2, 2, 0, true,
                "!target \"y\": 5 distinct whole numbers: 5 classes; --task regression if they are "
                "amounts");
  expect_counts(
      20, 2, 1, 0, true,
      "!target \"y\": 20 distinct whole numbers: 20 classes; --task regression if they are "
      "amounts");
  expect_counts(21, 4, 1, 0, false, "");
  expect_counts(
      26, 5, 1, 0, false,
      "!target \"y\": 26 distinct whole numbers: regression; --task classification if they "
      "are codes");
  expect_counts(1001, 5, 1, 0, false, "");
}

static void test_which_column(void **state) {
  (void)state;
  const char *proposal =
      "!target \"b\", the last column; a column is named \"class\": --target class";
  const char *text = "a,class,b\n1,u,0\n2.5,v,1\n";
  expect_target(text, NULL, "classification b (2 distinct integers): 0 1", proposal);
  expect_target("a,Y,class\n1,u,0\n2.5,v,1\n", NULL,
                "classification class (2 distinct integers): 0 1", "");
  expect_target(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "class"},
                "classification class (text): u v", "");
  expect_target(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "-2"},
                "classification class (text): u v", "");
  expect_target(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "class"},
                "classification b (2 distinct integers): 0 1", "");
  expect_target(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .no_target = true},
                "none", "");
  expect_refused(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "clas"},
                 "t: no column \"clas\"; did you mean \"class\"? (--target)");
  expect_refused(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "3"},
                 "t: target 3: the columns are 0 to 2, or -1 to -3 from the end");
  expect_refused("a\n1\n2.5\n", NULL, "t: one column only, so nothing to learn from");
  expect_refused("a,y\n1.5,u\n2.5,v\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .decimal = ','},
                 "*the delimiter may be the comma, which --decimal ,");
  expect_refused("a,y\n1.5,u\n2.5,v\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .delimiter = ';'},
                 "*the delimiter is not the one given by --delimiter");
}

/* A name takes precedence over a position. */
static void test_positions(void **state) {
  (void)state;
  const char *text = "a,b,4,c\n1,2.5,3,u\n4,5,6,v\n";
  static const struct {
    const char *asked, *found;
  } cases[] = {{NULL, "c"}, {"c", "c"}, {"-1", "c"}, {"0", "a"}, {"-4", "a"}, {"4", "4"}},
    refused[] = {{"9", "t: target 9: *0 to 3"}, {"-5", "t: target -5: *0 to 3"},
                 {"1e300", "t: target 1e300"},  {"1.5", "no column \"1.5\""},
                 {"nan", "no column \"nan\""},  {"", "no column \"\""}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    ebb_table *t = table_of(text, &(ebb_read_options){.size = sizeof(ebb_read_options),
                                                      .target = cases[i].asked,
                                                      .header = EBB_HEADER_YES});
    assert_int_equal(ebb_table_targets(t), 1);
    assert_string_equal(ebb_table_target_name(t, 0), cases[i].found);
    ebb_table_free(t);
  }
  for (size_t i = 0; i < COUNT_OF(refused); i++)
    expect_refused(text,
                   &(ebb_read_options){.size = sizeof(ebb_read_options),
                                       .target = refused[i].asked,
                                       .header = EBB_HEADER_YES},
                   refused[i].found);
}

static void test_guess_that_cannot_be(void **state) {
  (void)state;
  char text[1024] = "a,who\n", dates[1024] = "a,when\n";
  for (int i = 0; i < 24; i++) sprintf(text + strlen(text), "%d.5,\"make%d model\"\n", i, i);
  for (int i = 0; i < 24; i++) sprintf(dates + strlen(dates), "%d.5,2021-01-%02d\n", i, i + 1);
  const char *rest = "is hardly the target*--target NAME";
  char message[256];
  snprintf(message, sizeof message,
           "t: the last column, \"who\", has 24 different texts in 24 rows*%s", rest);
  expect_refused(text, NULL, message);
  snprintf(message, sizeof message, "t: the last column, \"when\", holds dates*%s", rest);
  expect_refused(dates, NULL, message);
  ebb_table *t =
      table_of(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "who"});
  assert_int_equal(t->target.classes.count, 24);
  ebb_table_free(t);
}

static void test_amounts(void **state) {
  (void)state;
  char text[1024] = "a,price\n";
  for (int i = 0; i < 24; i++) sprintf(text + strlen(text), "%d.5,\"$%d,500\"\n", i, i + 1);
  ebb_table *t = table_of(text, NULL);
  assert_int_equal(t->target.task, EBB_TASK_REGRESSION);
  assert_true(ebbi_table_value(t, 23, 0) == 24500);
  assert_string_equal(t->target.reason, "amounts");
  expect_notes(t,
               "target \"price\": texts read as numbers (numbers in $); --task classification if "
               "they are classes");
  ebb_table_free(t);
  t = table_of(text, &(ebb_read_options){.size = sizeof(ebb_read_options),
                                         .task = EBB_TASK_CLASSIFICATION,
                                         .target = "price"});
  assert_int_equal(t->target.classes.count, 24);
  ebb_table_free(t);
}

static void test_missing(void **state) {
  (void)state;
  ebb_table *t = table_of("a,y\n1,u\n2.5,\n3,?\n4,v\n", NULL);
  assert_int_equal(ebb_table_rows(t), 2);
  assert_true(ebbi_table_number(t, 1, 0) == 4);
  assert_int_equal(ebbi_table_class(t, 1), 1);
  expect_notes(t, "2 rows without a target left out (first: line 3)");
  expect_message(ebbi_target_fail(t, 1, "x"), "t:5: column \"y\": x");
  ebb_table_free(t);
  expect_target("a,y\n1,\n2.5,1.5\n3,2\n", NULL, "regression y (numbers with fractions)",
                "1 row without a target left out (first: line 2)");
  expect_refused("a,y\n1,\n2.5,?\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "y"},
                 "t: no row has a target");
}

static void test_several(void **state) {
  (void)state;
  const char *text = "a,y1,y2\n1,0,10.5\n2.5,1,20\n";
  ebb_table *t =
      table_of(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "y2,y1"});
  char found[512];
  describe_target(found, t);
  assert_string_equal(found, "regression y2 y1");
  assert_int_equal(ebb_table_columns(t), 1);
  assert_true(ebbi_table_value(t, 1, 0) == 20 && ebbi_table_value(t, 1, 1) == 1);
  ebb_table_free(t);
  expect_refused("a,y1,y2\n1,u,10.5\n2.5,v,20\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "y1,y2"},
                 "t:2: column \"y1\": \"u\" is not a number");
  expect_refused(text,
                 &(ebb_read_options){.size = sizeof(ebb_read_options),
                                     .target = "y1,y2",
                                     .task = EBB_TASK_CLASSIFICATION},
                 "t: 2 target columns; classes must be in one column");
  const char *hot = "a,r,g\n1,0,1\n2.5,1,0\n3,0,1\n";
  expect_target(hot, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "r,g"},
                "classification r g (a single 1 per row in 2 columns): r g", "");
  expect_target(hot,
                &(ebb_read_options){
                    .size = sizeof(ebb_read_options), .target = "r,g", .task = EBB_TASK_REGRESSION},
                "regression r g", "");
}

/* Three rows of one number, with labels. */
static ebb_status labelled(ebb_table **t, char type, size_t rows, size_t cols, const char *values,
                           const ebb_read_options *options) {
  char data[64], labels[256];
  size_t size = idx_file(data, 8, 3, 1, "\1\5\2");
  assert_int_equal(parse_bytes(t, data, size, NULL), EBB_OK);
  size = idx_file(labels, type, rows, cols, values);
  return ebbi_table_add_labels(*t, "l", tight_copy(labels, size), size, options);
}

static void expect_labels(char type, size_t cols, const char *values, const char *target,
                          const char *notes) {
  static const ebb_read_options defaults = EBB_READ_OPTIONS_INIT;
  ebb_table *t;
  char found[512];
  if (labelled(&t, type, 3, cols, values, &defaults)) fail_msg("%s", ebb_error_message());
  describe_target(found, t);
  assert_string_equal(found, target);
  expect_notes(t, notes);
  ebb_table_free(t);
}

static void test_labels(void **state) {
  (void)state;
  expect_labels(8, 1, "\0\1\0", "classification labels (2 distinct integers): 0 1", "");
  expect_labels(9, 1, "\xff\1\1", "classification labels (2 distinct integers): -1 1", "");
  expect_labels(
      8, 1, "\0\7\3", "classification labels (3 distinct integers): 0 3 7",
      "!target \"labels\": 3 distinct whole numbers: 3 classes; --task regression if they "
      "are amounts");
  expect_labels(8, 3, "\0\1\0\1\0\0\0\0\1",
                "classification 0 1 2 (a single 1 per row in 3 columns): 0 1 2", "");
  expect_labels(8, 3, "\0\1\0\1\0\0\0\0\0", "regression 0 1 2", "");
  static const ebb_read_options regression = {.size = sizeof(ebb_read_options),
                                              .task = EBB_TASK_REGRESSION};
  ebb_table *t;
  assert_int_equal(labelled(&t, 8, 3, 1, "\0\1\0", &regression), EBB_OK);
  assert_true(ebbi_table_value(t, 1, 0) == 1);
  expect_message(ebbi_target_fail(t, 1, "x"), "l: row 1 (from 0): x");
  uint64_t fingerprint = ebb_table_fingerprint(t);
  ebb_table_free(t);
  assert_int_equal(labelled(&t, 8, 3, 1, "\0\1\1", &regression), EBB_OK);
  assert_true(ebb_table_fingerprint(t) != fingerprint);
  ebb_table_free(t);
  expect_message(labelled(&t, 8, 2, 1, "\0\1", &regression), "l: 2 labels, but t has 3 rows");
  ebb_table_free(t);
}

static void test_summary(void **state) {
  (void)state;
  static const struct {
    const char *text, *summary;
  } cases[] = {
      {"1,x,a\n2.5,y,b\n",
       "2 rows, 1 numeric column, 1 text column, target \"2\": 2 classes (text)"},
      {",a,b,c,y\n0,$1,?,2021-01-01,.5\n1,$2,1,2021-01-03,1\n",
       "2 rows below a header that lacks the first column's name, 1 numeric column, 1 amount "
       "column, 1 "
       "date column, 1 column left out, 1 missing value, target \"y\": regression (numbers with "
       "fractions)"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    ebb_table *t = table_of(cases[i].text, NULL);
    ebbi_table_summarise(t);
    assert_string_equal(ebb_table_summary(t), cases[i].summary);
    ebb_table_free(t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_classes),          cmocka_unit_test(test_regression),
      cmocka_unit_test(test_doubtful_numbers), cmocka_unit_test(test_which_column),
      cmocka_unit_test(test_positions),        cmocka_unit_test(test_guess_that_cannot_be),
      cmocka_unit_test(test_amounts),          cmocka_unit_test(test_missing),
      cmocka_unit_test(test_several),          cmocka_unit_test(test_labels),
      cmocka_unit_test(test_summary)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
