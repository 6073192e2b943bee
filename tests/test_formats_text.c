/* libsvm, text encodings, and unsupported formats. */
#include "raw_rig.h"

static ebbi_raw raw_of_text(const char *text, const ebb_read_options *options) {
  return raw_of(text, strlen(text), options);
}

static void expect_text_refused(const char *text, const char *parts) {
  expect_raw_refused(text, strlen(text), NULL, parts);
}

static void test_libsvm(void **state) {
  (void)state;
  ebbi_raw r = raw_of_text("# made by hand\n+1 1:0.5 3:-2e1 # first\n\n1 qid:3\r\n-1 2:nan", NULL);
  assert_int_equal(r.rows, 3);
  assert_int_equal(r.cols, 4);
  assert_true(r.header);
  assert_string_equal(r.names.items[0], "1");
  assert_string_equal(r.names.items[3], "label");
  assert_int_equal(ebbi_raw_line(&r, 0), 2);
  assert_int_equal(ebbi_raw_line(&r, 2), 5);
  const double expected[3][3] = {{0.5, 0, -20}, {0, 0, 0}, {0, NAN, 0}};
  for (size_t i = 0; i < 9; i++) {
    double value = ebbi_raw_number(&r, i / 3, i % 3);
    assert_true(value == expected[i / 3][i % 3] || (i == 7 && isnan(value)));
  }
  assert_int_equal(r.columns[1].missing, 1);
  assert_null(r.columns[0].codes);
  const ebbi_raw_column *label = &r.columns[3];
  assert_int_equal(label->texts.count, 3); /* "+1" and "1" as written */
  assert_string_equal(label->texts.items[ebbi_cells_code(label->codes, 0)], "+1");
  assert_true(ebbi_cells_get(label->numbers, 1) == 1 && ebbi_cells_get(label->numbers, 2) == -1);
  assert_int_equal(label->numeric, 3);
  expect_note(&r, "libsvm's format, features 1 to 3 (--delimiter");
  expect_note(&r, "qid: of 1 rows left out");
  ebbi_raw_free(&r);
}

static void test_libsvm_variants(void **state) {
  (void)state;
  ebbi_raw r = raw_of_text("2.5 0:1 2:3\n-7 1:4\n", NULL);
  assert_int_equal(r.cols, 4);
  assert_string_equal(r.names.items[0], "0");
  assert_true(ebbi_raw_number(&r, 0, 2) == 3 && ebbi_raw_number(&r, 1, 3) == -7);
  ebbi_raw_free(&r);
  r = raw_of_text("1:5 2:6\n2:7\n", NULL); /* without labels; the last column is selected twice */
  assert_int_equal(r.cols, 2);
  assert_int_equal(r.columns[1].texts.count, 2);
  assert_true(ebbi_raw_number(&r, 1, 1) == 7);
  ebbi_raw_free(&r);
}

static ebb_status first_text_rest_skipped(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  (void)user;
  for (size_t i = 0; i < raw->cols; i++) forms[i] = i ? EBBI_FORM_SKIP : EBBI_FORM_TEXT;
  return EBB_OK;
}

static ebb_status refuse_all(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  (void)forms, (void)raw, (void)user;
  return ebbi_fail(EBB_ERR_INPUT, "refused");
}

static void test_libsvm_forms(void **state) {
  (void)state;
  ebbi_raw r;
  ebbi_wishes wishes = wishes_of(NULL);
  wishes.choose = first_text_rest_skipped;
  assert_int_equal(parse_raw(&r, "1 1:5\n1 2:1\n1 1:0\n", 17, &wishes), EBB_OK);
  assert_null(r.columns[0].numbers);
  assert_int_equal(r.columns[0].texts.count, 2); /* "5", and "0", which row 1 leaves out */
  assert_int_equal(ebbi_cells_code(r.columns[0].codes, 1), ebbi_cells_code(r.columns[0].codes, 2));
  assert_int_equal(r.columns[0].numeric, 3);
  assert_false(r.columns[1].numbers || r.columns[1].codes || r.columns[2].numbers);
  ebbi_raw_free(&r);
  wishes.choose = refuse_all;
  ebb_status status = parse_raw(&r, "1 1:5\n", 6, &wishes);
  ebbi_raw_free(&r);
  expect_message(status, "refused");
}

/* Too many classes become numbers. */
static void test_libsvm_many_labels(void **state) {
  (void)state;
  enum { ROWS = EBBI_MAX_CLASSES + 2 };
  char *text = malloc(ROWS * 16), *at = text;
  assert_non_null(text);
  for (int i = 0; i < ROWS; i++) at += sprintf(at, "%d 1:1\n", i);
  ebbi_raw r = raw_of_text(text, NULL);
  free(text);
  assert_null(r.columns[1].codes);
  assert_true(ebbi_cells_get(r.columns[1].numbers, ROWS - 1) == ROWS - 1);
  ebbi_raw_free(&r);
}

/* A model may know features that new rows lack. */
static void test_libsvm_of_a_model(void **state) {
  (void)state;
  ebb_encoder encoder = {.named = true};
  size_t index;
  static const char *const names[] = {"1", "2", "5", "age"};
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(ebbi_names_add(&encoder.names, &index, names[i]), EBB_OK);
  ebbi_raw r = raw_of_text(
      "0 1:3 2:4\n", &(ebb_read_options){.size = sizeof(ebb_read_options), .encoder = &encoder});
  ebbi_names_free(&encoder.names);
  assert_int_equal(r.cols, 6);
  assert_true(ebbi_raw_number(&r, 0, 1) == 4 && ebbi_raw_number(&r, 0, 4) == 0);
  ebbi_raw_free(&r);
}

static void test_libsvm_refused(void **state) {
  (void)state;
  expect_text_refused("1 1:2\n1 2:1 2:5\n", "t:2: \"2:5\": the indices of a row must ascend");
  expect_text_refused("1 3:1 2:5\n", "t:1: \"2:5\": *ascend");
  expect_text_refused("1 1:2\n3:4\n", "t:2: \"3:4\": no label, but");
  expect_text_refused("1:2\n1 3:4\n", "t:2: \"1\": a label, but");
  expect_text_refused("1,3 1:2\n", "t:1: \"1,3\": several labels");
  expect_text_refused("1 1:1e39\n", "t:1: \"1:1e39\": *float32");
  expect_text_refused("1 1:inf\n", "t:1: \"1:inf\": *float32");
  expect_text_refused("1 1:1e+-5\n", "t:1: \"1:1e+-5\": not a number");
  expect_text_refused("1 1048576:1\n", "t:1: *limit of 1048575");
  expect_text_refused("1 99999999999999999999999:1\n", "t:1: *limit of 1048575");
  expect_text_refused("1 qid:1\n", "no row has an index:value");
  char text[2000] = "", *at = text;
  for (int i = 0; i < 30; i++) at += sprintf(at, "1 1:2\n");
  strcpy(at, "1 1:2 red\n");
  expect_text_refused(text, "t:31: \"red\": not index:value");
  sprintf(at, "1 1:%0100d\n", 1);
  expect_text_refused(text, "t:31: \"1:0000*not index:value");
  expect_raw_refused("1 1:2\n\0", 7, NULL, "byte 6 of the text is 0x00");
  char *wide = malloc(1200 * 16);
  assert_non_null(wide);
  at = wide;
  for (int i = 0; i < 1000; i++) at += sprintf(at, "1 1048575:1\n");
  expect_text_refused(wide, "t: 1000 rows of 1048576 columns*limit of 536870912 values");
  free(wide);
}

static void test_detection(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool libsvm, arff;
  } cases[] = {{"1 1:2\n", true, false},
               {"\n\n# x\n-1 2:3 4:5\n", true, false},
               {"1\n1 2:3\n", true, false},
               {"1\n2\n", false, false},
               {"a 1:2\n", false, false},
               {"1 a:2\n", false, false},
               {"1 1:2:3\n", false, false},
               {"1 1:2 red\n", false, false},
               {"1,1:2\n", false, false},
               {"1:2,3:4\n", false, false},
               {"", false, false},
               {"% a\r\n\r\n %b\n@RELATION x\n", false, true},
               {"@attribute a numeric\n", false, true},
               {"@name,b\n1,2\n", false, false},
               {"%", false, false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    assert_int_equal(ebbi_is_libsvm(cases[i].text), cases[i].libsvm);
    assert_int_equal(ebbi_is_arff(cases[i].text), cases[i].arff);
  }
  expect_raw_refused("", 0, NULL, "t: the file is empty");
}

static void expect_decoded(const char *bytes, size_t size, const char *encoding,
                           const char *expected) {
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .encoding = encoding};
  ebbi_raw raw = {.path = strdup("t"), .bytes = tight_copy(bytes, size), .size = size};
  if (ebbi_text_decode(&raw, &options) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_string_equal(raw.bytes, expected);
  assert_int_equal(strlen(expected), raw.size);
  ebbi_raw_free(&raw);
}

#define DECODED(literal, encoding, expected)                                                       \
  expect_decoded(literal, sizeof(literal) - 1, encoding, expected)

static void test_encodings(void **state) {
  (void)state;
  DECODED("a,b\n", NULL, "a,b\n");
  DECODED("\xef\xbb\xbf"
          "a",
          NULL, "a");
  DECODED("\xef\xbb\xbf"
          "a",
          "utf-8", "a");
  DECODED("\xff\xfe"
          "a\0\xe9\0",
          NULL, "a\xc3\xa9");
  DECODED("\xfe\xff\0a\0\xe9\xd8\x3c\xdf\x0a", NULL, "a\xc3\xa9\xf0\x9f\x8c\x8a");
  DECODED("\xff\xfe\0\0a\0\0\0", NULL, "a");
  DECODED("a\0,\0b\0\n\0", NULL, "a,b\n");
  DECODED("\0a\0,\0b\0\n", NULL, "a,b\n");
  DECODED("a\0,\0b\0\n\0", "UTF-16LE", "a,b\n");
  DECODED("\xff\xfe"
          "a\0",
          "UTF-16", "a");
  DECODED("\xe9t\xe9", "latin1", "\xc3\xa9t\xc3\xa9");
  DECODED("\x80", "windows-1252", "\xe2\x82\xac");
  DECODED("\xe9t\xe9", NULL, "\xe9t\xe9"); /* not UTF-8: left for the reader to refuse */
  DECODED("\xff\xfe", NULL, "");
  char narrow[1000], wide[2001] = "";
  memset(narrow, '\x80', sizeof narrow); /* each becomes three bytes of UTF-8 */
  for (size_t i = 0; i < 600; i++) memcpy(wide + 3 * i, "\xe2\x82\xac", 3);
  expect_decoded(narrow, 600, "windows-1252", wide);
}

static void expect_not_decoded(const char *bytes, size_t size, const char *encoding,
                               ebb_status expected, const char *part) {
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .encoding = encoding};
  ebbi_wishes wishes = wishes_of(&options);
  ebbi_raw r;
  ebb_status status = parse_raw(&r, bytes, size, &wishes);
  ebbi_raw_free(&r);
  assert_int_equal(status, expected);
  if (!strstr(ebb_error_message(), part)) fail_msg("%s", ebb_error_message());
}

static void test_encodings_refused(void **state) {
  (void)state;
  expect_not_decoded("ab\xe9", 3, "utf-8", EBB_ERR_INPUT,
                     "t: byte 2 of the file is 0xe9: not utf-8 text; --encoding");
  expect_not_decoded("\xff\xfe"
                     "a\0\0\xd8",
                     6, NULL, EBB_ERR_INPUT, "byte 4 of the file is 0x00: not UTF-16LE");
  expect_not_decoded("\xff\xfe"
                     "a\0b",
                     5, NULL, EBB_ERR_INPUT, "byte 4 of the file is 0x62");
  expect_not_decoded("ab", 2, "klingon", EBB_ERR_ARGUMENT, "encoding \"klingon\"");
}

static ebbi_raw decoded_case(const char *name, const char *encoding) {
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .encoding = encoding};
  char path[128];
  size_t size;
  snprintf(path, sizeof path, "cases/16-encodings-formats/%s", name);
  char *bytes = real_bytes(&size, path);
  ebbi_raw raw = {.path = strdup("t"), .bytes = bytes, .size = size};
  if (ebbi_text_decode(&raw, &options) != EBB_OK) fail_msg("%s", ebb_error_message());
  return raw;
}

static void test_text_cases(void **state) {
  (void)state;
  size_t size;
  ebbi_raw wide = decoded_case("utf16.txt", NULL);
  assert_int_equal(strlen(wide.bytes), wide.size);
  assert_true(strchr(wide.bytes, '\t') && strchr(wide.bytes, '\n'));
  ebbi_raw_free(&wide);
  ebbi_raw latin = decoded_case("latin1.csv", "latin1");
  assert_memory_equal(latin.bytes,
                      "Temp(\xc2\xb0"
                      "C),",
                      10);
  ebbi_raw_free(&latin);
  char *text = real_bytes(&size, "cases/16-encodings-formats/iris-like.arff");
  assert_true(ebbi_is_arff(text));
  free(text);
  ebbi_raw r = case_raw("16-encodings-formats/heart.libsvm", NULL);
  assert_int_equal(r.rows, 60);
  assert_int_equal(r.cols, 6);
  assert_true(ebbi_raw_number(&r, 0, 0) == 0.313 && ebbi_raw_number(&r, 3, 0) == 0);
  assert_int_equal(r.columns[5].texts.count, 2);
  ebbi_raw_free(&r);
}

#define FOREIGN(literal, parts) expect_raw_refused(literal, sizeof(literal) - 1, NULL, parts)

static void test_foreign(void **state) {
  (void)state;
  FOREIGN("PAR1\x15\0\x15",
          "t: this is a Parquet file, which cannot be read; save it as CSV: pandas.read_parquet");
  FOREIGN("ARROW1\0\0", "an Arrow file");
  FOREIGN("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "an old Excel workbook (xls)*CSV");
  FOREIGN("\x89HDF\r\n\x1a\n", "HDF5*numpy.savez");
  FOREIGN("MATLAB 5.0 MAT-file\0\1IM", "MATLAB*loadmat");
  FOREIGN("SQLite format 3\0", "SQLite*sqlite3");
  FOREIGN("\x80\4\x95\0", "a Python pickle");
  FOREIGN("\x89PNG\r\n\x1a\n", "single image (PNG)*[images, rows, columns]");
  FOREIGN("\xff\xd8\xff\xe0", "single image (JPEG)");
  FOREIGN("BZh91AY&SY\x12\0", "compressed by bzip2*bunzip2");
  FOREIGN("\3757zXZ\0\0", "compressed by xz*unxz");
  FOREIGN("\x28\xb5\x2f\xfd\4", "compressed by zstd");
  FOREIGN("\x02\0\0\0\0\0\0\0{}", "a model (safetensors)");
  FOREIGN("%PDF-1.4\n", "a PDF document");
  FOREIGN("\n <!DOCTYPE html><html>", "a web page (HTML)");
  FOREIGN("<?xml version='1.0'?>", "an XML file");
  FOREIGN("[{\"a\": 1}, {\"a\": 2}]\n", "a JSON file, which*pandas.read_json(FILE).to_csv");
  FOREIGN("{\"a\": [1, 2]}", "a JSON file, which");
  FOREIGN("{\"a\": 1}\n{\"a\": 2}\n\n", "a file of JSON lines*lines=True");
  FOREIGN("\xff\xfe[\0]\0", "a JSON file");
}

/* Texts that only resemble it are left to the table reader. */
static void test_not_foreign(void **state) {
  (void)state;
  static const char *const texts[] = {"PAR1,b\n1,2\n",  "ORC,b\n1,2\n", "[Fe/H],b\n1,2\n",
                                      "[a]\n1,2\n",     "{x},b\n1,2\n", "GIF8,b\n1,2\n",
                                      "a,b\n{\"a\"},1", "[1,2\n3,4\n",  ""};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    size_t size = strlen(texts[i]);
    assert_int_equal(ebbi_refuse_foreign("t", texts[i], size), EBB_OK);
    assert_int_equal(ebbi_refuse_foreign_text("t", texts[i], size), EBB_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_libsvm),
                                     cmocka_unit_test(test_libsvm_variants),
                                     cmocka_unit_test(test_libsvm_forms),
                                     cmocka_unit_test(test_libsvm_many_labels),
                                     cmocka_unit_test(test_libsvm_of_a_model),
                                     cmocka_unit_test(test_libsvm_refused),
                                     cmocka_unit_test(test_detection),
                                     cmocka_unit_test(test_encodings),
                                     cmocka_unit_test(test_encodings_refused),
                                     cmocka_unit_test(test_text_cases),
                                     cmocka_unit_test(test_foreign),
                                     cmocka_unit_test(test_not_foreign)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
