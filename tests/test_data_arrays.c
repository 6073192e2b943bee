/* Reading IDX and NPY: every element type, shapes, labels, and what must be refused. */
#include "test_data.h"

#include <float.h>
#include <math.h>
#include <unistd.h>
#include <zlib.h>

/* An NPY file of version 1, header padded as NumPy pads it. Returns its size. */
static size_t npy_file(char *out, const char *descr, const char *shape, const void *data,
                       size_t bytes) {
  int length =
      sprintf(out + 10, "{'descr': %s, 'fortran_order': False, 'shape': %s, }", descr, shape);
  while ((10 + length + 1) % 64 != 0) out[10 + length++] = ' ';
  out[10 + length++] = '\n';
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  out[8] = (char)length;
  out[9] = 0;
  memcpy(out + 10 + length, data, bytes);
  return 10 + (size_t)length + bytes;
}

static void expect_values(const char *bytes, size_t size, size_t rows, size_t cols,
                          const double *expected) {
  ebb_table *t;
  if (parse_bytes(&t, bytes, size, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_table_rows(t), rows);
  assert_int_equal(ebb_table_columns(t), cols);
  assert_false(ebb_table_has_target(t));
  assert_int_equal(ebb_table_task(t), EBB_TASK_AUTO);
  for (size_t i = 0; i < rows * cols; i++)
    assert_true(ebbi_table_number(t, i / cols, i % cols) == expected[i]);
  ebb_table_free(t);
}

/* The files' bytes are written as they stand on a little-endian disk. */
static void test_npy_types(void **state) {
  (void)state;
  char file[512];
  static const struct {
    const char *descr;
    const char *bytes;
    size_t size;
    double expected[2];
  } cases[] = {{"'<f4'", "\0\0\xc0\x3f\0\0\0\xc0", 8, {1.5, -2}},
               {"'<f8'", "\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\0\xc0", 16, {1.5, -2}},
               {"'|u1'", "\x07\xff", 2, {7, 255}},
               {"'<i4'", "\x07\0\0\0\xfe\xff\xff\xff", 8, {7, -2}},
               {"\"<i8\"", "\x07\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff", 16, {7, -2}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t size = npy_file(file, cases[i].descr, "(2,)", cases[i].bytes, cases[i].size);
    expect_values(file, size, 2, 1, cases[i].expected);
    size = npy_file(file, cases[i].descr, "(1, 2)", cases[i].bytes, cases[i].size);
    expect_values(file, size, 1, 2, cases[i].expected);
    size = npy_file(file, cases[i].descr, "( 2 ,1,1 , 1)", cases[i].bytes, cases[i].size);
    expect_values(file, size, 2, 1, cases[i].expected);
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
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char file[64] = {0, 0, cases[i].type, 1, 0, 0, 0, 2};
    memcpy(file + 8, cases[i].bytes, cases[i].size);
    expect_values(file, 8 + cases[i].size, 2, 1, cases[i].expected);
    char deep[64] = {0, 0, cases[i].type, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1};
    memcpy(deep + 16, cases[i].bytes, cases[i].size);
    expect_values(deep, 16 + cases[i].size, 1, 2, cases[i].expected);
  }
}

static void expect_bytes_refused(const char *bytes, size_t size, const char *parts) {
  ebb_table *t;
  ebb_status status = parse_bytes(&t, bytes, size, NULL);
  ebb_table_free(t);
  expect_message(status, parts);
}

#define REFUSED(literal, parts) expect_bytes_refused(literal, sizeof(literal) - 1, parts)

static void test_idx_refused(void **state) {
  (void)state;
  REFUSED("\0\0\x08\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
          "t: 4294967295 rows*too many");
  REFUSED("\0\0\x08\4\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
          "larger than any file");
  REFUSED("\0\0\x08\2\xff\xff\xff\xff\xff\xff\xff\xff", "t: truncated: *4294967295 rows*but 0");
  REFUSED("\0\0\x0e\2\xff\xff\xff\xff\xff\xff\xff\xff", "t: *too many");
  REFUSED("\0\0\x08\1\xff\xff\xff\xff", "truncated: *4294967295 bytes, but 0 follow");
  REFUSED("\0\0\x08\1\0\0\0\3ab", "truncated: *3 bytes, but 2 follow");
  REFUSED("\0\0\x08\1\0\0\0\3abcd", "oversized: *3 bytes, but 4 follow");
  REFUSED("\0\0\x08\2\0\0\0\3", "truncated: *12 bytes, the file has 8");
  REFUSED("\0\0\x08\xff\0\0\0\3", "255 dimensions; 1 to 32");
  REFUSED("\0\0\x08\0", "0 dimensions");
  REFUSED("\0\0\x07\1\0\0\0\1a", "byte 2 is 0x07");
  REFUSED("\0\0\x08\1\0\0\0\0", "empty (0 rows");
  REFUSED("\0\0\x08\2\0\0\0\2\0\0\0\0", "empty (2 rows of 0");
  REFUSED("\0\0\x0d\2\0\0\0\1\0\0\0\2\0\0\0\0\x7f\xc0\0\0", "row 0, column 1 (from 0) is nan");
  REFUSED("\0\0\x0e\1\0\0\0\1\x7f\xe0\0\0\0\0\0\0", "row 0, column 0*float32");
  REFUSED("\0\0\x08", "t:1: byte 0");
}

static void expect_npy_refused(const char *descr, const char *shape, size_t bytes,
                               const char *parts) {
  char file[512];
  static const char zeros[64];
  size_t size = npy_file(file, descr, shape, zeros, bytes);
  expect_bytes_refused(file, size, parts);
}

static void test_npy_refused(void **state) {
  (void)state;
  expect_npy_refused("'<f4\x1b[2J'", "(2,)", 8, "'<f4?[2J'");
  expect_npy_refused("'<f4'", "()", 4, "a single number");
  expect_npy_refused("'<f4'", "(0, 3)", 0, "empty (0 rows");
  expect_npy_refused("'<f4'", "(2, 3)", 23, "truncated: *= 24 bytes, but 23 follow");
  expect_npy_refused("'<f4'", "(2, 3)", 25, "oversized: *= 24 bytes, but 25 follow");
  expect_npy_refused("'<f4'", "(4294967296, 4294967296)", 4, "too many");
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
  REFUSED("PK\3\4abc", "ZIP archive");
  char file[256];
  size_t size = npy_file(file, "'<f4'", "(1, 2)", "\0\0\0\0\0\0\x80\xff", 8);
  expect_bytes_refused(file, size, "row 0, column 1 (from 0) is -inf");
}

/* Five rows of one pixel, labelled by the file in `bytes`. */
static ebb_status label(ebb_table **out, const char *bytes, size_t size, ebb_task task) {
  ebb_status status = parse_bytes(out, "\0\0\x08\1\0\0\0\5abcde", 13, NULL);
  assert_int_equal(status, EBB_OK);
  return ebbi_table_add_labels(*out, "l", bytes, size, task);
}

static void test_labels(void **state) {
  (void)state;
  ebb_table *t;
  assert_int_equal(label(&t, "\0\0\x08\1\0\0\0\5\0\3\1\0\1", 13, EBB_TASK_AUTO), EBB_OK);
  assert_int_equal(ebb_table_task(t), EBB_TASK_CLASSIFICATION);
  assert_int_equal(t->target.classes.count, 4); /* 0 to the highest, 2 never seen */
  assert_string_equal(t->target.classes.items[3], "3");
  assert_int_equal(t->target.codes[1], 3);
  ebb_table_free(t);
  assert_int_equal(label(&t, "\0\0\x08\1\0\0\0\5\0\3\1\0\1", 13, EBB_TASK_REGRESSION), EBB_OK);
  assert_int_equal(ebb_table_task(t), EBB_TASK_REGRESSION);
  assert_true(t->target.numbers[1] == 3);
  ebb_table_free(t);
  char file[256];
  static const float values[10] = {0, 1.5f, 2, 3, 4, 5, 6, 7, 8, 9};
  size_t size = npy_file(file, "'<f4'", "(5, 2)", values, sizeof values);
  assert_int_equal(label(&t, file, size, EBB_TASK_AUTO), EBB_OK);
  assert_int_equal(ebb_table_task(t), EBB_TASK_REGRESSION);
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d = dataset_of(e, t);
  assert_int_equal(d.outputs, 2);
  assert_true(d.values[1] == 1.5f && d.values[9] == 9);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_labels_refused(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t size;
    ebb_task task;
    const char *parts;
  } cases[] = {
      {"\0\0\x08\1\0\0\0\4\0\1\0\1", 12, EBB_TASK_AUTO, "l: 4 labels, but t has 5 rows"},
      {"\0\0\x09\1\0\0\0\5\0\1\xff\1\0", 13, EBB_TASK_AUTO, "l: row 2 (from 0): label -1 "},
      {"\0\0\x0b\1\0\0\0\5\0\0\0\1\0\2\xff\xff\0\1", 18, EBB_TASK_AUTO,
       "l: row 3 (from 0): label -1"},
      {"\0\0\x0c\1\0\0\0\5\0\0\0\0\x7f\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0", 28, EBB_TASK_AUTO,
       "row 1 (from 0): label 2.14748e+09 is no class*65536"},
      {"\0\0\x08\2\0\0\0\5\0\0\0\2abcdefghij", 22, EBB_TASK_AUTO, "l: *not 2*swapped"},
      {"\0\0\x0d\1\0\0\0\5\0\0\0\0\0\0\0\0\x3f\xc0\0\0\0\0\0\0\0\0\0\0", 28,
       EBB_TASK_CLASSIFICATION, "row 2 (from 0): label 1.5 is no class"},
      {"\0\0\x0d\1\0\0\0\5\0\0\0\0\0\0\0\0\x7f\xc0\0\0\0\0\0\0\0\0\0\0", 28, EBB_TASK_AUTO,
       "row 2 (from 0): column 0 is nan"},
      {"0\n1\n0\n1\n0\n", 10, EBB_TASK_AUTO, "l: neither an IDX nor an NPY file"},
      {"", 0, EBB_TASK_AUTO, "l: neither"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_table *t;
    ebb_status status = label(&t, cases[i].bytes, cases[i].size, cases[i].task);
    ebb_table_free(t);
    expect_message(status, cases[i].parts);
  }
}

static void test_options_that_do_not_fit(void **state) {
  (void)state;
  ebb_table *t;
  ebb_read_options options = {.target = "1"};
  assert_int_equal(parse_bytes(&t, "\0\0\x08\1\0\0\0\1a", 9, &options), EBB_ERR_ARGUMENT);
  char path[512];
  real_file(path, "iris.csv");
  options = (ebb_read_options){.labels = path};
  assert_int_equal(ebb_table_read(&t, path, &options), EBB_ERR_ARGUMENT);
  assert_null(t);
}

static void test_mnist(void **state) {
  (void)state;
  char images[512], labels[512];
  real_file(images, "mnist10k-images-idx3-ubyte.gz");
  real_file(labels, "mnist10k-labels-idx1-ubyte.gz");
  ebb_table *t;
  assert_int_equal(ebb_table_read(&t, images, &(ebb_read_options){.labels = labels}), EBB_OK);
  assert_string_equal(
      ebb_table_summary(t),
      "10000 rows, 784 uint8 columns, target \"labels\": 10 classes (integer labels)");
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d = dataset_of(e, t);
  assert_non_null(d.x_u8);
  assert_null(d.x);
  assert_true(d.scale == 1.0f / 255);
  assert_int_equal(d.labels[0], 7); /* the test set begins 7 2 1 0 4 */
  assert_int_equal(d.labels[4], 4);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_files(void **state) {
  (void)state;
  char path[] = "/tmp/ebb-test-XXXXXX";
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  ebb_table *t;
  expect_message(ebb_table_read(&t, path, NULL), "the file is empty");
  gzFile stream = gzdopen(dup(descriptor), "wb");
  assert_non_null(stream);
  assert_int_equal(gzwrite(stream, "\0\0\x08\1\0\0\0\2ab", 10), 10);
  assert_int_equal(gzclose(stream), Z_OK);
  assert_int_equal(ebb_table_read(&t, path, NULL), EBB_OK);
  assert_string_equal(ebb_table_summary(t), "2 rows, 1 uint8 column, no target");
  ebb_table_free(t);
  assert_int_equal(ftruncate(descriptor, 20), 0);
  expect_message(ebb_table_read(&t, path, NULL), path);
  close(descriptor);
  unlink(path);
  expect_message(ebb_table_read(&t, path, NULL), "No such file");
  expect_message(ebb_table_read(&t, "/tmp", NULL), "folder");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_npy_types),
                                     cmocka_unit_test(test_npy_versions),
                                     cmocka_unit_test(test_idx_types),
                                     cmocka_unit_test(test_idx_refused),
                                     cmocka_unit_test(test_npy_refused),
                                     cmocka_unit_test(test_npy_headers_refused),
                                     cmocka_unit_test(test_labels),
                                     cmocka_unit_test(test_labels_refused),
                                     cmocka_unit_test(test_options_that_do_not_fit),
                                     cmocka_unit_test(test_mnist),
                                     cmocka_unit_test(test_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
