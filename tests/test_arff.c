/* ARFF: declarations, dense and sparse rows, and what must be refused. */
#include "raw_rig.h"

static ebbi_raw arff_of(const char *text, const ebbi_form *form) {
  ebbi_raw raw;
  if (read_raw(ebbi_arff_read, &raw, text, strlen(text), NULL, form) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return raw;
}

static void expect_arff(const char *text, const ebbi_form *form, const char *expected) {
  char found[512];
  ebbi_raw raw = arff_of(text, form);
  describe_raw(found, sizeof found, &raw);
  ebbi_raw_free(&raw);
  assert_string_equal(found, expected);
}

static void expect_arff_refused(const char *text, const char *parts) {
  ebbi_raw raw;
  ebb_status status = read_raw(ebbi_arff_read, &raw, text, strlen(text), NULL, NULL);
  ebbi_raw_free(&raw);
  expect_message(status, parts);
}

static void test_dense(void **state) {
  (void)state;
  ebbi_raw raw =
      arff_of("\xef\xbb\xbf% a comment\r\n\r\n@RELATION 'a b'\r\n@Attribute a NUMERIC\r\n"
              "@attribute 'b c' {1, 2,'x y'}\r\n@attribute \"it's\" string\r\n"
              "@attribute d date \"yyyy-MM-dd\"\r\n@attribute e{0,1}\r\n@DATA\r\n% rows\r\n"
              "1.5, 'x y' ,\"q, r\",2020-01-01,1\r\n?,1,'s\\'t\\\\n\\n',?,?\r\n",
              NULL);
  char found[256];
  describe_raw(found, sizeof found, &raw);
  assert_string_equal(found, "2x5 header a:number b c:text it's:text d:text e:text");
  assert_true(ebbi_raw_number(&raw, 0, 0) == 1.5);
  assert_int_equal(raw.columns[0].missing, 1);
  assert_string_equal(cell(&raw, 0, 1), "x y");
  assert_string_equal(cell(&raw, 1, 1), "1");
  assert_string_equal(cell(&raw, 0, 2), "q, r");
  assert_string_equal(cell(&raw, 1, 2), "s't\\n\n");
  assert_string_equal(cell(&raw, 1, 4), "?");
  assert_int_equal(ebbi_raw_line(&raw, 1), 12);
  ebbi_raw_free(&raw);
}

static void test_sparse(void **state) {
  (void)state;
  ebbi_raw raw = arff_of("@attribute a real\n@attribute b {n,'y s'}\n@attribute c integer\n@data\n"
                         "{0 1.5, 1 'y s'}\n{}\n{ 2 ? }\n",
                         NULL);
  static const char *const cells[3][3] = {{"1.5", "y s", "0"}, {"0", "n", "0"}, {"0", "n", "nan"}};
  for (size_t r = 0; r < 3; r++)
    for (size_t c = 0; c < 3; c++) assert_string_equal(cell(&raw, r, c), cells[r][c]);
  ebbi_raw_free(&raw);
}

static void test_forms(void **state) {
  (void)state;
  const char *text = "@attribute a real\n@attribute b {0,1}\n@data\n1,0\n2,1\n";
  expect_arff(text, NULL, "2x2 header a:number b:text");
  ebbi_form form = EBBI_FORM_BOTH;
  expect_arff(text, &form, "2x2 header a:numbertext b:text");
  form = EBBI_FORM_SKIP;
  expect_arff(text, &form, "2x2 header a: b:");
  expect_arff("@attribute s string\n@data\n1\nx\n2\n", NULL, "3x1 header s:text");
}

static void test_refusals(void **state) {
  (void)state;
  expect_arff_refused("@relation x\n", "t: no line @data");
  expect_arff_refused("@data\n1\n", "no @attribute before @data");
  expect_arff_refused("@attribute a real\n@data\n% none\n", "t: no rows after @data");
  expect_arff_refused("@attribute a real\n@attribute a real\n", "t:2: two attributes");
  expect_arff_refused("@attribute a complex\n", "t:1: the type of an attribute");
  expect_arff_refused("@attribute a relational\n", "t:1: the type of an attribute");
  expect_arff_refused("@attribute a {x,y\n@data\n", "t:1: a list of values without a closing }");
  expect_arff_refused("@attribute a {}\n", "t:1: an attribute without values");
  expect_arff_refused("@attribute\n", "t:1: an attribute without name");
  expect_arff_refused("@attributes a real\n", "t:1: not @relation");
  expect_arff_refused("@attribute 'a real\n", "t:1: a quoted text begins");
  const char *head = "@attribute a real\n@attribute b {x,y}\n@data\n";
  static const char *const rows[][2] = {
      {"1", "t:4: 1 field, expected 2"},
      {"1,x,2", "t:4: 3 fields, expected 2"},
      {"z,x", "t:4: column \"a\": \"z\" is not a number, as declared"},
      {"1,z", "t:4: column \"b\": \"z\" is not one of the declared values"},
      {"inf,x", "t:4: column \"a\": \"inf\" is not a finite"},
      {"1,'x", "t:4: a quoted text begins"},
      {"1,'x'y", "t:4: stray quote"},
      {"1,x,{2}", "t:4: weights"},
      {"{0 1", "t:4: a sparse row without a closing }"},
      {"{2 1}", "t:4: a sparse row must have pairs"},
      {"{1 x, 0 1}", "t:4: a sparse row must have pairs"},
      {"{0.5 1}", "t:4: a sparse row must have pairs"},
      {"{-1 1}", "t:4: a sparse row must have pairs"},
      {"{0 1}, {5}", "t:4: text after a sparse row"},
      {"\xff,x", "t:4: byte"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[256];
    snprintf(text, sizeof text, "%s%s\n", head, rows[i][0]);
    expect_arff_refused(text, rows[i][1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_dense), cmocka_unit_test(test_sparse),
                                     cmocka_unit_test(test_forms), cmocka_unit_test(test_refusals)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
