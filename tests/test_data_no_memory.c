/* Every allocation of a reading fails once: the failure is reported, or the table is the same in
 * columns, header and fingerprint.
 */
#include "test_data.h"

#include "fail_memory.h"

/* What a model depends on. */
typedef struct sight {
  size_t rows, columns;
  ebb_task task;
  uint64_t print;
} sight;

static sight sight_of(const ebb_table *table) {
  return (sight){ebb_table_rows(table), ebb_table_columns(table), ebb_table_task(table),
                 ebb_table_fingerprint(table)};
}

static bool are_same(sight a, sight b) {
  return a.rows == b.rows && a.columns == b.columns && a.task == b.task && a.print == b.print;
}

static void expect_table_or_no_memory(const char *text) {
  ebb_table *table = table_of(text, NULL);
  const sight whole = sight_of(table);
  ebb_table_free(table);
  for (long n = 1;; n++) {
    char *bytes = tight_copy(text, strlen(text)); /* owned by the table */
    table = NULL;
    fail_memory(n);
    ebb_status status = ebbi_table_parse(&table, "t", bytes, strlen(text),
                                         &(ebb_read_options)EBB_READ_OPTIONS_INIT);
    const sight found = status == EBB_OK ? sight_of(table) : whole;
    bool failed = memory_has_failed();
    if (status != EBB_OK && status != EBB_ERR_MEMORY)
      fail_msg("allocation %ld: %s", n, ebb_error_message());
    if (!are_same(found, whole)) fail_msg("allocation %ld: another table", n);
    if (status == EBB_OK) ebb_table_free(table);
    if (!failed) break;
  }
}

/* The header is recognised only because its words do not recur below. */
static void test_header(void **state) {
  (void)state;
  expect_table_or_no_memory("region,2018,2019\neast,0.5,1\nwest,0.7,2\nnorth,3,4\neast,1,1\n");
  expect_table_or_no_memory("red,good\ngreen,bad\nred,bad\n");
}

/* Above the table and in it: a line `sep=`, a title, comments, a unit row, doubled quotes. */
static void test_dialects(void **state) {
  (void)state;
  expect_table_or_no_memory("sep=;\n# made by hand\n#a;b;c\n1;2.5;x\n3;4.5;y\n5;6.5;x\n");
  expect_table_or_no_memory("A title\n\na\tb\tc\n1\t2\tx\n3\t4\ty\n5\t6\tx\n7\t8\ty\n");
  expect_table_or_no_memory("a,b,c\nm,kg,\n1,2,\"x \"\"1\"\"\"\n3,4,y\n5,6,\"x \"\"1\"\"\"\n");
  expect_table_or_no_memory("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 a\n"
                            "2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 b\n");
}

/* Categories and classes: the fingerprint hashes their texts. */
static void test_fingerprint(void **state) {
  (void)state;
  char text[4096] = "a,k,y\n";
  for (int i = 0; i < 60; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%d.5,k%d,c%d\n", i, i % 5, i % 3);
  ebb_table *table = table_of(text, NULL);
  uint64_t print = ebb_table_fingerprint(table);
  for (long n = 1; n < 4; n++) {
    fail_memory(n);
    uint64_t found = ebb_table_fingerprint(table);
    (void)memory_has_failed();
    assert_true(found == print);
  }
  ebb_table_free(table);
  expect_table_or_no_memory(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_header), cmocka_unit_test(test_dialects),
                                     cmocka_unit_test(test_fingerprint)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
