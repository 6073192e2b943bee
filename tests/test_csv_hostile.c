/* Text tables that must be refused, each with a message that says where and why; and randomly
 * damaged ones, which may be read or refused without harm (run it with sanitizers). */
#include "raw_rig.h"

#include "mutate.h"

static void test_rows(void **state) {
  (void)state;
  expect_csv_refused("", NULL, "t: the file is empty");
  expect_csv_refused("\n\r\n  \n", NULL, "t: no rows, only blank lines");
  expect_csv_refused("\xef\xbb\xbf", NULL, "t: no rows");
  expect_csv_refused(";;\n;;\n", NULL, "t: no rows");
  expect_csv_refused("sep=;\n", NULL, "t: no rows");
  expect_csv_refused("a,b,c\n", NULL, "t: a header, but no rows");
  expect_csv_refused("1,2,3,4\n1,2,3,4\n1,2,3,4,5\n", NULL, "t:3: 5 fields, expected 4");
  expect_csv_refused("1,2,3,4\n\n1,2\n", NULL, "t:3: 2 fields, expected 4");
  expect_csv_refused("1,2\n3\n", NULL, "t:2: 1 field, expected 2");
}

static void test_quotes(void **state) {
  (void)state;
  expect_csv_refused("1,2\n\"3,4\n5,6\n", NULL, "t:2: a quoted field *never ends");
  expect_csv_refused("1,2\n3,4\"5\n", NULL, "t:2: stray quote");
  expect_csv_refused("1,2\n\"3\"4,5\n", NULL, "t:2: stray quote");
  expect_csv_refused("1,2\n3,\"x\ny\"z\n", NULL, "t:3: stray quote");
  expect_csv_refused("1\t2\n\"3\"4\t5\n", NULL, "t:2: stray quote");
  expect_csv_refused("1 2\n\"3\"4 5\n", NULL, "t:2: stray quote");
  expect_csv_refused("1,2\n3,\"", NULL, "never ends");
  expect_csv_refused("1,2\n3,\"\"\"\n", NULL, "never ends");
}

static void test_texts_that_are_none(void **state) {
  (void)state;
  expect_csv_refused("1,2\n\xe9t\xe9,3\n", NULL,
                     "t:2: byte 4 of the file is 0xe9: not UTF-8*--encoding latin1");
  expect_csv_refused("12345678,2345678\n\xe9,3\n", NULL, "t:2: byte 17 of the file is 0xe9");
  expect_csv_refused("1,\xc0\x80\n", NULL, "0xc0");
  expect_csv_refused("1,\xed\xa0\x80\n", NULL, "0xed");
  expect_csv_refused("1,\xf4\x90\x80\x80\n", NULL, "0xf4");
  expect_csv_refused("1,\xe2\x82", NULL, "0xe2");
  expect_csv_refused("\x1f\x8b", NULL, "t:1: byte 1");
  for (size_t at = 0; at < 24; at++) {
    char text[25] = "1,234567\n1,234567\n1,2345", parts[64];
    ebbi_raw raw;
    text[at] = '\0';
    snprintf(parts, sizeof parts, "t:%zu: byte %zu of the file is 0x00*--encoding utf-16le",
             (size_t)1 + (at > 8) + (at > 17), at);
    expect_message(read_raw(ebbi_csv_read, &raw, text, 24, NULL, NULL), parts);
    ebbi_raw_free(&raw);
  }
  expect_columns("x,\xf0\x9f\x8c\x8a,\xe2\x82\xac\nx,y,z\n", NULL, "2x3 0:text 1:text 2:text");
}

/* Quoted text is shortened and cleaned. */
static void test_messages_stay_one_line(void **state) {
  (void)state;
  expect_csv_refused("\"\x1b[2J\nx\",b\n1,inf\n1,2\n", NULL, "t:3: column \"b\": \"inf\"");
  expect_csv_refused("a,\"\x1b[2J\nx\"\n1,inf\n1,2\n", NULL, "t:3: column \"?[2J?x\"");
  expect_csv_refused("\"\x1b[2J\nx\",\"\x1b[2J\nx\"\n1,2\n", NULL,
                     "two columns are named \"?[2J?x\"");
  char text[512];
  memset(text, '0', sizeof text);
  memcpy(text, "1;2\n0,", 6);
  memcpy(text + 500, ";3\n", 4);
  expect_csv_refused(text, NULL, "\"0,00*0...\" has a decimal comma");
}

static void test_limits(void **state) {
  (void)state;
  size_t size = EBBI_MAX_COLUMNS + 1;
  char *text = malloc(size + 1);
  assert_non_null(text);
  memset(text, ',', size);
  text[size] = '\0';
  expect_csv_refused(text, NULL, "t:1: more than 1048576 columns");
  free(text);
  ebbi_raw raw;
  static const char wrong[] = ".\"a1+-\n\r";
  for (const char *c = wrong; *c != '\0'; c++) {
    const ebb_read_options options = {.size = sizeof(ebb_read_options), .delimiter = *c};
    assert_int_equal(read_raw(ebbi_csv_read, &raw, "1,2\n", 4, &options, NULL), EBB_ERR_ARGUMENT);
    ebbi_raw_free(&raw);
  }
}

static ebb_status refuse(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  (void)forms, (void)raw, (void)user;
  return EBB_ERR_UNSUPPORTED;
}

static void test_choice_that_fails(void **state) {
  (void)state;
  static const ebb_read_options defaults = EBB_READ_OPTIONS_INIT;
  ebbi_raw raw = {.path = strdup("t"), .bytes = tight_copy("1,2\n", 4), .size = 4};
  const ebbi_wishes wishes = {.options = &defaults, .choose = refuse};
  assert_int_equal(ebbi_csv_read(&raw, &wishes), EBB_ERR_UNSUPPORTED);
  ebbi_raw_free(&raw);
}

/* The result is consistent: each cell is a finite number, an existing text, or missing. */
static void check_whole(const ebbi_raw *raw) {
  assert_int_equal(raw->names.count, raw->cols);
  assert_true(raw->rows > 0);
  for (size_t c = 0; c < raw->cols; c++) {
    const ebbi_raw_column *column = &raw->columns[c];
    size_t missing = 0;
    for (size_t r = 0; r < raw->rows; r++) {
      bool number = column->numbers && isfinite(ebbi_cells_get(column->numbers, r));
      bool text = column->codes && ebbi_cells_code(column->codes, r) >= 0;
      if (column->numbers && column->codes) assert_int_equal(number, text);
      if (text) assert_true((size_t)ebbi_cells_code(column->codes, r) < column->texts.count);
      missing += !number && !text;
      if (r > 0) assert_true(ebbi_raw_line(raw, r) > ebbi_raw_line(raw, r - 1));
    }
    if (column->numbers || column->codes) assert_int_equal(missing, column->missing);
  }
}

static void test_mutations(void **state) {
  (void)state;
  static const struct {
    raw_reader *reader;
    const char *text;
  } seeds[] = {
      {ebbi_csv_read, "a,b,\"c d\",y\n1,x,2.5e-3,yes\n?,\"y, z\",-4,no\n3,x,.5,yes\n7,,1e9,no\n"},
      {ebbi_csv_read, "# u;v;w;\r\nsep=;\r\n1,5;\"say \"\"x\"\"\";3;\r\n2;4;1.234,5;\r\n;;;\r\n"},
      {ebbi_csv_read, "sep=;\n# u;v\n0;1;2;\n5;x;3,5;\n6;y;1,234;\n7;z;2;\n"},
      {ebbi_csv_read, "  1.5   2  3\t\"m n\"\n  2.5   4  ?\t\"o p\"\n 7 8 9 \t\"q r\"\n"},
      {ebbi_csv_read, "x y\nr1\t2 3\nr2 4 5\nr3 6 7x\n"},
      {ebbi_arff_read, "% c\n@relation r\n@attribute a real\n@attribute 'b c' {x,'y z'}\n"
                       "@attribute s string\n@data\n1,x,'q\\'r'\n{0 5, 1 'y z'}\n?,?,t\n"}};
  static const ebbi_form forms[] = {EBBI_FORM_AUTO, EBBI_FORM_BOTH, EBBI_FORM_TEXT, EBBI_FORM_SKIP};
  const ebb_read_options options[] = {{0}, {.decimal = ','}, {.na = "x,3"}, {.target = "a"}};
  size_t passed = 0;
  for (uint64_t round = 0; round < 24000; round++) {
    size_t s = round % 6, size = strlen(seeds[s].text);
    char bytes[512];
    ebbi_raw raw;
    memcpy(bytes, seeds[s].text, size);
    size = mutate(bytes, size, round);
    ebb_status status = read_raw(seeds[s].reader, &raw, bytes, size, &options[round / 6 % 4],
                                 &forms[round / 24 % 4]);
    if (status == EBB_OK) check_whole(&raw);
    passed += status == EBB_OK;
    ebbi_raw_free(&raw);
  }
  assert_true(passed > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                     cmocka_unit_test(test_quotes),
                                     cmocka_unit_test(test_texts_that_are_none),
                                     cmocka_unit_test(test_messages_stay_one_line),
                                     cmocka_unit_test(test_limits),
                                     cmocka_unit_test(test_choice_that_fails),
                                     cmocka_unit_test(test_mutations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
