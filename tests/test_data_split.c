/* Splits: a partition of the rows, of the right sizes, fair to the classes, fixed by the seed. */
#include "test_data.h"

#include <math.h>

enum { MAX_ROWS = 600 };

/* A table whose row r has class r % classes, or a number where classes is 0. */
static ebb_table *rows_of(size_t rows, size_t classes) {
  char *text = malloc(rows * 32 + 1), *at = text;
  assert_non_null(text);
  *at = '\0';
  for (size_t r = 0; r < rows; r++)
    at += classes ? sprintf(at, "%zu,c%zu\n", r, r % classes) : sprintf(at, "%zu,%zu.5\n", r, r);
  ebb_table *t = table_of(text, NULL);
  free(text);
  return t;
}

/* Splits and checks what holds for every split; returns the number of validation rows. */
static size_t split(size_t *order, const ebb_table *t, ebb_split how) {
  size_t train, rows = ebb_table_rows(t);
  bool seen[MAX_ROWS] = {0};
  if (ebb_table_split(order, &train, t, &how) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_true(train >= 1 && train <= rows);
  for (size_t i = 0; i < rows; i++) {
    assert_true(order[i] < rows && !seen[order[i]]);
    seen[order[i]] = true;
    if (i > 0 && i != train) assert_true(order[i] > order[i - 1]);
  }
  return rows - train;
}

static void test_sizes(void **state) {
  (void)state;
  static const size_t rows[] = {2, 3, 7, 10, 100, 599};
  static const double parts[] = {0.001, 0.1, 0.2, 0.5, 0.999};
  static const size_t classes[] = {0, 1, 2, 3, 7, MAX_ROWS};
  size_t order[MAX_ROWS];
  for (size_t r = 0; r < 6; r++)
    for (size_t c = 0; c < 6; c++) {
      ebb_table *t = rows_of(rows[r], classes[c]);
      assert_int_equal(split(order, t, (ebb_split){.valid = 0}), 0);
      for (size_t p = 0; p < 5; p++) {
        double expected = fmin(fmax(round(parts[p] * (double)rows[r]), 1), (double)rows[r] - 1);
        assert_int_equal(split(order, t, (ebb_split){.valid = parts[p], .seed = p}), expected);
        assert_int_equal(split(order, t, (ebb_split){.valid = parts[p], .last = true}), expected);
        assert_int_equal(order[rows[r] - 1], rows[r] - 1);
        assert_int_equal(order[0], 0);
      }
      ebb_table_free(t);
    }
}

/* Each class gives its share, rounded down or up, and keeps a row for training. */
static void test_stratified(void **state) {
  (void)state;
  char text[8192] = "";
  static const size_t sizes[4] = {50, 33, 1, 3};
  for (size_t c = 0; c < 4; c++)
    for (size_t i = 0; i < sizes[c]; i++)
      sprintf(text + strlen(text), "%zu,%c\n", i, (char)('a' + c));
  ebb_table *t = table_of(text, NULL);
  size_t order[MAX_ROWS], rows = ebb_table_rows(t);
  for (uint64_t seed = 0; seed < 20; seed++) {
    size_t valid = split(order, t, (ebb_split){.valid = 0.2, .seed = seed}), found[4] = {0};
    for (size_t i = rows - valid; i < rows; i++) found[t->target.codes[order[i]]]++;
    for (size_t c = 0; c < 4; c++) {
      double share = (double)(sizes[c] * valid) / (double)rows;
      assert_true((double)found[c] > share - 1 && (double)found[c] < share + 1);
    }
    assert_int_equal(found[2], 0);
  }
  ebb_table_free(t);
}

static void test_seed(void **state) {
  (void)state;
  ebb_table *t = rows_of(200, 0);
  size_t a[MAX_ROWS], b[MAX_ROWS], counts[200] = {0};
  split(a, t, (ebb_split){.valid = 0.25, .seed = 5});
  split(b, t, (ebb_split){.valid = 0.25, .seed = 5});
  assert_memory_equal(a, b, 200 * sizeof *a);
  split(b, t, (ebb_split){.valid = 0.25, .seed = 6});
  assert_memory_not_equal(a, b, 200 * sizeof *a);
  for (uint64_t seed = 0; seed < 400; seed++) {
    split(a, t, (ebb_split){.valid = 0.25, .seed = seed});
    for (size_t i = 150; i < 200; i++) counts[a[i]]++;
  }
  /* Each row is drawn 100 times of 400 on average; 5 deviations of the binomial are 43. */
  for (size_t r = 0; r < 200; r++) assert_in_range(counts[r], 57, 143);
  ebb_table_free(t);
}

static void test_refused(void **state) {
  (void)state;
  ebb_table *t = rows_of(1, 1);
  size_t order[1], train;
  ebb_split how = {.valid = 0.2};
  expect_message(ebb_table_split(order, &train, t, &how), "t: one row cannot be parted");
  static const double wrong[] = {1, -0.1, 7, NAN};
  for (size_t i = 0; i < 4; i++) {
    how.valid = wrong[i];
    assert_int_equal(ebb_table_split(order, &train, t, &how), EBB_ERR_ARGUMENT);
  }
  assert_int_equal(split(order, t, (ebb_split){.valid = 0}), 0);
  ebb_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes),
                                     cmocka_unit_test(test_stratified), cmocka_unit_test(test_seed),
                                     cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
