/* Encoders of numbers and dates: mean and deviation at any magnitude, parts of dates, bytes. */
#include "table_rig.h"

#include <base/rng.h>
#include <data/moments.h>

/* Expected values from scikit-learn's StandardScaler. */
static void test_golden(void **state) {
  (void)state;
  static const double w[6] = {-2.5, 0, 1e3, 3.25, 7.125, 42};
  static const double expected[6] = {-0.48063244864212656, -0.47386218290236193,
                                     2.2342441130035047,   -0.46506083744066784,
                                     -0.4545669255440326,  -0.3601217184743155};
  ebb_table *t = rig_table(6);
  rig_numbers(t, "w", EBB_COLUMN_NUMBER, w);
  ebb_encoder *e = encoder_of(t, NULL);
  expect_near(e->features[0].mean[0], 174.97916667);
  expect_near(e->features[0].deviation[0], 369.26172415);
  expect_inputs(e, t, expected, 1);
  assert_int_equal(ebb_encoder_outputs(e), 0);
  assert_int_equal(ebb_encoder_task(e), EBB_TASK_AUTO);
  const size_t rows[2] = {5, 0}, wrong[1] = {6};
  ebb_dataset d;
  assert_int_equal(ebb_encoder_apply(&d, e, t, rows, 2), EBB_OK);
  assert_int_equal(d.rows, 2);
  expect_near(d.x[0], expected[5]);
  expect_near(d.x[1], expected[0]);
  assert_true(!d.labels && !d.values && !d.x_u8);
  ebb_dataset_clear(&d);
  assert_int_equal(ebb_encoder_apply(&d, e, t, wrong, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_encoder_apply(&d, e, t, rows, 0), EBB_ERR_ARGUMENT);
  ebb_encoder_free(e);
  assert_int_equal(ebb_encoder_fit(&e, t, wrong, 1, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_encoder_fit(&e, t, rows, 0, NULL), EBB_ERR_ARGUMENT);
  assert_null(e);
  ebb_table_free(t);
}

static void test_constant_and_unscaled(void **state) {
  (void)state;
  ebb_table *t = rig_table(3);
  rig_numbers(t, "c", EBB_COLUMN_AMOUNT, (double[]){0.1, 0.1, 0.1});
  rig_numbers(t, "w", EBB_COLUMN_NUMBER, (double[]){5, 7, 9});
  ebb_encoder *e = encoder_of(t, NULL);
  assert_true(e->features[0].mean[0] == (double)0.1f && e->features[0].deviation[0] == 1);
  const double step = sqrt(1.5);
  expect_inputs(e, t, (double[]){0, -step, 0, 0, 0, step}, 2);
  ebb_encoder_free(e);
  e = encoder_of(t, &(ebb_encoder_options){.size = sizeof(ebb_encoder_options), .no_scale = true});
  expect_inputs(e, t, (double[]){0.1, 5, 0.1, 7, 0.1, 9}, 2);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* Rounded: the mean is at most 16 deviations from 0, so that no input changes by more than 1e-6. */
static void test_rounding(void **state) {
  (void)state;
  static const struct {
    double mean, deviation;
    bool rounds;
  } cases[] = {{0, 1, true},       {16, 1, true},        {-16, 1, true},      {16.01, 1, false},
               {1.7e9, 10, false}, {1.7e9, 1.2e8, true}, {0, 0, false},       {0, 1e-31, false},
               {0, 1e31, false},   {1e30, 9e29, true},   {1e-29, 1e-29, true}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    double values[] = {0.1, 1700000001, NAN, 1e300, -0.1};
    ebbi_round_numbers(values, COUNT_OF(values), cases[i].mean, cases[i].deviation);
    assert_true(values[0] == (cases[i].rounds ? (double)0.1f : 0.1));
    assert_true(values[1] == (cases[i].rounds ? 1700000000 : 1700000001));
    assert_true(isnan(values[2]) && values[3] == 1e300);
    assert_true(values[4] == -values[0]);
  }
}

/* Unix times keep their seconds, measurements equal a float32 file's, a date keeps its hours. */
static void test_rounded_columns(void **state) {
  (void)state;
  enum { ROWS = 60 };
  double times[ROWS], measured[ROWS], single[ROWS], dates[ROWS], day = 0;
  for (size_t r = 0; r < ROWS; r++) {
    times[r] = 1.7e9 + (double)(r * 7 % ROWS);
    measured[r] = (double)(r * 11 % ROWS) / 10 - 2;
    single[r] = (double)(float)measured[r];
    dates[r] = (double)(10000 + 200 * r) + (double)(r % 24) / 24;
    day += dates[r] / ROWS;
  }
  ebb_table *t = rig_table(ROWS), *f = rig_table(ROWS);
  rig_numbers(t, "time", EBB_COLUMN_NUMBER, times);
  rig_numbers(t, "w", EBB_COLUMN_AMOUNT, measured);
  rig_numbers(t, "day", EBB_COLUMN_DATE, dates);
  rig_values(t, "y", measured);
  rig_values(t, "z", times);
  rig_numbers(f, "w", EBB_COLUMN_AMOUNT, single);
  rig_values(f, "y", single);
  ebb_encoder *e = encoder_of(t, NULL), *g = encoder_of(f, NULL);
  ebb_dataset d = dataset_of(e, t), s = dataset_of(g, f);
  assert_true(e->features[0].mean[0] == 1.7e9 + 29.5 && e->target_mean[1] == 1.7e9 + 29.5);
  assert_true(e->features[1].mean[0] == g->features[0].mean[0]);
  assert_true(e->features[1].deviation[0] == g->features[0].deviation[0]);
  assert_true(e->target_mean[0] == g->target_mean[0]);
  assert_true(fabs(e->features[2].fill - day) < 1e-6);
  assert_int_equal(d.inputs, 7); /* time, w, year, month, weekday, days, hour */
  for (size_t r = 0; r < ROWS; r++) {
    double second = ((double)(r * 7 % ROWS) - 29.5) / sqrt((ROWS * ROWS - 1) / 12.0);
    expect_near(d.x[r * d.inputs], second);
    assert_true(d.x[r * d.inputs + 1] == s.x[r] && d.values[2 * r] == s.values[r]);
    expect_near(d.values[2 * r + 1], second);
    expect_near((double)d.x[r * d.inputs + 6] * e->features[2].deviation[4] +
                    e->features[2].mean[4],
                (double)(r % 24));
  }
  ebb_dataset_clear(&d);
  ebb_dataset_clear(&s);
  ebb_encoder_free(e);
  ebb_encoder_free(g);
  ebb_table_free(t);
  ebb_table_free(f);
}

/* The squares of most of these overflow or underflow double. */
static void test_magnitudes(void **state) {
  (void)state;
  static const double factors[] = {1e300, 1e200, 1e24, 1, 1e-9, 1e-200, 1e-290, -1e300};
  for (size_t f = 0; f < COUNT_OF(factors); f++) {
    ebb_table *t = rig_table(4);
    double values[4] = {-1, 1, 3, 5}, expected[4];
    for (size_t i = 0; i < 4; i++) {
      expected[i] = copysign((values[i] - 2) / sqrt(5), factors[f] * (values[i] - 2));
      values[i] *= factors[f];
    }
    rig_numbers(t, "w", EBB_COLUMN_NUMBER, values);
    ebb_encoder *e = encoder_of(t, NULL);
    expect_inputs(e, t, expected, 1);
    ebb_encoder_free(e);
    ebb_table_free(t);
  }
}

/* A mean far from 0 leaves the deviation its digits; the smallest doubles give finite results. */
static void test_moments(void **state) {
  (void)state;
  double values[1000];
  ebbi_moments m;
  for (size_t i = 0; i < 1000; i++) values[i] = 1e9 + (double)(i % 2) / 64;
  ebbi_moments_begin(&m);
  ebbi_moments_see(&m, values, 1000);
  ebbi_moments_turn(&m);
  ebbi_moments_see_again(&m, values, 1000);
  ebbi_moments_end(&m);
  assert_true(m.mean == 1e9 + 1.0 / 128 && m.deviation == 1.0 / 128);
  static const double extremes[][2] = {
      {0, 5e-324}, {-0x1.fffffffffffffp1023, 0x1.8p1023}, {0x1.8p1023, 0x1.cp1023}};
  for (size_t i = 0; i < COUNT_OF(extremes); i++) {
    ebbi_moments_begin(&m);
    ebbi_moments_see(&m, extremes[i], 2);
    ebbi_moments_turn(&m);
    ebbi_moments_see_again(&m, extremes[i], 2);
    ebbi_moments_end(&m);
    assert_true(isfinite(m.mean) && isfinite(m.deviation) && m.deviation > 0);
  }
}

static void test_far_values(void **state) {
  (void)state;
  ebb_table *t = rig_table(2), *far = rig_table(1);
  rig_numbers(t, "w", EBB_COLUMN_NUMBER, (double[]){1e-20, 2e-20});
  rig_numbers(far, "w", EBB_COLUMN_NUMBER, (double[]){3e30});
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d;
  expect_message(ebb_encoder_apply(&d, e, far, NULL, 0), "t:2: column \"w\": 3e+30 is too far");
  assert_null(d.storage);
  ebb_encoder_free(e);
  ebb_table_free(t);
  ebb_table_free(far);
}

static void test_tables_that_do_not_fit(void **state) {
  (void)state;
  ebb_table *t = rig_table(2), *two = rig_table(1), *text = rig_table(1);
  rig_numbers(t, "w", EBB_COLUMN_NUMBER, (double[]){1, 2});
  rig_numbers(two, "w", EBB_COLUMN_NUMBER, (double[]){1});
  rig_numbers(two, "v", EBB_COLUMN_NUMBER, (double[]){1});
  rig_texts(text, "w", (const char *[]){"a"});
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d;
  expect_message(ebb_encoder_apply(&d, e, two, NULL, 0), "t: 2 columns are inputs*takes 1");
  expect_message(ebb_encoder_apply(&d, e, text, NULL, 0), "\"w\" holds texts*takes numbers");
  two->columns[0].kind = EBB_COLUMN_DATE;
  two->cols = 1;
  expect_message(ebb_encoder_apply(&d, e, two, NULL, 0), "\"w\" holds dates*takes numbers");
  two->columns[0].kind = EBB_COLUMN_AMOUNT;
  d = dataset_of(e, two);
  ebb_dataset_clear(&d);
  t->cols = 0;
  ebb_encoder *none;
  expect_message(ebb_encoder_fit(&none, t, NULL, 0, NULL), "t: no column is an input");
  ebb_encoder_free(e);
  ebb_table_free(t);
  ebb_table_free(two);
  ebb_table_free(text);
}

static void test_date_parts(void **state) {
  (void)state;
  static const double days[] = {-0.25, 0, 11016, 20088.270833333332, -25508};
  static const double expected[][EBBI_DATE_PARTS] = {{1969, 12, 2, -1, 18},
                                                     {1970, 1, 3, 0, 0},
                                                     {2000, 2, 1, 11016, 0},
                                                     {2024, 12, 1, 20088, 6.5},
                                                     {1900, 3, 3, -25508, 0}};
  double parts[EBBI_DATE_PARTS];
  for (size_t i = 0; i < COUNT_OF(days); i++) {
    ebbi_date_parts(parts, days[i]);
    for (size_t p = 0; p < EBBI_DATE_PARTS; p++) assert_true(parts[p] == expected[i][p]);
  }
  static const double far[] = {1e300, -1e300, INFINITY};
  for (size_t i = 0; i < COUNT_OF(far); i++) {
    ebbi_date_parts(parts, far[i]);
    for (size_t p = 0; p < EBBI_DATE_PARTS; p++) assert_true(fabs(parts[p]) <= 1e8);
  }
}

/* Parts that do not vary are no inputs, except the days. */
static void test_dates(void **state) {
  (void)state;
  ebb_table *t = rig_table(4);
  /* Mondays and Tuesdays of January 2024, each at 12:30 */
  rig_numbers(
      t, "d", EBB_COLUMN_DATE,
      (double[]){19723 + 12.5 / 24, 19724 + 12.5 / 24, 19730 + 12.5 / 24, 19731 + 12.5 / 24});
  rig_numbers(t, "one", EBB_COLUMN_DATE, (double[]){7, 7, 7, 7});
  ebb_encoder *e = encoder_of(t, NULL);
  assert_true(e->features[0].mean[1] == 1);
  const double k = sqrt(12.5); /* of the days 0, 1, 7, 8 */
  expect_inputs(e, t, (double[]){-1, -4 / k, 0, 1, -3 / k, 0, -1, 3 / k, 0, 1, 4 / k, 0}, 3);
  ebb_encoder_free(e);
  e = encoder_of(t, &(ebb_encoder_options){.size = sizeof(ebb_encoder_options), .no_scale = true});
  expect_inputs(e, t, (double[]){0, 19723, 7, 1, 19724, 7, 0, 19730, 7, 1, 19731, 7}, 3);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* Bytes stay bytes; the largest byte of the training rows counts. */
static void test_pixels(void **state) {
  (void)state;
  ebb_table *t = rig_bytes(3, 2, "\0\x33\x10\x0f\xff\x66", true), *csv = rig_table(1);
  rig_numbers(csv, "a", EBB_COLUMN_NUMBER, (double[]){8});
  rig_numbers(csv, "b", EBB_COLUMN_NUMBER, (double[]){4});
  const size_t rows[2] = {1, 2}, dark[1] = {1};
  const struct {
    bool no_scale;
    const size_t *rows;
    size_t count;
    double scale;
  } cases[] = {{false, rows, 2, 1.0 / 255}, {false, dark, 1, 1.0 / 16}, {true, rows, 2, 1}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    ebb_encoder *e;
    const ebb_encoder_options options = {.size = sizeof(ebb_encoder_options),
                                         .no_scale = cases[i].no_scale};
    assert_int_equal(ebb_encoder_fit(&e, t, cases[i].rows, cases[i].count, &options), EBB_OK);
    ebb_dataset d = dataset_of(e, t);
    assert_memory_equal(d.x_u8, "\0\x33\x10\x0f\xff\x66", 6);
    assert_true(d.scale == (float)cases[i].scale && !d.x);
    ebb_dataset_clear(&d);
    expect_inputs(e, csv, (double[]){8 * cases[i].scale, 4 * cases[i].scale}, 2);
    rig_set(&csv->raw.columns[1].numbers, 0, NAN);
    expect_message(ebb_encoder_apply(&d, e, csv, NULL, 0), "column \"b\": a value is missing");
    rig_set(&csv->raw.columns[1].numbers, 0, 4);
    ebb_encoder_free(e);
  }
  ebb_table_free(t);
  t = rig_bytes(1, 2, "\0", true);
  ebb_encoder *e = encoder_of(t, NULL);
  assert_true(e->scale == 1);
  ebb_encoder_free(e);
  ebb_table_free(t);
  ebb_table_free(csv);
}

/* A table's bytes are standardised like any numbers, and fit a model of columns. Columns that are
 * left out and rows that are not kept do not count. */
static void test_bytes_of_a_table(void **state) {
  (void)state;
  ebb_table *t = rig_bytes(3, 2, "\1\2\3\2\7\2", false), *image = rig_bytes(2, 3, "abcdef", true);
  ebb_encoder *e = encoder_of(t, NULL);
  const double deviation = sqrt((64 + 4 + 100) / 9.0 / 3); /* of 1, 3, 7 */
  expect_near(e->features[0].deviation[0], deviation);
  expect_inputs(e, t,
                (double[]){(1 - 11 / 3.0) / deviation, 0, (3 - 11 / 3.0) / deviation, 0,
                           (7 - 11 / 3.0) / deviation, 0},
                2);
  ebb_encoder_free(e);
  image->inputs[1] = 2; /* "b" and "e" are left out */
  image->cols = 2;
  rig_keep(image, (size_t[]){1}, 1);
  e = encoder_of(image, NULL);
  assert_int_equal(e->positions[1], 2);
  assert_true(e->scale == 1.0 / 'f');
  ebb_dataset d = dataset_of(e, image);
  assert_int_equal(d.rows, 1);
  assert_memory_equal(d.x_u8, "df", 2);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
  ebb_table_free(image);
}

static double random_number(uint64_t i) {
  uint32_t w[4];
  ebbi_philox(w, 11, EBBI_RNG_TEST, 0, i);
  return ldexp((double)w[0] / 0x1p32 - 0.3, (int)(w[1] % 12));
}

/* 300 rows, more than a block: some missing, and with `spoil` rows from `from` on far away. */
static ebb_table *random_table(uint64_t seed, size_t from, bool spoil) {
  enum { ROWS = 300 };
  static double w[ROWS], dates[ROWS];
  for (size_t r = 0; r < ROWS; r++) {
    w[r] = r % 7 == 3 ? NAN : random_number(1000 * seed + r);
    dates[r] = floor(random_number(1000 * seed + 500 + r));
    if (spoil && r >= from) w[r] = dates[r] = 1e7 + (double)r;
  }
  ebb_table *t = rig_table(ROWS);
  rig_numbers(t, "w", EBB_COLUMN_NUMBER, w);
  rig_numbers(t, "d", EBB_COLUMN_DATE, dates);
  rig_values(t, "y", dates);
  return t;
}

/* What is learned from the training rows depends on no other row. */
static void test_other_rows_do_not_matter(void **state) {
  (void)state;
  size_t rows[200];
  for (size_t i = 0; i < 200; i++) rows[i] = i;
  for (uint64_t seed = 0; seed < 6; seed++) {
    const ebb_encoder_options options = {.size = sizeof(ebb_encoder_options),
                                         .missing = (ebb_missing)(EBB_MISSING_MEAN + seed % 4)};
    char *text[2];
    for (int spoil = 0; spoil < 2; spoil++) {
      ebb_table *t = random_table(seed, 200, spoil);
      ebb_encoder *e;
      assert_int_equal(ebb_encoder_fit(&e, t, rows, 200, &options), EBB_OK);
      assert_int_equal(ebb_encoder_to_json(&text[spoil], e), EBB_OK);
      ebb_encoder_free(e);
      ebb_table_free(t);
    }
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
  }
}

/* Neither the order of rows matters, nor whether they are all rows, listed rows or kept rows. */
static void test_order_does_not_matter(void **state) {
  (void)state;
  const ebb_encoder_options options = {.size = sizeof(ebb_encoder_options),
                                       .missing = EBB_MISSING_INDICATOR};
  size_t order[300];
  for (uint64_t seed = 0; seed < 4; seed++) {
    uint32_t keys[EBBI_PERMUTE_ROUNDS];
    ebbi_permute_keys(keys, seed, EBBI_RNG_TEST, 0);
    for (uint32_t i = 0; i < 300; i++) order[i] = ebbi_permute(i, 300, keys);
    ebb_table *t = random_table(seed, 300, false);
    ebb_encoder *e = encoder_of(t, &options), *other;
    assert_int_equal(ebb_encoder_fit(&other, t, order, 300, &options), EBB_OK);
    ebb_dataset a = dataset_of(e, t), b;
    assert_int_equal(ebb_encoder_apply(&b, other, t, order, 300), EBB_OK);
    for (size_t i = 0; i < 300 * a.inputs; i++)
      expect_near(b.x[i], a.x[order[i / a.inputs] * a.inputs + i % a.inputs]);
    ebb_encoder_free(other);
    rig_keep(t, order, 300);
    other = encoder_of(t, &options);
    ebb_dataset c = dataset_of(other, t);
    assert_memory_equal(b.x, c.x, 300 * a.inputs * sizeof *b.x);
    assert_memory_equal(b.values, c.values, 300 * sizeof *b.values);
    ebb_dataset_clear(&a);
    ebb_dataset_clear(&b);
    ebb_dataset_clear(&c);
    ebb_encoder_free(e);
    ebb_encoder_free(other);
    ebb_table_free(t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden),
                                     cmocka_unit_test(test_constant_and_unscaled),
                                     cmocka_unit_test(test_rounding),
                                     cmocka_unit_test(test_rounded_columns),
                                     cmocka_unit_test(test_magnitudes),
                                     cmocka_unit_test(test_moments),
                                     cmocka_unit_test(test_far_values),
                                     cmocka_unit_test(test_tables_that_do_not_fit),
                                     cmocka_unit_test(test_date_parts),
                                     cmocka_unit_test(test_dates),
                                     cmocka_unit_test(test_pixels),
                                     cmocka_unit_test(test_bytes_of_a_table),
                                     cmocka_unit_test(test_other_rows_do_not_matter),
                                     cmocka_unit_test(test_order_does_not_matter)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
