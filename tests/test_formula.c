/* Activations of the user's: their texts alone and in specs, derivatives and bounds.
 */
#include "ops/formula.h"
#include "spec_rig.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static ebb_formula make(const char *f, const char *df) {
  ebb_formula formula = {.count = 0};
  ebbi_formula_fault fault;
  if (!ebbi_formula_make(&formula, f, strlen(f), df, df ? strlen(df) : 0, &fault))
    fail_msg("%s: %zu: %s", f, fault.at, fault.what);
  return formula;
}

/* ---- values ---- */

static const struct {
  const char *f;
  double z, value, slope;
} cases[] = {
    {"z", 3, 3, 1},
    {"2*z+1", 3, 7, 2},
    {"1/2*z", 3, 1.5, 0.5},
    {"z - 1 - 1", 3, 1, 1},
    {"8 / 2 / 2 * z", 3, 6, 2},
    {"- - z", 3, 3, 1},
    {"-z * -z", 3, 9, 6},
    {"-(z + 1) * 2", 3, -8, -2},
    {"z > 0 ? z : 0.5f * z", -4, -2, 0.5},
    {"z >= 0 ? z : -z", 0, 0, 1},
    {"(z < 1) ? z < 0 ? 3 * z : z * z : 2 * z", -1, -3, 3},
    {"(z < 1) ? z < 0 ? 3 * z : z * z : 2 * z", 0.5, 0.25, 1},
    {"(z < 1) ? z < 0 ? 3 * z : z * z : 2 * z", 2, 4, 2},
    {"z <= 1 ? 0 : z", 1, 0, 0},
    {"fmax(z, 0)", 0, 0, 0},
    {"min(max(z, 0), 6)", 7, 6, 0},
    {"min(max(z, 0), 6)", 5, 5, 1},
    {"fabs(z)", -2, 2, -1},
    {"fabs(z)", 0, 0, 0},
    {"exp(2 * z)", 0.5, 2.718281828459045, 5.43656365691809},
    {"expm1(z)", 1, 1.718281828459045, 2.718281828459045},
    {"log(1 + z * z)", 1, 0.6931471805599453, 1},
    {"log1p(z * z)", 1, 0.6931471805599453, 1},
    {"sqrt(z * z + 1)", 1, 1.4142135623730951, 0.7071067811865475},
    {"sin(z)", 1, 0.8414709848078965, 0.5403023058681398},
    {"cos(z)", 1, 0.5403023058681398, -0.8414709848078965},
    {"atan(z)", 1, 0.7853981633974483, 0.5},
    {"tanh(z)", 1, 0.7615941559557649, 0.41997434161402614},
    {"erf(z)", 1, 0.8427007929497149, 0.41510749742059472},
    {"pow(z, 3)", 2, 8, 12},
    {"pow(z + 1, 1)", 2, 3, 1},
    {"z / (1 + exp(-z))", 1, 0.7310585786300049, 0.9276705118714869},
};

static void values_and_derivatives(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_formula f = make(cases[i].f, NULL);
    double value = ebb_formula_value(&f, cases[i].z), slope = ebb_formula_slope(&f, cases[i].z);
    /* Constants are floats: 2 / sqrt pi is. */
    if (fabs(value - cases[i].value) > 1e-15 || fabs(slope - cases[i].slope) > 1e-7)
      fail_msg("%s at %g: %.17g, slope %.17g", cases[i].f, cases[i].z, value, slope);
  }
}

/* Against central differences, away from kinks. */
static void derivatives_are_slopes(void **state) {
  (void)state;
  const double h = 1e-5;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_formula f = make(cases[i].f, NULL);
    for (double z = -3.03; z < 3; z += 0.17) {
      if (ebbi_formula_piece(&f, z - h) != ebbi_formula_piece(&f, z + h)) continue;
      double rise = ebb_formula_value(&f, z + h) - ebb_formula_value(&f, z - h);
      double slope = ebb_formula_slope(&f, z);
      if (fabs(rise / (2 * h) - slope) > 1e-6 * fmax(1, fabs(slope)))
        fail_msg("%s at %g: %g, slope %g", cases[i].f, z, rise / (2 * h), slope);
    }
  }
}

/* ---- texts that are refused ---- */

static const struct {
  const char *f, *df;
  bool in_slope;
  size_t at;
  const char *what;
} faults[] = {
    {"", NULL, false, 0, "a number, z or a function is missing before the end"},
    {"z +", NULL, false, 3, "a number, z or a function is missing before the end"},
    {"z z", NULL, false, 2, "unexpected \"z\"; the formula ends before it"},
    {"(z", NULL, false, 2, "')' is missing before the end"},
    {"2z", NULL, false, 0, "no number; write 0.5 or 1e-3, and * between factors"},
    {"1.2.3 * z", NULL, false, 0, "no number"},
    {"0x10 * z", NULL, false, 0, "no number"},
    {"1e99 * z", NULL, false, 0, "the number is beyond the floats"},
    {"x", NULL, false, 0, "unknown word \"x\"; known are z pow exp"},
    {"a * z", NULL, false, 0, "a is f(z), which only the derivative may use"},
    {"tahn(z)", NULL, false, 0, "unknown word \"tahn\"; did you mean \"tanh\"?"},
    {"get_global_id(0)", NULL, false, 0, "unknown word \"get_global_id\"; known are"},
    {"exp z", NULL, false, 4, "'(' is missing before \"z\""},
    {"fmax(z)", NULL, false, 6, "',' is missing before ')'; the function has 2 arguments"},
    {"exp(z, z)", NULL, false, 5, "')' is missing before ','"},
    {"pow(z, z)", NULL, false, 7, "the power must be a whole number from 1 to 16"},
    {"pow(z, 0.5)", NULL, false, 7, "the power must be a whole number"},
    {"z > 0", NULL, false, 0, "a comparison is no number"},
    {"(z > 0) * z", NULL, false, 7, "a comparison is no number"},
    {"z ? z : 0", NULL, false, 2, "a comparison is missing before '?'"},
    {"z > 0 ? z", NULL, false, 9, "':' is missing before the end of this ?:"},
    {"z == 0 ? z : 0", NULL, false, 2, "unexpected '='"},
    {"z; z", NULL, false, 1, "unexpected ';'"},
    {"z//\n", NULL, false, 2, "a number, z or a function is missing before '/'"},
    {"z\\\n", NULL, false, 1, "unexpected '\\'"},
    {"z \" -Dx=1", NULL, false, 2, "unexpected '\"'"},
    {"z\n", NULL, false, 1, "unexpected byte 0x0a"},
    {"3", NULL, false, 0, "the formula does not depend on z"},
    {"log(z)", NULL, false, 0, "the formula is not finite at z = -8"},
    {"1 / z", NULL, false, 0, "the formula is not finite at z = "},
    {"sqrt(fabs(z))", NULL, false, 0, "the derivative is not finite at z = 0"},
    {"exp(exp(z))", NULL, false, 0, "the derivative is not finite at z = 4.4"},
    {"z * z", "2 * ", true, 4, "a number, z or a function is missing before the end"},
    {"z * z", "z", true, 0, "the derivative is wrong: at z = -8 it is -8, and that of the formula"},
    {"z * z", "2 * z + (z > 7.9 ? 0.1 : 0)", true, 0, "the derivative is wrong: at z = 7.9"},
    {"tanh(z)", "1 - a * a * a", true, 0, "the derivative is wrong: at z = -8"},
    {"fmax(z, 0)", "z > 0.01 ? 1 : 0", true, 0, "the derivative is wrong: at z = 0.0"},
    {"z * 1e-6", "0", true, 0, "the derivative is wrong: at z = -8"},
};

static void faults_have_a_place(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    const char *f = faults[i].f, *df = faults[i].df;
    ebb_formula out = {.count = 0};
    ebbi_formula_fault fault;
    if (ebbi_formula_make(&out, f, strlen(f), df, df ? strlen(df) : 0, &fault))
      fail_msg("%s; %s: taken", f, df ? df : "");
    if (fault.in_slope != faults[i].in_slope || fault.at != faults[i].at ||
        strncmp(fault.what, faults[i].what, strlen(faults[i].what)) != 0)
      fail_msg("%s; %s: %zu: %s", f, df ? df : "", fault.at, fault.what);
    assert_int_equal(out.count, 0);
  }
}

/* Rounded constants, other forms, and other values exactly at a kink are right. */
static void right_derivatives_are_taken(void **state) {
  (void)state;
  make("tanh(z)", "1 - a * a");
  make("tanh(z)", "1 - a*a");
  make("z > 0 ? 1.0507 * z : 1.7581 * (exp(z) - 1)", "z > 0 ? 1.0507 : a + 1.7581");
  make("z / (1 + fabs(z))", "pow(1 - fabs(a), 2)");
  make("fmax(z, 0)", "z >= 0 ? 1 : 0");
  make("0.5 * z * (1 + erf(z * 0.70710678))",
       "0.5 * (1 + erf(z * 0.7071)) + z * 0.39894 * exp(-z * z / 2)");
}

static void long_texts_are_refused(void **state) {
  (void)state;
  char text[2 * EBB_FORMULA_TEXT], deep[128] = "";
  ebb_formula out = {.count = 0};
  ebbi_formula_fault fault;
  memset(text, ' ', sizeof text);
  text[0] = 'z';
  assert_false(ebbi_formula_make(&out, text, EBB_FORMULA_TEXT, NULL, 0, &fault));
  assert_string_equal(fault.what, "the formula has 256 bytes; at most 255 are possible");
  assert_true(ebbi_formula_make(&out, text, EBB_FORMULA_TEXT - 1, NULL, 0, &fault));
  assert_string_equal(out.f, "z");
  for (int i = 0; i < 40; i++) strcat(deep, "(");
  assert_false(ebbi_formula_make(&out, deep, 40, NULL, 0, &fault));
  assert_non_null(strstr(fault.what, "deep"));
  char *end = text; /* few bytes, and a derivative of many operations */
  for (int i = 0; i < 9; i++) end += sprintf(end, "%ssin(z+0.%d)*cos(z)*exp(z)", i ? "*" : "", i);
  assert_false(ebbi_formula_make(&out, text, strlen(text), NULL, 0, &fault));
  assert_string_equal(fault.what,
                      "with its derivative the formula has more than 128 operations; shorten it");
}

/* ---- ranges ---- */

/* The same steps in float32 stay in the range. */
static float in_float(const ebb_formula *f, size_t step, float z) {
  float y[EBB_FORMULA_STEPS];
  for (size_t i = 0; i <= step; i++) {
    const ebb_formula_step *s = &f->steps[i];
    double x[4] = {0};
    for (int o = 0; o < ebbi_step_operands((ebbi_step)s->operation); o++)
      x[o] = (double)y[s->operands[o]];
    y[i] = s->operation == EBBI_STEP_Z ? z
           : s->operation == EBBI_STEP_CONSTANT
               ? s->constant
               : (float)ebbi_step_value((ebbi_step)s->operation, x);
  }
  return y[step];
}

static void ranges_hold_what_floats_give(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_formula f = make(cases[i].f, NULL);
    for (double at = -40; at < 40; at += 0.0371) {
      float z = (float)at, value = in_float(&f, f.value, z), slope = in_float(&f, f.slope, z);
      ebbi_range values = ebbi_formula_range(&f, f.value, (double)z, (double)z);
      ebbi_range slopes = ebbi_formula_range(&f, f.slope, (double)z, (double)z);
      ebbi_range around = ebbi_formula_range(&f, f.value, (double)z - 0.01, (double)z + 0.01);
      assert_true((double)value >= values.low && (double)value <= values.high);
      assert_true((double)slope >= slopes.low && (double)slope <= slopes.high);
      assert_true(around.low <= values.low && around.high >= values.high);
      /* Not by much: a bound that holds anything finds nothing. */
      double scale = 1 + fabs((double)z) + fabs((double)value);
      if (isfinite(values.high) && values.high - values.low > 1e-4 * scale)
        fail_msg("%s at %g: from %g to %g", cases[i].f, at, values.low, values.high);
    }
  }
}

/* ---- specs ---- */

static void formulas_in_specs(void **state) {
  (void)state;
  expect_text("8soft(z / (1 + fabs(z)))-16soft-3", 4, 0, "4-8soft(z/(1+fabs(z)))-16soft-3");
  expect_text("4-8f(z*z; 2*z):nobias-layernormf-5g2(z)-res(5f-5g2)-batchnorm0.001x0.1f-2", 0, 0,
              "4-8f(z*z;2*z):nobias-layernormf-5g2(z)-res(5f-5g2)-batchnorm0.001x0.1f-2");
  expect_text("4-8f(z*z)-8f(z * z)-2", 0, 0, "4-8f(z*z)-8f-2");
  expect_text("4-layernormsoft_2(z > 0 ? z : -1)-res(8relu6-4soft_2)-2", 0, 0,
              "4-layernormsoft_2(z>0?z:-1)-res(8relu6-4soft_2)-2");
  expect_error("8soft(z / (1 + fabs(z))-16soft-3", 4, 3, "spec:1:6: the ')' of this formula is");
  expect_error("8soft(z / (1 + fabs(x)))-3", 4, 0,
               "spec:1:21: unknown word \"x\"; known are z pow exp");
  expect_error("8soft(z * z;2*y)-3", 4, 0, "spec:1:15: unknown word \"y\"; known are z a pow exp");
  expect_error("8soft(z * z; z)-3", 4, 0, "spec:1:13: the derivative is wrong: at z = -8 it is");
  expect_error("8soft-16soft(z)-3", 4, 0, "spec:1:2: unknown activation \"soft\"; known are");
  expect_error("8rellu(0.5)-3", 4, 0,
               "spec:1:2: unknown activation \"rellu\"; did you mean \"relu");
  expect_error("8f(z*z)-8f(z)-3", 4, 0, "spec:1:10: f is another formula already, z*z; give this");
  expect_error("8relu(z*z)-3", 4, 0, "spec:1:6: unexpected '('; relu has no parameter");
  expect_error("8elu(z*z)-3", 4, 0, "spec:1:6: \"z*z\" is no parameter a of elu");
  expect_error("8Soft(z*z)-3", 4, 0,
               "spec:1:2: \"Soft\" cannot name a formula; a name has up to 23");
  expect_error("8myembed(z*z)-3", 4, 0,
               "spec:1:2: \"myembed\" contains the name of a kind of layer");
  expect_error("8a(z)-8b(2*z)-8c(3*z)-8d(4*z)-8e(5*z)-3", 4, 0,
               "spec:1:32: e is formula 5; a network has at most 4");
  expect_error("8f()-3", 4, 0, "spec:1:2: unknown activation \"f\"");
  expect_error("8f(;)-3", 4, 0, "spec:1:4: a number, z or a function is missing before the end");
  expect_error("4-drop0.5(z*z)-3", 4, 3, "spec:1:");
  expect_error("8f(z*z)(z)-3", 4, 3, "spec:1:8: unexpected '('");
}

/* What a program sets, by calls; and specs that are filled by hand. */
static void formulas_by_calls(void **state) {
  (void)state;
  ebb_activation f, same;
  ebb_spec spec, parsed;
  char text[EBB_SPEC_TEXT], name[EBB_ACTIVATION_TEXT];
  assert_int_equal(ebb_spec_begin(&spec, 4), EBB_OK);
  assert_int_equal(ebb_spec_formula(&f, &spec, "soft", "z / (1 + fabs(z))", NULL), EBB_OK);
  assert_int_equal(ebb_spec_formula(&same, &spec, "soft", "z/(1+fabs(z))", NULL), EBB_OK);
  assert_int_equal(f, same);
  assert_int_equal(ebb_spec_add(&spec, 8, f), EBB_OK);
  assert_int_equal(ebb_spec_add_layernorm(&spec, 0, f), EBB_OK);
  assert_int_equal(ebb_spec_add(&spec, 3, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, "4-8soft(z/(1+fabs(z)))-layernormsoft-3");
  assert_int_equal(ebb_spec_parse(&parsed, text, 0, 0), EBB_OK);
  assert_memory_equal(&parsed, &spec, sizeof spec);
  assert_string_equal(ebb_spec_activation(name, &spec, 0), "soft");
  assert_string_equal(ebb_spec_activation(name, &spec, 2), "identity");
  assert_true(ebb_formula_value(ebb_spec_formula_of(&spec, f), 1) == 0.5);
  assert_null(ebb_spec_formula_of(&spec, EBB_ACT_RELU));
  assert_null(ebb_spec_formula_of(&spec, EBB_ACT_FORMULA_1));
  assert_int_equal(ebb_spec_formula(&f, &spec, "two words", "z", NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_formula(&f, &spec, "relu", "z", NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_spec_formula(&f, &spec, "g", "z * z", "z"), EBB_ERR_ARGUMENT);
  assert_string_equal(
      ebb_error_message(),
      "ebb_spec_formula: df of g, character 1: the derivative is wrong: at z = -8 it "
      "is -8, and that of the formula is -16; correct it, or leave it out to have it "
      "found");
  assert_int_equal(ebb_spec_add(&parsed, 8, EBB_ACT_FORMULA_1), EBB_ERR_ARGUMENT);
  spec.formulas[0].steps[2].operation = EBBI_STEP_COUNT; /* not as the text says */
  assert_int_equal(ebbi_spec_check(&spec, "here"), EBB_ERR_ARGUMENT);
  assert_string_equal(ebb_error_message(),
                      "here: formula 1 is not as ebb_spec_formula makes it; use that function");
  spec = parsed;
  spec.formulas[0].name[0] = '\0';
  assert_int_equal(ebbi_spec_check(&spec, "here"), EBB_ERR_ARGUMENT);
}

/* The formulas stay where a text leaves out the layers of the data. */
static void formulas_behind_embeddings(void **state) {
  (void)state;
  ebb_spec front, spec;
  char text[EBB_SPEC_TEXT];
  assert_int_equal(ebb_spec_parse(&front, "5-embed2x7x3-8f(z*z)-3", 0, 0), EBB_OK);
  assert_int_equal(ebb_spec_parse_like(&spec, "6g(tanh(z))", &front), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, "5-embed2x7x3-6g(tanh(z))-3");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_and_derivatives),     cmocka_unit_test(derivatives_are_slopes),
      cmocka_unit_test(faults_have_a_place),        cmocka_unit_test(right_derivatives_are_taken),
      cmocka_unit_test(long_texts_are_refused),     cmocka_unit_test(ranges_hold_what_floats_give),
      cmocka_unit_test(formulas_in_specs),          cmocka_unit_test(formulas_by_calls),
      cmocka_unit_test(formulas_behind_embeddings),
  };
  return cmocka_run_group_tests_name("formula", tests, NULL, NULL);
}
