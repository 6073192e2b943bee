/* The formulas of ebb/ops.h again, in double precision, for checking sampled elements.
 *
 * `ebb verify` judges every kernel on every shape; this check covers the arrays that are timed.
 * Slopes are central differences, so each activation is written only once. An activation
 * without a formula here is not measured.
 */
#include "element.h"

#include <math.h>

/* X(NAME, f(z) with the parameter p). */
#define FORMULAS(X)                                                                                \
  X(IDENTITY, z)                                                                                   \
  X(RELU, z > 0 ? z : 0)                                                                           \
  X(LEAKY_RELU, z > 0 ? z : p * z)                                                                 \
  X(SIGMOID, 1 / (1 + exp(-z)))                                                                    \
  X(TANH, tanh(z))                                                                                 \
  X(GELU, erfc(-z / sqrt(2)) / 2 * z)                                                              \
  X(GELU_TANH, z / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (z + 0.044715 * z * z * z))))                \
  X(SILU, z / (1 + exp(-z)))                                                                       \
  X(SOFTPLUS, log1p(exp(z)))                                                                       \
  X(ELU, z > 0 ? z : p * expm1(z))                                                                 \
  X(MISH, tanh(log1p(exp(z))) * z)                                                                 \
  X(RELU6, fmin(fmax(z, 0), 6))                                                                    \
  X(SELU, 1.0507009873554805 * (z > 0 ? z : 1.6732632423543773 * expm1(z)))                        \
  X(SOFTSIGN, z / (1 + fabs(z)))                                                                   \
  X(SQUARE, pow(z, 2))                                                                             \
  X(HARD_SIGMOID, fmin(fmax(z + 3, 0), 6) / 6)                                                     \
  X(EXP, exp(z))                                                                                   \
  X(HARD_TANH, fmin(fmax(z, -1), 1))                                                               \
  X(HARD_SWISH, fmin(fmax(z + 3, 0), 6) / 6 * z)                                                   \
  X(CELU, z > 0 ? z : p * expm1(z / p))                                                            \
  X(SIN, sin((p * z)))

#define FUNCTION(name, formula)                                                                    \
  static double value_of_##name(double z, double p) {                                              \
    (void)p;                                                                                       \
    return formula;                                                                                \
  }
FORMULAS(FUNCTION)

static double (*const formulas[EBB_ACT_COUNT])(double z, double p) = {
#define ROW(name, formula) [EBB_ACT_##name] = value_of_##name,
    FORMULAS(ROW)};

bool element_knows(ebb_activation activation) {
  return formulas[EBB_ACTIVATION_ROW(activation)];
}

double element_activation(ebb_activation activation, double z) {
  return formulas[EBB_ACTIVATION_ROW(activation)](z, ebb_activation_parameter(activation));
}

/* The difference's error is h^2 / 6 times the third derivative. */
bool element_slope(double *slope, ebb_activation activation, double z) {
  double h = 1e-5, f = element_activation(activation, z);
  double right = (element_activation(activation, z + h) - f) / h;
  double left = (f - element_activation(activation, z - h)) / h;
  *slope = (left + right) / 2;
  return fabs(right - left) <= 1e-4 * (1 + fabs(*slope));
}

static double sgd(const ebb_optimizer *o, double *first, double gradient) {
  *first = o->momentum * *first + gradient;
  return o->nesterov ? gradient + o->momentum * *first : *first;
}

/* Adam's direction at step 1. */
static double adam(const ebb_optimizer *o, double *first, double *second, double gradient) {
  *first = o->beta1 * *first + (1 - o->beta1) * gradient;
  *second = o->beta2 * *second + (1 - o->beta2) * gradient * gradient;
  return *first / (1 - o->beta1) / (sqrt(*second / (1 - o->beta2)) + o->epsilon);
}

double element_update(const element *e, double *first, double *second, double parameter,
                      double gradient) {
  const ebb_optimizer *o = &e->optimizer;
  double decay = o->weight_decay * parameter, rate = (double)e->learning_rate;
  if (o->kind != EBB_OPT_ADAMW) gradient += decay;
  double direction =
      o->kind == EBB_OPT_SGD ? sgd(o, first, gradient) : adam(o, first, second, gradient);
  return parameter - rate * (direction + (o->kind == EBB_OPT_ADAMW ? decay : 0));
}
