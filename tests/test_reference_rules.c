/* The double-precision reference's losses and updates, against values computed by hand. */
#include "check/reference.h"
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

static void test_cross_entropy_by_hand(void **state) {
  (void)state;
  /* softmax(0, log 3) = (1/4, 3/4); the third row does not count. */
  const double z[] = {0, log(3), 0, log(3), 5, 5};
  const int32_t labels[] = {1, 0, 1};
  const ebbi_reference_target target = {ebb_loss_default(EBB_LOSS_CROSS_ENTROPY), labels, NULL,
                                        NULL, 0};
  const double expected[] = {0.125, -0.125, -0.375, 0.375, 0, 0};
  double dz[6];
  double loss = ebbi_reference_loss(dz, z, &target, 3, 2, 2);
  NEAR(loss, (log(4) - log(3) + log(4)) / 2, 1e-15);
  for (int i = 0; i < 6; i++) NEAR(dz[i], expected[i], 1e-15);
  assert_true(ebbi_reference_correct(z, &target, 2, 2) == 1);
  NEAR(ebbi_reference_loss(NULL, z, &target, 3, 2, 2), loss, 0);
}

static void test_cross_entropy_of_large_logits(void **state) {
  (void)state;
  const double z[] = {1000, 900, -1000}; /* exp would overflow */
  const int32_t labels[] = {0};
  const ebbi_reference_target target = {ebb_loss_default(EBB_LOSS_CROSS_ENTROPY), labels, NULL,
                                        NULL, 0};
  double dz[3];
  NEAR(ebbi_reference_loss(dz, z, &target, 1, 1, 3) / exp(-100), 1, 1e-15);
  NEAR(dz[0] / -exp(-100), 1, 1e-15);
  NEAR(dz[1] / exp(-100), 1, 1e-15);
  const int32_t wrong[] = {2};
  const ebbi_reference_target other = {ebb_loss_default(EBB_LOSS_CROSS_ENTROPY), wrong, NULL, NULL,
                                       0};
  NEAR(ebbi_reference_loss(dz, z, &other, 1, 1, 3), 2000, 0);
  NEAR(dz[2], -1, 0);
}

static void test_mse_by_hand(void **state) {
  (void)state;
  const double z[] = {1, 2, 3, 4, 9, 9}, y[] = {0, 4, 3, 1, 0, 0};
  const ebbi_reference_target target = {ebb_loss_default(EBB_LOSS_MSE), NULL, y, NULL, 0};
  const double expected[] = {0.5, -1, 0, 1.5, 0, 0}; /* 2 (z - y) / (2 rows . 2 columns) */
  double dz[6];
  NEAR(ebbi_reference_loss(dz, z, &target, 3, 2, 2), (1 + 4 + 0 + 9) / 4.0, 0);
  for (int i = 0; i < 6; i++) NEAR(dz[i], expected[i], 0);
}

/* d = 1, -2, 0.5, -0.25 against delta 1/2 (of which 0.5 is not beyond it), and against delta 1. */
static void test_huber_by_hand(void **state) {
  (void)state;
  const double z[] = {1, 2, 3.5, 0.75, 9, 9}, y[] = {0, 4, 3, 1, 0, 0};
  const struct {
    double delta, losses, dz[6];
  } cases[] = {{0.5, 0.375 + 0.875 + 0.125 + 0.03125, {0.5, -0.5, 0.5, -0.25, 0, 0}},
               {1, 0.5 + 1.5 + 0.125 + 0.03125, {1, -1, 0.5, -0.25, 0, 0}}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    ebbi_reference_target target = {ebb_loss_default(EBB_LOSS_HUBER), NULL, y, NULL, 0};
    target.loss.parameters[0] = cases[c].delta;
    double dz[6];
    NEAR(ebbi_reference_loss(dz, z, &target, 3, 2, 2), cases[c].losses / 4, 0);
    for (int i = 0; i < 6; i++) NEAR(dz[i], cases[c].dz[i] / 4, 0);
  }
}

static ebb_loss loss_of(const char *text) {
  ebb_loss loss;
  assert_int_equal(ebb_loss_parse(&loss, text), EBB_OK);
  return loss;
}

/* One output against one target. The exponentials are of logarithms, so that they are round. */
static void test_losses_of_values_by_hand(void **state) {
  (void)state;
  const double log2 = log(2);
  const struct {
    const char *loss;
    double z, y, value, dz;
  } cases[] = {
      {"mae", 3, 1, 2, 1},
      {"mae", 1, 3, 2, -1},
      {"mae", 3, 3, 0, 0},
      {"poisson", log2, 3, 2 - 3 * log2, -1},
      {"poisson", 0, 0, 1, 1},
      {"gamma", log2, 3, 1.5 + log2, -0.5},
      {"tweedie", 2 * log2, 3, 2 / 0.5 + 3 * 0.5 / 0.5, 0.5}, /* m = 4: sqrt(4) - 3 / sqrt(4) */
      {"tweedie(1.5)", -2000, 0, 0, 0},
      {"tweedie(1.75)", 4 * log2, 4, 2 / 0.25 + 4 * 0.125 / 0.75, 1.5},
      {"quantile", 3, 1, 1, 0.5},
      {"bce", 0, 1, log2, -0.5},
      {"bce", -log(3), 0.25, 2 * log2 - 0.75 * log(3), 0}, /* p = y = 1/4: the entropy */
      {"bce", 1e4, 0, 1e4, 1},
      {"bce", 1e4, 1, 0, 0},
      {"bce", -1e4, 1, 1e4, -1},
      {"quantile(0.75)", 1, 3, 1.5, -0.75},
      {"quantile(0.75)", 3, 1, 0.5, 0.25},
      {"quantile(0.75)", 3, 3, 0, 0},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    ebbi_reference_target target = {loss_of(cases[c].loss), NULL, &cases[c].y, NULL, 0};
    double dz;
    NEAR(ebbi_reference_loss(&dz, &cases[c].z, &target, 1, 1, 1), cases[c].value, 1e-14);
    NEAR(dz, cases[c].dz, 1e-14);
  }
}

/* Two outputs against one target. */
static void test_losses_of_several_outputs_by_hand(void **state) {
  (void)state;
  const double log2 = log(2), least = (double)(float)log(1e-6);
  const struct {
    const char *loss;
    double z[2], y, value, dz[2];
  } cases[] = {
      {"quantile(0.25,0.75)", {1, 4}, 3, (0.5 + 0.25) / 2, {-0.125, 0.125}},
      {"quantile(0.25,0.75)", {3, 1}, 3, 0.75, {0, -0.375}},
      {"gaussian", {3, 0}, 1, 2, {2, -1.5}},
      {"gaussian", {3, 2 * log2}, 1, log2 + 0.5, {0.5, 0}},
      {"gaussian", {1, -2 * log2}, 1, -log2, {0, 0.5}},
      {"gaussian(0.25)", {2, -4 * log2}, 1, 2 - log2, {4, -0.375}},
      {"gaussian", {1, -2000}, 1, least / 2, {0, 0}},
      {"gaussian", {1, 2000}, 3, 1000, {0, 0.5}},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    ebbi_reference_target target = {loss_of(cases[c].loss), NULL, &cases[c].y, NULL, 0};
    double dz[2];
    NEAR(ebbi_reference_loss(dz, cases[c].z, &target, 1, 1, 2), cases[c].value, 1e-6);
    for (int k = 0; k < 2; k++) NEAR(dz[k], cases[c].dz[k], 1e-6);
  }
}

/* Losses of a row as a whole: two outputs against two values. */
static void test_losses_of_rows_by_hand(void **state) {
  (void)state;
  const double root = sqrt(2), log4 = log(4), log3 = log(3);
  const struct {
    const char *loss;
    double z[2], y[2], value, dz[2];
  } cases[] = {
      {"cosine", {3, 4}, {0, 2}, 0.2, {0.8 * 0.6 / 5, (0.8 * 0.8 - 1) / 5}},
      {"cosine", {1, 1}, {-3, 0}, 1 + 1 / root, {0.5 / root, -0.5 / root}},
      {"cosine", {1, 1}, {0, 0}, 1, {0, 0}},
      {"cosine", {0, 0}, {5, 0}, 1, {-1e6, 0}},
      {"soft_cross_entropy", {0, log3}, {0.5, 0.5}, log4 - log3 / 2, {-0.25, 0.25}},
      {"soft_cross_entropy", {0, log3}, {0.25, 0.75}, log4 - 0.75 * log3, {0, 0}},
      {"soft_cross_entropy(0.5)", {0, log3}, {0, 1}, log4 - 0.75 * log3, {0, 0}},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    ebbi_reference_target target = {loss_of(cases[c].loss), NULL, cases[c].y, NULL, 0};
    double dz[2];
    NEAR(ebbi_reference_loss(dz, cases[c].z, &target, 1, 1, 2), cases[c].value, 1e-12);
    for (int k = 0; k < 2; k++) NEAR(dz[k], cases[c].dz[k], 1e-8);
  }
}

/* z = (0, log 3) and label 0, so p = 1/4. */
static void test_losses_of_labels_by_hand(void **state) {
  (void)state;
  const double z[] = {0, log(3)}, log4 = log(4);
  const int32_t label = 0;
  const struct {
    const char *loss;
    double value, dz;
  } cases[] = {{"cross_entropy(0.5)", 0.75 * log4 + 0.25 * log(4 / 3.0), 0.25 - 0.75},
               {"focal", 9 / 16.0 * log4, -0.75 * (9 / 16.0 + 2 * 0.25 * log4 * 0.75)},
               {"focal(1)", 0.75 * log4, -0.75 * (0.75 + 0.25 * log4)},
               {"focal(0)", log4, -0.75},
               {"focal(0.5)", sqrt(0.75) * log4, -sqrt(0.75) * (0.75 + 0.125 * log4)},
               {"hinge", (1 + log(3)) / 2, -0.5},
               {"hinge(2)", (2 + log(3)) / 2, -0.5},
               {"squared_hinge", (1 + log(3)) * (1 + log(3)) / 2, -(1 + log(3))}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    ebbi_reference_target target = {loss_of(cases[c].loss), &label, NULL, NULL, 0};
    double dz[2];
    NEAR(ebbi_reference_loss(dz, z, &target, 1, 1, 2), cases[c].value, 1e-15);
    NEAR(dz[0], cases[c].dz, 1e-15);
    NEAR(dz[1], -cases[c].dz, 1e-15);
  }
}

static void test_sgd_by_hand(void **state) {
  (void)state;
  /* Constant gradient 1 and rate 1/4: all numbers are exact in binary. */
  const struct {
    float momentum;
    bool nesterov;
    float decay;
    double after[3];
  } cases[] = {
      {0, false, 0, {0.75, 0.5, 0.25}},
      {0.5f, false, 0, {0.75, 0.375, -0.0625}}, /* buffers 1, 1.5, 1.75 */
      {0.5f, true, 0, {0.625, 0.1875, -0.28125}},
      {0, false, 0.5f, {0.625, 0.296875, 0.009765625}}, /* g = 1 + p/2 */
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    ebb_optimizer sgd = {.kind = EBB_OPT_SGD,
                         .momentum = cases[c].momentum,
                         .nesterov = cases[c].nesterov,
                         .weight_decay = cases[c].decay};
    double p = 1, buffer = 0, g = 1;
    for (uint32_t step = 1; step <= 3; step++) {
      ebbi_reference_update(&p, (double *[]){&buffer}, &g, 1, &sgd, 0.25, step);
      NEAR(p, cases[c].after[step - 1], 0);
    }
  }
}

static void test_adam_by_hand(void **state) {
  (void)state;
  ebb_optimizer adam = {
      .kind = EBB_OPT_ADAM, .beta1 = 0.5f, .beta2 = 0.75f, .epsilon = 0.5f, .weight_decay = 0.5f};
  double p = 2, first = 0, second = 0, g = 1;
  /* g + p/2 = 2: both corrected moments are 2 and 4, so the step is 1/4 . 2 / (2 + 1/2). */
  ebbi_reference_update(&p, (double *[]){&first, &second}, &g, 1, &adam, 0.25, 1);
  NEAR(p, 1.8, 1e-15);
  NEAR(first, 1, 0);
  NEAR(second, 1, 0);
  /* Decoupled: p loses 1/4 . 1/2 of itself and the gradient stays 1: 1.75 - 1/4 . 1 / (1 + 1/2). */
  adam.kind = EBB_OPT_ADAMW;
  p = 2, first = second = 0;
  ebbi_reference_update(&p, (double *[]){&first, &second}, &g, 1, &adam, 0.25, 1);
  NEAR(p, 1.75 - 0.25 / 1.5, 1e-15);
  /* Second step, gradient 3: m = 0.5/2 + 3/2 = 1.75 / (1 - 1/4); v = (0.25)(3/4) + 9/4 over
   * 1 - 9/16. */
  double before = p;
  g = 3;
  ebbi_reference_update(&p, (double *[]){&first, &second}, &g, 1, &adam, 0.25, 2);
  double expected = before * 0.875 - 0.25 * (1.75 / 0.75) / (sqrt(2.4375 / 0.4375) + 0.5);
  NEAR(p, expected, 1e-15);
}

/* From v = 1 by g + p/2 = 2: v = 3/4 + 4/4. */
static void test_rmsprop_by_hand(void **state) {
  (void)state;
  for (int moves = 0; moves < 2; moves++) {
    ebb_optimizer rmsprop = {.kind = EBB_OPT_RMSPROP,
                             .alpha = 0.75,
                             .epsilon = 0.5,
                             .weight_decay = 0.5,
                             .momentum = moves ? 0.5 : 0};
    double p = 2, v = 1, buffer = 4, g = 1;
    ebbi_reference_update(&p, (double *[]){&v, &buffer}, &g, 1, &rmsprop, 0.25, 7);
    double quotient = 2 / (sqrt(1.75) + 0.5), change = moves ? 2 + quotient : quotient;
    NEAR(v, 1.75, 0);
    NEAR(buffer, moves ? change : 4, 1e-15);
    NEAR(p, 2 - change / 4, 1e-15);
  }
}

/* Beside Adam's v = 1 and 1/4 an average of 16 was the largest: the root is 4, corrected by 3/4. */
static void test_amsgrad_by_hand(void **state) {
  (void)state;
  const ebb_optimizer adam = {
      .kind = EBB_OPT_ADAM, .beta1 = 0.5, .beta2 = 0.5, .epsilon = 0.5, .amsgrad = true};
  double p = 2, m = 1, v = 1, most = 16, g = 1;
  ebbi_reference_update(&p, (double *[]){&m, &v, &most}, &g, 1, &adam, 0.25, 2);
  NEAR(most, 16, 0);
  NEAR(p, 2 - 0.25 * (1 / 0.75) / (sqrt(16 / 0.75) + 0.5), 1e-15);
  g = 8, most = 2;
  ebbi_reference_update(&p, (double *[]){&m, &v, &most}, &g, 1, &adam, 0.25, 3);
  NEAR(most, 32.5, 0);
}

/* From v = 12 by g + p/2 = 2 in the third step: the rate is 1/4 over 1 + 2/2. */
static void test_adagrad_by_hand(void **state) {
  (void)state;
  const ebb_optimizer adagrad = {
      .kind = EBB_OPT_ADAGRAD, .lr_decay = 0.5, .epsilon = 0.5, .weight_decay = 0.5};
  double p = 2, v = 12, g = 1;
  ebbi_reference_update(&p, (double *[]){&v}, &g, 1, &adagrad, 0.25, 3);
  NEAR(v, 16, 0);
  NEAR(p, 2 - 0.125 * 2 / 4.5, 1e-15);
}

/* v = 3/2 + 4/2, u = 2 before: d = 2 sqrt(4) / sqrt(11/2). */
static void test_adadelta_by_hand(void **state) {
  (void)state;
  const ebb_optimizer adadelta = {
      .kind = EBB_OPT_ADADELTA, .alpha = 0.5, .epsilon = 2, .weight_decay = 0.5};
  double p = 2, v = 3, u = 2, g = 1;
  ebbi_reference_update(&p, (double *[]){&v, &u}, &g, 1, &adadelta, 0.25, 7);
  NEAR(v, 3.5, 0);
  NEAR(u, 1 + 16 / 5.5 / 2, 1e-15);
  NEAR(p, 2 - 0.25 * 4 / sqrt(5.5), 1e-15);
}

/* u is the larger of 4/2 and 1 + 1/2, then of 1/4 and 1 + 1/2. */
static void test_adamax_by_hand(void **state) {
  (void)state;
  const ebb_optimizer adamax = {.kind = EBB_OPT_ADAMAX, .beta1 = 0.5, .beta2 = 0.5, .epsilon = 0.5};
  double p = 2, m = 3, u = 4, g = 1;
  ebbi_reference_update(&p, (double *[]){&m, &u}, &g, 1, &adamax, 0.75, 2);
  NEAR(u, 2, 0);
  NEAR(p, 2 - 1 * 2 / 2.0, 1e-15);
  u = 0.5;
  ebbi_reference_update(&p, (double *[]){&m, &u}, &g, 1, &adamax, 0.75, 2);
  NEAR(u, 1.5, 0);
}

/* Without momentum decay every momentum is 1/4, so that P is 1/16 and then 1/64. */
static void test_nadam_by_hand(void **state) {
  (void)state;
  const ebb_optimizer nadam = {
      .kind = EBB_OPT_NADAM, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.5, .decoupled_decay = true};
  double p = 2, m = 3, v = 0, g = 1;
  ebbi_reference_update(&p, (double *[]){&m, &v}, &g, 1, &nadam, 0.25, 2);
  double root = sqrt(0.25 / 0.4375) + 0.5;
  NEAR(p, 2 - 0.25 * (0.75 / (15 / 16.0) + 0.25 * 2 / (63 / 64.0)) / root, 1e-15);
}

/* beta2 1/2 has 3 squares in all, so that no step divides; 0.9 has 19, of which 5.4 in step 6. */
static void test_radam_by_hand(void **state) {
  (void)state;
  ebb_optimizer radam = {.kind = EBB_OPT_RADAM, .beta1 = 0.5, .beta2 = 0.5, .epsilon = 0.5};
  double p = 2, m = 1, v = 1, g = 1;
  ebbi_reference_update(&p, (double *[]){&m, &v}, &g, 1, &radam, 0.25, 9);
  NEAR(p, 2 - 0.25 * 1 / (1 - 1 / 512.0), 1e-15);
  radam.beta2 = 0.9;
  for (uint64_t step = 5; step <= 6; step++) {
    p = 2, m = 1, v = 1;
    ebbi_reference_update(&p, (double *[]){&m, &v}, &g, 1, &radam, 0.25, step);
    double power = pow(0.9, (double)step), rho = 19 - 2 * (double)step * power / (1 - power);
    double rect = sqrt((rho - 4) * (rho - 2) * 19 / (15 * 17 * rho));
    double divided = step == 5 ? 1 : rect * sqrt(1 - power) / 1.5;
    assert_true((rho > 5) == (step > 5));
    NEAR(p, 2 - 0.25 * divided / (1 - ldexp(1, -(int)step)), 1e-14);
  }
}

/* The sign is that of 3/4 - 1/2, m falls below 0; p loses 1/8 of itself first. */
static void test_lion_by_hand(void **state) {
  (void)state;
  const ebb_optimizer lion = {
      .kind = EBB_OPT_LION, .beta1 = 0.75, .beta2 = 0.5, .weight_decay = 0.5};
  double p = 2, m = 1, g = -2;
  ebbi_reference_update(&p, (double *[]){&m}, &g, 1, &lion, 0.25, 7);
  NEAR(p, 1.75 - 0.25, 0);
  NEAR(m, -0.5, 0);
}

/* The first step is the rate; it grows by the same sign up to the limit, shrinks by a turn, in
 * which nothing moves, and stays where the gradient before counts as 0. */
static void test_rprop_by_hand(void **state) {
  (void)state;
  const ebb_optimizer rprop = {
      .kind = EBB_OPT_RPROP, .eta_minus = 0.5, .eta_plus = 2, .step_min = 0.125, .step_max = 0.75};
  const double gradients[] = {1e-200, 1e-200, 3, -1, -1, 1, -1, 1};
  const double sizes[] = {0.25, 0.5, 0.75, 0.375, 0.375, 0.1875, 0.1875, 0.125};
  const double after[] = {1.75, 1.25, 0.5, 0.5, 0.875, 0.875, 1.0625, 1.0625};
  double p = 2, before = 0, size = 0;
  for (uint64_t i = 0; i < 8; i++) {
    ebbi_reference_update(&p, (double *[]){&before, &size}, &gradients[i], 1, &rprop, 0.25, i + 1);
    NEAR(size, sizes[i], 0);
    NEAR(p, after[i], 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cross_entropy_by_hand),
      cmocka_unit_test(test_cross_entropy_of_large_logits),
      cmocka_unit_test(test_mse_by_hand),
      cmocka_unit_test(test_huber_by_hand),
      cmocka_unit_test(test_losses_of_values_by_hand),
      cmocka_unit_test(test_losses_of_labels_by_hand),
      cmocka_unit_test(test_losses_of_several_outputs_by_hand),
      cmocka_unit_test(test_losses_of_rows_by_hand),
      cmocka_unit_test(test_sgd_by_hand),
      cmocka_unit_test(test_adam_by_hand),
      cmocka_unit_test(test_rmsprop_by_hand),
      cmocka_unit_test(test_amsgrad_by_hand),
      cmocka_unit_test(test_adagrad_by_hand),
      cmocka_unit_test(test_adadelta_by_hand),
      cmocka_unit_test(test_adamax_by_hand),
      cmocka_unit_test(test_nadam_by_hand),
      cmocka_unit_test(test_radam_by_hand),
      cmocka_unit_test(test_lion_by_hand),
      cmocka_unit_test(test_rprop_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
