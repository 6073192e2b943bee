/* Items of the kinds of layers in a spec: their settings, their shapes, what is refused. */
#include "spec_rig.h"

static void test_gates(void **state) {
  (void)state;
  ebb_spec spec;
  expect_text("glu-16tanh-swiglu", 8, 3, "8-glu-16tanh-swiglu-3");
  expect_error("7relu-glu", 8, 3,
               "spec:1:7: glu and swiglu multiply the two halves of their input, which has 7");
  expect_error("8-swiglu-swiglu-swiglu-swiglu", 8, 3, "spec:1:24: glu and swiglu multiply");
  expect_error("glu2-4", 8, 3, "spec:1:4: \"2\" is no part of glu; write glu");
  assert_int_equal(ebb_spec_begin(&spec, 5), EBB_OK);
  assert_int_equal(ebb_spec_add_glu(&spec), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_add(&spec, 4, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_add_glu(&spec), EBB_OK);
  assert_int_equal(ebb_spec_add_swiglu(&spec), EBB_OK);
  assert_int_equal(ebb_spec_outputs(&spec), 1);
}

static void test_wide(void **state) {
  (void)state;
  ebb_spec spec;
  expect_text("wide(64relu-32relu)-10", 8, 10, "8-wide(64relu-32relu)-10");
  expect_text("wide(4-res(wide(4)-4))", 8, 3, "8-wide(4-res(wide(4)-4))-3");
  expect_error("wide()", 8, 3, "spec:1:6: a size is missing before this ')'");
  expect_error("wide(1048576)", 8, 3, "spec:1:1: wide(...) puts 1048576 columns beside 8");
  assert_int_equal(ebb_spec_begin(&spec, 5), EBB_OK);
  assert_int_equal(ebb_spec_add_wide(&spec, 0), EBB_ERR_ARGUMENT); /* no layer in the branch */
  assert_int_equal(ebb_spec_add(&spec, 4, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_add_wide(&spec, 0), EBB_OK);
  assert_int_equal(ebb_spec_outputs(&spec), 9);
}

static void test_embeddings(void **state) {
  (void)state;
  ebb_spec spec;
  expect_text("embed3x40x8-embed1x7x2-4relu", 8, 3, "8-embed3x40x8-embed1x7x2-4relu-3");
  expect_error("embed9x40x8", 8, 3,
               "spec:1:1: embed takes the codes of 9 columns; its input has 8");
  expect_error("embed", 8, 3, "spec:1:1: embed with columns 0; it must be from 1 up to");
  expect_error("embed1x40", 8, 3, "spec:1:1: embed with units 0; it must be from 1 up to");
  expect_error("embed1.5x40x8", 8, 3,
               "spec:1:1: embed with columns 1.5; it must be a whole number");
  expect_error("embed1x40x8x2", 8, 3, "spec:1:6: \"1x40x8x2\" is no units of embed; write embed2x");
  expect_error("embed1x40x", 8, 3, "spec:1:6: \"1x40x\" is no units of embed; write embed2x40x8");
  expect_error("embed8x2x1048576", 8, 3, "spec:1:1: embed makes 8388608 columns");
  assert_int_equal(ebb_spec_begin(&spec, 5), EBB_OK);
  assert_int_equal(ebb_spec_add_embedding(&spec, 6, 2, 2), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_add_embedding(&spec, 2, 40, 8), EBB_OK);
  assert_int_equal(ebb_spec_outputs(&spec), 19);
  assert_int_equal(ebb_spec_parameters(&spec), 320);
}

/* :nobias ends a dense layer's item, whatever stands before it. */
static void test_no_bias(void **state) {
  (void)state;
  ebb_spec spec;
  char text[EBB_SPEC_TEXT];
  expect_text("256relu:nobias", 8, 3, "8-256relu:nobias-3");
  expect_text("256:nobias-10:nobias", 8, 10, "8-256:nobias-10:nobias");
  expect_text("10:nobias", 8, 0, "8-10:nobias");
  expect_text("8-10:nobias", 8, 10, "8-10:nobias");
  expect_text("8:nobias-3", 8, 3, "8-8:nobias-3");
  expect_text("4identity:nobias", 8, 3, "8-4:nobias-3");
  expect_text("4leaky_relu(0.2):nobias-res(8sin(3):nobias-4:nobias)", 8, 3,
              "8-4leaky_relu(0.2):nobias-res(8sin(3):nobias-4:nobias)-3");
  expect_error("10:nobias", 8, 3, "spec:1:1: output size 10, but the data have 3");
  expect_error("8-4relu:nobas-3", 0, 0,
               "spec:1:8: \":nobas\" is no suffix of dense; write :nobias");
  expect_error("8-4:nobias:nobias-3", 0, 0, "spec:1:11: \":nobias\" stands there twice");
  expect_error("8-4:-3", 0, 0, "spec:1:4: \":\" is no suffix of dense; write :nobias");
  expect_error("8-noise0.5:nobias-3", 0, 0,
               "spec:1:11: \":nobias\" is no suffix of noise; it has none");
  expect_error("8-res:nobias(4)-3", 0, 0, "spec:1:3: \"res\" holds layers in parentheses");
  expect_error("8-res(4):nobias-3", 0, 0, "spec:1:9: a '-' is missing before this ':'");
  expect_error(":nobias-3", 8, 3, "spec:1:1: a size is missing before this ':'");
  assert_int_equal(ebb_spec_begin(&spec, 5), EBB_OK);
  assert_int_equal(ebb_spec_add_nobias(&spec, 0, EBB_ACT_RELU), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_add_nobias(&spec, 7, EBB_ACT_RELU), EBB_OK);
  assert_int_equal(ebb_spec_add_nobias(&spec, 2, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, "5-7relu:nobias-2:nobias");
  assert_int_equal(ebb_spec_parameters(&spec), 5 * 7 + 7 * 2);
  spec.nodes[0].settings[0] = 2;
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_ERR_ARGUMENT);
}

/* After a norm's word come eps, if it is not the default, and the activation. */
static void test_norms(void **state) {
  (void)state;
  ebb_spec spec;
  expect_text("4relu-layernorm-rmsnorm0.001gelu_tanh", 8, 3,
              "8-4relu-layernorm-rmsnorm0.001gelu_tanh-3");
  expect_text("layernorm0.00001relu-rmsnorm0.000000119", 8, 3, "8-layernormrelu-rmsnorm-3");
  expect_text("batchnorm0.00001x0.1-batchnorm0.00001x0.5tanh", 8, 3,
              "8-batchnorm-batchnorm0.00001x0.5tanh-3");
  expect_text("batchnorm0.001relu", 8, 3, "8-batchnorm0.001x0.1relu-3");
  expect_error("layernormrellu", 8, 3, "spec:1:10: unknown activation \"rellu\"; did you mean");
  expect_error("layernorm1relu", 8, 3, "spec:1:1: layernorm with eps 1; it must be from 1e-09 up");
  expect_error("layernorm0..1relu", 8, 3, "spec:1:10: \"0..1\" is no eps of layernorm; write");
  expect_error("layernorm(4)", 8, 3, "spec:1:1: \"layernorm\" holds no layers");
  expect_error("droprelu", 8, 3, "spec:1:1: unknown kind of layer \"droprelu\"");
  expect_error("4-layernorm", 8, 4, "spec:1:1: input size 4, but the data have 8");
  assert_int_equal(ebb_spec_begin(&spec, 4), EBB_OK);
  assert_int_equal(ebb_spec_add_layernorm(&spec, 0, EBB_ACT_RELU), EBB_OK);
  assert_int_equal(ebb_spec_add_rmsnorm(&spec, 0.25, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_add_rmsnorm(&spec, -1, EBB_ACT_IDENTITY), EBB_ERR_ARGUMENT);
  assert_true(spec.nodes[0].settings[0] == 1e-5 && spec.nodes[1].settings[0] == 0.25);
  assert_int_equal(ebb_spec_node_parameters(&spec, 0), 8);
  assert_int_equal(ebb_spec_node_parameters(&spec, 1), 4);
}

static void test_periodic(void **state) {
  (void)state;
  ebb_spec spec, like;
  char text[EBB_SPEC_TEXT];
  expect_text("periodic3x16x4-4relu", 8, 3, "8-periodic3x16x4-4relu-3");
  expect_text("periodic3", 8, 3, "8-periodic3x16x4-3");
  expect_error("periodic9", 8, 3, "spec:1:1: periodic takes 9 columns of numbers; its input has 8");
  expect_error("periodic3x16x1", 8, 3, "spec:1:1: periodic with units 1; it must be from 2 up to");
  assert_int_equal(ebb_spec_begin(&spec, 5), EBB_OK);
  assert_int_equal(ebb_spec_add_periodic(&spec, 6, 16, 4), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_add_periodic(&spec, 2, 16, 4), EBB_OK);
  assert_int_equal(ebb_spec_outputs(&spec), 11);
  assert_int_equal(ebb_spec_parameters(&spec), 2 * (16 + 16 + 48 + 3));
  /* A text may leave out what belongs to the data. */
  assert_int_equal(ebb_spec_parse(&like, "9-embed2x5x3-periodic1x2x3-4-3", 0, 0), EBB_OK);
  assert_int_equal(ebb_spec_parse_like(&spec, "8relu-res(8)", &like), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, "9-embed2x5x3-periodic1x2x3-8relu-res(8)-3");
  assert_int_equal(ebb_spec_parse_like(&spec, "embed9x5x3-7relu", &like), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, "9-embed9x5x3-7relu-3");
  assert_int_equal(ebb_spec_parse_like(&spec, "12-7relu", &like), EBB_ERR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gates),      cmocka_unit_test(test_wide),
      cmocka_unit_test(test_embeddings), cmocka_unit_test(test_norms),
      cmocka_unit_test(test_periodic),   cmocka_unit_test(test_no_bias),
  };
  return cmocka_run_group_tests_name("spec_kinds", tests, NULL, NULL);
}
