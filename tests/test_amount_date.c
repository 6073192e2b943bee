/* Texts that represent numbers: amounts, dates and times, singly and as columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <data/reading.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *text, *unit;
  double value;
} amounts[] = {
    {"$1,200", "$", 1200},
    {"$8,235.50", "$", 8235.5},
    {"-$5", "$", -5},
    {"$-5", "$", -5},
    {"$ -5", "$", -5},
    {"\xe2\x82\xac 12.5", "\xe2\x82\xac", 12.5},
    {"12.5\xe2\x82\xac", "\xe2\x82\xac", 12.5},
    {"12.5 \xe2\x82\xac", "\xe2\x82\xac", 12.5},
    {"USD 7", "USD", 7},
    {"7 USD", "USD", 7},
    {"\xc2\xa3"
     "1,234,567",
     "\xc2\xa3", 1234567},
    {"5%", "%", 5},
    {"-0.5 %", "%", -.5},
    {"806 km", "km", 806},
    {"15km", "km", 15},
    {"80km/h", "km/h", 80},
    {"12 m\xc2\xb2", "m\xc2\xb2", 12},
    {"12 m2", "m2", 12},
    {"21.5\xc2\xb0"
     "C",
     "\xc2\xb0"
     "C",
     21.5},
    {"1,234,567", "", 1234567},
    {"1 234", "", 1234},
    {"1\xc2\xa0"
     "234.5",
     "", 1234.5},
    {"1\xe2\x80\xaf"
     "234",
     "", 1234},
    {"1'234'567.25", "", 1234567.25},
    {"(12)", "", -12},
    {"($1,200)", "$", -1200},
    {"(12 km)", "km", -12},
    {"\xe2\x88\x92"
     "12",
     "", -12},
    {"+12", "", 12},
    {"- 12", "", -12},
    {" 12 ", "", 12},
    {".5%", "%", .5},
    {"0", "", 0},
};

static void test_amounts(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
    char unit[EBBI_FORMAT];
    double value = NAN;
    if (!ebbi_amount_parse(&value, unit, amounts[i].text, '.'))
      fail_msg("\"%s\" is not read", amounts[i].text);
    if (value != amounts[i].value) fail_msg("\"%s\" is %g", amounts[i].text, value);
    if (strcmp(unit, amounts[i].unit) != 0) fail_msg("\"%s\" has unit %s", amounts[i].text, unit);
  }
}

static void test_no_amounts(void **state) {
  (void)state;
  static const char *const cases[] = {
      "",       "A12",    "km",     "$",          "1,23",  "12,34,5",   "1,2345",     "0,9",
      "1.2.3",  "1 23",   "1,234.", "12 km 5",    "4x4",   "-",         "()",         "(12",
      "12)",    "--5",    "1e5 km", "2021-01-01", "13:45", "1,234 567", "5.",         "12 A4B",
      "$5 USD", "1,,234", "$0,500", ",123",       "1'23",  "0x1F",      "192.168.1.1"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char unit[EBBI_FORMAT];
    double value;
    if (ebbi_amount_parse(&value, unit, cases[i], '.'))
      fail_msg("\"%s\" is %g %s", cases[i], value, unit);
  }
}

static void test_decimal_comma(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
  } cases[] = {
      {"0,9", .9}, {"1.234,5 \xe2\x82\xac", 1234.5}, {"1.234.567", 1234567}, {"5,5%", 5.5}};
  char unit[EBBI_FORMAT];
  double value;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_true(ebbi_amount_parse(&value, unit, cases[i].text, ','));
    assert_true(value == cases[i].value);
  }
  assert_false(ebbi_amount_parse(&value, unit, "0.9", ','));
  assert_true(ebbi_number_parse(&value, "-1,5", ',') && value == -1.5);
  assert_false(ebbi_number_parse(&value, "1.5", ','));
  assert_false(ebbi_number_parse(&value, "1,5", '.'));
  assert_false(ebbi_number_parse(&value, "inf", '.'));
  assert_false(ebbi_number_parse(&value, "nan", ','));
}

/* Splits at '|'. */
static ebbi_names texts_of(const char *text) {
  ebbi_names names = {0};
  for (size_t length, index;; text += length + 1) {
    char item[64];
    length = strcspn(text, "|");
    memcpy(item, text, length);
    item[length] = '\0';
    assert_int_equal(ebbi_names_add(&names, &index, item), EBB_OK);
    if (text[length] == '\0') return names;
  }
}

static void expect_amounts(const char *list, const char *format, const char *expected) {
  double values[16];
  ebbi_reading reading = {.values = values};
  ebbi_names texts = texts_of(list);
  strcpy(reading.format, format);
  bool good = ebbi_read_amounts(&reading, &texts, '.');
  if (!good && expected) fail_msg("%s: fails at %s", list, texts.items[reading.bad]);
  if (good && !expected) fail_msg("%s: read, in \"%s\"", list, reading.format);
  if (good) assert_string_equal(reading.format, expected);
  ebbi_names_free(&texts);
}

static void test_columns_of_amounts(void **state) {
  (void)state;
  expect_amounts("$5|$1,200|$7", "", "$");
  expect_amounts("$5|0|$7", "", "$");
  expect_amounts("0|5%|7%", "", "%");
  expect_amounts("5 km|7km", "", "km");
  expect_amounts("1,234|12|7", "", "");
  expect_amounts("2|3|4|5more", "", NULL); /* every number must have a word behind it */
  expect_amounts("5more|2", "", NULL);
  expect_amounts("5 km|7 m", "", NULL);
  expect_amounts("$5|\xe2\x82\xac"
                 "7",
                 "", NULL);
  expect_amounts("$5|n.a.", "", NULL);
  expect_amounts("5 km|7", "km", "km"); /* the unit that all values had in training */
  expect_amounts("5 m", "km", NULL);
  expect_amounts("5%", "$", NULL);
}

static const struct {
  const char *text;
  ebbi_date_order order;
  double days;
} dates[] = {
    {"1970-01-01", EBBI_DATE_YMD, 0},
    {"1969-12-31", EBBI_DATE_YMD, -1},
    {"2000-02-29", EBBI_DATE_YMD, 11016},
    {"2021-03-01", EBBI_DATE_YMD, 18687},
    {"1600-03-01", EBBI_DATE_YMD, -135080},
    {"2021/3/1", EBBI_DATE_YMD, 18687},
    {"2021-03", EBBI_DATE_YMD, 18687},
    {"1.3.2021", EBBI_DATE_DMY, 18687},
    {"01.03.21", EBBI_DATE_DMY, 18687},
    {"1. March 2021", EBBI_DATE_DMY, 18687},
    {"01-Mar-2021", EBBI_DATE_DMY, 18687},
    {"01-MAR-21", EBBI_DATE_DMY, 18687},
    {"1 mar 2021", EBBI_DATE_DMY, 18687},
    {"March 2021", EBBI_DATE_DMY, 18687},
    {"March 1, 2021", EBBI_DATE_MDY, 18687},
    {"Mar. 1, 2021", EBBI_DATE_MDY, 18687},
    {"2021-Mar-01", EBBI_DATE_YMD, 18687},
    {"3/1/2021", EBBI_DATE_MDY, 18687},
    {"3/1/21", EBBI_DATE_MDY, 18687},
    {"1/3/69", EBBI_DATE_DMY, -306},
    {"31/12/68", EBBI_DATE_DMY, 36159},
    {"2021-03-01T12:00", EBBI_DATE_YMD, 18687.5},
    {"2021-03-01 06:00:00", EBBI_DATE_YMD, 18687.25},
    {"2021-03-01T06:00:00.000Z", EBBI_DATE_YMD, 18687.25},
    {"2021-03-01T06:00:00+06:00", EBBI_DATE_YMD, 18687},
    {"2021-03-01T18:00:00-0600", EBBI_DATE_YMD, 18688},
    {"2021-03-01 06:00 UTC", EBBI_DATE_YMD, 18687.25},
    {"2021-03-01T24:00:00", EBBI_DATE_YMD, 18688},
    {"3/1/2021 6:00 PM", EBBI_DATE_MDY, 18687.75},
    {"3/1/2021 12:00 AM", EBBI_DATE_MDY, 18687},
    {" 2021-03-01 ", EBBI_DATE_YMD, 18687},
};

static void test_dates(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
    double days = NAN;
    bool good = ebbi_date_parse(&days, dates[i].text, dates[i].order);
    if (!good || fabs(days - dates[i].days) > 1e-9)
      fail_msg("\"%s\": %s, %.9g", dates[i].text, good ? "read" : "not read", days);
  }
}

static void test_no_dates(void **state) {
  (void)state;
  static const char *const cases[] = {"",
                                      "2021",
                                      "2021-13-01",
                                      "2021-02-31",
                                      "2021-02-29",
                                      "1900-02-29",
                                      "2021-00-10",
                                      "2021-01-00",
                                      "2021-01-01x",
                                      "2021-01/01",
                                      "2021--01-01",
                                      "2021-01-01-01",
                                      "21-01-02",
                                      "2021 01 02",
                                      "0021-01-02",
                                      "10.0.0.1",
                                      "1.2.3",
                                      "555-12-1234",
                                      "2021-01-01T25:00",
                                      "2021-01-01T10:60",
                                      "2021-01-01T",
                                      "May",
                                      "2021-01-01 13 PM",
                                      "2021-01-01T10:00+25",
                                      "Mai 2021",
                                      "12345-01-01",
                                      "Jan-21",
                                      "2021-01-01T10:00:00.1234567890123456"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int order = 0; order < EBBI_DATE_ORDERS; order++) {
      double days;
      if (ebbi_date_parse(&days, cases[i], (ebbi_date_order)order))
        fail_msg("\"%s\" is day %g in order %d", cases[i], days, order);
    }
}

static void expect_dates(const char *list, const char *format, const char *expected, double first) {
  double values[16];
  ebbi_reading reading = {.values = values};
  ebbi_names texts = texts_of(list);
  strcpy(reading.format, format);
  bool good = ebbi_read_dates(&reading, &texts);
  if (good != (expected != NULL)) fail_msg("%s: %s", list, good ? reading.format : "not read");
  if (good) {
    char found[32];
    snprintf(found, sizeof found, "%s%s", reading.format, reading.ambiguous ? "?" : "");
    assert_string_equal(found, expected);
    assert_true(values[0] == first);
  }
  ebbi_names_free(&texts);
}

/* All values of a column together decide between day-month and month-day. */
static void test_columns_of_dates(void **state) {
  (void)state;
  expect_dates("2021-01-02|2021-12-31", "", "y-m-d", 18629);
  expect_dates("2021-01-02|2021-01-03T10:00", "", "y-m-d", 18629);
  expect_dates("01/02/2021|13/02/2021", "", "d-m-y", 18659);
  expect_dates("01/02/2021|02/13/2021", "", "m-d-y", 18629);
  expect_dates("01/02/2021|03/04/2021", "", "m-d-y?", 18629);
  expect_dates("01.02.2021|03.04.2021", "", "d-m-y", 18659);
  expect_dates("01/02/2021", "d-m-y", "d-m-y", 18659); /* as in training */
  expect_dates("13/02/2021", "m-d-y", NULL, 0);
  expect_dates("13/02/2021|02/13/2021", "", NULL, 0);
  expect_dates("2021-01-02|01.02.2021", "", NULL, 0);
  expect_dates("2021-01-02|unknown", "", NULL, 0);
}

static void test_clocks(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double hours;
  } cases[] = {{"13:45", 13.75},   {"00.00.00", 0},   {"13.30.00", 13.5},
               {"1:45 PM", 13.75}, {"12:30 AM", .5},  {"12:30pm", 12.5},
               {"100:15", 100.25}, {"6:00:36", 6.01}, {"6:00:00.36", 6.0001}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double hours = NAN;
    if (!ebbi_clock_parse(&hours, cases[i].text) || fabs(hours - cases[i].hours) > 1e-9)
      fail_msg("\"%s\" is %g", cases[i].text, hours);
  }
  static const char *const others[] = {"",        "13",      "13.45",  "13:4",
                                       "13:60",   "1:2:3",   "13:45x", "13:45 PM",
                                       "0:45 am", "1000:00", "4:3",    "10:00.00"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    double hours;
    if (ebbi_clock_parse(&hours, others[i])) fail_msg("\"%s\" is %g", others[i], hours);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_amounts),
                                     cmocka_unit_test(test_no_amounts),
                                     cmocka_unit_test(test_decimal_comma),
                                     cmocka_unit_test(test_columns_of_amounts),
                                     cmocka_unit_test(test_dates),
                                     cmocka_unit_test(test_no_dates),
                                     cmocka_unit_test(test_columns_of_dates),
                                     cmocka_unit_test(test_clocks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
