/* Adamax: equation (O3) of docs/backprop.md, as PyTorch's torch.optim.Adamax defines it. */
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* Settings are rounded to float32, one each; c = 1 - beta1^step 8, so rate / c 13; m 8; u: beta2 u
 * 2, |g + decay p| + epsilon 5; the quotient 5; product and difference 2. m: g + decay p 3, the
 * average 5 more. */
enum { UPDATE = 36, MOMENT = 8 };

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  g += o->weight_decay * *p;
  moments[0] = o->beta1 * moments[0] + (1 - o->beta1) * g;
  double u = fmax(o->beta2 * moments[1], fabs(g) + o->epsilon);
  bool begun = g != 0 || moments[1] != 0; /* before, u is not kept: the next is the same by 0 */
  moments[1] = begun ? u : 0;
  *p -= rate / (1 - pow(o->beta1, (double)count)) * moments[0] / u;
}

/* Where g and decay p nearly cancel, u is small beside its terms, which moves m / u. */
static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  const ebb_optimizer *o = &run->optimizer;
  double p = fabs(run->found.parameters[i]), u = fmax(run->expected.moments[1][i], o->epsilon);
  double gradient = fabs(run->gradient_values[i]) + o->weight_decay * p;
  double m = fabs(run->found.moments[0][i]) + (1 - o->beta1) * gradient;
  double u_terms = fmax(o->beta2 * run->found.moments[1][i], gradient + o->epsilon);
  double quotient = m / u + fabs(run->expected.moments[0][i]) / u * (u_terms / u - 1);
  run->scale.moments[0][i] = m;
  run->scale.moments[1][i] = u_terms;
  run->scale.parameters[i] = p + run->learning_rate / (1 - pow(o->beta1, (double)count)) * quotient;
}

/* 1 - beta1^step, as the reference forms it, is off by half an ulp of 1; m and u may be off by what
 * underflows. */
static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  const double off = 2 * (double)FLT_MIN, most = EBBI_UPDATE_MOST;
  double c = 1 - pow(run->optimizer.beta1, (double)count),
         u = fmax(run->expected.moments[1][i], run->optimizer.epsilon);
  double m = run->scale.moments[0][i], rate = run->learning_rate / c;
  bool fits =
      m < most && run->scale.moments[1][i] < most && rate * fmax(m, 1) < most && u > 2 * off;
  double underflow = rate * (off / (u - off) + m * off / (u * (u - off)));
  return fits ? run->scale.parameters[i] * (DBL_EPSILON / c) + 2 * underflow : NAN;
}

const ebbi_update_check ebbi_update_check_adamax = {
    .step = step, .magnitudes = magnitudes, .update = UPDATE, .moment = MOMENT, .slack = slack};
