/* Splits: a partition of the rows, of the right sizes, stratified by class, determined by the
 * seed. */
#include "table_rig.h"

enum { MAX_ROWS = 600 };

/* A table whose row r has class r % classes; without classes, a number. */
static ebb_table *rows_of(size_t rows, size_t classes) {
  static const double zeros[MAX_ROWS];
  static char names[MAX_ROWS][24];
  const char *texts[MAX_ROWS];
  ebb_table *t = rig_table(rows);
  rig_numbers(t, "x", EBB_COLUMN_NUMBER, zeros);
  for (size_t r = 0; r < rows && classes > 0; r++) {
    snprintf(names[r], sizeof names[r], "c%zu", r % classes);
    texts[r] = names[r];
  }
  if (classes > 0)
    rig_classes(t, "y", texts, false);
  else
    rig_values(t, "y", zeros);
  return t;
}

/* Makes a split and checks the properties of every split. */
static ebb_parts split(size_t *order, const ebb_table *t, ebb_split how) {
  ebb_parts parts;
  size_t rows = t->rows;
  bool seen[MAX_ROWS] = {0};
  if (ebb_table_split(order, &parts, t, &how) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(parts.train + parts.valid + parts.test, rows);
  assert_true(parts.train >= 1);
  assert_int_equal(parts.valid > 0, how.valid > 0);
  assert_int_equal(parts.test > 0, how.test > 0);
  for (size_t i = 0; i < rows; i++) {
    assert_true(order[i] < rows && !seen[order[i]]);
    seen[order[i]] = true;
    if (i > 0 && i != parts.train && i != parts.train + parts.valid)
      assert_true(order[i] > order[i - 1]);
    if (how.last) assert_int_equal(order[i], i);
  }
  return parts;
}

static void test_sizes(void **state) {
  (void)state;
  static const size_t rows[] = {3, 7, 10, 100, 599};
  static const double parts[] = {0, 0.001, 0.1, 0.2, 0.45};
  static const size_t classes[] = {0, 1, 2, 7, MAX_ROWS};
  size_t order[MAX_ROWS];
  for (size_t r = 0; r < COUNT_OF(rows); r++)
    for (size_t c = 0; c < COUNT_OF(classes); c++) {
      ebb_table *t = rows_of(rows[r], classes[c]);
      for (size_t p = 0; p < 25; p++) {
        ebb_split how = {.valid = parts[p / 5], .test = parts[p % 5], .seed = p};
        double n = (double)rows[r];
        for (int last = 0; last < 2; last++) {
          how.last = last;
          ebb_parts got = split(order, t, how);
          double valid = how.valid > 0 ? fmax(round(how.valid * n), 1) : 0;
          double test = how.test > 0 ? fmax(round(how.test * n), 1) : 0;
          if (valid + test < n) {
            assert_int_equal(got.valid, valid);
            assert_int_equal(got.test, test);
          } else {
            assert_int_equal(got.train, 1);
          }
        }
      }
      ebb_table_free(t);
    }
}

/* Rounding up both parts must leave a row for training. */
static void test_crowded(void **state) {
  (void)state;
  size_t order[MAX_ROWS];
  for (size_t rows = 2; rows < 12; rows++) {
    ebb_table *t = rows_of(rows, 2);
    assert_int_equal(split(order, t, (ebb_split){.valid = 0.999}).train, 1);
    assert_int_equal(split(order, t, (ebb_split){.test = 0.999}).train, 1);
    if (rows > 2)
      assert_int_equal(split(order, t, (ebb_split){.valid = 0.5, .test = 0.499}).train, 1);
    ebb_table_free(t);
  }
}

/* Each class gives each part its share, rounded up or down, and keeps a row for training. */
static void test_stratified(void **state) {
  (void)state;
  static const size_t sizes[4] = {50, 33, 1, 3};
  const char *texts[87];
  size_t order[MAX_ROWS], rows = 0;
  for (size_t c = 0; c < 4; c++)
    for (size_t i = 0; i < sizes[c]; i++) texts[rows++] = (const char *[]){"a", "b", "c", "d"}[c];
  ebb_table *t = rig_table(rows);
  rig_classes(t, "y", texts, false);
  for (uint64_t seed = 0; seed < 20; seed++) {
    const ebb_split how = {.valid = 0.2, .test = seed % 2 ? 0.15 : 0, .seed = seed};
    ebb_parts parts = split(order, t, how);
    size_t found[2][4] = {{0}};
    for (size_t i = parts.train; i < rows; i++)
      found[i >= parts.train + parts.valid][ebbi_table_class(t, order[i])]++;
    for (size_t c = 0; c < 4; c++)
      for (size_t p = 0; p < 2; p++) {
        double share = (double)(sizes[c] * (p ? parts.test : parts.valid)) / (double)rows;
        assert_true((double)found[p][c] > share - 1 && (double)found[p][c] < share + 1);
      }
    assert_int_equal(found[0][2] + found[1][2], 0);
  }
  ebb_table_free(t);
}

/* The only row of a class is trained on, although its remainder is the largest. */
static void test_single_row(void **state) {
  (void)state;
  size_t order[11];
  ebb_table *t = rig_table(11);
  rig_classes(t, "y", (const char *[]){"a", "a", "a", "a", "a", "b", "a", "a", "a", "a", "a"},
              false);
  for (uint64_t seed = 0; seed < 8; seed++) {
    const ebb_split how = {.valid = seed % 2 ? 0.55 : 0, .test = seed % 2 ? 0 : 0.55, .seed = seed};
    size_t at = 0;
    ebb_parts parts = split(order, t, how);
    while (order[at] != 5) at++;
    assert_true(at < parts.train);
  }
  ebb_table_free(t);
}

/* Only rows that the table keeps form strata. */
static void test_kept_rows(void **state) {
  (void)state;
  ebb_table *t = rig_table(6);
  rig_classes(t, "y", (const char *[]){"a", NULL, "b", "a", NULL, "b"}, false);
  rig_keep(t, (size_t[]){0, 2, 3, 5}, 4);
  size_t order[4];
  for (uint64_t seed = 0; seed < 8; seed++) {
    assert_int_equal(split(order, t, (ebb_split){.valid = 0.5, .seed = seed}).valid, 2);
    assert_true(order[2] % 2 != order[3] % 2); /* one of each class */
  }
  ebb_table_free(t);
}

static void test_seed(void **state) {
  (void)state;
  ebb_table *t = rows_of(200, 0);
  size_t a[MAX_ROWS], b[MAX_ROWS], counts[2][200] = {{0}};
  const ebb_split how = {.valid = 0.25, .test = 0.25, .seed = 5};
  split(a, t, how);
  split(b, t, how);
  assert_memory_equal(a, b, 200 * sizeof *a);
  split(b, t, (ebb_split){.valid = 0.25, .test = 0.25, .seed = 6});
  assert_memory_not_equal(a, b, 200 * sizeof *a);
  for (uint64_t seed = 0; seed < 400; seed++) {
    split(a, t, (ebb_split){.valid = 0.25, .test = 0.25, .seed = seed});
    for (size_t i = 100; i < 200; i++) counts[i >= 150][a[i]]++;
  }
  /* Each row is drawn 100 times in 400 on average; 5 deviations of the binomial are 43. */
  for (size_t r = 0; r < 200; r++) {
    assert_in_range(counts[0][r], 57, 143);
    assert_in_range(counts[1][r], 57, 143);
  }
  ebb_table_free(t);
}

/* A seed's validation rows never change, because models refer to them by the seed. */
static void test_golden(void **state) {
  (void)state;
  ebb_table *t = rows_of(20, 3);
  size_t order[MAX_ROWS];
  ebb_parts parts = split(order, t, (ebb_split){.valid = 0.25, .seed = 1});
  static const size_t expected[5] = {0, 1, 3, 14, 19};
  assert_int_equal(parts.valid, 5);
  assert_memory_equal(order + 15, expected, sizeof expected);
  ebb_table_free(t);
}

static void test_refused(void **state) {
  (void)state;
  ebb_table *t = rows_of(1, 1), *two = rows_of(2, 1);
  size_t order[2];
  ebb_parts parts;
  ebb_split how = {.valid = 0.2};
  expect_message(ebb_table_split(order, &parts, t, &how),
                 "t: 1 row cannot be split into 2 parts (training, validation)*--valid 0");
  how.test = 0.2;
  expect_message(ebb_table_split(order, &parts, two, &how),
                 "t: 2 rows cannot be split into 3 parts (training, validation, test)*takes 3");
  static const ebb_split wrong[] = {{.valid = 1},
                                    {.valid = -0.1},
                                    {.valid = 7},
                                    {.valid = NAN},
                                    {.test = 1},
                                    {.test = -0.1},
                                    {.test = NAN},
                                    {.valid = 0.5, .test = 0.5},
                                    {.valid = -0.1, .test = 0.5}};
  for (size_t i = 0; i < COUNT_OF(wrong); i++)
    assert_int_equal(ebb_table_split(order, &parts, two, &wrong[i]), EBB_ERR_ARGUMENT);
  assert_int_equal(split(order, t, (ebb_split){.valid = 0}).train, 1);
  ebb_table_free(t);
  ebb_table_free(two);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),      cmocka_unit_test(test_crowded),
      cmocka_unit_test(test_stratified), cmocka_unit_test(test_single_row),
      cmocka_unit_test(test_kept_rows),  cmocka_unit_test(test_seed),
      cmocka_unit_test(test_golden),     cmocka_unit_test(test_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
