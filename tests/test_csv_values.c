/* Values of text tables: numbers, decimal commas, missing values, texts, and the forms of
 * columns. */
#include "raw_rig.h"

static void test_numbers(void **state) {
  (void)state;
  ebbi_raw raw = csv_of("a,b,c\n1,2.5,x\n-3,4e2,y\n\" .5\",-0.25,x\n+7,1e39,z\n", NULL, NULL);
  static const double expected[4][2] = {{1, 2.5}, {-3, 400}, {.5, -.25}, {7, 1e39}};
  for (size_t r = 0; r < 4; r++)
    for (size_t c = 0; c < 2; c++) assert_true(ebbi_raw_number(&raw, r, c) == expected[r][c]);
  assert_int_equal(raw.columns[2].texts.count, 3);
  assert_string_equal(cell(&raw, 2, 2), "x");
  assert_null(raw.columns[0].codes);
  assert_null(raw.columns[2].numbers);
  ebbi_raw_free(&raw);
}

static void test_not_finite(void **state) {
  (void)state;
  expect_csv_refused("1,inf,2\n", NULL, "t:1: column \"1\": \"inf\" is not a finite number");
  expect_csv_refused("1,2\n1,-Infinity\n", NULL,
                     "t:2: column \"1\": \"-Infinity\" is not a finite");
  expect_csv_refused("1,2\n1,1e999\n", NULL, "t:2: column \"1\": \"1e999\" is not a finite");
  expect_columns("1,inf\n2,sup\n", NULL, "2x2 0:number 1:text");
  expect_columns("1,inf\n2,5\n3,sup\n", NULL, "3x2 0:number 1:text");
  ebbi_form both = EBBI_FORM_BOTH;
  ebbi_raw raw;
  expect_message(read_raw(ebbi_csv_read, &raw, "a\n1\ninf\n", 8, NULL, &both), "t:3: column \"a\"");
  ebbi_raw_free(&raw);
}

/* Numbers first, then a text: a second pass makes them texts, as written in the file. */
static void test_columns_that_turn(void **state) {
  (void)state;
  ebbi_raw raw = csv_of("a,b,c\n1,\"2\",0\n2,03,0\n?,?,0\n4,5more,0\n5,2,0\n", NULL, NULL);
  static const char *const texts[] = {"2", "03", "?", "5more", "2"};
  for (size_t r = 0; r < 5; r++) assert_string_equal(cell(&raw, r, 1), texts[r]);
  assert_int_equal(raw.columns[1].missing, 1);
  assert_int_equal(raw.columns[1].numeric, 3);
  assert_null(raw.columns[1].numbers);
  assert_string_equal(cell(&raw, 3, 0), "4");
  assert_int_equal(raw.columns[0].missing, 1);
  assert_int_equal(ebbi_raw_line(&raw, 4), 6);
  ebbi_raw_free(&raw);
}

static void test_forms(void **state) {
  (void)state;
  static const struct {
    const char *text;
    ebbi_form form;
    const char *columns;
  } cases[] = {{"a\n1\n02\n", EBBI_FORM_AUTO, "2x1 header a:number"},
               {"a\n1\n02\n", EBBI_FORM_TEXT, "2x1 header a:text"},
               {"a\n1\n02\n", EBBI_FORM_BOTH, "2x1 header a:numbertext"},
               {"a\n1\nx\n", EBBI_FORM_BOTH, "2x1 header a:text"},
               {"a,b\n1,1\n?,x\n", EBBI_FORM_SKIP, "2x2 header a: b:"},
               {"a,b\n?,1\n?,2\n", EBBI_FORM_AUTO, "2x2 header a:number b:number"},
               {"a,b\n?,1\n?,2\n", EBBI_FORM_TEXT, "2x2 header a:text b:text"},
               {"a,b\n?,1\n?,2\n", EBBI_FORM_BOTH, "2x2 header a:numbertext b:numbertext"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char found[128];
    ebb_read_options options = {.size = sizeof(ebb_read_options), .header = EBB_HEADER_YES};
    ebbi_raw raw = csv_of(cases[i].text, &options, &cases[i].form);
    describe_raw(found, sizeof found, &raw);
    assert_string_equal(found, cases[i].columns);
    ebbi_raw_free(&raw);
  }
}

/* If a target has too many numbers to be classes, their texts are dropped; a later text still gets
 * all of them back. */
static void test_many_numbers(void **state) {
  (void)state;
  enum { ROWS = EBBI_MAX_CLASSES + 1 };
  char *text = malloc(ROWS * 8 + 16), *at = text;
  assert_non_null(text);
  const ebbi_form both = EBBI_FORM_BOTH;
  for (int i = 0; i < ROWS; i++) at += sprintf(at, "%d\n", i);
  ebbi_raw raw = csv_of(text, NULL, &both);
  assert_true(raw.columns[0].numbers && !raw.columns[0].codes);
  assert_true(ebbi_raw_number(&raw, ROWS - 1, 0) == ROWS - 1);
  ebbi_raw_free(&raw);
  sprintf(at, "x\n");
  raw = csv_of(text, NULL, &both);
  assert_true(!raw.columns[0].numbers && raw.columns[0].codes);
  assert_int_equal(raw.columns[0].texts.count, ROWS + 1);
  assert_int_equal(raw.columns[0].numeric, ROWS);
  assert_string_equal(cell(&raw, ROWS - 1, 0), "65536");
  ebbi_raw_free(&raw);
  free(text);
}

static void test_decimal_commas(void **state) {
  (void)state;
  const ebb_read_options comma = {.size = sizeof(ebb_read_options), .decimal = ','};
  ebbi_raw raw = csv_of("a;b\n0,9;-1.234,5\n12;1.234\n,5e1;1.234.567\n", &comma, NULL);
  static const double expected[3][2] = {{.9, -1234.5}, {12, 1234}, {5, 1234567}};
  for (size_t r = 0; r < 3; r++)
    for (size_t c = 0; c < 2; c++) assert_true(ebbi_raw_number(&raw, r, c) == expected[r][c]);
  ebbi_raw_free(&raw);
  expect_columns("a;b\n1.5;12.34,5\n2.5;1\n", &comma, "2x2 header a:text b:text");
}

static void test_commas_without_the_option(void **state) {
  (void)state;
  expect_csv_refused("a;b\n1;2\n1;2,5\n", NULL,
                     "t:3: column \"b\": \"2,5\" has a decimal comma*--decimal ,");
  expect_csv_refused("5,1;3,5;a\n", NULL, "t:1: column \"0\": \"5,1\" has a decimal comma");
  expect_csv_refused("a;b\n1;1,234\n1;0,234\n", NULL, "t:3: column \"b\": \"0,234\"");
  expect_csv_refused("a,b\n1,\"2,5\"\n", NULL, "t:2: column \"b\": \"2,5\"");
  expect_columns("a,b\n1,\"1,234\"\n1,\"12,345\"\n", NULL, "2x2 header a:number b:text");
  expect_columns("a,b\n1,\"$1,200\"\n1,\"1,234,567\"\n", NULL, "2x2 header a:number b:text");
  expect_columns("a;b\n1;2,5\n1;x\n2;y\n", NULL, "3x2 header a:number b:text");
  expect_csv_notes(
      "a;b\n1;2,5\n1;3,5\n2;y\n", NULL,
      "2 of 3 values are numbers with a decimal comma, such as \"2,5\" in line 2; --decimal ,");
  const ebbi_form text = EBBI_FORM_TEXT;
  ebbi_raw raw = csv_of("a;b\n1;2,5\n", NULL, &text);
  assert_string_equal(cell(&raw, 0, 1), "2,5");
  ebbi_raw_free(&raw);
}

static void expect_missing(const char *value, const char *na, bool missing) {
  char text[64];
  snprintf(text, sizeof text, "a,b\n1,%s\n2,x\n3,y\n", value);
  ebbi_raw raw = csv_of(
      text,
      &(ebb_read_options){.size = sizeof(ebb_read_options), .na = na, .header = EBB_HEADER_YES},
      NULL);
  if (raw.columns[1].missing != missing) fail_msg("%s: %zu missing", value, raw.columns[1].missing);
  ebbi_raw_free(&raw);
}

static void test_missing_values(void **state) {
  (void)state;
  static const char *const missing[] = {"",     "  ",   "\"\"",   "\" \"", "?",    "NA",     "N/A",
                                        "n/a",  "#N/A", "#NA",    "nan",   "NaN",  "-nan",   " NA ",
                                        "NULL", "null", "\"NA\"", "None",  "<NA>", "1.#QNAN"};
  static const char *const values[] = {"-", ".", "none", "Na", "inf", "0", "NAN2", "#"};
  for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
    expect_missing(missing[i], NULL, true);
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    expect_missing(values[i], NULL, false);
  expect_missing("NA", "", false);
  expect_missing("", "", true);
  expect_missing("\" \"", "-", true);
  expect_missing("-", "x1, - ,y1", true);
  expect_missing("NA", "-", false);
  expect_missing("-999", "-999", true);
  expect_missing("-999.0", "NA,-999", true);
  expect_missing("-99", "NA,-999", false);
}

static void test_missing_numbers(void **state) {
  (void)state;
  ebbi_raw raw = csv_of("a,b\n-1,x\n2,?\n-1.0,y\n",
                        &(ebb_read_options){.size = sizeof(ebb_read_options), .na = "?,-1"}, NULL);
  assert_int_equal(raw.columns[0].missing, 2);
  assert_true(isnan(ebbi_raw_number(&raw, 0, 0)) && ebbi_raw_number(&raw, 1, 0) == 2);
  assert_int_equal(ebbi_cells_code(raw.columns[1].codes, 1), -1);
  ebbi_raw_free(&raw);
}

/* More rows than the first allocation holds, and a column whose kind appears late. */
static void test_growth(void **state) {
  (void)state;
  enum { ROWS = 1000 };
  char *text = malloc(ROWS * 32), *at = text;
  assert_non_null(text);
  for (int i = 0; i < ROWS; i++)
    at += sprintf(at, "%d,%s,%s\n", i, i < 300 ? "" : "x", i < 300 ? "?" : "7");
  ebbi_raw raw = csv_of(text, NULL, NULL);
  for (size_t i = 0; i < ROWS; i++) {
    assert_true(ebbi_raw_number(&raw, i, 0) == (double)i);
    assert_int_equal(ebbi_cells_code(raw.columns[1].codes, i), i < 300 ? -1 : 0);
    assert_int_equal(isnan(ebbi_raw_number(&raw, i, 2)) != 0, i < 300);
  }
  assert_int_equal(raw.columns[1].missing, 300);
  assert_int_equal(raw.columns[2].missing, 300);
  free(text);
  ebbi_raw_free(&raw);
}

/* The number of fields is checked before any value. */
static void test_widths_come_first(void **state) {
  (void)state;
  expect_csv_refused("a;b\n1;2\n3;2,5;x\n", NULL,
                     "t:3: 3 fields, expected 2: as many as the header in line 1");
  expect_csv_refused("a;b\n1;2,5\n3\n", NULL, "t:3: 1 field, expected 2");
  expect_csv_refused("1,inf\n2,3\n3,4,5\n", NULL, "t:3: 3 fields, expected 2: as in most");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers),
                                     cmocka_unit_test(test_not_finite),
                                     cmocka_unit_test(test_columns_that_turn),
                                     cmocka_unit_test(test_forms),
                                     cmocka_unit_test(test_many_numbers),
                                     cmocka_unit_test(test_decimal_commas),
                                     cmocka_unit_test(test_commas_without_the_option),
                                     cmocka_unit_test(test_missing_values),
                                     cmocka_unit_test(test_missing_numbers),
                                     cmocka_unit_test(test_growth),
                                     cmocka_unit_test(test_widths_come_first)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
