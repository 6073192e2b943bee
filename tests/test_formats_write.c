/* Tables written as CSV, NPZ and libsvm: the exact bytes, and that reading restores the table. */
#include "raw_rig.h"

#include <data/decimal.h>
#include <data/write.h>
#include <locale.h>
#include <sys/stat.h>

enum { ROWS = 4, COLS = 4 };

/* A table in memory. */
typedef struct table {
  double numbers[ROWS][COLS];
  const char *texts[ROWS]; /* of the last column */
} table;

static double number_of(const void *user, size_t row, size_t col) {
  return ((const table *)user)->numbers[row][col];
}

static const char *text_of(const void *user, size_t row, size_t col) {
  (void)col;
  return ((const table *)user)->texts[row];
}

static const table data = {.numbers = {{1, 0.1, 0, -1},
                                       {NAN, 0x1.fffffep127, 0, 1},
                                       {-0.5, 5e-324, 0, 1},
                                       {123456, 1.0 / 3, 0, -1}},
                           .texts = {"a", "b, \"c\"", NULL, "\xc3\xa9\xf0\x9f\x8c\x8a"}};
static const char *const names[COLS] = {"u", "v w", "#z", "y"};
static const bool text_target[COLS] = {false, false, false, true};

static ebbi_sheet sheet_of(const bool *texts) {
  return (ebbi_sheet){.rows = ROWS,
                      .cols = COLS,
                      .targets = 1,
                      .names = names,
                      .texts = texts,
                      .number = number_of,
                      .text = text_of,
                      .user = &data};
}

static const char *path_of(char path[64], const char *ending) {
  snprintf(path, 64, "test_formats_write.%ld%s", (long)getpid(), ending);
  return path;
}

/* Writes the sheet and returns the file's bytes, which the caller frees. */
static char *written(size_t *size, const ebbi_sheet *sheet, const char *ending, ebbi_notes *notes) {
  char path[64], *bytes;
  if (ebbi_sheet_write(path_of(path, ending), sheet, notes) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  assert_int_equal(ebbi_file_read(&bytes, size, path, EBBI_FILE_LIMIT), EBB_OK);
  unlink(path);
  return bytes;
}

static void expect_not_written(const ebbi_sheet *sheet, const char *ending, const char *parts) {
  char path[64];
  ebbi_notes notes = {0};
  ebb_status status = ebbi_sheet_write(path_of(path, ending), sheet, &notes);
  expect_message(status, parts);
  assert_int_equal(access(path, F_OK), -1);
  ebbi_notes_free(&notes);
}

static void test_numbers(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } cases[] = {{1, "1"},
               {-0.1, "-0.1"},
               {0.1 + 0.2, "0.30000000000000004"},
               {1.0 / 3, "0.3333333333333333"},
               {1e20, "1e+20"},
               {0x1p53, "9007199254740992"},
               {5e-324, "4.94065645841247e-324"},
               {-0x1.fffffffffffffp1023, "-1.7976931348623157e+308"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char text[EBBI_NUMBER_TEXT];
    assert_string_equal(ebbi_number_text(text, cases[i].value), cases[i].text);
  }
}

static void test_csv(void **state) {
  (void)state;
  ebbi_notes notes = {0};
  size_t size;
  ebbi_sheet sheet = sheet_of(text_target);
  char *bytes = written(&size, &sheet, ".csv", &notes);
  assert_string_equal(bytes, "u,v w,\"#z\",y\n"
                             "1,0.1,0,a\n"
                             ",3.4028234663852886e+38,0,\"b, \"\"c\"\"\"\n"
                             "-0.5,4.94065645841247e-324,0,\n"
                             "123456,0.3333333333333333,0,\xc3\xa9\xf0\x9f\x8c\x8a\n");
  free(bytes);
  sheet.cols = 1;
  sheet.names = NULL;
  bytes = written(&size, &sheet, ".CSV", &notes);
  assert_string_equal(bytes, "1\n\"\"\n-0.5\n123456\n");
  free(bytes);
  ebbi_notes_free(&notes);
}

/* In a locale with a decimal comma, if the system has one. */
static void test_locale(void **state) {
  (void)state;
  static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
  bool set = false;
  for (size_t i = 0; i < 3 && !set; i++) set = setlocale(LC_ALL, locales[i]) != NULL;
  test_csv(state);
  setlocale(LC_ALL, "C");
  if (!set) skip();
}

static ebbi_raw read_back(const ebbi_sheet *sheet, const char *ending, ebbi_notes *notes) {
  size_t size;
  char *bytes = written(&size, sheet, ending, notes);
  ebbi_raw raw = raw_of(bytes, size, NULL);
  free(bytes);
  assert_int_equal(raw.rows, ROWS);
  return raw;
}

static void expect_numbers(const ebbi_raw *raw) {
  for (size_t i = 0; i < ROWS * 3; i++) {
    double value = ebbi_raw_number(raw, i / 3, i % 3), expected = data.numbers[i / 3][i % 3];
    assert_true(value == expected || (isnan(value) && isnan(expected)));
  }
}

static void test_npz(void **state) {
  (void)state;
  ebbi_notes notes = {0};
  ebbi_sheet sheet = sheet_of(NULL);
  ebbi_raw raw = read_back(&sheet, ".npz", &notes);
  expect_numbers(&raw);
  assert_int_equal(raw.array.element, EBBI_F64);
  assert_int_equal(raw.labels->array.element, EBBI_I64);
  for (size_t i = 0; i < ROWS; i++)
    assert_true(ebbi_raw_number(raw.labels, i, 0) == data.numbers[i][3]);
  ebbi_raw_free(&raw);
  sheet = sheet_of(text_target);
  raw = read_back(&sheet, ".npz", &notes);
  const ebbi_raw_column *labels = raw.labels->columns;
  assert_int_equal(ebbi_cells_code(labels->codes, 2), -1);
  for (size_t i = 0; i < ROWS; i++)
    if (data.texts[i])
      assert_string_equal(labels->texts.items[ebbi_cells_code(labels->codes, i)], data.texts[i]);
  ebbi_raw_free(&raw);
  sheet = sheet_of(NULL); /* 0.1 and others are not floats; the third column is */
  sheet.targets = 2;
  raw = read_back(&sheet, ".npz", &notes);
  assert_int_equal(raw.labels->cols, 2);
  assert_int_equal(raw.labels->array.element, EBBI_I64);
  ebbi_raw_free(&raw);
  sheet.cols = 1;
  sheet.targets = 0;
  raw = read_back(&sheet, ".npz", &notes);
  assert_int_equal(raw.array.element, EBBI_F32);
  assert_null(raw.labels);
  ebbi_raw_free(&raw);
  ebbi_notes_free(&notes);
}

static void test_libsvm(void **state) {
  (void)state;
  ebbi_notes notes = {0};
  ebbi_sheet sheet = sheet_of(NULL);
  ebbi_raw raw = read_back(&sheet, ".svm", &notes);
  expect_numbers(&raw); /* all three, although the last one is 0 throughout */
  assert_true(ebbi_raw_number(&raw, 1, 3) == 1);
  ebbi_raw_free(&raw);
  table named = data;
  named.texts[2] = "a";
  sheet = sheet_of(text_target);
  sheet.user = &named;
  raw = read_back(&sheet, ".libsvm", &notes);
  assert_true(ebbi_raw_number(&raw, 2, 3) == 0 && ebbi_raw_number(&raw, 3, 3) == 2);
  assert_non_null(strstr(notes.items[0].text, "0 a, 1 b, \"c\", 2 "));
  ebbi_raw_free(&raw);
  ebbi_notes_free(&notes);
}

static void test_refused(void **state) {
  (void)state;
  static const bool text_input[COLS] = {false, true, false, false};
  ebbi_sheet sheet = sheet_of(text_input);
  expect_not_written(&sheet, ".npz", "column 1 (from 0) \"v w\" holds texts*CSV");
  expect_not_written(&sheet, ".svm", "column 1 (from 0) \"v w\" holds texts*CSV");
  sheet = sheet_of(text_target);
  expect_not_written(&sheet, ".svm", "row 2 (from 0) has no target");
  sheet.targets = 2;
  expect_not_written(&sheet, ".npz", "1 of 2 targets are texts");
  expect_not_written(&sheet, ".svm", "one target, the table 4 columns of which 2");
  ebbi_notes notes = {0};
  assert_int_equal(ebbi_sheet_write("a.xlsx", &sheet, &notes), EBB_ERR_ARGUMENT);
  assert_int_equal(ebbi_sheet_write("csv", &sheet, &notes), EBB_ERR_ARGUMENT);
  sheet = sheet_of(NULL);
  assert_int_equal(ebbi_sheet_write("/nowhere/a.npz", &sheet, &notes), EBB_ERR_OUTPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers), cmocka_unit_test(test_csv),
      cmocka_unit_test(test_locale),  cmocka_unit_test(test_npz),
      cmocka_unit_test(test_libsvm),  cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
