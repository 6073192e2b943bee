/* Amounts, dates and names written by programs and people, of kinds that were once misread or
 * wrongly refused. */
#include "found_rig.h"

static void test_columns_in_several_scales(void **state) {
  (void)state;
  static const found_case cases[] = {
      {"U,V,W\n660K,2,H0\n1.2M,2,H0\n", "d,b,Hc\n", "U:amount V:number ->W:category",
       .notes = "texts read as numbers: \"U\" (numbers in k, M, B); --categorical U makes it "
                "categories"},
      {"U,V,W\n", "dK,b,Hc\n", "U:amount V:number ->W:category",
       .notes = "texts read as numbers: \"U\" (numbers in K); --categorical U makes it categories"},
      {"U,V,W\n1:02:03.5,2,H0\n", "1:2e.c4d,b,Hc\n", "U:amount V:number ->W:category",
       .notes =
           "texts read as numbers: \"U\" (times, as minutes); --categorical U makes it categories"},
      {"U,V,W\n", "2020/01/1c 3:2e:21 PM MDT,b,Hg\n", "U:date V:number ->W:category",
       .notes =
           "texts read as numbers: \"U\" (dates, y-m-d); --categorical U makes it categories"}};
  EXPECT_FOUND(cases);
  double values[3];
  ebbi_names texts = {0};
  size_t index;
  static const char *const scaled[] = {"660K", "1.5M", "950"};
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(ebbi_names_add(&texts, &index, scaled[i]), EBB_OK);
  ebbi_reading reading = {.values = values};
  assert_true(ebbi_read_amounts(&reading, &texts, '.'));
  assert_true(values[0] == 660e3 && values[1] == 1.5e6 && values[2] == 950);
  ebbi_names_free(&texts);
}

static void test_amounts(void **state) {
  (void)state;
  static const struct {
    const char *text, *unit; /* NULL: none */
    double value;
  } cases[] = {{"\xe2\x82\xac"
                "110.5M",
                "\xe2\x82\xac", 110.5e6},
               {"$950K", "$", 950e3},
               {"-$3bn", "$", -3e9},
               {"$ (1,765.55)", "$", -1765.55},
               {"$ -", "$", 0},
               {"1,234.50-", "", -1234.5},
               {"12-", "", -12},
               {"12,34,567", "", 1234567},
               {"1,23,456.5", "", 123456.5},
               {"12,34,567,890", NULL, 0},
               {"030 123 456", NULL, 0},
               {"-12-", NULL, 0},
               {"($5)-", NULL, 0},
               {"5K-", NULL, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char unit[EBBI_FORMAT];
    double value = NAN;
    bool good = ebbi_amount_parse(&value, unit, cases[i].text, '.');
    if (good != (cases[i].unit != NULL)) fail_msg("\"%s\": %g %s", cases[i].text, value, unit);
    if (!good) continue;
    assert_string_equal(unit, cases[i].unit);
    if (value != cases[i].value) fail_msg("\"%s\" is %.17g", cases[i].text, value);
  }
}

/* Three numbers separated by points: a day if the whole column can be days, else a time. */
static void test_points(void **state) {
  (void)state;
  static const struct {
    const char *text;
    ebb_column_kind kind;
  } cases[] = {{"at,y\n01.02.21,1.5\n13.04.21,2.5\n", EBB_COLUMN_DATE},
               {"at,y\n00.00.00,1.5\n13.04.21,2.5\n", EBB_COLUMN_AMOUNT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_table *t = table_of(cases[i].text, NULL);
    assert_int_equal(ebbi_table_kind(t, 0), cases[i].kind);
    ebb_table_free(t);
  }
}

static void test_dates(void **state) {
  (void)state;
  static const struct {
    const char *text;
    ebbi_date_order order;
    double days; /* NAN: none */
  } cases[] = {{"20210301", EBBI_DATE_YMD, 18687},
               {"20210301T060000", EBBI_DATE_YMD, 18687.25},
               {"Mon, 01 Mar 2021 06:00:00 +0600", EBBI_DATE_DMY, 18687},
               {"Monday 1 March 2021", EBBI_DATE_DMY, 18687},
               {"[01/Mar/2021:12:00:00 +0000]", EBBI_DATE_DMY, 18687.5},
               {"[01/Mar/2021:12:00:00 +0000", EBBI_DATE_DMY, NAN},
               {"20210229", EBBI_DATE_YMD, NAN},
               {"18991231", EBBI_DATE_YMD, NAN},
               {"20210301", EBBI_DATE_DMY, NAN},
               {"20210301T250000", EBBI_DATE_YMD, NAN},
               {"Moon 1 March 2021", EBBI_DATE_DMY, NAN}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double days = NAN;
    bool good = ebbi_date_parse(&days, cases[i].text, cases[i].order);
    if (good == isnan(cases[i].days)) fail_msg("\"%s\": %g", cases[i].text, days);
    if (good && fabs(days - cases[i].days) > 1e-9) fail_msg("\"%s\" is %g", cases[i].text, days);
  }
  static const found_case columns[] = {
      {"U,V,W\n", "2021091c,b,He\n", "U:date V:number ->W:category",
       .notes = "texts read as numbers: \"U\" (dates, y-m-d); --categorical U makes it categories"},
      {"U,V,W\n20219999,2,H0\n", "2021091c,b,He\n", "U:number V:number ->W:category", .notes = ""}};
  EXPECT_FOUND(columns);
}

/* A date written as a number is a date at prediction too. */
static void test_compact_date_again(void **state) {
  (void)state;
  static const found_case training = {"U,V,W\n", "2021091c,b,He\n", .notes = NULL};
  char *text = text_of(&training);
  ebb_table *table = table_of(text, NULL);
  ebb_encoder *encoder = encoder_of(table, NULL);
  ebb_table *more =
      table_of("U,V\n20210910,1.5\n",
               &(ebb_read_options){.size = sizeof(ebb_read_options), .encoder = encoder});
  ebb_dataset dataset = dataset_of(encoder, more);
  assert_int_equal(dataset.rows, 1);
  ebb_dataset_clear(&dataset);
  ebb_table_free(more);
  ebb_encoder_free(encoder);
  ebb_table_free(table);
  free(text);
  expect_refused("INSERT INTO t VALUES (1, 2);\n", NULL, "t: this is an SQL dump*as CSV");
}

/* Texts of every length, up to more than a block. */
static void test_names(void **state) {
  (void)state;
  ebbi_names names = {0};
  char quoted[EBBI_QUOTED];
  size_t index, longest = (1 << 20) + 5;
  char *text = malloc(longest + 1);
  assert_non_null(text);
  memset(text, 'x', longest);
  text[longest] = '\0';
  for (size_t length = 0; length < 3000; length++) {
    assert_int_equal(ebbi_names_add_part(&names, &index, text, length), EBB_OK);
    assert_int_equal(index, length);
  }
  assert_int_equal(ebbi_names_add(&names, &index, text), EBB_OK);
  for (size_t length = 0; length < 3000; length++)
    assert_int_equal(strlen(names.items[length]), length);
  assert_int_equal(ebbi_names_find(&names, text), 3000);
  assert_int_equal(strlen(names.items[3000]), longest);
  ebbi_names_free(&names);
  free(text);
  assert_string_equal(ebbi_quoted(quoted, "a.b-c"), "a.b-c");
  assert_string_equal(ebbi_quoted(quoted, "a b"), "'a b'");
  assert_string_equal(ebbi_quoted(quoted, "it's"), "\"it's\"");
  assert_string_equal(ebbi_quoted(quoted, ""), "''");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_columns_in_several_scales),
                                     cmocka_unit_test(test_amounts),
                                     cmocka_unit_test(test_points),
                                     cmocka_unit_test(test_dates),
                                     cmocka_unit_test(test_compact_date_again),
                                     cmocka_unit_test(test_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
