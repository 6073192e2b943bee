/* Reading complete files, plain and compressed. (test_writer.c replaces files.) */
#include "base/read.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/ebb_file_XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  remove(path);
  return rmdir(folder); /* fails if a temporary file was left behind */
}

static void expect_message(const char *part) {
  if (strstr(ebb_error_message(), part) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", ebb_error_message(), part);
}

static void write_bytes(const void *bytes, size_t size) {
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  assert_int_equal(fwrite(bytes, 1, size, stream), size);
  assert_int_equal(fclose(stream), 0);
}

static void expect_content(const char *bytes, size_t size) {
  char *read;
  size_t got;
  if (ebbi_file_read(&read, &got, path, SIZE_MAX) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(got, size);
  assert_memory_equal(read, bytes, size);
  assert_int_equal(read[size], 0);
  free(read);
}

static void expect_unreadable(const char *what, size_t limit, const char *part) {
  char *read = path;
  size_t got;
  assert_int_equal(ebbi_file_read(&read, &got, what, limit), EBB_ERR_INPUT);
  assert_null(read);
  assert_ptr_equal(strstr(ebb_error_message(), what), ebb_error_message());
  expect_message(part);
}

static void test_file_read(void **state) {
  (void)state;
  write_bytes("", 0);
  expect_content("", 0);
  write_bytes("a\0b\n", 4);
  expect_content("a\0b\n", 4);
  enum { LARGE = 300000 };
  char *large = malloc(LARGE);
  assert_non_null(large);
  for (size_t i = 0; i < LARGE; i++) large[i] = (char)(i * i >> 7);
  write_bytes(large, LARGE);
  expect_content(large, LARGE);
  free(large);
  remove(path);
  expect_unreadable(path, SIZE_MAX, "No such file");
  expect_unreadable(folder, SIZE_MAX, "is a folder");
}

static void test_file_read_limit(void **state) {
  (void)state;
  char *read;
  size_t got;
  write_bytes("123456", 6);
  assert_int_equal(ebbi_file_read(&read, &got, path, 6), EBB_OK);
  free(read);
  expect_unreadable(path, 5, "larger than the limit of 5 bytes");
}

/* "-" reads standard input: a file from its current position, a pipe, gzip in a pipe. */
static void expect_standard_input(int descriptor, const char *bytes, size_t size) {
  char *read;
  size_t got;
  int kept = dup(STDIN_FILENO);
  assert_true(kept >= 0 && dup2(descriptor, STDIN_FILENO) >= 0);
  ebb_status status = ebbi_input_read(&read, &got, "-", SIZE_MAX);
  assert_true(dup2(kept, STDIN_FILENO) >= 0);
  close(kept);
  close(descriptor);
  if (status != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(got, size);
  assert_memory_equal(read, bytes, size);
  free(read);
}

static int piped(const void *bytes, size_t size) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], bytes, size), size);
  close(ends[1]);
  return ends[0];
}

static void test_standard_input(void **state) {
  (void)state;
  char packed[256];
  expect_standard_input(piped("a,b\n", 4), "a,b\n", 4);
  expect_standard_input(piped("", 0), "", 0);
  gzFile stream = gzopen(path, "wb");
  assert_non_null(stream);
  assert_int_equal(gzputs(stream, "packed"), 6);
  assert_int_equal(gzclose(stream), Z_OK);
  int file = open(path, O_RDONLY);
  ssize_t size = read(file, packed, sizeof packed);
  assert_true(size > 0 && lseek(file, 0, SEEK_SET) == 0);
  expect_standard_input(piped(packed, (size_t)size), "packed", 6);
  expect_standard_input(file, "packed", 6);
  char *bytes = path;
  size_t got;
  write_bytes("plain", 5);
  assert_int_equal(ebbi_input_read(&bytes, &got, path, SIZE_MAX), EBB_OK);
  assert_int_equal(got, 5);
  free(bytes);
  assert_string_equal(ebbi_input_name("-"), "standard input");
  assert_ptr_equal(ebbi_input_name(path), path);
}

/* Writes `size` zeros, compressed, and returns the length of the compressed file. */
static size_t write_gzip(size_t size) {
  gzFile stream = gzopen(path, "wb");
  assert_non_null(stream);
  for (size_t i = 0; i < size; i++) assert_int_equal(gzputc(stream, (int)(i % 251)), i % 251);
  assert_int_equal(gzclose(stream), Z_OK);
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  return (size_t)about.st_size;
}

static void test_gzip(void **state) {
  (void)state;
  char *read;
  size_t got, length = write_gzip(200000);
  assert_true(length < 200000);
  assert_int_equal(ebbi_file_read(&read, &got, path, SIZE_MAX), EBB_OK);
  assert_int_equal(got, 200000);
  assert_int_equal((unsigned char)read[250], 250);
  free(read);
  expect_unreadable(path, 100000,
                    "larger than the limit"); /* the limit applies to unpacked bytes */
  for (size_t cut = length - 1; cut > 2; cut -= cut > 20 ? cut / 3 : 1) {
    assert_int_equal(truncate(path, (off_t)cut), 0);
    expect_unreadable(path, SIZE_MAX, "");
  }
}

static void test_damaged_gzip(void **state) {
  (void)state;
  size_t length = write_gzip(5000), accepted = 0;
  for (size_t at = 10; at < length; at++) { /* past the header */
    char *bytes;
    size_t size;
    write_gzip(5000);
    FILE *stream = fopen(path, "r+b");
    assert_non_null(stream);
    fseek(stream, (long)at, SEEK_SET);
    int old = getc(stream);
    fseek(stream, (long)at, SEEK_SET);
    putc(old ^ 0x10, stream);
    fclose(stream);
    ebb_status status = ebbi_file_read(&bytes, &size, path, 1 << 20);
    if (status == EBB_OK) { /* a padding bit in the last byte of the stream */
      assert_int_equal(size, 5000);
      for (size_t i = 0; i < size; i++) assert_int_equal((unsigned char)bytes[i], i % 251);
      accepted++;
    }
    free(bytes);
  }
  assert_true(accepted <= 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_file_read),      cmocka_unit_test(test_file_read_limit),
      cmocka_unit_test(test_standard_input), cmocka_unit_test(test_gzip),
      cmocka_unit_test(test_damaged_gzip),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
