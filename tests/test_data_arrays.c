/* The headers of IDX and NPY files: types, dimensions, versions, and what must be refused. */
#include "raw_rig.h"

#include "array_files.h"

static void expect_values(const char *bytes, size_t size, size_t rows, size_t cols,
                          const double *expected) {
  ebbi_raw raw = raw_of(bytes, size, NULL);
  assert_int_equal(raw.rows, rows);
  assert_int_equal(raw.cols, cols);
  for (size_t i = 0; i < rows * cols; i++)
    assert_true(ebbi_raw_number(&raw, i / cols, i % cols) == expected[i]);
  ebbi_raw_free(&raw);
}

static void test_npy_shapes(void **state) {
  (void)state;
  static const struct {
    const char *shape;
    size_t rows, cols;
  } cases[] = {{"(4,)", 4, 1},          {"(4L,)", 4, 1},     {"(1, 4)", 1, 4},
               {"( 2 ,1,1 , 2)", 2, 2}, {"(2, 2, 1)", 2, 2}, {"(4, 1, 1, 1, )", 4, 1}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char file[256];
    size_t size = npy_file(file, "\"|u1\"", "False", cases[i].shape, "\7\xff\0\1", 4);
    expect_values(file, size, cases[i].rows, cases[i].cols, (const double[]){7, 255, 0, 1});
  }
}

static void test_npy_versions(void **state) {
  (void)state;
  char file[256];
  for (char version = 2; version <= 3; version++) {
    const char *header = "{'shape': (1, 2), 'fortran_order': False, 'descr': '|u1'}\n";
    size_t length = strlen(header);
    memcpy(file, "\x93NUMPY\x00\x00\x00\x00\x00\x00", 12);
    file[6] = version;
    file[8] = (char)length;
    memcpy(file + 12, header, length);
    memcpy(file + 12 + length, "\x05\x06", 2);
    expect_values(file, 12 + length + 2, 1, 2, (const double[]){5, 6});
  }
}

static void test_idx_types(void **state) {
  (void)state;
  static const struct {
    char type;
    const char *bytes;
    size_t size;
    double expected[2];
  } cases[] = {{0x08, "\x07\xff", 2, {7, 255}},
               {0x09, "\x07\xfe", 2, {7, -2}},
               {0x0b, "\x01\x07\xff\xfe", 4, {263, -2}},
               {0x0c, "\0\0\x01\x07\xff\xff\xff\xfe", 8, {263, -2}},
               {0x0d, "\x3f\xc0\0\0\xc0\0\0\0", 8, {1.5, -2}},
               {0x0e, "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16, {1.5, -2}}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char file[64] = {0, 0, cases[i].type, 1, 0, 0, 0, 2};
    memcpy(file + 8, cases[i].bytes, cases[i].size);
    expect_values(file, 8 + cases[i].size, 2, 1, cases[i].expected);
    char deep[64] = {0, 0, cases[i].type, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1};
    memcpy(deep + 16, cases[i].bytes, cases[i].size);
    expect_values(deep, 16 + cases[i].size, 1, 2, cases[i].expected);
  }
}

#define REFUSED(literal, parts) expect_raw_refused(literal, sizeof(literal) - 1, NULL, parts)

static void test_idx_refused(void **state) {
  (void)state;
  REFUSED("\0\0\x08\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
          "t: 4294967295 rows*more than memory");
  REFUSED("\0\0\x08\4\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
          "larger than any file");
  REFUSED("\0\0\x08\2\xff\xff\xff\xff\xff\xff\xff\xff", "t: truncated: *4294967295 rows*but 0");
  REFUSED("\0\0\x0e\2\xff\xff\xff\xff\xff\xff\xff\xff", "t: *more than memory");
  REFUSED("\0\0\x08\1\xff\xff\xff\xff", "truncated: *4294967295 bytes, but 0 follow");
  REFUSED("\0\0\x08\1\0\0\0\3ab", "truncated: *3 bytes, but 2 follow");
  REFUSED("\0\0\x08\1\0\0\0\3abcd", "oversized: *3 bytes, but 4 follow");
  REFUSED("\0\0\x08\2\0\0\0\3", "truncated: *12 bytes, the file has 8");
  REFUSED("\0\0\x08\xff\0\0\0\3", "255 dimensions; 1 to 32");
  REFUSED("\0\0\x08\0", "0 dimensions");
  REFUSED("\0\0\x07\1\0\0\0\1a", "byte 2 is 0x07");
  REFUSED("\0\0\x08\1\0\0\0\0", "empty (0 rows");
  REFUSED("\0\0\x08\2\0\0\0\2\0\0\0\0", "empty (2 rows of 0");
  REFUSED("\0\0\x08", "t:1: byte 0");
}

static void expect_npy_refused(const char *descr, const char *shape, size_t bytes,
                               const char *parts) {
  char file[512];
  static const char zeros[64];
  size_t size = npy_file(file, descr, "False", shape, zeros, bytes);
  expect_raw_refused(file, size, NULL, parts);
}

static void test_npy_refused(void **state) {
  (void)state;
  expect_npy_refused("'<f4\x1b[2J'", "(2,)", 8, "'<f4?[2J'");
  expect_npy_refused("'<f4'", "(0, 3)", 0, "empty (0 rows");
  expect_npy_refused("'<f4'", "(2, 3)", 23, "truncated: *= 24 bytes, but 23 follow");
  expect_npy_refused("'<f4'", "(2, 3)", 25, "oversized: *= 24 bytes, but 25 follow");
  expect_npy_refused("'<f4'", "(4294967296, 4294967296)", 4, "more than memory");
  expect_npy_refused("'<f4'", "(1, 4294967296, 4294967296)", 4, "larger than any file");
  expect_npy_refused("'<f4'", "(99999999999999999999,)", 4, "a length that fits in 64 bits");
  expect_npy_refused("'<f4'", "(-1,)", 4, "expected a length");
  expect_npy_refused("'<f4'", "(2;", 8, "',' or ')'");
  expect_npy_refused("'<f4'", "2", 8, "expected '('");
  expect_npy_refused("'<f4'", "(2,), 'shape': (2,)", 8, "each once");
  expect_npy_refused("'<f4'", "(2,), 'evil': 1", 8, "each once");
  expect_npy_refused("<f4", "(2,)", 8, "a quoted text");
}

static void test_npy_headers_refused(void **state) {
  (void)state;
  REFUSED("\x93NUMPY\x01\0", "truncated: an NPY file of 8 bytes");
  REFUSED("\x93NUMPY\x04\0\0\0\0\0", "version 4.0");
  REFUSED("\x93NUMPY\x02\0\0\0\0\x40", "header of 1073741824 bytes, the limit is 65536");
  REFUSED("\x93NUMPY\x01\0\x76\0{'descr': ",
          "truncated: the NPY header takes 118 bytes, 10 follow");
  REFUSED("\x93NUMPY\x01\0\x02\0{}", "'descr', 'fortran_order' and 'shape'");
  REFUSED("\x93NUMPY\x01\0\x02\0[]", "byte 10 *expected '{'");
  REFUSED("\x93NUMPY\x01\0\x1f\0{'descr': '<f4', 'shape': (1,)}", "before the end");
  REFUSED("\x93NUMPY\x01\0\x18\0{'fortran_order': Yes,   ", "True or False");
  REFUSED("\x93NUMPY\x01\0\x18\0{'descr': '<f4           ", "a short quoted text");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_npy_shapes),  cmocka_unit_test(test_npy_versions),
      cmocka_unit_test(test_idx_types),   cmocka_unit_test(test_idx_refused),
      cmocka_unit_test(test_npy_refused), cmocka_unit_test(test_npy_headers_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
