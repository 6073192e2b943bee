/* Memory limits of reading: files that unpack to far more than their size, false headers, and the
 * caller's budget. Two seconds of processor time, for unpacking a quarter of a GiB. */
#include "test_data.h"

#include "array_files.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zip.h>
#include <zlib.h>

static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/ebb_budget_XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  remove(path);
  return rmdir(folder);
}

/* Reads the file; the message must contain the parts, split at '*'. NULL: reading must succeed. */
static void expect_read(uint64_t max_memory, ebb_status expected, const char *parts) {
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .max_memory = max_memory};
  ebb_table *table;
  ebb_status status = ebb_table_read(&table, path, &options);
  ebb_table_free(table);
  if (status != expected) fail_msg("%s: %s", ebb_status_name(status), ebb_error_message());
  const char *at = ebb_error_message();
  while (parts && *parts != '\0') {
    char part[160];
    size_t length = strcspn(parts, "*");
    snprintf(part, sizeof part, "%.*s", (int)length, parts);
    at = strstr(at, part);
    if (!at) fail_msg("\"%s\" has no \"%s\"", ebb_error_message(), part);
    parts += length + (parts[length] == '*');
  }
}

/* A gzip file of `count` identical members. */
static void write_members(const char *head, size_t size, const char *text, size_t length,
                          size_t count) {
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  for (size_t i = 0; i < (head ? 2 : 1); i++) {
    const char *from = head && i == 0 ? head : text;
    size_t bytes = head && i == 0 ? size : length, room = bytes + 100;
    unsigned char *packed = malloc(room);
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)from;
    z.avail_in = (unsigned)bytes;
    z.next_out = packed;
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    for (size_t k = 0; k < (from == text ? count : 1); k++)
      assert_int_equal(fwrite(packed, 1, room - z.avail_out, stream), room - z.avail_out);
    deflateEnd(&z);
    free(packed);
  }
  assert_int_equal(fclose(stream), 0);
}

static char *rows_of_zeros(size_t length) {
  char *text = malloc(length + 1);
  for (size_t i = 0; i < length; i += 8) memcpy(text + i, "0,0,0,0\n", 8);
  text[length] = '\0';
  return text;
}

/* 2 MiB that would unpack to 2 GiB are refused at 256 MiB; 10 MiB of zeros are read. */
static void test_bombs(void **state) {
  (void)state;
  enum { MEMBER = 1 << 20 };
  char *text = rows_of_zeros(MEMBER);
  write_members(NULL, 0, text, MEMBER, 2000);
  expect_read(0, EBB_ERR_MEMORY,
              "file: *compressed bytes have unpacked to 26*more than 100 times as many*limit of "
              "268435456*--max-memory SIZE");
  expect_read(8 << 20, EBB_ERR_MEMORY, "reading it takes at least *MiB; --max-memory allows 8 MiB");
  write_members(NULL, 0, text, MEMBER, 10);
  expect_read(0, EBB_OK, NULL);
  expect_read(64 << 20, EBB_OK, NULL);
  free(text);
}

/* The header is read before the rest is unpacked, which is limited to the size in the header. */
static void test_array_headers(void **state) {
  (void)state;
  enum { MEMBER = 1 << 20 };
  static const char large[] = "\0\0\x08\2\0\0\x10\0\0\1\0\0",
                    larger[] = "\0\0\x08\2\0\1\0\0\0\1\0\0";
  static const char small[] = "\0\0\x08\2\0\0\0\2\0\0\0\3";
  char *zeros = calloc(MEMBER, 1);
  write_members(large, 12, zeros, MEMBER, 1); /* 4096 rows of 65536 */
  expect_read(100 << 20, EBB_ERR_MEMORY, "takes at least 257 MiB; --max-memory allows 100 MiB");
  expect_read(0, EBB_ERR_INPUT, "truncated: *= 268435456 bytes, but 1048576 follow");
  write_members(larger, 12, zeros, MEMBER, 1);
  expect_read(0, EBB_ERR_INPUT, "header says 65536 rows of 65536*limit of 4294967296");
  write_members(small, 12, zeros, MEMBER, 3000);
  expect_read(0, EBB_ERR_INPUT, "oversized: by its header it has 18 bytes, but more follow");
  char npy[400];
  size_t size = npy_file(npy, "'<f8'", "False", "(99999999, 9999)", "", 0);
  write_members(npy, size, zeros, MEMBER, 3000);
  expect_read(0, EBB_ERR_INPUT, "header says 99999999 rows of 9999");
  free(zeros);
}

/* A pipe whose writer never ends: the reader stops after the header. */
static void test_endless_pipe(void **state) {
  (void)state;
  static const char npy[] =
      "\x93NUMPY\x01\0\x46\0{'descr': '|u1', 'fortran_order': False, 'shape': "
      "(3, 2)}              \n";
  remove(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  pid_t child = fork();
  if (child == 0) {
    static char piece[65536];
    int pipe = open(path, O_WRONLY);
    memcpy(piece, npy, sizeof npy - 1);
    signal(SIGPIPE, SIG_DFL);
    while (write(pipe, piece, sizeof piece) > 0) {
    }
    _exit(0);
  }
  expect_read(0, EBB_ERR_INPUT, "oversized");
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  remove(path);
}

static size_t number_of(const char *message) {
  const char *at = strstr(message, "at least ");
  return at ? strtoul(at + 9, NULL, 10) : 0;
}

/* Filling the columns keeps to the budget, and the budget that the message suggests suffices. */
static void test_columns(void **state) {
  (void)state;
  enum { SIZE = 4 << 20 };
  char *text = malloc(SIZE + 64);
  size_t used = (size_t)sprintf(text, "name,value,y\n");
  for (size_t i = 0; used < SIZE; i++)
    used += (size_t)sprintf(text + used, "%07zu%c,%zu.%zu,%zu\n", i, 'a' + (int)(i % 26), i % 97,
                            i % 7, i % 3);
  FILE *stream = fopen(path, "wb");
  assert_int_equal(fwrite(text, 1, used, stream), used);
  assert_int_equal(fclose(stream), 0);
  free(text);
  expect_read(1 << 20, EBB_ERR_MEMORY, "file: reading it takes at least 5 MiB; --max-memory");
  expect_read(5 << 20, EBB_ERR_MEMORY, "at row *; --max-memory allows 5 MiB");
  expect_read(100 << 10, EBB_ERR_MEMORY,
              "reading it takes at least *; --max-memory allows 100 KiB");
  expect_read(500, EBB_ERR_MEMORY, "reading it takes at least *; --max-memory allows 500 bytes");
  uint64_t budget = 5 << 20;
  for (int tries = 0; tries < 30; tries++, budget += 1 << 20) {
    const ebb_read_options options = {.size = sizeof(ebb_read_options), .max_memory = budget};
    ebb_table *table;
    ebb_status status = ebb_table_read(&table, path, &options);
    ebb_table_free(table);
    if (status == EBB_OK) break;
    assert_int_equal(status, EBB_ERR_MEMORY);
    assert_true(number_of(ebb_error_message()) > budget >> 20);
  }
  assert_true(budget <= 3 * SIZE);
}

/* An archive's members count beside the archive, by its directory and by their own headers. */
static void test_archive(void **state) {
  (void)state;
  enum { ROWS = 400000 };
  int error;
  char *zeros = calloc(ROWS, 8), *bytes = malloc(ROWS * 8 + 200);
  remove(path);
  zip_t *zip = zip_open(path, ZIP_CREATE, &error);
  size_t size = npy_file(bytes, "'<f8'", "False", "(400000, 1)", zeros, ROWS * 8);
  zip_source_t *source = zip_source_buffer(zip, bytes, size, 0);
  assert_true(zip_file_add(zip, "x.npy", source, 0) >= 0);
  assert_int_equal(zip_close(zip), 0);
  free(zeros);
  free(bytes);
  expect_read(2 << 20, EBB_ERR_MEMORY, "file: reading it takes at least 4 MiB; --max-memory");
  expect_read(0, EBB_OK, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bombs), cmocka_unit_test(test_array_headers),
      cmocka_unit_test(test_endless_pipe), cmocka_unit_test(test_columns),
      cmocka_unit_test(test_archive)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
