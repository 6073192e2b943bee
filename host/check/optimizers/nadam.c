/* NAdam: equation (O4) of docs/backprop.md, as PyTorch's torch.optim.NAdam defines it. */
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* Settings and logarithms are rounded to float32, one each, and the step. The sum of log_halves: a
 * power of r k times 7, its neighbours 21, weighed by 2^-k / k against at least half of the first
 * term: 45; step log beta1 3 and the sum 1, so 1 - P 46 + 6; mu: beta1 = exp(log) 6 and as much as
 * |log beta1|, at most 88, the factor 6; the rates 6: 158. g 3; m 8; the sum of both 2; sqrt(v) 12,
 * the product with 1 / sqrt(c) 16 more, epsilon 1; the quotient 5 and difference 2. The moments: 1
 * - beta2 = expm1(log) 7, g + decay p 3, squared 7, the average 4 more. */
enum { UPDATE = 208, MOMENT = 18 };

static double momentum_of(const ebb_optimizer *o, double step) {
  return o->beta1 * (1 - 0.5 * pow(0.96, step * o->momentum_decay));
}

/* The product of the momenta. It is soon too small to change 1 - P, or else from some step on they
 * are beta1 to the last bit. */
static double product_of(const ebb_optimizer *o, uint64_t steps) {
  double product = 1;
  uint64_t s = 1;
  for (; s <= steps && product > 1e-18 && momentum_of(o, (double)s) < o->beta1; s++)
    product *= momentum_of(o, (double)s);
  return s <= steps ? product * pow(o->beta1, (double)(steps - s + 1)) : product;
}

static double root_of(const ebb_optimizer *o, double v, uint64_t count) {
  return sqrt(v / (1 - pow(o->beta2, (double)count))) + o->epsilon;
}

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  double mu = momentum_of(o, (double)count), mu_next = momentum_of(o, (double)count + 1);
  double product = product_of(o, count);
  if (o->decoupled_decay)
    *p *= 1 - rate * o->weight_decay;
  else
    g += o->weight_decay * *p;
  moments[0] = o->beta1 * moments[0] + (1 - o->beta1) * g;
  moments[1] = o->beta2 * moments[1] + (1 - o->beta2) * g * g;
  double root = root_of(o, moments[1], count);
  *p -= rate * (1 - mu) / (1 - product) * g / root;
  *p -= rate * mu_next / (1 - product * mu_next) * moments[0] / root;
}

/* The factors of g and of m in a step. */
static void factors_of(double *of_g, double *of_m, const ebb_optimizer *o, uint64_t count) {
  double mu_next = momentum_of(o, (double)count + 1), product = product_of(o, count);
  *of_g = (1 - momentum_of(o, (double)count)) / (1 - product);
  *of_m = mu_next / (1 - product * mu_next);
}

/* The numerator's terms as one first moment, so that what Adam allows for underflow holds. */
static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  const ebb_optimizer *o = &run->optimizer;
  double of_g, of_m, p = fabs(run->found.parameters[i]);
  double gradient = fabs(run->gradient_values[i]) + (o->decoupled_decay ? 0 : o->weight_decay * p);
  double m = fabs(run->found.moments[0][i]) + (1 - o->beta1) * gradient;
  factors_of(&of_g, &of_m, o, count);
  double change = (of_g * gradient + of_m * m) / root_of(o, run->expected.moments[1][i], count);
  run->scale.moments[0][i] = m;
  run->scale.moments[1][i] =
      o->beta2 * run->found.moments[1][i] + (1 - o->beta2) * gradient * gradient;
  run->scale.parameters[i] = p + run->learning_rate * (o->weight_decay * p + change);
}

/* 1 - beta^step and 1 - P, as the reference forms them, are off by half an ulp of 1, P by one of
 * itself for each factor, of which it is soon too small to count. */
static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  const ebb_optimizer *o = &run->optimizer;
  const double most = EBBI_UPDATE_MOST, c2 = 1 - pow(o->beta2, (double)count);
  double of_g, of_m, p = fabs(run->found.parameters[i]), scale = run->scale.parameters[i];
  double gradient = fabs(run->gradient_values[i]) + (o->decoupled_decay ? 0 : o->weight_decay * p);
  factors_of(&of_g, &of_m, o, count);
  double rest = 1 - product_of(o, count), m = run->scale.moments[0][i];
  double sum = of_g * gradient + of_m * m, change = run->learning_rate * fmax(sum, 1);
  bool fits = change < most && run->scale.moments[1][i] < most && rest > 0;
  double underflow = ebbi_update_underflow(sum, run->expected.moments[1][i], c2, o->epsilon);
  double exact = scale * (DBL_EPSILON / c2 + 4096 * DBL_EPSILON / rest);
  return fits ? exact + run->learning_rate * (1 + of_g + of_m) * underflow : NAN;
}

const ebbi_update_check ebbi_update_check_nadam = {
    .step = step, .magnitudes = magnitudes, .update = UPDATE, .moment = MOMENT, .slack = slack};
