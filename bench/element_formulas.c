/* The formulas of ebb/ops.h again, in double precision, for checking sampled elements.
 *
 * `ebb verify` judges every kernel on every shape; this check covers the arrays that are timed.
 * Slopes are central differences, so each activation is written only once.
 */
#include "element.h"

#include <math.h>

double element_activation(ebb_activation activation, double z) {
  switch (activation) {
  case EBB_ACT_RELU:
    return z > 0 ? z : 0;
  case EBB_ACT_LEAKY_RELU:
    return z > 0 ? z : 0.01 * z;
  case EBB_ACT_SIGMOID:
    return 1 / (1 + exp(-z));
  case EBB_ACT_TANH:
    return tanh(z);
  case EBB_ACT_GELU:
    return z * erfc(-z / sqrt(2)) / 2;
  case EBB_ACT_GELU_TANH:
    return z / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (z + 0.044715 * z * z * z)));
  case EBB_ACT_SILU:
    return z / (1 + exp(-z));
  case EBB_ACT_SOFTPLUS:
    return log1p(exp(z));
  case EBB_ACT_ELU:
    return z > 0 ? z : expm1(z);
  case EBB_ACT_MISH:
    return z * tanh(log1p(exp(z)));
  case EBB_ACT_RELU6:
    return fmin(fmax(z, 0), 6);
  case EBB_ACT_SELU:
    return 1.0507009873554805 * (z > 0 ? z : 1.6732632423543773 * expm1(z));
  case EBB_ACT_SOFTSIGN:
    return z / (1 + fabs(z));
  case EBB_ACT_SQUARE:
    return z * z;
  case EBB_ACT_HARD_SIGMOID:
    return fmin(fmax(z + 3, 0), 6) / 6;
  case EBB_ACT_EXP:
    return exp(z);
  case EBB_ACT_HARD_TANH:
    return fmin(fmax(z, -1), 1);
  case EBB_ACT_HARD_SWISH:
    return z * fmin(fmax(z + 3, 0), 6) / 6;
  default:
    return z;
  }
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
