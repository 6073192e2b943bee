/* Randomly damaged arrays, archives and texts: read or refused with one line, without harm (run it
 * with sanitizers). */
#include "raw_rig.h"

#include "array_files.h"
#include "mutate.h"

enum { ROOM = 2048, ROUNDS = 12000 };

/* Reads every cell. */
static double sum_of(const ebbi_raw *raw) {
  double sum = 0;
  for (size_t row = 0; row < raw->rows; row++)
    for (size_t col = 0; col < raw->cols; col++) {
      const ebbi_raw_column *column = raw->columns ? &raw->columns[col] : NULL;
      if (!column || column->numbers) sum += ebbi_raw_number(raw, row, col);
      if (column && column->codes && ebbi_cells_code(column->codes, row) >= 0)
        sum += (double)strlen(column->texts.items[ebbi_cells_code(column->codes, row)]);
    }
  return raw->labels ? sum + sum_of(raw->labels) : sum;
}

static bool use(const char *bytes, size_t size) {
  ebbi_raw raw;
  ebbi_wishes wishes = wishes_of(NULL);
  ebb_status status = parse_raw(&raw, bytes, size, &wishes);
  if (status == EBB_OK) {
    assert_int_equal(raw.names.count, raw.cols);
    volatile double sum = sum_of(&raw);
    (void)sum;
  } else {
    assert_true(strncmp(ebb_error_message(), "t: ", 3) == 0 ||
                strncmp(ebb_error_message(), "t:", 2) == 0 ||
                strncmp(ebb_error_message(), "t[", 2) == 0);
  }
  ebbi_raw_free(&raw);
  return status == EBB_OK;
}

static size_t npy(char out[ROOM], const char *descr, const char *fortran, const char *shape,
                  size_t bytes) {
  char data[32];
  for (size_t i = 0; i < bytes; i++) data[i] = i % 4 ? 0 : (char)('a' + i);
  if (descr[2] == 'S') memset(data, 'a', bytes);
  return npy_file(out, descr, fortran, shape, data, bytes);
}

static double ramp(const void *user, size_t row, size_t col) {
  (void)user;
  return (double)(3 * row + col);
}

static const char *letter(const void *user, size_t row, size_t col) {
  (void)user, (void)col;
  return row % 2 ? "yes" : "no";
}

/* An archive of 4 rows, as ebb writes it. */
static size_t npz(char out[ROOM]) {
  static const bool texts[] = {false, false, true};
  const ebbi_sheet sheet = {
      .rows = 4, .cols = 3, .targets = 1, .texts = texts, .number = ramp, .text = letter};
  return npz_file(out, ROOM, &sheet);
}

static size_t literal(char out[ROOM], const char *bytes, size_t size) {
  memcpy(out, bytes, size);
  return size;
}

#define LITERAL(out, bytes) literal(out, bytes, sizeof(bytes) - 1)

static void test_mutations(void **state) {
  (void)state;
  static char seeds[10][ROOM];
  const size_t sizes[10] = {
      npy(seeds[0], "'<f4'", "False", "(2, 3)", 24),
      npy(seeds[1], "'>f2'", "True", "(2, 3, 2)", 24),
      npy(seeds[2], "'<U2'", "False", "(3,)", 24),
      npy(seeds[3], "'|S3'", "False", "(4, 1)", 12),
      npy(seeds[4], "'|u1'", "True", "(2, 2, 3)", 12),
      LITERAL(seeds[5], "\0\0\x0d\2\0\0\0\2\0\0\0\2\x3f\xc0\0\0\xc0\0\0\0\x3f\xc0\0\0\xc0\0\0\0"),
      LITERAL(seeds[6], "\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\3abcdefghijkl"),
      LITERAL(seeds[7], "# c\n1 1:0.5 3:-2e1\n-1 qid:4 2:1 # d\n+1 1:.25\n"),
      LITERAL(seeds[8], "\xff\xfe"
                        "1\0 \0001\0:\0002\0\n\0002\0 \0002\0:\0003\0\n\0"),
      npz(seeds[9])};
  for (size_t s = 0; s < 10; s++)
    if (!use(seeds[s], sizes[s])) fail_msg("%zu: %s", s, ebb_error_message());
  for (uint64_t round = 0; round < ROUNDS; round++) {
    char bytes[ROOM];
    size_t s = round % 10;
    memcpy(bytes, seeds[s], sizes[s]);
    use(bytes, mutate(bytes, sizes[s], round));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
