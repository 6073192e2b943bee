/* JSON texts: writing and its failures; reading, which must agree with jansson. Any allocation may
 * fail in both.
 */
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fail_memory.h"
#include "mutate.h"

static ebbi_json json;

static void expect_text(const char *expected) {
  char *text;
  if (ebbi_json_finish(&text, &json, JSON_COMPACT, "here") != EBB_OK)
    fail_msg("%s", ebb_error_message());
  assert_string_equal(text, expected);
  free(text);
}

static void expect_fault(ebb_status status, const char *message) {
  char *text = "";
  assert_int_equal(ebbi_json_finish(&text, &json, JSON_COMPACT, "here"), status);
  assert_null(text);
  assert_string_equal(ebb_error_message(), message);
}

static void test_texts(void **state) {
  (void)state;
  ebbi_json_begin(&json);
  expect_text("{}");
  ebbi_json_begin(&json);
  ebbi_json_text(&json, "a", "Gr\xc3\xb6\xc3\x9f\x65 \"\n");
  ebbi_json_list(&json, "list");
  ebbi_json_number(&json, NULL, 0.5);
  ebbi_json_object(&json, NULL);
  ebbi_json_flag(&json, "a", true);
  ebbi_json_end(&json);
  ebbi_json_list(&json, NULL);
  ebbi_json_end(&json);
  ebbi_json_end(&json);
  ebbi_json_whole(&json, "n", 123456789012345);
  ebbi_json_end(&json);
  ebbi_json_end(&json); /* the outermost object stays open */
  ebbi_json_flag(&json, "last", false);
  expect_text("{\"a\":\"Gr\xc3\xb6\xc3\x9f\x65 \\\"\\n\",\"list\":[0.5,{\"a\":true},[]],"
              "\"n\":123456789012345,\"last\":false}");
}

/* The first fault stays, whatever follows. */
static void add_more(void) {
  ebbi_json_object(&json, "more");
  ebbi_json_text(&json, "a", "\xff");
  ebbi_json_end(&json);
  ebbi_json_number(&json, "b", NAN);
}

static void test_faults(void **state) {
  (void)state;
  ebbi_json_begin(&json);
  ebbi_json_text(&json, "k", "1");
  ebbi_json_text(&json, "k", "2");
  add_more();
  expect_fault(EBB_ERR_ARGUMENT, "here: \"k\" would be written twice");
  ebbi_json_begin(&json);
  ebbi_json_text(&json, "name", "Gr\xf6\xdf\x65");
  add_more();
  expect_fault(EBB_ERR_ARGUMENT, "here: \"name\" or its value is not UTF-8 text");
  ebbi_json_begin(&json);
  ebbi_json_object(&json, "\xed\xa0\x80");
  expect_fault(EBB_ERR_ARGUMENT, "here: \"\xed\xa0\x80\" or its value is not UTF-8 text");
  const double bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 3; i++) {
    ebbi_json_begin(&json);
    ebbi_json_list(&json, "means");
    ebbi_json_number(&json, NULL, bad[i]);
    add_more();
    expect_fault(EBB_ERR_NUMBERS, "here: \"means\" holds NaN or Inf");
  }
  ebbi_json_begin(&json);
  for (int i = 0; i < EBBI_JSON_DEPTH; i++) ebbi_json_object(&json, "o");
  for (int i = 0; i < EBBI_JSON_DEPTH; i++) ebbi_json_end(&json);
  expect_fault(EBB_ERR_ARGUMENT, "here: \"o\" is nested too deep");
}

static void expect_read(const char *text, ebb_status status, size_t byte, const char *why) {
  json_t *value;
  ebbi_json_fault fault;
  ebb_status got = ebbi_json_read(&value, &fault, text, strlen(text));
  if (got != status) fail_msg("%s: %s at %zu", text, fault.why ? fault.why : "read", fault.byte);
  assert_true((value != NULL) == (status == EBB_OK));
  json_decref(value);
  if (status == EBB_OK) return;
  assert_int_equal(fault.byte, byte);
  assert_string_equal(fault.why, why);
}

static void test_where_and_why(void **state) {
  (void)state;
  expect_read("", EBB_ERR_INPUT, 0, "neither an object nor a list");
  expect_read(" 7", EBB_ERR_INPUT, 1, "neither an object nor a list");
  expect_read("{", EBB_ERR_INPUT, 1, "a string is missing");
  expect_read("{\"a\":1,\"a\":2}", EBB_ERR_INPUT, 10, "a duplicate key");
  expect_read("[1,\n2] x", EBB_ERR_INPUT, 7, "text after its end");
  expect_read("[1 2]", EBB_ERR_INPUT, 3, "a list without its end");
  expect_read("[nul]", EBB_ERR_INPUT, 1, "neither a value nor a number");
  expect_read("[1e400]", EBB_ERR_INPUT, 6, "a number too large");
  expect_read("[9223372036854775808]", EBB_ERR_INPUT, 20, "a number too large");
  expect_read("[\"ab", EBB_ERR_INPUT, 4, "the text ends within a string");
  expect_read("[\"\xe4\xb8", EBB_ERR_INPUT, 2, "not UTF-8 text");
  expect_read("[\"\\u0000\"]", EBB_ERR_INPUT, 8, "an escape that is not a character");
  expect_read("[\"\\ud83d\"]", EBB_ERR_INPUT, 8, "an escape that is not a character");
  char deep[2 * EBBI_JSON_DEPTH + 3];
  for (int depth = EBBI_JSON_DEPTH; depth <= EBBI_JSON_DEPTH + 1; depth++) {
    memset(deep, '[', (size_t)depth);
    memset(deep + depth, ']', (size_t)depth);
    deep[2 * depth] = '\0';
    expect_read(deep, depth > EBBI_JSON_DEPTH ? EBB_ERR_INPUT : EBB_OK, EBBI_JSON_DEPTH,
                "nested too deep");
  }
}

/* True for valid JSON. JSON has no NUL, but jansson accepts one after a number. */
static bool compare(const char *text, size_t length) {
  json_t *value, *theirs = NULL;
  if (!memchr(text, 0, length)) theirs = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
  ebbi_json_fault fault;
  char *copy = malloc(length + !length); /* so that sanitizers find a read beyond it */
  assert_non_null(copy);
  memcpy(copy, text, length);
  ebb_status status = ebbi_json_read(&value, &fault, copy, length);
  free(copy);
  if ((status == EBB_OK) != (theirs != NULL) || (theirs && !json_equal(value, theirs)))
    fail_msg("another value, or %s at %zu, for: %.*s", fault.why ? fault.why : "none", fault.byte,
             (int)length, text);
  json_decref(value);
  json_decref(theirs);
  return status == EBB_OK;
}

static const char *const texts[] = {
    "{\"a\":[1,-2,0,-0,3.5,-0.25e3,1E+2,1e-400,12345678901234567890.5,true,false,null,{},[]],"
    "\"b\\\"\\\\\\/\\b\\f\\n\\r\\t\":\"\\u00e4\\u4E2d\\uD83D\\ude00\", "
    "\"\":\"\xc3\xa4\xe4\xb8\xad\"}",
    "{\"__metadata__\":{\"format\":\"pt\"},\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],"
    "\"data_offsets\":[0,24]}}",
    " [ 0.0039215686274509803 ,\t1e308,\n-9223372036854775808, 9223372036854775807 ]\r\n",
    "[0.1,123456789.123456789,2.2250738585072014e-308,4.9e-324,1.7976931348623157e308]",
    "[01]",
    "[-]",
    "[1.]",
    "[.5]",
    "[1e]",
    "[+1]",
    "[\"\x7f\"]",
    "[\"\t\"]",
    "[\"\\x\"]",
    "[\"\\u12g4\"]",
    "[\"\\ud83d\\u0041\"]",
    "[\"\\udc00\"]",
    "[tru]",
    "[1,]",
    "[,1]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "[]]",
    "[\"\xc0\x80\"]",
    "[\"\xf4\x90\x80\x80\"]",
    "\xef\xbb\xbf[]"};

static void test_as_jansson_reads(void **state) {
  (void)state;
  size_t count = sizeof texts / sizeof *texts, good = 0;
  for (size_t i = 0; i < count; i++) good += compare(texts[i], strlen(texts[i]));
  assert_int_equal(good, 4 + 1);
  assert_false(compare("[1]\0", 4));
  assert_false(compare("[\"\0\"]", 5));
  good = 0;
  for (uint64_t round = 0; round < 60000; round++) {
    char bytes[512];
    size_t size = strlen(texts[round % 4]);
    memcpy(bytes, texts[round % 4], size);
    good += compare(bytes, mutate(bytes, size, round));
  }
  assert_in_range(good, 10000, 50000);
}

/* ---- no memory ---- */

static void *attempt_text(void *unused, ebb_status *status) {
  (void)unused;
  char *text;
  ebbi_json_begin(&json);
  ebbi_json_object(&json, "a key");
  ebbi_json_list(&json, "a list");
  for (int i = 0; i < 9; i++) ebbi_json_number(&json, NULL, i / 7.0);
  ebbi_json_end(&json);
  ebbi_json_text(&json, "name", "a text that takes more than a few bytes of memory");
  ebbi_json_whole(&json, "count", 7);
  *status = ebbi_json_finish(&text, &json, 0, "here");
  return text;
}

static void test_texts_without_memory(void **state) {
  (void)state;
  ebb_status status;
  char *wanted = attempt_text(NULL, &status);
  assert_int_equal(status, EBB_OK);
  for (long n = 1;; n++) {
    fail_memory(n);
    char *text = attempt_text(NULL, &status);
    bool failed = memory_has_failed();
    if (failed && status != EBB_ERR_MEMORY) fail_msg("allocation %ld: %s", n, text);
    assert_true((text == NULL) == failed);
    if (failed) continue;
    assert_string_equal(text, wanted);
    assert_true(n > 20);
    free(text);
    break;
  }
  free(wanted);
}

static void test_reading_without_memory(void **state) {
  (void)state;
  json_t *value;
  ebbi_json_fault fault;
  for (size_t i = 0; i < 4; i++)
    for (long n = 1;; n++) {
      fail_memory(n);
      ebb_status status = ebbi_json_read(&value, &fault, texts[i], strlen(texts[i]));
      bool failed = memory_has_failed();
      assert_int_equal(status, failed ? EBB_ERR_MEMORY : EBB_OK);
      assert_true((value == NULL) == failed);
      json_decref(value);
      if (!failed) break;
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_faults),
      cmocka_unit_test(test_where_and_why),
      cmocka_unit_test(test_as_jansson_reads),
      cmocka_unit_test(test_texts_without_memory),
      cmocka_unit_test(test_reading_without_memory),
  };
  json_set_alloc_funcs(jansson_malloc, free);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
