/* RAdam: equation (O5) of docs/backprop.md, as PyTorch's torch.optim.RAdam defines it. */
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* Settings are rounded to float32, one each; c = 1 - beta^step 8, so rate / c 13; m 8; sqrt(v) 12,
 * epsilon 1; the quotient 5, product and difference 3. rho 24 (falling 20, of which its argument
 * 3); rho - 4 five times that, since rho > 5, rho - 2 twice, rho once, the same of rho(oo) with 4
 * in place of 24, 10 operations: 240, with c2 8 halved by the root, 6: 130; the product 1. The
 * moments as in Adam. */
enum { UPDATE = 176, MOMENT = 12 };

static double all_squares(const ebb_optimizer *o) {
  return 2 / (1 - o->beta2) - 1;
}

static double squares_in(const ebb_optimizer *o, uint64_t step) {
  double power = pow(o->beta2, (double)step);
  return all_squares(o) - 2 * (double)step * power / (1 - power);
}

/* What divides m, and is divided by the root; 0 in the first steps. */
static double rectifier_of(const ebb_optimizer *o, uint64_t step) {
  double all = all_squares(o), rho = squares_in(o, step);
  if (rho <= 5) return 0;
  double rect = sqrt((rho - 4) * (rho - 2) * all / ((all - 4) * (all - 2) * rho));
  return rect * sqrt(1 - pow(o->beta2, (double)step));
}

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  if (o->decoupled_decay)
    *p *= 1 - rate * o->weight_decay;
  else
    g += o->weight_decay * *p;
  moments[0] = o->beta1 * moments[0] + (1 - o->beta1) * g;
  moments[1] = o->beta2 * moments[1] + (1 - o->beta2) * g * g;
  double first_unbiased = moments[0] / (1 - pow(o->beta1, (double)count));
  double rectifier = rectifier_of(o, count);
  if (rectifier > 0) first_unbiased *= rectifier / (sqrt(moments[1]) + o->epsilon);
  *p -= rate * first_unbiased;
}

static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  const ebb_optimizer *o = &run->optimizer;
  double p = fabs(run->found.parameters[i]), rectifier = rectifier_of(o, count);
  double gradient = fabs(run->gradient_values[i]) + (o->decoupled_decay ? 0 : o->weight_decay * p);
  double m = fabs(run->found.moments[0][i]) + (1 - o->beta1) * gradient;
  double root = sqrt(run->expected.moments[1][i]) + o->epsilon;
  double change = m / (1 - pow(o->beta1, (double)count)) * (rectifier > 0 ? rectifier / root : 1);
  run->scale.moments[0][i] = m;
  run->scale.moments[1][i] =
      o->beta2 * run->found.moments[1][i] + (1 - o->beta2) * gradient * gradient;
  run->scale.parameters[i] = p + run->learning_rate * (o->weight_decay * p + change);
}

/* 1 - beta^step and the rho of the reference are off by half an ulp of their terms. Near 5 the
 * device may be on the other side of the threshold. */
static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  const ebb_optimizer *o = &run->optimizer;
  const double most = EBBI_UPDATE_MOST;
  double c1 = 1 - pow(o->beta1, (double)count), c2 = 1 - pow(o->beta2, (double)count);
  double off = 4 * DBL_EPSILON * all_squares(o) / c2, m = run->scale.moments[0][i];
  double change = run->learning_rate / c1 * fmax(m, 1), rectifier = rectifier_of(o, count);
  bool clear = fabs(squares_in(o, count) - 5) > 1e-4 + off && off < 1;
  bool fits = clear && change < most && m < most && run->scale.moments[1][i] < most;
  double underflow = run->learning_rate / c1 * rectifier * 2 *
                     ebbi_update_underflow(m, run->expected.moments[1][i], 1, o->epsilon);
  double exact = run->scale.parameters[i] * (DBL_EPSILON / c1 + DBL_EPSILON / c2 + 8 * off);
  return fits ? exact + underflow : NAN;
}

const ebbi_update_check ebbi_update_check_radam = {
    .step = step, .magnitudes = magnitudes, .update = UPDATE, .moment = MOMENT, .slack = slack};
