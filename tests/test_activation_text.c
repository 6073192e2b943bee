/* Activations with a parameter: their texts, alone and in specs, and the calls of a program.
 */
#include "nn/spec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_text(const char *spec_text, size_t inputs, size_t outputs, const char *full) {
  ebb_spec spec;
  char text[512];
  if (ebb_spec_parse(&spec, spec_text, inputs, outputs) != EBB_OK)
    fail_msg("\"%s\": %s", spec_text, ebb_error_message());
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, full);
}

static void expect_error(const char *spec_text, size_t inputs, size_t outputs,
                         const char *message) {
  ebb_spec spec, untouched;
  memset(&spec, 0x5a, sizeof spec);
  untouched = spec;
  assert_int_equal(ebb_spec_parse(&spec, spec_text, inputs, outputs), EBB_ERR_ARGUMENT);
  if (strncmp(ebb_error_message(), message, strlen(message)) != 0)
    fail_msg("\"%s\": \"%s\" does not begin with \"%s\"", spec_text, ebb_error_message(), message);
  assert_null(strchr(ebb_error_message(), '\n'));
  assert_memory_equal(&spec, &untouched, sizeof spec);
}

/* A default is left out, and digits that do not count are. */
static void test_parameters_of_activations(void **state) {
  (void)state;
  expect_text("4-8leaky_relu(0.2)-16elu(2)-3", 0, 0, "4-8leaky_relu(0.2)-16elu(2)-3");
  expect_text("8leaky_relu(0.010)-16elu(1)-9celu(1.0)", 4, 3, "4-8leaky_relu-16elu-9celu-3");
  expect_text("res(8sin(30)-4celu(0.000001))", 4, 3, "4-res(8sin(30)-4celu(0.000001))-3");
  expect_text("8sin(1000)", 4, 3, "4-8sin(1000)-3");
  expect_text("8sin(12.345678)", 4, 3, "4-8sin(12.3457)-3");
  expect_error("8relu(0.2)", 4, 3, "spec:1:6: unexpected '('; relu has no parameter");
  expect_error("8(0.2)", 4, 3, "spec:1:");
  expect_error("8elu(0)", 4, 3, "spec:1:6: \"0\" is no parameter a of elu; it is a number from");
  expect_error("8elu()", 4, 3, "spec:1:6: \"\" is no parameter a of elu");
  expect_error("8elu(-1)", 4, 3, "spec:1:6: \"-1\" is no parameter a of elu");
  expect_error("8elu(nan)", 4, 3, "spec:1:6: \"nan\" is no parameter");
  expect_error("8elu(1000.1)", 4, 3, "spec:1:6: \"1000.1\" is no parameter a of elu");
  expect_error("8elu(0.0000001)", 4, 3, "spec:1:6: \"0.0000001\" is no parameter a of elu");
  expect_error("8elu(2", 4, 3, "spec:1:6: the ')' of this number is missing");
  expect_error("8elu(2)3", 4, 3, "spec:1:8: a '-' is missing before this '3'");
  expect_error("8elu(2)(3)", 4, 3, "spec:1:8: unexpected '('");
  expect_error("8elu(2))", 4, 3, "spec:1:8: unexpected ')'");
}

/* What a program sets and reads. */
static void test_activations_with_parameters(void **state) {
  (void)state;
  char text[EBB_ACTIVATION_TEXT];
  ebb_activation f;
  ebb_spec spec;
  assert_int_equal(ebb_activation_with(&f, EBB_ACT_LEAKY_RELU, 0.2), EBB_OK);
  assert_true(ebb_activation_parameter(f) == 0.2);
  assert_string_equal(ebb_activation_name(f), "leaky_relu");
  assert_string_equal(ebb_activation_text(text, f), "leaky_relu(0.2)");
  assert_int_equal(ebb_spec_begin(&spec, 4), EBB_OK);
  assert_int_equal(ebb_spec_add(&spec, 8, f), EBB_OK);
  assert_int_equal(ebb_spec_add(&spec, 3, EBB_ACT_IDENTITY), EBB_OK);
  char all[EBB_SPEC_TEXT];
  assert_int_equal(ebb_spec_text(all, sizeof all, &spec), EBB_OK);
  assert_string_equal(all, "4-8leaky_relu(0.2)-3");
  assert_int_equal(ebb_activation_with(&f, EBB_ACT_LEAKY_RELU, 0.01), EBB_OK);
  assert_int_equal(f, EBB_ACT_LEAKY_RELU);
  assert_true(ebb_activation_parameter(f) == 0.01);
  assert_string_equal(ebb_activation_parameter_name(EBB_ACT_SIN), "w");
  assert_null(ebb_activation_parameter_name(EBB_ACT_RELU));
  assert_true(ebb_activation_parameter(EBB_ACT_RELU) == 0);
  assert_int_equal(ebb_activation_parse(&f, "sin(0.125)"), EBB_OK);
  assert_true(ebb_activation_parameter(f) == 0.125);
  static const double wrong[] = {0, -1, NAN, INFINITY, 1e-9, 1001};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(ebb_activation_with(&f, EBB_ACT_ELU, wrong[i]), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_activation_with(&f, EBB_ACT_RELU, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_activation_with(&f, EBB_ACT_COUNT, 1), EBB_ERR_ARGUMENT);
  static const char *const texts[] = {"",        "elu(", "elu)",  "elu()",
                                      "elu(1)x", "(1)",  "elu(1", "foo"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    assert_int_equal(ebb_activation_parse(&f, texts[i]), EBB_ERR_ARGUMENT);
  /* Numbers that ebb_activation_with does not make. */
  static const int odd[] = {0x100 + EBB_ACT_RELU, 0x70000000 + EBB_ACT_ELU, 0xff, -1};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
    assert_int_equal(ebb_spec_add(&spec, 8, (ebb_activation)odd[i]), EBB_ERR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parameters_of_activations),
      cmocka_unit_test(test_activations_with_parameters),
  };
  return cmocka_run_group_tests_name("activation text", tests, NULL, NULL);
}
