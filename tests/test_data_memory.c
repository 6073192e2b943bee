/* Peak memory of reading, measured from outside: the program reads a file in a separate process and
 * asks the system for its peak. The limit is three times the file, for tables of any shape, and a
 * budget of that size must be accepted too. Three seconds of processor time.
 *
 * test_data_memory FILE SIZE: the reading process. */
#include "test_data.h"

#include <sys/resource.h>
#include <sys/wait.h>

enum { SIZE = 10500000, SLACK = 1 << 20 };

static char folder[64], path[96];
static const char *program;

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/ebb_memory_XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  remove(path);
  return rmdir(folder);
}

static unsigned long random_number(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned long)(state >> 33);
}

typedef int writer(char *out); /* writes a row without its line end */

static int put_letters(char *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = (char)('a' + random_number() % 26);
  return (int)count;
}

static int distinct(char *out) {
  int used = 0;
  for (int c = 0; c < 3; c++) {
    used += put_letters(out + used, 8);
    out[used++] = ',';
  }
  return used + sprintf(out + used, "%lu", random_number() % 3);
}

static int long_texts(char *out) {
  int used = sprintf(out, "\"");
  for (int w = 0; w < 40; w++) {
    used += put_letters(out + used, 2 + random_number() % 8);
    used += sprintf(out + used, w % 10 == 9 ? " \"\"so\"\", " : " ");
  }
  return used + sprintf(out + used, "\",%lu", random_number() % 2);
}

static int few_categories(char *out) {
  int used = 0;
  for (int c = 0; c < 10; c++) used += sprintf(out + used, "kind%lu,", random_number() % 20);
  return used + sprintf(out + used, "%s", random_number() % 2 ? "yes" : "no");
}

static int one_hot(char *out) {
  int used = 0;
  for (int c = 0; c < 300; c++) used += sprintf(out + used, random_number() % 10 ? "0," : "1,");
  return used + sprintf(out + used, "%lu", random_number() % 2);
}

static int digits(char *out) {
  return sprintf(out, "%lu,%lu,%lu", random_number() % 10, random_number() % 10,
                 random_number() % 2);
}

static int decimals(char *out) {
  return sprintf(out, "%lu.%lu,.%lu,%lu", random_number() % 10, random_number() % 10,
                 random_number() % 100, random_number() % 3);
}

static int sparse_doubles(char *out) {
  int used = 0;
  for (int c = 0; c < 100; c++)
    used += random_number() % 20 ? sprintf(out + used, "0,")
                                 : sprintf(out + used, "%.17g,", (double)random_number() / 3e9);
  return used + sprintf(out + used, "%lu", random_number() % 2);
}

static int mostly_empty(char *out) {
  int used = 0;
  for (int c = 0; c < 100; c++)
    used += random_number() % 10 ? sprintf(out + used, ",")
                                 : sprintf(out + used, "%lu,", random_number() % 1000000);
  return used + sprintf(out + used, "%lu", random_number() % 2);
}

/* A column in which the last row is the first text. */
static int ids_and_amounts(char *out) {
  return sprintf(out, "%lu,$%lu.%02lu,%lu", random_number() % 1000000000, random_number() % 10000,
                 random_number() % 100, random_number() % 3);
}

#define TEXTS "p,$1,1\nq,$1,1\nr,$1,1\ns,$1,1\nt,$1,1\nu,$1,1\nv,$1,1\n"

static const struct {
  const char *what, *last;
  writer *write;
} tables[] = {{"distinct texts", "", distinct},
              {"long texts", "", long_texts},
              {"few categories", "", few_categories},
              {"one-hot columns", "", one_hot},
              {"single digits", "", digits},
              {"numbers with decimals", "", decimals},
              {"sparse doubles", "", sparse_doubles},
              {"mostly empty", "", mostly_empty},
              {"a column that turns", TEXTS, ids_and_amounts}};

static size_t write_table(size_t index) {
  char row[4096];
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  size_t size = 0;
  while (size < SIZE) {
    int length = tables[index].write(row);
    row[length++] = '\n';
    assert_int_equal(fwrite(row, 1, (size_t)length, stream), length);
    size += (size_t)length;
  }
  fputs(tables[index].last, stream);
  assert_int_equal(fclose(stream), 0);
  return size;
}

/* Prints the peak memory in bytes, less the initial memory. */
static int read_alone(const char *file, size_t size) {
  struct rusage before, after;
  const ebb_read_options options = {.size = sizeof(ebb_read_options),
                                    .max_memory = 3 * (uint64_t)size};
  ebb_table *table;
  getrusage(RUSAGE_SELF, &before);
  ebb_status status = ebb_table_read(&table, file, &options);
  getrusage(RUSAGE_SELF, &after);
  size_t taken = (size_t)(after.ru_maxrss - before.ru_maxrss) * 1024;
  bool refused = status != EBB_OK && !strstr(ebb_error_message(), "no column is left");
  if (refused) fprintf(stderr, "%s\n", ebb_error_message());
  ebb_table_free(table);
#ifdef __SANITIZE_ADDRESS__
  taken = 0; /* the sanitizer's own memory does not count */
#endif
  if (taken > 3 * size + SLACK)
    fprintf(stderr, "%zu bytes for a file of %zu: %.2f times\n", taken, size,
            (double)taken / (double)size);
  return refused || taken > 3 * size + SLACK;
}

static void test_tables(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(tables); i++) {
    char size[24];
    int status;
    snprintf(size, sizeof size, "%zu", write_table(i));
    pid_t child = fork();
    if (child == 0) {
      execl(program, program, path, size, (char *)NULL);
      _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0) fail_msg("%s: status %d", tables[i].what, status);
  }
}

int main(int count, char **arguments) {
  program = arguments[0];
  if (count == 3) return read_alone(arguments[1], strtoul(arguments[2], NULL, 10));
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
