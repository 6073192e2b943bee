/* Formulas on a device: each operation within its range, in elementwise kernels; a training; what
 * is no number.
 */
#include "check/reference.h"
#include "ops/ops.h"
#include "test_support.h"

#include <ebb/ebb.h>
#include <math.h>
#include <string.h>

/* A piece for each operation, so that one program has them all. */
static const char every[] =
    "z<-7?exp(z):z<-6?expm1(z):z<-5?log(z*z):z<-4?log1p(z*z):z<-3?sqrt(z*z+1):z<-2?sin(3*z):z<-1?"
    "cos(3*z):z<0?atan(z):z<1?tanh(z):z<2?erf(z):z<3?fabs(z-2.5):z<4?fmin(z,3.5):z<=5?fmax(z,4.5):"
    "-pow(z-5,3)/(z+1)";

enum { POINTS = 4096, SPECIAL = 8 };

static void points(float z[POINTS]) {
  static const float special[SPECIAL] = {0, -0.0f, 1e-40f, -1e-30f, 1e30f, -3e38f, 88.8f, -100};
  for (int i = 0; i < POINTS; i++) z[i] = (float)i / (POINTS / 18) - 9;
  memcpy(z, special, sizeof special);
}

static bool within(ebbi_range range, float found) {
  if (isinf(range.low) || isinf(range.high)) return true;
  return (double)found >= range.low && (double)found <= range.high;
}

static void operations_are_within_their_ranges(void **state) {
  ebb_device *device = *state;
  ebb_spec spec;
  ebb_activation f;
  static float z_values[POINTS], ones[POINTS], value[POINTS], slope[POINTS];
  ebb_tensor *z, *a, *dz;
  points(z_values);
  for (int i = 0; i < POINTS; i++) ones[i] = 1;
  assert_int_equal(ebb_spec_begin(&spec, 1), EBB_OK);
  assert_int_equal(ebb_spec_formula(&f, &spec, "every", every, NULL), EBB_OK);
  ebbi_exec exec = *ebbi_device_exec(device);
  exec.formulas = spec.formulas;
  assert_int_equal(ebb_tensor_create(&z, device, EBB_F32, 1, POINTS), EBB_OK);
  assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, 1, POINTS), EBB_OK);
  assert_int_equal(ebb_tensor_create(&dz, device, EBB_F32, 1, POINTS), EBB_OK);
  assert_int_equal(ebb_tensor_upload(z, z_values), EBB_OK);
  assert_int_equal(ebb_tensor_upload(dz, ones), EBB_OK);
  assert_int_equal(ebbi_activation_forward(&exec, a, z, NULL, f), EBB_OK);
  assert_int_equal(ebbi_activation_backward(&exec, dz, z, a, f), EBB_OK);
  assert_int_equal(ebb_tensor_download(value, a), EBB_OK);
  assert_int_equal(ebb_tensor_download(slope, dz), EBB_OK);
  const ebb_formula *formula = ebb_spec_formula_of(&spec, f);
  for (int i = 0; i < POINTS; i++) {
    double at = (double)z_values[i];
    if (!within(ebbi_formula_range(formula, formula->value, at, at), value[i]) ||
        !within(ebbi_formula_range(formula, formula->slope, at, at), slope[i]))
      fail_msg("at %g: %g for %g, slope %g for %g", at, (double)value[i],
               ebb_formula_value(formula, at), (double)slope[i], ebb_formula_slope(formula, at));
  }
  /* A NaN stays one, where no comparison holds. */
  float nan[POINTS] = {NAN};
  assert_int_equal(ebb_tensor_upload(z, nan), EBB_OK);
  assert_int_equal(ebbi_activation_forward(&exec, a, z, NULL, f), EBB_OK);
  assert_int_equal(ebb_tensor_download(value, a), EBB_OK);
  assert_true(isnan(value[0]));
  ebb_tensor *all[] = {z, a, dz};
  for (int i = 0; i < 3; i++) ebb_tensor_free(all[i]);
}

/* Without the spec a number of a formula means nothing. */
static void public_operations_refuse_formulas(void **state) {
  ebb_tensor *a;
  assert_int_equal(ebb_tensor_create(&a, *state, EBB_F32, 2, 2), EBB_OK);
  assert_int_equal(ebb_activation_forward(a, a, NULL, EBB_ACT_FORMULA_0), EBB_ERR_ARGUMENT);
  assert_string_equal(ebb_error_message(), "ebb_activation_forward: there is no activation 28");
  assert_int_equal(ebb_activation_backward(a, a, a, EBB_ACT_FORMULA_3), EBB_ERR_ARGUMENT);
  ebb_tensor_free(a);
}

enum { ROWS = 48, INPUTS = 5 };

/* Trains from the same weights and predicts the training's rows. */
static void train(float out[ROWS * 2], ebb_device *device, const char *text) {
  float x[ROWS * INPUTS];
  int32_t labels[ROWS];
  for (int i = 0; i < ROWS * INPUTS; i++) x[i] = (float)((i * 37 + i / 7) % 19) / 9 - 1;
  for (int i = 0; i < ROWS; i++) labels[i] = x[i * INPUTS] * x[i * INPUTS + 1] > 0;
  ebb_dataset data = {.rows = ROWS, .inputs = INPUTS, .outputs = 2, .x = x, .labels = labels};
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_network *network;
  ebb_trainer *trainer;
  ebb_spec spec;
  options.epochs = 4;
  options.batch = 10;
  assert_int_equal(ebb_spec_parse(&spec, text, INPUTS, 2), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_OK);
  assert_int_equal(ebb_network_predict(network, out, x, ROWS), EBB_OK);
  ebb_trainer_free(trainer);
  ebb_network_free(network);
}

/* A formula of the list's learns what that does. verify has formulas in both forms of a step. */
static void formulas_learn_as_the_list_does(void **state) {
  static const char list[] = "17softsign-16softsign";
  static const char own[] = "17soft(z/(1+fabs(z)))-16soft";
  float expected[ROWS * 2], found[ROWS * 2];
  train(expected, *state, list);
  train(found, *state, own);
  for (int i = 0; i < ROWS * 2; i++)
    if (fabs((double)(found[i] - expected[i])) > 1e-5)
      fail_msg("%d: %g for %g", i, (double)found[i], (double)expected[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operations_are_within_their_ranges),
      cmocka_unit_test(public_operations_refuse_formulas),
      cmocka_unit_test(formulas_learn_as_the_list_does),
  };
  return cmocka_run_group_tests_name("formula_device", tests, open_test_device, close_test_device);
}
