/* Missing values: refused with row, column, count and advice, or filled in each of the ways. */
#include "table_rig.h"

/* Two columns of numbers and one of texts; the last row is complete. */
static ebb_table *holes(void) {
  ebb_table *t = rig_table(8);
  rig_numbers(t, "u", EBB_COLUMN_NUMBER, (double[]){4, NAN, 1, 7, 1, 9, NAN, 2.5});
  rig_numbers(t, "v", EBB_COLUMN_NUMBER, (double[]){0, 1, 2, 3, 4, 5, 6, 7});
  rig_texts(t, "k", (const char *[]){"b", "a", NULL, "b", "a", "b", "c", "a"});
  return t;
}

static void test_refused(void **state) {
  (void)state;
  ebb_table *t = holes();
  ebb_encoder *e;
  static const ebb_missing refuse[] = {EBB_MISSING_REFUSE, EBB_MISSING_DROP};
  for (size_t i = 0; i < 2; i++) {
    const ebb_encoder_options options = {.size = sizeof(ebb_encoder_options), .missing = refuse[i]};
    expect_message(
        ebb_encoder_fit(&e, t, NULL, 0, &options),
        "t:3: column \"u\": a value is missing (here in 2 of 8 rows); fill missing values "
        "with --missing mean, median, most or indicator*--missing drop");
    assert_null(e);
    const size_t text[2] = {0, 2}, whole[2] = {0, 7};
    expect_message(ebb_encoder_fit(&e, t, text, 2, &options),
                   "t:4: column \"k\": a value is missing (here in 1 of 8 rows)");
    assert_int_equal(ebb_encoder_fit(&e, t, whole, 2, &options), EBB_OK);
    ebb_dataset d;
    expect_message(ebb_encoder_apply(&d, e, t, NULL, 0),
                   i ? "t:3: column \"u\": a value is missing (here in 2 of 8 rows)*trained with "
                       "--missing drop*remove the row, or train with --missing mean"
                     : "t:3: column \"u\"*trained on complete rows*remove the row, or train with");
    assert_null(d.storage);
    expect_message(ebb_encoder_apply(&d, e, t, text, 2), "t:4: column \"k\": a value is missing");
    ebb_encoder_free(e);
  }
  ebb_table_free(t);
}

/* Expected values from scikit-learn's SimpleImputer. */
static void test_fills(void **state) {
  (void)state;
  static const struct {
    ebb_missing missing;
    double expected[2];
  } cases[] = {{EBB_MISSING_MEAN, {4.08333333333333, 5}},
               {EBB_MISSING_MEDIAN, {3.25, 5}},
               {EBB_MISSING_MOST, {1, 3}},
               {EBB_MISSING_INDICATOR, {4.08333333333333, 5}}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    ebb_table *t = rig_table(8);
    rig_numbers(t, "u", EBB_COLUMN_NUMBER, (double[]){4, NAN, 1, 7, 1, 9, NAN, 2.5});
    rig_numbers(t, "d", EBB_COLUMN_DATE, (double[]){5, 3, 3, 5, NAN, 9, NAN, NAN});
    const ebb_encoder_options options = {
        .size = sizeof(ebb_encoder_options), .no_scale = true, .missing = cases[i].missing};
    ebb_encoder *e = encoder_of(t, &options);
    for (size_t c = 0; c < 2; c++) expect_near(e->features[c].fill, cases[i].expected[c]);
    ebb_dataset d = dataset_of(e, t);
    expect_near(d.x[d.inputs], cases[i].expected[0]);
    ebb_dataset_clear(&d);
    ebb_encoder_free(e);
    ebb_table_free(t);
  }
}

static void test_filled_texts(void **state) {
  (void)state;
  static const ebb_missing fill[] = {EBB_MISSING_MEAN, EBB_MISSING_MEDIAN, EBB_MISSING_MOST};
  ebb_table *t = rig_table(5);
  rig_texts(t, "k", (const char *[]){"b", "b", "a", NULL, "c"});
  for (size_t i = 0; i < COUNT_OF(fill); i++) {
    ebb_encoder *e = encoder_of(
        t, &(ebb_encoder_options){.size = sizeof(ebb_encoder_options), .missing = fill[i]});
    expect_inputs(e, t, (double[]){0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, 3);
    ebb_encoder_free(e);
  }
  ebb_table_free(t);
}

/* A column with missing values in the training rows gets an additional input, others do not. */
static void test_indicator(void **state) {
  (void)state;
  ebb_table *t = holes();
  const ebb_encoder_options options = {
      .size = sizeof(ebb_encoder_options), .missing = EBB_MISSING_INDICATOR, .no_scale = true};
  ebb_encoder *e = encoder_of(t, &options);
  ebb_dataset d = dataset_of(e, t);
  assert_int_equal(d.inputs, 2 + 1 + 4); /* u and its indicator; v; a, b, c and their indicator */
  const double second[7] = {24.5 / 6, 1, 1, 1, 0, 0, 0}, third[7] = {1, 0, 2, 0, 0, 0, 1};
  for (size_t i = 0; i < 7; i++) {
    expect_near(d.x[7 + i], second[i]);
    expect_near(d.x[14 + i], third[i]);
  }
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  const size_t whole[2] = {0, 7};
  assert_int_equal(ebb_encoder_fit(&e, t, whole, 2, &options), EBB_OK);
  d = dataset_of(e, t);
  assert_int_equal(d.inputs, 2 + 3);
  assert_true(d.x[5] == 3.25f && d.x[5 * 2 + 2] == 1); /* the mean; "a" before "b" */
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* A missing date: its indicator follows its parts. */
static void test_indicator_of_a_date(void **state) {
  (void)state;
  ebb_table *t = rig_table(3);
  rig_numbers(t, "d", EBB_COLUMN_DATE, (double[]){0, NAN, 2});
  ebb_encoder *e = encoder_of(t, &(ebb_encoder_options){.size = sizeof(ebb_encoder_options),
                                                        .missing = EBB_MISSING_INDICATOR,
                                                        .no_scale = true});
  expect_inputs(e, t, (double[]){3, 0, 0, 4, 1, 1, 5, 2, 0}, 3);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_nothing_to_learn_from(void **state) {
  (void)state;
  ebb_table *t = rig_table(3);
  rig_numbers(t, "u", EBB_COLUMN_NUMBER, (double[]){NAN, NAN, 1});
  rig_texts(t, "k", (const char *[]){NULL, NULL, "a"});
  const size_t rows[2] = {0, 1};
  ebb_encoder *e;
  for (int m = EBB_MISSING_MEAN; m <= EBB_MISSING_INDICATOR; m++) {
    const ebb_encoder_options options = {.size = sizeof(ebb_encoder_options),
                                         .missing = (ebb_missing)m};
    t->inputs[0] = 0;
    t->cols = 2;
    expect_message(ebb_encoder_fit(&e, t, rows, 2, &options),
                   "t:2: column \"u\": none of the 2 training rows*--drop");
    t->inputs[0] = 1;
    t->cols = 1;
    expect_message(ebb_encoder_fit(&e, t, rows, 2, &options), "t:2: column \"k\": none of the 2");
  }
  ebb_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_fills),
                                     cmocka_unit_test(test_filled_texts),
                                     cmocka_unit_test(test_indicator),
                                     cmocka_unit_test(test_indicator_of_a_date),
                                     cmocka_unit_test(test_nothing_to_learn_from)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
