/* Number columns scaled by median and interquartile range. */
#include "table_rig.h"

#include <stdlib.h>

static const ebb_encoder_options robust = {.size = sizeof(ebb_encoder_options),
                                           .scaling = EBB_SCALING_ROBUST};

/* Quartiles as numpy has them; an input is never beyond 3, however far the value is. */
static void median_and_quartiles(void **state) {
  (void)state;
  static const struct {
    double values[5], median, range;
  } cases[] = {{{4, 1, 2, 3, 1000}, 3, 2}, /* quartiles 2 and 4 */
               {{7, 7, 7, 7, 9}, 7, 1},    /* they are equal: half of the whole range */
               {{5, 5, 5, 5, 5}, 5, 1},    /* a constant */
               {{-1e300, 0, 0, 1, 1e300}, 0, 1}};
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    ebb_table *t = rig_table(5);
    double expected[5];
    rig_numbers(t, "w", EBB_COLUMN_NUMBER, cases[c].values);
    ebb_encoder *e = encoder_of(t, &robust);
    for (size_t i = 0; i < 5; i++) {
      double s = (cases[c].values[i] - cases[c].median) / cases[c].range;
      expected[i] = fabs(s) > 1e100 ? copysign(3, s) : s / sqrt(1 + s * s / 9);
    }
    expect_inputs(e, t, expected, 1);
    assert_true(ebb_encoder_column_limit(e, 0) == 3 && ebb_encoder_column_limit(e, 1) == 0);
    ebb_encoder_free(e);
    ebb_table_free(t);
  }
}

/* Dates stay standardised, a missing number takes its fill, and JSON keeps it all. */
static void other_columns_and_json(void **state) {
  (void)state;
  ebb_table *t = rig_table(4);
  ebb_encoder_options options = robust;
  ebb_encoder *back;
  char *text;
  rig_numbers(t, "w", EBB_COLUMN_NUMBER, (double[]){1, 2, 9, NAN});
  rig_numbers(t, "d", EBB_COLUMN_DATE, (double[]){0, 400, 800, 1200});
  rig_values(t, "y", (double[]){1, 2, 3, 4});
  options.missing = EBB_MISSING_MEAN;
  ebb_encoder *e = encoder_of(t, &options);
  assert_true(e->features[0].mean[0] == 2 && e->features[0].deviation[0] == 4);
  expect_near(e->features[0].fill, 4);
  assert_true(e->features[1].mean[EBBI_DATE_DAYS] == 600 && ebb_encoder_column_limit(e, 1) == 0);
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  assert_int_equal(ebb_encoder_from_json(&back, text), EBB_OK);
  ebb_dataset a = dataset_of(e, t), b = dataset_of(back, t);
  assert_memory_equal(a.x, b.x, a.rows * a.inputs * sizeof *a.x);
  ebb_dataset_clear(&a);
  ebb_dataset_clear(&b);
  ebb_encoder_free(back);
  char *limit = strstr(text, "\"limit\":3.0");
  assert_non_null(limit);
  limit[8] = '0';
  assert_int_equal(ebb_encoder_from_json(&back, text), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "\"limit\" is 0, not above 0"));
  free(text);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(median_and_quartiles),
                                     cmocka_unit_test(other_columns_and_json)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
