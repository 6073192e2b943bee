/* Network specs: grammar, sizes filled in from the data, errors with positions, round trip. */
#include "spec_rig.h"

#include "base/rng.h"
#include "ops/ops.h"
#include <math.h>
#include <stdio.h>

static void test_which_size_is_what(void **state) {
  (void)state;
  expect_text("784-512relu-512relu-10", 0, 0, "784-512relu-512relu-10");
  expect_text("784-512relu-512relu-10", 784, 10, "784-512relu-512relu-10");
  expect_text("512relu-512relu", 784, 10, "784-512relu-512relu-10");
  expect_text("784-512relu", 0, 10, "784-512relu-10");
  expect_text("512relu-10", 784, 0, "784-512relu-10");
  expect_text("10", 64, 0, "64-10");
  expect_text("64-10", 0, 0, "64-10");
  expect_text("32gelu_tanh", 4, 3, "4-32gelu_tanh-3");
  expect_text("32identity", 4, 3, "4-32-3");
  expect_text("4-32-16leaky_relu-3", 0, 0, "4-32-16leaky_relu-3");
  expect_text("4-8tanh-3identity", 0, 5,
              "4-8tanh-3-5"); /* an explicit activation marks a hidden layer */
  expect_text("007-1048576-1", 0, 0, "7-1048576-1");
}

static void test_layers(void **state) {
  (void)state;
  ebb_spec spec;
  assert_int_equal(ebb_spec_parse(&spec, "8-16silu-32-2", 0, 0), EBB_OK);
  assert_int_equal(spec.count, 3);
  assert_int_equal(ebb_spec_cols(&spec, 0), 8);
  assert_int_equal(spec.nodes[0].units, 16);
  assert_int_equal(spec.nodes[0].activation, EBB_ACT_SILU);
  assert_int_equal(ebb_spec_cols(&spec, 1), 16);
  assert_int_equal(spec.nodes[1].activation, EBB_ACT_IDENTITY);
  assert_int_equal(ebb_spec_cols(&spec, 2), 32);
  assert_int_equal(ebb_spec_inputs(&spec), 8);
  assert_int_equal(ebb_spec_outputs(&spec), 2);
  assert_int_equal(ebb_spec_parameters(&spec), 9 * 16 + 17 * 32 + 33 * 2);
}

static void test_sizes_and_data(void **state) {
  (void)state;
  expect_error("32relu-10", 0, 10, "spec: input size left out and no data to take it from");
  expect_error("10", 0, 0, "spec: input size left out and no data to take it from");
  expect_error("4-32relu", 4, 0, "spec: output size left out and no data to take it from");
  expect_error("784-10", 64, 10, "spec:1:1: input size 784, but the data have 64");
  expect_error("784-32relu-10", 784, 3, "spec:1:12: output size 10, but the data have 3");
  expect_error("10", 64, 3, "spec:1:1: output size 10, but the data have 3");
  expect_error("10", EBB_MAX_UNITS + 1, 0, "spec: the data have input size 1048577");
}

/* Hidden layers as other tools write them: the message suggests the line that was meant. */
static void test_sizes_alone(void **state) {
  (void)state;
  expect_error(
      "64", 4, 3,
      "spec:1:1: output size 64, but the data have 3; hidden layers are written with their "
      "activation: 64relu");
  expect_error("64-32", 4, 3,
               "spec:1:1: input size 64, but the data have 4; hidden layers are written with their "
               "activation: 64relu-32relu");
  expect_error("64-32-3", 4, 3,
               "spec:1:1: input size 64, but the data have 4; hidden layers are written with their "
               "activation: 64relu-32relu-3");
  expect_error(
      "4-64", 4, 3,
      "spec:1:3: output size 64, but the data have 3; hidden layers are written with their "
      "activation: 4-64relu");
  static const char *const written[] = {"64,32", "64 32", "[64, 32]", "(64,32)"};
  for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
    expect_error(written[i], 4, 3, "spec:1:");
    assert_non_null(strstr(ebb_error_message(), "with their activation: 64relu-32relu"));
  }
  expect_error("64relu,32", 4, 3, "spec:1:7: unexpected ','");
  assert_non_null(strstr(ebb_error_message(), "with their activation: 64-32relu-10"));
  expect_text("64-3", 64, 3, "64-3");
}

static void test_bad_text(void **state) {
  (void)state;
  expect_error(NULL, 1, 1, "spec: no text");
  expect_error("", 1, 1, "spec:1:1: a size is missing at the end");
  expect_error("784--10", 0, 0, "spec:1:5: a size is missing before this '-'");
  expect_error("784-", 0, 0, "spec:1:5: a size is missing at the end");
  expect_error("-10", 0, 0, "spec:1:1: a size is missing before this '-'");
  expect_error("-", 0, 0, "spec:1:1: a size is missing");
  expect_error("784 - 10", 0, 0, "spec:1:4: unexpected 0x20");
  expect_error("784-10\n", 0, 0, "spec:1:7: unexpected 0x0a");
  expect_error("784,10", 0, 0, "spec:1:4: unexpected ','");
  expect_error("784%s-10", 0, 0, "spec:1:4: unexpected '%'");
  expect_error("784\xe2\x80\x93"
               "10",
               0, 0, "spec:1:4: unexpected 0xe2");
  expect_error("784-1024rellu", 0, 0,
               "spec:1:9: unknown activation \"rellu\"; did you mean \"relu\"?");
  expect_error("64rleu", 4, 3, "spec:1:3: unknown activation \"rleu\"; did you mean \"relu\"?");
  expect_error("64leaky_rleu", 4, 3,
               "spec:1:3: unknown activation \"leaky_rleu\"; did you mean \"leaky_relu\"?");
  expect_error("784-512ReLU-10", 0, 0,
               "spec:1:8: unknown activation \"ReLU\"; did you mean \"relu\"?");
  expect_error("784-512quantum-10", 0, 0,
               "spec:1:8: unknown activation \"quantum\"; known are identity relu");
  expect_error("784-512relu-10softmax", 0, 0, "spec:1:15: softmax is part of the loss");
  expect_error("784-512.5-10", 0, 0, "spec:1:5: \"512.5\" is no size");
  expect_error("784-1e3-10", 0, 0, "spec:1:6: unknown activation \"e3\"");
  expect_error("784-512-relu-10", 0, 0, "spec:1:9: \"relu\" stands after a size");
  expect_error("conv-10", 4, 0, "spec:1:1: unknown kind of layer \"conv\"; known are");
}

static void test_ranges(void **state) {
  (void)state;
  expect_error("784-0-10", 0, 0, "spec:1:5: size 0 is out of range; a layer has 1 to 1048576");
  expect_error("1048577-10", 0, 0, "spec:1:1: size 1048577 is out of range");
  expect_error("18446744073709551617-10", 0, 0, "spec:1:1: size 18446744073709551617 is out");
  expect_error("4-99999999999999999999999999999999999999999999999999999999relu", 0, 0,
               "spec:1:3: size 9999999999999999999999999999999999999999 is out of range");
  char text[4 * EBB_MAX_NODES] = "4";
  for (int i = 0; i < EBB_MAX_NODES; i++) strcat(text, "-5");
  ebb_spec spec;
  assert_int_equal(ebb_spec_parse(&spec, text, 0, 0), EBB_OK);
  assert_int_equal(spec.count, EBB_MAX_NODES);
  strcat(text, "-5");
  expect_error(text, 0, 0, "spec:1:259: more than 128 layers");
  strcpy(text, "5");
  for (int i = 0; i < EBB_MAX_NODES; i++) strcat(text, "-5");
  strcat(text, "elu");
  expect_error(text, 0, 3, "spec: more than 128 layers");
}

static void test_long_words_are_cut(void **state) {
  (void)state;
  char text[3000] = "4-7";
  memset(text + 3, 'q', 2000);
  expect_error(text, 0, 2, "spec:1:4: unknown activation \"qqqq");
  assert_true(strlen(ebb_error_message()) < 1000);
  text[2] = 'q';
  expect_error(text, 0, 2, "spec:1:3: unknown kind of layer \"qqqq");
  assert_true(strlen(ebb_error_message()) < 1000);
}

static void test_built_by_calls(void **state) {
  (void)state;
  ebb_spec spec;
  char text[64];
  assert_int_equal(ebb_spec_begin(&spec, 0), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_begin(&spec, EBB_MAX_UNITS + 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_begin(&spec, 6), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_ERR_ARGUMENT); /* no layer yet */
  assert_int_equal(ebb_spec_add(&spec, 0, EBB_ACT_RELU), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_add(&spec, 5, EBB_ACT_COUNT), EBB_ERR_ARGUMENT);
  assert_int_equal(spec.count, 0);
  assert_int_equal(ebb_spec_add(&spec, 5, EBB_ACT_TANH), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "last layer has activation tanh"));
  assert_int_equal(ebb_spec_add(&spec, 2, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, "6-5tanh-2");
  assert_int_equal(ebb_spec_text(text, strlen("6-5tanh-2") + 1, &spec), EBB_OK);
  for (size_t size = 0; size <= strlen("6-5tanh-2"); size++)
    assert_int_equal(ebb_spec_text(text, size, &spec), EBB_ERR_ARGUMENT);
  while (spec.count < EBB_MAX_NODES)
    assert_int_equal(ebb_spec_add(&spec, 2, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_add(&spec, 2, EBB_ACT_IDENTITY), EBB_ERR_ARGUMENT);
}

static void test_check_finds_broken_specs(void **state) {
  (void)state;
  ebb_spec good, bad;
  assert_int_equal(ebb_spec_parse(&good, "6-5tanh-2", 0, 0), EBB_OK);
  assert_int_equal(ebbi_spec_check(&good, "here"), EBB_OK);
  bad = good;
  bad.nodes[1].inputs[0] = 0;
  assert_int_equal(ebbi_spec_check(&bad, "here"), EBB_ERR_ARGUMENT);
  assert_string_equal(
      ebb_error_message(),
      "here: layer 2 reads value 0; its first input must be value 1, of the layer before it");
  bad = good;
  bad.nodes[0].activation = (ebb_activation)77;
  assert_int_equal(ebbi_spec_check(&bad, "here"), EBB_ERR_ARGUMENT);
  bad = good;
  bad.nodes[1].units = 0;
  assert_int_equal(ebbi_spec_check(&bad, "here"), EBB_ERR_ARGUMENT);
  bad = good;
  bad.count = EBB_MAX_NODES + 1;
  assert_int_equal(ebbi_spec_check(&bad, "here"), EBB_ERR_ARGUMENT);
}

/* A setting is what its text says: a model file would hold another network. */
static void test_settings_are_what_files_keep(void **state) {
  (void)state;
  ebb_spec spec, again;
  assert_int_equal(ebb_spec_begin(&spec, 6), EBB_OK);
  assert_int_equal(ebb_spec_add_dropout(&spec, -1e-12), EBB_OK);
  assert_int_equal(ebb_spec_add(&spec, 2, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_parse(&again, "6-drop0-2", 0, 0), EBB_OK);
  assert_memory_equal(again.nodes, spec.nodes, spec.count * sizeof spec.nodes[0]);
  spec.nodes[0].settings[0] = 0.12345678949;
  assert_int_equal(ebbi_spec_check(&spec, "here"), EBB_ERR_ARGUMENT);
  assert_string_equal(
      ebb_error_message(),
      "here: layer 1 has rate 0.12345678949; files keep nine decimals, 0.123456789");
}

/* Layers in parentheses: their shapes, their texts, and the names of their modules. */
static void test_rates(void **state) {
  (void)state;
  ebb_spec spec;
  expect_text("drop0.2", 8, 3, "8-drop0.2-3");
  expect_text("drop:fade-drop0.25:fade", 8, 3, "8-drop0.5:fade-drop0.25:fade-3");
  expect_error("drop0.2:fad", 8, 3, "spec:1:8: \":fad\" is no suffix of dropout; write :fade");
  expect_text("drop-4relu-drop0.0", 8, 3, "8-drop0.5-4relu-drop0-3");
  expect_text("drop0.1234567891", 8, 3, "8-drop0.123456789-3");
  expect_error("drop1", 8, 3,
               "spec:1:1: dropout with rate 1; it must be from 0 up to, not including, 1");
  expect_error("drop0.9999999999", 8, 3, "spec:1:1: dropout with rate 1;");
  expect_error("4-drop0.x", 8, 3, "spec:1:7: \"0.x\" is no rate of dropout; write drop0.2");
  expect_error("dropout0.2", 8, 3,
               "spec:1:1: unknown kind of layer \"dropout0.2\"; dropout is written");
  expect_error("drop(4)", 8, 3, "spec:1:1: \"drop\" holds no layers");
  assert_int_equal(ebb_spec_begin(&spec, 4), EBB_OK);
  assert_int_equal(ebb_spec_add_dropout(&spec, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_add_dropout(&spec, (double)NAN), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_add_dropout(&spec, 0.1 * 3), EBB_OK);
  assert_true(spec.nodes[0].settings[0] == 0.3 && spec.nodes[0].units == 4);
}

static void test_parentheses(void **state) {
  (void)state;
  expect_text("res(4relu-8)-res(8-res(8))", 8, 3, "8-res(4relu-8)-res(8-res(8))-3");
  expect_text("8-res(8relu)-3", 0, 0, "8-res(8relu)-3");
  expect_error("4relu-res(6-3)", 8, 3, "spec:1:7: res(...) adds 4 and 3 columns");
  expect_error("4relu-res(4relu-res(4-7)-4)", 8, 3, "spec:1:17: res(...) adds 4 and 7 columns");
  expect_error("res()", 8, 3, "spec:1:5: a size is missing before this ')'");
  expect_error("res", 8, 3, "spec:1:1: \"res\" holds layers in parentheses");
  expect_error("resx(8)", 8, 3, "spec:1:1: unknown kind of layer \"resx\"");
  expect_error("res(8", 8, 3, "spec:1:1: the ')' of this item is missing");
  expect_error("4-res(res(8)", 8, 3, "spec:1:3: the ')' of this item is missing");
  expect_error("res(8)8", 8, 3, "spec:1:7: a '-' is missing before this '8'");
  expect_error("4relu(8)", 8, 3, "spec:1:6: unexpected '('");
  expect_error("res(8))-3", 8, 3, "spec:1:7: unexpected ')'; no '(' before it is open");
  expect_error("8relu)", 8, 3, "spec:1:6: unexpected ')'; no '(' before it is open");
  expect_error("8res(8)", 8, 3, "spec:1:2: a '-' is missing before \"res\"");
  expect_error("4relu-8drop0.2", 8, 3, "spec:1:8: a '-' is missing before \"drop0.2\"; dropout is");
  expect_error("4relu-drop-0.2", 8, 3, "spec:1:12: \"0.2\" is no size; sizes are whole numbers");
  char text[8 * EBBI_SPEC_DEPTH] = "";
  for (int i = 0; i < EBBI_SPEC_DEPTH; i++) strcat(text, "res(");
  strcat(text, "res(");
  expect_error(text, 8, 3, "spec:1:68: parentheses more than 16 deep");
  ebb_spec spec;
  char name[EBBI_MODULE_NAME];
  static const char *const names[] = {"0", "2.0", "2.2.0"};
  assert_int_equal(ebb_spec_parse(&spec, "4-4relu-res(4relu-res(4tanh)-4)-3", 0, 0), EBB_OK);
  for (size_t n = 0; n < 3; n++) {
    ebbi_spec_module(name, &spec, n);
    assert_string_equal(name, names[n]);
  }
}

/* Built by calls: connections nest, and the last layer is dense. */
static void test_connections(void **state) {
  (void)state;
  ebb_spec spec, bad;
  char text[EBB_SPEC_TEXT];
  assert_int_equal(ebb_spec_begin(&spec, 4), EBB_OK);
  assert_int_equal(ebb_spec_add_residual(&spec, 0), EBB_ERR_ARGUMENT); /* no layer in the branch */
  assert_int_equal(ebb_spec_add(&spec, 4, EBB_ACT_RELU), EBB_OK);
  assert_int_equal(ebb_spec_add_residual(&spec, 0), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "last layer is of kind res; it must be dense"));
  bad = spec;
  assert_int_equal(ebb_spec_add_residual(&bad, 1), EBB_OK);
  assert_int_equal(ebb_spec_add(&bad, 2, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &bad), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "overlap"));
  assert_int_equal(ebb_spec_add(&spec, 2, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, "4-res(4relu)-2");
}

static ebb_spec random_spec(uint64_t number) {
  uint32_t words[4];
  ebb_spec spec;
  ebbi_philox(words, 1, EBBI_RNG_TEST, 0, number << 8);
  size_t layers = 1 + words[0] % EBB_MAX_NODES;
  assert_int_equal(ebb_spec_begin(&spec, 1 + words[1] % EBB_MAX_UNITS), EBB_OK);
  for (size_t l = 1; l <= layers; l++) {
    ebbi_philox(words, 1, EBBI_RNG_TEST, 0, (number << 8) + l);
    size_t units = 1 + (words[0] % EBB_MAX_UNITS >> words[1] % 20);
    ebb_activation activation = l < layers ? words[2] % EBB_ACT_COUNT : EBB_ACT_IDENTITY;
    if (words[3] % 2) activation = ebbi_activation_varied(activation);
    assert_int_equal(ebb_spec_add(&spec, units, activation), EBB_OK);
  }
  return spec;
}

static void test_text_round_trip(void **state) {
  (void)state;
  for (uint64_t n = 0; n < 2000; n++) {
    ebb_spec spec = random_spec(n), again;
    char text[EBB_SPEC_TEXT];
    assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
    assert_int_equal(ebb_spec_parse(&again, text, 0, 0), EBB_OK);
    assert_int_equal(again.count, spec.count);
    assert_memory_equal(again.nodes, spec.nodes, spec.count * sizeof spec.nodes[0]);
    assert_int_equal(ebb_spec_parse(&again, text, ebb_spec_inputs(&spec), ebb_spec_outputs(&spec)),
                     EBB_OK);
  }
}

/* Arbitrary bytes give one of two statuses, a message if refused, and a valid spec if accepted. */
static void test_random_bytes(void **state) {
  (void)state;
  static const char alphabet[] = "0123456789---reluganhsoftpx_. \n%\xc3";
  for (uint64_t n = 0; n < 20000; n++) {
    uint32_t words[4];
    char text[17] = "";
    for (size_t i = 0; i < 16; i++) {
      if (i % 4 == 0) ebbi_philox(words, 2, EBBI_RNG_TEST, (uint32_t)i, n);
      text[i] = alphabet[words[i % 4] % sizeof alphabet];
    }
    ebb_spec spec;
    ebb_status status = ebb_spec_parse(&spec, text, 3, 2);
    if (status == EBB_OK)
      assert_int_equal(ebbi_spec_check(&spec, "accepted"), EBB_OK);
    else
      assert_int_equal(status, EBB_ERR_ARGUMENT);
  }
}

static void test_names(void **state) {
  (void)state;
  assert_string_equal(ebb_activation_name(EBB_ACT_LEAKY_RELU), "leaky_relu");
  assert_string_equal(ebb_activation_name(EBB_ACT_ELU), "elu");
  assert_string_equal(ebb_activation_name(EBB_ACT_COUNT), "?");
  assert_string_equal(ebb_activation_name((ebb_activation)-1), "?");
  assert_true(ebb_activation_needs_z(EBB_ACT_SILU));
  assert_false(ebb_activation_needs_z(EBB_ACT_RELU));
  assert_false(ebb_activation_needs_z(EBB_ACT_COUNT));
  assert_string_equal(ebb_loss_name(EBB_LOSS_MSE), "mse");
  assert_string_equal(ebb_loss_name(EBB_LOSS_COUNT), "?");
  assert_string_equal(ebb_optimizer_name(EBB_OPT_ADAMW), "adamw");
  assert_string_equal(ebb_optimizer_name(EBB_OPT_COUNT), "?");
  assert_string_equal(ebb_init_name(EBB_INIT_AUTO), "auto");
  assert_string_equal(ebb_init_name(EBB_INIT_LECUN_UNIFORM), "lecun_uniform");
  assert_string_equal(ebb_init_name(EBB_INIT_COUNT), "?");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_which_size_is_what),
      cmocka_unit_test(test_layers),
      cmocka_unit_test(test_sizes_and_data),
      cmocka_unit_test(test_sizes_alone),
      cmocka_unit_test(test_bad_text),
      cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_long_words_are_cut),
      cmocka_unit_test(test_built_by_calls),
      cmocka_unit_test(test_check_finds_broken_specs),
      cmocka_unit_test(test_settings_are_what_files_keep),
      cmocka_unit_test(test_rates),
      cmocka_unit_test(test_parentheses),
      cmocka_unit_test(test_connections),
      cmocka_unit_test(test_text_round_trip),
      cmocka_unit_test(test_random_bytes),
      cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
