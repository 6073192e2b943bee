/* Whole files: reading plain and compressed ones, replacing them, places that cannot be written. */
#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* ---- file.h: reading ---- */

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

/* "-" is what stands on standard input: a file from where it is read, a pipe, gzip in a pipe. */
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

/* Writes `size` zeros, compressed, and gives the length of the compressed file. */
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
  expect_unreadable(path, 100000, "larger than the limit"); /* the limit is on unpacked bytes */
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
    if (status == EBB_OK) { /* a bit that only fills the last byte of the stream */
      assert_int_equal(size, 5000);
      for (size_t i = 0; i < size; i++) assert_int_equal((unsigned char)bytes[i], i % 251);
      accepted++;
    }
    free(bytes);
  }
  assert_true(accepted <= 1);
}

/* ---- file.h: replacing ---- */

static ebb_status replace(const char *target, const char *text, bool commit) {
  ebbi_writer writer = {0};
  ebb_status status = ebbi_writer_begin(&writer, target);
  if (status == EBB_OK) fputs(text, writer.stream);
  if (status == EBB_OK && commit) status = ebbi_writer_commit(&writer);
  ebbi_writer_free(&writer);
  ebbi_writer_free(&writer);
  return status;
}

static void test_file_replace(void **state) {
  (void)state;
  remove(path);
  assert_int_equal(replace(path, "new", true), EBB_OK);
  expect_content("new", 3);
  assert_int_equal(replace(path, "second", false), EBB_OK);
  expect_content("new", 3);
  assert_int_equal(replace(path, "third", true), EBB_OK);
  expect_content("third", 5);
}

static void test_replace_through_a_link(void **state) {
  (void)state;
  char link_path[128];
  struct stat about;
  snprintf(link_path, sizeof link_path, "%s/link", folder);
  write_bytes("old", 3);
  assert_int_equal(symlink("file", link_path), 0);
  assert_int_equal(replace(link_path, "by link", true), EBB_OK);
  expect_content("by link", 7);
  assert_int_equal(lstat(link_path, &about), 0);
  assert_true(S_ISLNK(about.st_mode));
  assert_int_equal(unlink(link_path), 0);
}

/* Renaming over a pipe or device would remove it. The pipe is our own: run by root, a test on
 * /dev/null that fails would take the machine's. */
static void test_what_is_no_file_is_written_in_place(void **state) {
  (void)state;
  char text[16] = "";
  struct stat about;
  remove(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  int reader = open(path, O_RDONLY | O_NONBLOCK);
  assert_true(reader >= 0);
  assert_int_equal(replace(path, "in place", true), EBB_OK);
  assert_int_equal(read(reader, text, sizeof text), 8);
  assert_string_equal(text, "in place");
  close(reader);
  assert_int_equal(lstat(path, &about), 0);
  assert_true(S_ISFIFO(about.st_mode));
  assert_int_equal(unlink(path), 0);
}

/* A limit on file sizes stands for a full disk: the failure shows at commit. */
static void test_failed_write(void **state) {
  (void)state;
  struct rlimit old, small;
  write_bytes("old", 3);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 4;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  ebb_status status = replace(path, "more than four bytes", true);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, EBB_ERR_OUTPUT);
  expect_message("file: writing failed: File too large");
  expect_content("old", 3);
}

static void test_unwritable_places(void **state) {
  (void)state;
  char missing[128];
  snprintf(missing, sizeof missing, "%s/missing/file", folder);
  assert_int_equal(replace(missing, "text", true), EBB_ERR_OUTPUT);
  expect_message("missing/file: cannot be written: No such file");
  assert_int_equal(replace(folder, "text", true), EBB_ERR_OUTPUT);
  expect_message("is a folder");
  assert_int_equal(replace("", "text", true), EBB_ERR_OUTPUT);
}

static void test_read_only_folder(void **state) {
  (void)state;
  uid_t user = geteuid();
  write_bytes("old", 3);
  assert_int_equal(chmod(folder, 0555), 0);
  if (user == 0 && seteuid(65534) != 0) skip(); /* root may write anywhere */
  ebb_status status = replace(path, "new", true);
  if (user == 0) assert_int_equal(seteuid(0), 0);
  assert_int_equal(chmod(folder, 0700), 0);
  assert_int_equal(status, EBB_ERR_OUTPUT);
  expect_message("file: cannot be written: Permission denied");
  expect_content("old", 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_file_read),
      cmocka_unit_test(test_file_read_limit),
      cmocka_unit_test(test_standard_input),
      cmocka_unit_test(test_gzip),
      cmocka_unit_test(test_damaged_gzip),
      cmocka_unit_test(test_file_replace),
      cmocka_unit_test(test_replace_through_a_link),
      cmocka_unit_test(test_what_is_no_file_is_written_in_place),
      cmocka_unit_test(test_failed_write),
      cmocka_unit_test(test_unwritable_places),
      cmocka_unit_test(test_read_only_folder),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
