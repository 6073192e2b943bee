/* Files that would make a careless reader slow or large. Each ends with a result or an error,
 * within three times the file's size and a constant, which the given budget enforces. Quadratic
 * work would be noticed by everyone waiting for this test. */
#include "test_data.h"

#include <zip.h>

enum { WIDE = 20000, ROOM = 1 << 22, FIXED = 32 << 20 };

static char text[ROOM];
static size_t used;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  used += (size_t)vsnprintf(text + used, ROOM - used, format, arguments);
  va_end(arguments);
  assert_true(used < ROOM);
}

static void begin(void) {
  used = 0;
  text[0] = '\0';
}

/* Reads the text and expects a message with these parts; NULL: it must be read. */
static void expect(const char *parts) {
  const ebb_read_options options = {
      .size = sizeof(ebb_read_options), .max_memory = 3 * used + FIXED, .no_target = true};
  ebb_table *table;
  ebb_status status = parse_bytes(&table, text, used, &options);
  ebb_table_free(table);
  if (parts)
    expect_message(status, parts);
  else if (status != EBB_OK)
    fail_msg("%s", ebb_error_message());
}

static void test_wide_tables(void **state) {
  (void)state;
  for (int rows = 0; rows < 3; rows++) {
    begin();
    for (int c = 0; c < WIDE; c++) say("%sc%d", c ? "," : "", c);
    say("\n");
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < WIDE; c++) say("%s%s", c ? "," : "", row == 0 ? "1" : "a");
      say("\n");
    }
    expect(rows == 0 ? "a header, but no rows" : NULL);
  }
  begin();
  for (int c = 0; c < WIDE; c++) say("1,");
  expect(NULL);
}

static void test_rows_that_grow(void **state) {
  (void)state;
  begin();
  for (int row = 1; row < 1500; row++) {
    for (int c = 0; c < row; c++) say("1,");
    say("1\n");
  }
  expect("t:");
}

static void test_names_without_end(void **state) {
  (void)state;
  begin();
  say("unnamed 5");
  for (int c = 2; c < WIDE; c++) say(",unnamed 5 (%d)", c);
  say(",,x\n");
  for (int c = 0; c < WIDE; c++) say("1,");
  say("2\n");
  expect(NULL);
}

static void test_long_fields(void **state) {
  (void)state;
  begin();
  say("a,b\n\"%*s\",1\n", 1000000, "x");
  expect(NULL);
  begin();
  say("a,b\n\"");
  for (int i = 0; i < 500000; i++) say("\"\"");
  say("\",1\n");
  expect(NULL);
  begin();
  say("a,b\n\"");
  for (int i = 0; i < 500000; i++) say("x,\n");
  expect("t:2: a quoted field begins in this row and never ends");
  begin();
  say("%*s,y\n1,2\n3,4\n", 1000000, "x");
  expect(NULL);
}

static void test_lines_that_are_none(void **state) {
  (void)state;
  static const char *const lines[] = {"# a,b\n", "\n", ",\n", "---,---\n", "{\"a\":1,\n"};
  for (size_t i = 0; i < COUNT_OF(lines); i++) {
    begin();
    if (i == 2 || i == 3) say("1,2\n");
    for (int row = 0; row < 100000; row++) say("%s", lines[i]);
    say("1,2\n3,4\n");
    expect(i == 4 ? "t:1: stray quote" : NULL);
  }
}

static void test_arff(void **state) {
  (void)state;
  begin();
  say("@relation r\n@attribute x {");
  for (int i = 0; i < 10 * WIDE; i++) say("%sv%d", i ? "," : "", i);
  say("}\n@attribute y real\n@data\n");
  for (int i = 0; i < 1000; i++) say("v%d,1\n", i % 7);
  expect(NULL);
  begin();
  say("@relation r\n");
  for (int i = 0; i < WIDE; i++) say("@attribute a%d real\n", i);
  say("@data\n");
  for (int i = 0; i < 2; i++) say("{1 2}\n");
  expect(NULL);
}

/* A few bytes a row would stand for a million columns. */
static void test_sparse_rows(void **state) {
  (void)state;
  begin();
  say("1 2000000000:1\n");
  expect("an index above the limit of 1048575");
  begin();
  say("1 1048575:1\n");
  for (int i = 0; i < 600; i++) say("0 3:1\n");
  expect("601 rows of 1048576 columns*limit of 536870912 values");
}

static void test_many_members(void **state) {
  (void)state;
  static const char npy[] =
      "\x93NUMPY\x01\0\x46\0{'descr': '|u1', 'fortran_order': False, 'shape': "
      "(3, 2)}              \n123456";
  char path[] = "/tmp/ebb_sweep_XXXXXX", name[24];
  int error, descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);
  for (int i = 0; i < WIDE / 4; i++) {
    snprintf(name, sizeof name, "m%d.npy", i);
    zip_source_t *source = zip_source_buffer(zip, npy, sizeof npy - 1, 0);
    assert_true(zip_file_add(zip, name, source, 0) >= 0);
  }
  assert_int_equal(zip_close(zip), 0);
  ebb_table *table;
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .max_memory = FIXED};
  ebb_status status = ebb_table_read(&table, path, &options);
  close(descriptor);
  remove(path);
  expect_message(status, "cannot tell which array holds the inputs: \"m0\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wide_tables),         cmocka_unit_test(test_rows_that_grow),
      cmocka_unit_test(test_names_without_end),   cmocka_unit_test(test_long_fields),
      cmocka_unit_test(test_lines_that_are_none), cmocka_unit_test(test_arff),
      cmocka_unit_test(test_sparse_rows),         cmocka_unit_test(test_many_members)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
