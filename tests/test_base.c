/* The base module except random numbers and files: messages, checked sizes, numbers in text,
 * suggestions. */
#include "base/error.h"
#include "base/rng.h"
#include "base/size.h"
#include "base/text.h"

#include <ebb/tool.h>

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- error.h ---- */

static void *other_thread(void *seen) {
  snprintf(seen, 64, "%s", ebb_error_message());
  ebbi_fail(EBB_ERR_DEVICE, "of the other thread");
  return NULL;
}

static void test_message_of_each_thread(void **state) {
  (void)state;
  char seen[64] = "unset";
  pthread_t thread;
  assert_int_equal(ebbi_fail(EBB_ERR_INPUT, "%s: row %d", "a.csv", 7), EBB_ERR_INPUT);
  assert_int_equal(pthread_create(&thread, NULL, other_thread, seen), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_string_equal(seen, "");
  assert_string_equal(ebb_error_message(), "a.csv: row 7");
}

static void test_long_message_is_cut(void **state) {
  (void)state;
  static char text[100000];
  memset(text, 'm', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  ebbi_fail(EBB_ERR_INPUT, "%s", text);
  assert_in_range(strlen(ebb_error_message()), 32768, sizeof text - 2);
}

static ebb_status require_even(int number, int *reached) {
  REQUIRE(number % 2 == 0, EBB_ERR_ARGUMENT, "%d is odd", number);
  ++*reached;
  return EBB_OK;
}

static ebb_status try_twice(int first, int second, int *reached) {
  TRY(require_even(first, reached));
  TRY(require_even(second, reached));
  return EBB_OK;
}

static void test_macros(void **state) {
  (void)state;
  int reached = 0;
  assert_int_equal(try_twice(2, 4, &reached), EBB_OK);
  assert_int_equal(reached, 2);
  assert_int_equal(try_twice(3, 5, &reached), EBB_ERR_ARGUMENT);
  assert_int_equal(reached, 2);
  assert_string_equal(ebb_error_message(), "3 is odd");
}

static void test_status_names(void **state) {
  (void)state;
  assert_string_equal(ebb_status_name(EBB_OK), "OK");
  assert_string_equal(ebb_status_name(EBB_ERR_UNSUPPORTED), "ERR_UNSUPPORTED");
  assert_string_equal(ebb_status_text(EBB_OK), "success");
  assert_string_equal(ebb_status_name(EBB_STATUS_COUNT), "?");
  assert_string_equal(ebb_status_text((ebb_status)-1), "?");
}

/* ---- size.h ---- */

static void test_sizes(void **state) {
  (void)state;
  size_t out;
  assert_true(ebbi_size_mul(&out, SIZE_MAX / 3, 3));
  assert_true(out == SIZE_MAX / 3 * 3);
  assert_false(ebbi_size_mul(&out, SIZE_MAX / 2 + 1, 2));
  assert_true(ebbi_size_mul(&out, SIZE_MAX, 0) && out == 0);
  assert_true(ebbi_size_add(&out, SIZE_MAX - 1, 1) && out == SIZE_MAX);
  assert_false(ebbi_size_add(&out, SIZE_MAX, 1));
  assert_int_equal(ebbi_ceil_div(0, 32), 0);
  assert_int_equal(ebbi_ceil_div(33, 32), 2);
  assert_true(ebbi_ceil_div(SIZE_MAX, 2) == SIZE_MAX / 2 + 1);
  assert_int_equal(ebbi_round_up(0, 32), 0);
  assert_int_equal(ebbi_round_up(32, 32), 32);
  assert_int_equal(ebbi_round_up(33, 32), 64);
}

/* ---- text.h ---- */

static void expect_number(const char *text, double expected) {
  double value = 0;
  if (!ebbi_parse_double(&value, text)) fail_msg("\"%s\" is not read", text);
  if (value != expected) fail_msg("\"%s\" is read as %.17g", text, value);
}

static void test_numbers(void **state) {
  (void)state;
  expect_number("0", 0);
  expect_number("-12.5", -12.5);
  expect_number("+.5", 0.5);
  expect_number("5.", 5);
  expect_number(" 1e-3\t", 1e-3);
  expect_number("123456789012345678901234567890", 123456789012345678901234567890.0);
  expect_number("1e999", INFINITY);
  expect_number("-inf", -INFINITY);
  double value;
  assert_true(ebbi_parse_double(&value, "-0") && value == 0 && signbit(value));
  assert_true(ebbi_parse_double(&value, "nan") && isnan(value));
  static const char *const bad[] = {"",    " ",   ".",     "-",  "+-1",
                                    "1,5", "1 2", "0x10",  "1e", "1.2.3",
                                    "--1", "12a", "1_000", "5%", "\xc2\xa0+1"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (ebbi_parse_double(&value, bad[i])) fail_msg("\"%s\" is read as %g", bad[i], value);
}

/* The fast path and the C library agree to the last bit. */
static void test_numbers_are_rounded_right(void **state) {
  (void)state;
  for (uint64_t n = 0; n < 20000; n++) {
    uint32_t w[4];
    char text[64];
    ebbi_philox(w, 4, EBBI_RNG_TEST, 0, n);
    snprintf(text, sizeof text, "%s%u.%0*u", w[3] & 1 ? "-" : "", w[0] >> w[1] % 32,
             (int)(w[1] >> 8) % 12, w[2] >> (w[3] >> 8) % 32);
    expect_number(text, strtod(text, NULL));
  }
}

/* Numbers of any length and exponent, some close to the midpoint of two doubles. */
static void test_long_numbers_are_rounded_right(void **state) {
  (void)state;
  for (uint64_t n = 0; n < 40000; n++) {
    uint32_t w[4];
    char text[1200];
    ebbi_philox(w, 5, EBBI_RNG_TEST, 0, n);
    uint64_t bits = (uint64_t)w[0] << 32 | w[1];
    double value,
        near = ldexp((double)(bits >> 11) + (w[2] & 1 ? 0.5 : 0), (int)(w[3] % 240) - 170);
    if (n % 4 == 0)
      snprintf(text, sizeof text, "%.*g", (int)(w[2] % 20), near);
    else if (n % 4 == 1) /* all digits of a double, or of a midpoint */
      snprintf(text, sizeof text, "%.*f%s", (int)(w[2] % 200), near, w[3] & 1 ? "1" : "");
    else if (n % 4 == 2)
      snprintf(text, sizeof text, "%u%010ue%d", w[0], w[1], (int)(w[2] % 700) - 370);
    else
      snprintf(text, sizeof text, "%.*s%u.%u", (int)(w[2] % 30), "000000000000000000000000000000",
               w[0], w[1]);
    double expected = strtod(text, NULL);
    if (!ebbi_parse_number(&value, text, strlen(text), '.') || value != expected)
      fail_msg("\"%s\" is read as %.17g", text, value);
  }
}

static void expect_part(const char *text, size_t length, char point, double expected) {
  double value = 0;
  if (!ebbi_parse_number(&value, text, length, point)) fail_msg("\"%s\" is not read", text);
  if (value != expected) fail_msg("\"%s\" is read as %.17g", text, value);
}

static void test_parts_that_are_numbers(void **state) {
  (void)state;
  expect_part("12,5", 4, ',', 12.5);
  expect_part("12.5", 3, '.', 12);
  expect_part("0e99999999999999999999", 22, '.', 0);
  expect_part("1e-99999999999999999999", 23, '.', 0);
  expect_part("0.00000000000000000000000000000000000001", 40, '.', 1e-38);
  char text[2000]; /* a number may have any length */
  memset(text, '0', sizeof text);
  text[1] = '.';
  memcpy(text + 1500, "25e1500", 7);
  expect_part(text, 1507, '.', 25.0);
  memset(text, '9', sizeof text);
  expect_part(text, 300, '.', 1e300);
  expect_part(text, 2000, '.', INFINITY);
  double value;
  static const char *const bad[] = {"",    "-",     ".",   "1 ",  " 1", "1e",
                                    "1e+", "1.2.3", "inf", "nan", "e5"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (ebbi_parse_number(&value, bad[i], strlen(bad[i]), '.')) fail_msg("\"%s\" is read", bad[i]);
  assert_true(ebbi_parse_word(&value, "-INF", 4) && value == -INFINITY);
  assert_true(ebbi_parse_word(&value, "nan,", 3) && isnan(value));
  assert_false(ebbi_parse_word(&value, "in", 2) || ebbi_parse_word(&value, "+", 1));
}

static void test_numbers_in_another_locale(void **state) {
  (void)state;
  const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "cs_CZ.UTF-8"};
  const char *set = NULL;
  for (size_t i = 0; i < 4 && set == NULL; i++) set = setlocale(LC_ALL, names[i]);
  if (set == NULL) skip(); /* no locale with a decimal comma is installed */
  expect_number("0.5", 0.5);
  expect_number("0.5e1", 5);
  double value;
  assert_false(ebbi_parse_double(&value, "0,5"));
  setlocale(LC_ALL, "C");
}

static void test_suggestions(void **state) {
  (void)state;
  static const char *const names[] = {"train", "eval", "predict", "verify", "devices"};
  assert_string_equal(ebb_suggest("trian", names, 5), "train");
  assert_string_equal(ebb_suggest("EVAL", names, 5), "eval");
  assert_string_equal(ebb_suggest("verfy", names, 5), "verify");
  assert_string_equal(ebb_suggest("device", names, 5), "devices");
  static const char *const words[] = {"elu", "relu", "mse", "sgd"};
  assert_string_equal(ebb_suggest("rleu", words, 4),
                      "relu"); /* adjacent letters swapped: one edit */
  assert_string_equal(ebb_suggest("reul", words, 4), "relu");
  assert_string_equal(ebb_suggest("MES", words, 4), "mse");
  assert_string_equal(ebb_suggest("sdg", words, 4), "sgd");
  assert_null(ebb_suggest("gsd", (const char *const[]){"dgs"}, 1)); /* distant letters: two edits */
  assert_null(ebb_suggest("bake", names, 5));
  assert_null(ebb_suggest("", names, 5));
  assert_null(ebb_suggest("x", names, 5));
  assert_null(ebb_suggest("train", names, 0));
  char text[5000];
  memset(text, 't', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  const char *const longest[] = {text, "tttt"};
  assert_null(ebb_suggest(text, names, 5));
  assert_string_equal(ebb_suggest("ttt", longest, 2), "tttt");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_message_of_each_thread),
      cmocka_unit_test(test_long_message_is_cut),
      cmocka_unit_test(test_macros),
      cmocka_unit_test(test_status_names),
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_numbers_are_rounded_right),
      cmocka_unit_test(test_long_numbers_are_rounded_right),
      cmocka_unit_test(test_parts_that_are_numbers),
      cmocka_unit_test(test_numbers_in_another_locale),
      cmocka_unit_test(test_suggestions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
