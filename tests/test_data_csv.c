/* Reading CSV: what is in well-formed files, on small texts and on real data. */
#include "test_data.h"

#include <math.h>

/* Columns, target and header of a text, as one line. */
static void expect_layout(const char *text, const ebb_read_options *options, const char *expected) {
  ebb_table *t = table_of(text, options);
  char found[256];
  int used =
      snprintf(found, sizeof found, "%zux%zu%s", t->rows, t->cols, t->named ? " header" : "");
  for (size_t c = 0; c < t->cols; c++)
    used += snprintf(found + used, sizeof found - (size_t)used, " %s:%s", t->names.items[c],
                     t->columns[c].category ? "text" : "number");
  if (t->target.cols)
    snprintf(found + used, sizeof found - (size_t)used, " -> %s:%s", t->target.name,
             ebb_task_name(t->target.task));
  assert_string_equal(found, expected);
  ebb_table_free(t);
}

static void test_golden(void **state) {
  (void)state;
  ebb_table *t = table_of("a,b,c\n1,2.5,x\n-3,4e2,y\n.5,-0.25,x\n", NULL);
  assert_int_equal(ebb_table_rows(t), 3);
  assert_int_equal(ebb_table_columns(t), 2);
  assert_true(ebb_table_has_target(t));
  assert_int_equal(ebb_table_task(t), EBB_TASK_CLASSIFICATION);
  static const double expected[3][2] = {{1, 2.5}, {-3, 400}, {.5, -.25}};
  for (size_t r = 0; r < 3; r++)
    for (size_t c = 0; c < 2; c++) assert_true(ebbi_table_number(t, r, c) == expected[r][c]);
  assert_int_equal(t->target.classes.count, 2);
  assert_string_equal(t->target.classes.items[0], "x");
  assert_int_equal(t->target.codes[0], 0);
  assert_int_equal(t->target.codes[1], 1);
  assert_int_equal(t->target.codes[2], 0);
  assert_int_equal(t->lines[2], 4);
  ebb_table_free(t);
}

static void test_delimiters(void **state) {
  (void)state;
  const char *expected = "2x2 header a:number b:number -> c:classification";
  expect_layout("a,b,c\n1,2,3\n4,5,6\n", NULL, expected);
  expect_layout("a;b;c\n1;2;3\n4;5;6\n", NULL, expected);
  expect_layout("a\tb\tc\n1\t2\t3\n4\t5\t6\n", NULL, expected);
  expect_layout("a|b|c\n1|2|3\n4|5|6\n", NULL, expected);
  expect_layout("a;b,b;c\n1;2;3\n4;5;6\n", &(ebb_read_options){.delimiter = ';'},
                "2x2 header a:number b,b:number -> c:classification");
  expect_layout("\"a;x;y;z\",b,c\n1,2,3\n4,5,6\n", NULL,
                "2x2 header a;x;y;z:number b:number -> c:classification");
  expect_layout("a b c\n1 2 3\n4 5 6\n", &(ebb_read_options){.delimiter = ' '}, expected);
  expect_layout("a\tb\n\t1\n2\t3\n", NULL, "2x1 header a:number -> b:classification");
}

static void test_line_ends_and_quotes(void **state) {
  (void)state;
  const char *expected = "2x1 header a:number -> b:classification";
  expect_layout("a,b\r\n1,2\r\n3,4\r\n", NULL, expected);
  expect_layout("a,b\r1,2\r3,4", NULL, expected);
  expect_layout("a,b\n1,2\n3,4", NULL, expected);
  expect_layout("\xef\xbb\xbf"
                "a,b\n1,2\n3,4\n",
                NULL, expected);
  expect_layout("\n\n  \na,b\n\n1,2\n \t\n3,4\n\n\n", NULL, expected);
  expect_layout(" \"a\" , b \n \"1\",2\n3, 4 \n", NULL, expected);
  ebb_table *t = table_of("\"say \"\"a\"\"\",\"b,\nc\"\n1,\"x\ny\"\n\n2,z\n", NULL);
  assert_string_equal(t->names.items[0], "say \"a\"");
  assert_string_equal(t->target.name, "b,\nc");
  assert_int_equal(t->lines[0], 3);
  assert_int_equal(t->lines[1], 6);
  ebb_table_free(t);
}

static void test_header_detection(void **state) {
  (void)state;
  expect_layout("1,2,a\n3,4,b\n", NULL, "2x2 0:number 1:number -> 2:classification");
  expect_layout("M,0.5,a\nF,0.7,b\n", NULL, "2x2 0:text 1:number -> 2:classification");
  expect_layout("?,0.5,a\nF,0.7,b\n", NULL, "2x2 0:text 1:number -> 2:classification");
  expect_layout("1,2\n", NULL, "1x1 0:number -> 1:classification");
  expect_layout("a,b\n?,2\n", NULL, "1x1 header a:number -> b:classification");
}

static void test_header_of_text_only(void **state) {
  (void)state;
  expect_layout("colour,taste\nred,good\ngreen,bad\n", NULL,
                "2x1 header colour:text -> taste:classification");
  expect_layout("red,good\ngreen,bad\nred,bad\n", NULL, "3x1 0:text -> 1:classification");
  expect_layout("x,x,win\no,o,lost\n", NULL, "2x2 0:text 1:text -> 2:classification");
  expect_layout(",a,b\n0,1,2\n1,3,4\n", NULL, "2x2 header 0:number a:number -> b:classification");
  expect_layout("1,2\n3,4\n", &(ebb_read_options){.header = EBB_HEADER_YES},
                "1x1 header 1:number -> 2:classification");
  expect_layout("a,b\nc,d\n", &(ebb_read_options){.header = EBB_HEADER_NO},
                "2x1 0:text -> 1:classification");
}

/* A header of one name less, as R writes it, is told by two rows and named from the end. */
static void test_short_header(void **state) {
  (void)state;
  expect_layout("a,class\n1,2,3\n4,5,6\n", NULL,
                "2x2 header 0:number a:number -> class:classification");
  expect_refused("a,class\n1,2,3\n", NULL, "t:2: 3 fields, expected 2");
  expect_refused("a,class\n1,2,3\n4,5\n", NULL, "t:2: 3 fields, expected 2");
}

static void test_target(void **state) {
  (void)state;
  const char *text = "a,b,4,c\n1,2,3,u\n4,5,6,v\n";
  static const struct {
    const char *target, *layout;
  } cases[] = {{NULL, "2x3 header a:number b:number 4:number -> c:classification"},
               {"c", "2x3 header a:number b:number 4:number -> c:classification"},
               {"-1", "2x3 header a:number b:number 4:number -> c:classification"},
               {"0", "2x3 header b:number 4:number c:text -> a:classification"},
               {"-4", "2x3 header b:number 4:number c:text -> a:classification"},
               {"4", "2x3 header a:number b:number c:text -> 4:classification"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_layout(text, &(ebb_read_options){.target = cases[i].target, .header = EBB_HEADER_YES},
                  cases[i].layout);
  ebb_read_options options = {.header = EBB_HEADER_YES, .target = "4"};
  options.target = "9";
  expect_refused(text, &options, "t: target 9: *0 to 3");
  options.target = "-5";
  expect_refused(text, &options, "t: target -5: *0 to 3");
  options.target = "1e300";
  expect_refused(text, &options, "t: target 1e300");
  options.target = "1.5";
  expect_refused(text, &options, "no column \"1.5\"");
  options.target = "nan";
  expect_refused(text, &options, "no column \"nan\"");
  expect_refused("width,height\n1,2\n", &(ebb_read_options){.target = "hieght"},
                 "no column \"hieght\"; did you mean \"height\"?");
}

static void expect_classes(const char *text, ebb_task task, const char *expected) {
  ebb_table *t = table_of(text, &(ebb_read_options){.task = task, .header = EBB_HEADER_NO});
  char found[128] = "";
  for (size_t i = 0; i < t->target.classes.count; i++) {
    strcat(found, i ? " " : "");
    strcat(found, t->target.classes.items[i]);
  }
  assert_string_equal(found, expected);
  ebb_table_free(t);
}

static void test_tasks(void **state) {
  (void)state;
  expect_classes("0,10\n0,9\n0,-1\n0,9.0\n", EBB_TASK_AUTO, "-1 9 10");
  expect_classes("0,b\n0,a\n0,B\n", EBB_TASK_AUTO, "B a b");
  expect_classes("0,1.5\n0,2\n", EBB_TASK_AUTO, "");
  expect_classes("0,1.5\n0,.5\n", EBB_TASK_CLASSIFICATION, ".5 1.5");
  expect_classes("0,7\n0,a\n0,10\n", EBB_TASK_CLASSIFICATION, "10 7 a");
  expect_classes("0,1\n0,2\n", EBB_TASK_REGRESSION, "");
  char text[4096] = "";
  for (int i = 0; i < 21; i++) sprintf(text + strlen(text), "0,%d\n", i);
  ebb_table *t = table_of(text, NULL);
  assert_int_equal(t->target.task, EBB_TASK_REGRESSION);
  assert_true(t->target.numbers[20] == 20);
  assert_string_equal(t->target.reason, "21 distinct integers");
  ebb_table_free(t);
  *strstr(text, "0,20\n") = '\0';
  t = table_of(text, NULL);
  assert_int_equal(t->target.task, EBB_TASK_CLASSIFICATION);
  assert_int_equal(t->target.classes.count, 20);
  ebb_table_free(t);
}

static void test_missing_values(void **state) {
  (void)state;
  ebb_table *t = table_of(",?,y\nNA,n/a,y\n nan ,u,y\n4,NULL,y\nNaN,v,y\n", NULL);
  assert_int_equal(t->columns[0].missing, 4);
  assert_int_equal(t->columns[1].missing, 3);
  assert_true(isnan(ebbi_table_number(t, 2, 0)) && ebbi_table_number(t, 3, 0) == 4);
  assert_true(t->columns[1].category && t->columns[1].codes[0] == -1);
  assert_int_equal(t->columns[1].codes[4], 1);
  ebb_table_free(t);
}

/* More rows than the first allocation holds, and a column whose kind shows late. */
static void test_growth(void **state) {
  (void)state;
  enum { ROWS = 1000 };
  char *text = malloc(ROWS * 32), *at = text;
  assert_non_null(text);
  for (int i = 0; i < ROWS; i++) at += sprintf(at, "%d,%s,%d.5\n", i, i < 300 ? "" : "x", i);
  ebb_table *t = table_of(text, NULL);
  for (size_t i = 0; i < ROWS; i++) {
    assert_true(ebbi_table_number(t, i, 0) == (double)i);
    assert_int_equal(t->columns[1].codes[i], i < 300 ? -1 : 0);
    assert_true(t->target.numbers[i] == (double)i + .5);
  }
  assert_int_equal(t->columns[1].missing, 300);
  free(text);
  ebb_table_free(t);
}

static void test_real_files(void **state) {
  (void)state;
  static const struct {
    const char *name, *summary;
  } files[] = {
      {"iris.csv", "150 rows, 4 numeric columns, target \"4\": 3 classes (text)"},
      {"sonar.csv", "208 rows, 60 numeric columns, target \"60\": 2 classes (text)"},
      {"banknote_authentication.csv",
       "1372 rows, 4 numeric columns, target \"4\": 2 classes (2 distinct integers)"},
      {"abalone.csv", "4177 rows, 7 numeric columns, 1 text column, target \"8\": regression (28 "
                      "distinct integers)"},
      {"horse-colic.csv", "300 rows, 27 numeric columns, 1605 missing values, target \"27\": 2 "
                          "classes (2 distinct integers)"},
      {"optdigits.tra", "3823 rows below a header that lacks the first column's name, 64 numeric "
                        "columns, target \"class\": 10 classes (10 distinct integers)"}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[512];
    ebb_table *t;
    if (ebb_table_read(&t, real_file(path, files[i].name), NULL))
      fail_msg("%s", ebb_error_message());
    assert_string_equal(ebb_table_summary(t), files[i].summary);
    ebb_table_free(t);
  }
}

static void test_digits(void **state) {
  (void)state;
  ebb_table *t;
  const char *path = EBB_SOURCE_DIR "/examples/digits.csv";
  if (ebb_table_read(&t, path, NULL)) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_table_rows(t), 1797);
  assert_int_equal(ebb_table_columns(t), 64);
  assert_true(t->named);
  assert_int_equal(t->target.classes.count, 10);
  ebb_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden),
                                     cmocka_unit_test(test_delimiters),
                                     cmocka_unit_test(test_line_ends_and_quotes),
                                     cmocka_unit_test(test_header_detection),
                                     cmocka_unit_test(test_header_of_text_only),
                                     cmocka_unit_test(test_short_header),
                                     cmocka_unit_test(test_target),
                                     cmocka_unit_test(test_tasks),
                                     cmocka_unit_test(test_missing_values),
                                     cmocka_unit_test(test_growth),
                                     cmocka_unit_test(test_real_files),
                                     cmocka_unit_test(test_digits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
