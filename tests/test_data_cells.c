/* Cells: every value is returned exactly, whatever preceded it, by both ways of reading; and the
 * bytes taken by typical columns. */
#include "test_data.h"

#include <data/cells.h>
#include <float.h>

static uint64_t random_bits(uint64_t *state) { /* xorshift64 */
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* Kinds of columns. */
typedef double maker(uint64_t *state, size_t row);

static double digit(uint64_t *s, size_t row) {
  (void)row;
  return (double)(random_bits(s) % 10);
}

static double one_decimal(uint64_t *s, size_t row) {
  (void)row;
  return (double)(random_bits(s) % 100) / 10;
}

static double price(uint64_t *s, size_t row) {
  (void)row;
  return (double)(int64_t)(random_bits(s) % 2000000 - 1000000) / 100;
}

static double falling(uint64_t *s, size_t row) {
  (void)s;
  return 1e6 - (double)row;
}

static double number_of_row(uint64_t *s, size_t row) {
  (void)s;
  return 1e12 + (double)row;
}

static double sparse(uint64_t *s, size_t row) {
  (void)row;
  uint64_t bits = random_bits(s);
  return bits % 20 ? 0 : (double)bits / 3;
}

static double mostly_missing(uint64_t *s, size_t row) {
  (void)row;
  uint64_t bits = random_bits(s);
  return bits % 10 ? (double)NAN : (double)(bits % 1000000);
}

static double any_double(uint64_t *s, size_t row) {
  (void)row;
  uint64_t bits = random_bits(s);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Values that do not compress together, so that blocks change their form repeatedly. */
static double odd(uint64_t *s, size_t row) {
  static const double values[] = {0.0,    -0.0,       NAN,   INFINITY,    -INFINITY, 1,
                                  127,    -128,       32768, 1e9,         -1e9,      4294967296,
                                  0.1,    0.25,       1e-15, 1e15,        5e-324,    DBL_MAX,
                                  0x1p53, 0x1p53 + 2, 1.5,   -2147483648, 0.1 + 0.2};
  size_t some = row / 500 % COUNT_OF(values) + 1; /* more and more different values */
  return values[random_bits(s) % some];
}

static bool same(double a, double b) {
  return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

static void expect_column(maker *make, size_t rows, double most_bytes) {
  uint64_t state = 0x9e3779b97f4a7c15u, again = state;
  ebbi_cells *cells = ebbi_cells_new();
  ebbi_run run;
  run.count = 0;
  for (size_t row = 0; row < rows; row++)
    assert_int_equal(ebbi_cells_add(cells, make(&state, row)), EBB_OK);
  ebbi_cells_trim(cells);
  assert_int_equal(cells->count, rows);
  for (size_t row = 0; row < rows; row++) {
    double value = make(&again, row);
    if (!same(ebbi_cells_get(cells, row), value)) fail_msg("row %zu is not %.17g", row, value);
    if (!same(ebbi_run_at(&run, cells, row), value)) fail_msg("row %zu read not %.17g", row, value);
  }
  double bytes = (double)cells->bytes / (double)rows;
  if (bytes > most_bytes) fail_msg("%g bytes a value, at most %g", bytes, most_bytes);
  ebbi_cells_free(cells);
}

static void test_values(void **state) {
  (void)state;
  static const struct {
    maker *make;
    double most_bytes;
  } columns[] = {{digit, 1.3},          {one_decimal, 1.4}, {price, 4.4},
                 {falling, 2.4},        {sparse, 0.9},      {number_of_row, 2.4},
                 {mostly_missing, 0.9}, {any_double, 8.4},  {odd, 8.4}};
  for (size_t i = 0; i < COUNT_OF(columns); i++) {
    expect_column(columns[i].make, 30000, columns[i].most_bytes);
    expect_column(columns[i].make, 1, 1000);
    expect_column(columns[i].make, EBBI_CELLS_BLOCK, 1000);
    expect_column(columns[i].make, EBBI_CELLS_BLOCK + 1, 1000);
  }
}

/* Reading is correct after every row added, and from every position. */
static void test_places(void **state) {
  (void)state;
  enum { ROWS = 2 * EBBI_CELLS_BLOCK + 100 };
  static double values[ROWS], read[300];
  uint64_t seed = 1;
  ebbi_cells *cells = ebbi_cells_new();
  for (size_t row = 0; row < ROWS; row++) {
    values[row] = odd(&seed, 100 * row);
    assert_int_equal(ebbi_cells_add(cells, values[row]), EBB_OK);
    assert_true(same(ebbi_cells_get(cells, row), values[row]));
  }
  for (size_t first = 0; first < ROWS; first += 37) {
    size_t count = ROWS - first < COUNT_OF(read) ? ROWS - first : COUNT_OF(read);
    ebbi_cells_read(read, cells, first, count);
    for (size_t i = 0; i < count; i++) assert_true(same(read[i], values[first + i]));
  }
  ebbi_cells_free(cells);
}

/* Zeros that were not added one by one take no memory, wherever they begin and end. */
static void test_zeros(void **state) {
  (void)state;
  static const size_t gaps[] = {0, 1, 23, 24, 25, 4079, 4080, 4081, 100000};
  for (size_t i = 0; i < COUNT_OF(gaps); i++)
    for (size_t before = 0; before < 50; before += 7) {
      ebbi_cells *cells = ebbi_cells_new();
      for (size_t k = 0; k < before; k++) assert_int_equal(ebbi_cells_add(cells, 1.5), EBB_OK);
      ebbi_cells_add_zeros(cells, before + gaps[i]);
      assert_int_equal(ebbi_cells_add(cells, 7), EBB_OK);
      assert_int_equal(ebbi_cells_add(cells, NAN), EBB_OK);
      ebbi_cells_add_zeros(cells, 200000);
      assert_int_equal(cells->count, 200000);
      for (size_t k = 0; k < 200000; k += k < 5000 ? 1 : 331) {
        double expected = k < before ? 1.5 : k == before + gaps[i] ? 7 : 0;
        if (k == before + gaps[i] + 1) expected = NAN;
        assert_true(same(ebbi_cells_get(cells, k), expected));
      }
      assert_true(cells->bytes < 4000);
      ebbi_cells_free(cells);
    }
}

static void test_codes(void **state) {
  (void)state;
  ebbi_cells *cells = ebbi_cells_new();
  for (int32_t code = -1; code < 10000; code++)
    assert_int_equal(ebbi_cells_add_code(cells, code), EBB_OK);
  assert_int_equal(ebbi_cells_add_code(cells, INT32_MAX), EBB_OK);
  for (int32_t code = -1; code < 10000; code++)
    assert_int_equal(ebbi_cells_code(cells, (size_t)(code + 1)), code);
  assert_int_equal(ebbi_cells_code(cells, 10001), INT32_MAX);
  ebbi_cells_free(cells);
  cells = ebbi_cells_new();
  assert_int_equal(ebbi_cells_add_missing(cells, 5000), EBB_OK);
  assert_int_equal(ebbi_cells_code(cells, 4999), -1);
  ebbi_cells_free(cells);
  ebbi_cells_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_places),
                                     cmocka_unit_test(test_zeros), cmocka_unit_test(test_codes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
