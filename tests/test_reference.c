/* The double-precision reference: values computed by hand, each derivative against differences, and
 * whole networks' gradients against finite differences of their loss.
 *
 * What judges the kernels must itself be checked without this project's code: by pencil and paper,
 * and by the definition of the derivative.
 */
#include "base/rng.h"
#include "check/differences.h"
#include "check/reference.h"
#include "ops/ops.h"
#include <ebb/status.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEAR(value, expected, tolerance)                                                           \
  assert_true(fabs((double)(value) - (double)(expected)) <= (tolerance))

static double random_value(uint64_t seed, size_t index) {
  uint32_t block[4];
  ebbi_philox(block, seed, EBBI_RNG_TEST, 1, index);
  return (double)ebbi_normal(block[0]);
}

static void test_matmul_of_every_transposition(void **state) {
  (void)state;
  const double a[] = {1, 2, 3, 4, 5, 6}, a_transposed[] = {1, 4, 2, 5, 3, 6};
  const double b[] = {7, 8, 9, 10, 11, 12}, b_transposed[] = {7, 9, 11, 8, 10, 12};
  const double expected[] = {58, 64, 139, 154}; /* [2, 3] . [3, 2] */
  double c[4];
  for (int form = 0; form < 4; form++) {
    bool ta = form & 1, tb = form & 2;
    ebbi_reference_matmul(c, ta ? a_transposed : a, ta, tb ? b_transposed : b, tb, 2, 2, 3);
    assert_memory_equal(c, expected, sizeof c);
  }
}

/* f and f' at z = 1 and z = -1, to ten digits, from tables of exp, tanh and erf. */
static const struct activation_case {
  ebb_activation activation;
  double value[2], slope[2];
} activation_cases[] = {
    {EBB_ACT_IDENTITY, {1, -1}, {1, 1}},
    {EBB_ACT_RELU, {1, 0}, {1, 0}},
    {EBB_ACT_LEAKY_RELU, {1, -0.01}, {1, 0.01}},
    {EBB_ACT_SIGMOID, {0.7310585786, 0.2689414214}, {0.1966119332, 0.1966119332}},
    {EBB_ACT_TANH, {0.7615941560, -0.7615941560}, {0.4199743416, 0.4199743416}},
    {EBB_ACT_GELU, {0.8413447461, -0.1586552539}, {1.0833154706, -0.0833154706}},
    {EBB_ACT_GELU_TANH, {0.8411919906, -0.1588080094}, {1.0829640838, -0.0829640838}},
    {EBB_ACT_SILU, {0.7310585786, -0.2689414214}, {0.9276705118, 0.0723294882}},
    {EBB_ACT_SOFTPLUS, {1.3132616875, 0.3132616875}, {0.7310585786, 0.2689414214}},
    {EBB_ACT_ELU, {1, -0.6321205588}, {1, 0.3678794412}},
    {EBB_ACT_MISH, {0.8650983883, -0.3034014614}, {1.0490362201, 0.0592167559}},
    {EBB_ACT_RELU6, {1, 0}, {1, 0}},
    {EBB_ACT_SELU, {1.0507009874, -1.1113307378}, {1.0507009874, 0.6467686030}},
    {EBB_ACT_SOFTSIGN, {0.5, -0.5}, {0.25, 0.25}},
    {EBB_ACT_SQUARE, {1, 1}, {2, -2}},
    {EBB_ACT_HARD_SIGMOID, {0.6666666667, 0.3333333333}, {0.1666666667, 0.1666666667}},
    {EBB_ACT_EXP, {2.7182818285, 0.3678794412}, {2.7182818285, 0.3678794412}},
    {EBB_ACT_HARD_TANH, {1, -1}, {0, 0}},
    {EBB_ACT_HARD_SWISH, {0.6666666667, -0.3333333333}, {0.8333333333, 0.1666666667}},
    {EBB_ACT_CELU, {1, -0.6321205588}, {1, 0.3678794412}},
    {EBB_ACT_SIN, {0.8414709848, -0.8414709848}, {0.5403023059, 0.5403023059}},
};

static void test_activation_values(void **state) {
  (void)state;
  assert_int_equal(sizeof activation_cases / sizeof *activation_cases, EBB_ACT_COUNT);
  for (int i = 0; i < EBB_ACT_COUNT; i++) {
    struct activation_case c = activation_cases[i];
    for (int sign = 0; sign < 2; sign++) {
      double z = sign ? -1 : 1;
      NEAR(ebbi_reference_activation(c.activation, z), c.value[sign], 1e-10);
      NEAR(ebbi_reference_slope(c.activation, z), c.slope[sign], 1e-10);
    }
  }
}

/* Where the textbook forms overflow or cancel, the limits are known. */
static void test_activations_far_out(void **state) {
  (void)state;
  for (int i = 0; i < EBB_ACT_COUNT; i++)
    for (double z = -700; z <= 700; z += 1400) { /* exp(710) is infinite */
      assert_true(isfinite(ebbi_reference_activation((ebb_activation)i, z)));
      assert_true(isfinite(ebbi_reference_slope((ebb_activation)i, z)));
    }
  NEAR(ebbi_reference_activation(EBB_ACT_SOFTPLUS, 1000), 1000, 0);
  NEAR(ebbi_reference_activation(EBB_ACT_SOFTPLUS, -40) / exp(-40), 1, 1e-15);
  NEAR(ebbi_reference_activation(EBB_ACT_ELU, -1e-12) / -1e-12, 1, 1e-11);
  /* The normal distribution below -10 is 7.619853024160527e-24. */
  NEAR(ebbi_reference_activation(EBB_ACT_GELU, -10) / -7.619853024160527e-23, 1, 1e-13);
}

/* f' is the derivative of f: differences at 400 places, none of which is a kink. */
static void test_slopes_are_derivatives(void **state) {
  (void)state;
  const double h = 1e-5;
  for (int i = 0; i < 2 * EBB_ACT_COUNT; i++)
    for (double z = -8 + 0.02; z < 8; z += 0.04) {
      ebb_activation f = (ebb_activation)(i % EBB_ACT_COUNT);
      if (i >= EBB_ACT_COUNT) f = ebbi_activation_varied(f);
      double rise = ebbi_reference_activation(f, z + h) - ebbi_reference_activation(f, z - h);
      /* Truncation h^2 f''' / 6 with f''' <= 16, exp's f; rounding 8 ulp of f / 2h. */
      double scale = fmax(1, fabs(ebbi_reference_activation(f, z)));
      NEAR(ebbi_reference_slope(f, z), rise / (2 * h), scale * (16e-10 / 6 + 1e-9));
    }
}

static void test_order_is_a_permutation(void **state) {
  (void)state;
  const size_t counts[] = {1, 2, 3, 31, 32, 33, 1000};
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
    uint32_t order[1000], again[1000];
    bool seen[1000] = {false};
    ebbi_reference_order(order, counts[c], true, 7, 3);
    for (size_t i = 0; i < counts[c]; i++) {
      assert_true(order[i] < counts[c]);
      assert_false(seen[order[i]]);
      seen[order[i]] = true;
    }
    ebbi_reference_order(again, counts[c], true, 7, 4);
    if (counts[c] == 1000) assert_memory_not_equal(order, again, sizeof order);
    ebbi_reference_order(order, counts[c], false, 7, 3);
    for (size_t i = 0; i < counts[c]; i++) assert_int_equal(order[i], i);
  }
}

/* Mean 0 and the variance that the rule defines; uniform weights stay within their limit. */
static void test_initial_weights_have_their_variance(void **state) {
  (void)state;
  enum { I = 50, O = 150, N = I * O };
  const double variance[] = {2.0 / I, 2.0 / I, 2.0 / (I + O), 2.0 / (I + O), 1.0 / I, 1.0 / I};
  static float w[N];
  for (int rule = EBB_INIT_AUTO + 1; rule < EBB_INIT_COUNT; rule++) {
    double expected = variance[rule - 1], sum = 0, squares = 0;
    double limit = rule % 2 == 0 ? sqrt(3 * expected) * (1 + FLT_EPSILON) : 6 * sqrt(expected);
    ebbi_reference_init(w, I, O, (ebb_init)rule, 11, 2);
    for (int e = 0; e < N; e++) {
      assert_true(fabs((double)w[e]) <= limit);
      sum += (double)w[e];
      squares += (double)w[e] * (double)w[e];
    }
    /* Four standard deviations of the estimates. */
    NEAR(sum / N / sqrt(expected), 0, 4 / sqrt(N));
    NEAR(squares / N / expected, 1, 4 * sqrt(2.0 / N));
  }
}

static void fill_random(ebbi_reference_network *network, uint64_t seed) {
  size_t inputs = network->batch * network->spec.inputs;
  for (size_t i = 0; i < network->count; i++) network->parameters[i] = 0.5 * random_value(seed, i);
  for (size_t i = 0; i < inputs; i++) network->y[0][i] = random_value(seed + 1, i);
}

static ebbi_reference_network *make_network(ebb_activation activation, ebb_loss loss) {
  static const int32_t labels[] = {0, 2, 1, 2, 1, 0, 2};
  static const double any[] = {1, 0, -1, 2, 3, 1, 0, 0, 1, -2, 1, 0, 0, 1, 2, 3, 1, 1, 0, 1, 4};
  static double values[sizeof any / sizeof *any];
  ebbi_reference_network *network = NULL;
  ebb_spec spec = {5, 3,
                   .nodes = {{.inputs = {0}, .units = 7, .activation = activation},
                             {.inputs = {1}, .units = 4, .activation = activation},
                             {.inputs = {2}, .units = 3 * ebb_loss_outputs(loss)}}};
  assert_int_equal(ebbi_reference_create(&network, &spec, 7), EBB_OK);
  memcpy(values, any, sizeof any);
  ebbi_reference_values(values, sizeof any / sizeof *any, loss.kind);
  network->target = (ebbi_reference_target){loss, labels, values, NULL, 0};
  network->live = 6;
  fill_random(network, 100 + (uint64_t)activation);
  ebbi_reference_limit_outputs(network, 8);
  ebbi_reference_run_forward(network, 0);
  ebbi_reference_run_backward(network);
  return network;
}

static void check_network_gradients(ebb_activation activation, ebb_loss loss) {
  ebbi_reference_network *network = make_network(activation, loss);
  for (size_t l = 0; l < network->spec.count; l++)
    for (int bias = 0; bias < 2; bias++) {
      ebbi_difference found;
      assert_int_equal(ebbi_difference_check(&found, network, l, bias, 500, 1), EBB_OK);
      if (!(found.error <= EBBI_DIFFERENCE_BOUND))
        fail_msg("%s, %s: layer %zu: error %g", ebb_activation_name(activation),
                 ebb_loss_name(loss.kind), l, found.error);
      assert_true(found.kinks <= 2);
      size_t outputs = network->spec.nodes[l].units, inputs = ebb_spec_cols(&network->spec, l);
      assert_int_equal(found.checked + found.kinks, bias ? outputs : outputs * inputs);
    }
  ebbi_reference_free(network);
}

static void test_network_gradients_are_derivatives(void **state) {
  (void)state;
  for (int f = 0; f < EBB_ACT_COUNT; f++)
    for (int kind = 0; kind < EBB_LOSS_COUNT; kind++) {
      ebb_loss loss = ebb_loss_default((ebb_loss_kind)kind), listed = ebbi_reference_listed(loss);
      check_network_gradients((ebb_activation)f, loss);
      if (!ebb_loss_equal(loss, listed)) check_network_gradients((ebb_activation)f, listed);
    }
}

static void test_differences_find_a_wrong_gradient(void **state) {
  (void)state;
  for (size_t l = 0; l < 3; l++)
    for (int bias = 0; bias < 2; bias++) {
      ebbi_reference_network *network = make_network(EBB_ACT_TANH, ebb_loss_default(EBB_LOSS_MSE));
      size_t at = ebbi_reference_offset(&network->spec, l), best;
      if (bias) at += ebb_spec_cols(&network->spec, l) * network->spec.nodes[l].units;
      best = at; /* the larger of two, so that rounding cannot hide the fault */
      if (fabs(network->gradients[at + 1]) > fabs(network->gradients[at])) best = at + 1;
      network->gradients[best] *= 1.001;
      ebbi_difference found;
      assert_int_equal(ebbi_difference_check(&found, network, l, bias, 500, 1), EBB_OK);
      assert_true(found.error > EBBI_DIFFERENCE_BOUND);
      assert_int_equal(found.worst, best - at);
      network->gradients[best] = NAN;
      assert_int_equal(ebbi_difference_check(&found, network, l, bias, 500, 1), EBB_OK);
      assert_false(found.error <= EBBI_DIFFERENCE_BOUND);
      ebbi_reference_free(network);
    }
}

/* A unit exactly at the kink has no derivative: the check must leave it out instead of failing. */
static void test_differences_skip_kinks(void **state) {
  (void)state;
  ebb_spec spec = {
      1, 2, .nodes = {{.units = 1, .activation = EBB_ACT_RELU}, {.inputs = {1}, .units = 1}}};
  const double y[] = {1};
  ebbi_reference_network *network = NULL;
  ebbi_difference found;
  assert_int_equal(ebbi_reference_create(&network, &spec, 1), EBB_OK);
  network->target = (ebbi_reference_target){ebb_loss_default(EBB_LOSS_MSE), NULL, y, NULL, 0};
  network->y[0][0] = network->parameters[2] = 1; /* z = 0 . 1 + 0, and 1 above it */
  ebbi_reference_run_forward(network, 0);
  ebbi_reference_run_backward(network);
  assert_int_equal(ebbi_difference_check(&found, network, 0, false, 500, 1), EBB_OK);
  assert_int_equal(found.kinks, 1);
  assert_int_equal(found.checked, 0);
  NEAR(network->parameters[0], 0, 0);
  ebbi_reference_free(network);
}

/* Inputs far from 1 must not raise a false alarm, since unscaled data are common. */
static void test_differences_of_large_inputs(void **state) {
  (void)state;
  ebbi_reference_network *network =
      make_network(EBB_ACT_SIGMOID, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY));
  for (size_t i = 0; i < 35; i++) network->y[0][i] *= 1000;
  for (size_t i = 0; i < 35; i++) network->parameters[i] /= 1000;
  ebbi_reference_run_forward(network, 0);
  ebbi_reference_run_backward(network);
  ebbi_difference found;
  assert_int_equal(ebbi_difference_check(&found, network, 0, false, 20, 1), EBB_OK);
  assert_int_equal(found.checked, 20);
  assert_true(found.error <= EBBI_DIFFERENCE_BOUND);
  ebbi_reference_free(network);
}

static void test_network_descends(void **state) {
  (void)state;
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++) {
    ebbi_reference_network *network =
        make_network(EBB_ACT_TANH, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY));
    ebb_optimizer optimizer = ebb_optimizer_default((ebb_optimizer_kind)kind);
    double before = network->loss, rate = ebb_optimizer_learning_rate(optimizer.kind);
    for (int step = 0; step < 50; step++) {
      ebbi_reference_run_update(network, &optimizer, rate);
      ebbi_reference_run_forward(network, 0);
      ebbi_reference_run_backward(network);
    }
    assert_int_equal(network->step, 50);
    assert_true(network->loss < before);
    ebbi_reference_free(network);
  }
}

static void test_impossible_networks_are_refused(void **state) {
  (void)state;
  ebbi_reference_network *network = NULL;
  ebb_spec none = {0}, spec = {EBB_MAX_UNITS, 1, .nodes = {{.units = EBB_MAX_UNITS}}};
  assert_int_equal(ebbi_reference_create(&network, &none, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebbi_reference_create(&network, &spec, 0), EBB_ERR_ARGUMENT);
  assert_int_equal(ebbi_reference_create(&network, &spec, SIZE_MAX / 4), EBB_ERR_MEMORY);
  assert_null(network);
  ebbi_reference_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_matmul_of_every_transposition),
      cmocka_unit_test(test_activation_values),
      cmocka_unit_test(test_activations_far_out),
      cmocka_unit_test(test_slopes_are_derivatives),
      cmocka_unit_test(test_order_is_a_permutation),
      cmocka_unit_test(test_initial_weights_have_their_variance),
      cmocka_unit_test(test_network_gradients_are_derivatives),
      cmocka_unit_test(test_differences_find_a_wrong_gradient),
      cmocka_unit_test(test_differences_skip_kinks),
      cmocka_unit_test(test_differences_of_large_inputs),
      cmocka_unit_test(test_network_descends),
      cmocka_unit_test(test_impossible_networks_are_refused),
  };
  return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
