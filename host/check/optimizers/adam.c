/* Adam: equation (13) of docs/backprop.md, as PyTorch's torch.optim.Adam defines it.
 *
 * Nothing is rewritten for speed or fewer roundings: the lines are those of PyTorch's
 * documentation, so that a reader can lay the two side by side.
 */
#include "adam.h"

#include <float.h>
#include <math.h>

void ebbi_check_adam_step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                          uint64_t step) {
  double beta1 = o->beta1, beta2 = o->beta2;
  moments[0] = beta1 * moments[0] + (1 - beta1) * g;
  moments[1] = beta2 * moments[1] + (1 - beta2) * g * g;
  double first_unbiased = moments[0] / (1 - pow(beta1, (double)step));
  double second_unbiased = moments[1] / (1 - pow(beta2, (double)step));
  if (o->amsgrad) {
    moments[2] = fmax(moments[2], moments[1]);
    second_unbiased = moments[2] / (1 - pow(beta2, (double)step));
  }
  *p -= rate * first_unbiased / (sqrt(second_unbiased) + o->epsilon);
}

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  ebbi_check_adam_step(p, moments, g + o->weight_decay * *p, o, rate, count);
}

/* The squares that divide: AMSGrad's are the largest so far. */
static double v_of(const ebbi_update_run *run, size_t i) {
  return run->expected.moments[run->optimizer.amsgrad ? 2 : 1][i];
}

/* The second moment as expected after the step divides: its own error is relative to itself. */
void ebbi_check_adam_magnitudes(ebbi_update_run *run, size_t i, uint64_t step, double decay) {
  const ebb_optimizer *o = &run->optimizer;
  double p = fabs(run->found.parameters[i]), m = fabs(run->found.moments[0][i]);
  double gradient = fabs(run->gradient_values[i]) + decay * p;
  double first = m + (1 - o->beta1) * gradient;
  double root = sqrt(v_of(run, i) / (1 - pow(o->beta2, (double)step))) + o->epsilon;
  run->scale.moments[0][i] = first;
  run->scale.moments[1][i] =
      o->beta2 * run->found.moments[1][i] + (1 - o->beta2) * gradient * gradient;
  run->scale.moments[2][i] = fmax(run->found.moments[2][i], run->scale.moments[1][i]);
  run->scale.parameters[i] =
      p +
      run->learning_rate * (o->weight_decay * p + first / (1 - pow(o->beta1, (double)step)) / root);
}

static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  ebbi_check_adam_magnitudes(run, i, count, run->optimizer.weight_decay);
}

/* 1 - beta^step, as the reference forms it, is off by half an ulp of 1. */
double ebbi_check_adam_slack(const ebbi_update_run *run, size_t i, uint64_t step) {
  const ebb_optimizer *o = &run->optimizer;
  const double most = EBBI_UPDATE_MOST, scale = run->scale.parameters[i];
  double c1 = 1 - pow(o->beta1, (double)step), c2 = 1 - pow(o->beta2, (double)step);
  double change = run->learning_rate / c1 * fmax(run->scale.moments[0][i], 1);
  bool fits = change < most && run->scale.moments[0][i] < most && run->scale.moments[1][i] < most;
  double update = EBBI_CHECK_ADAM_UPDATE * 0x1p-24;
  double underflow = run->learning_rate / c1 * (1 + update) *
                     ebbi_update_underflow(run->scale.moments[0][i], v_of(run, i), c2, o->epsilon);
  return fits ? scale * (DBL_EPSILON / c1 + DBL_EPSILON / c2) + underflow : NAN;
}

const ebbi_update_check ebbi_update_check_adam = {.step = step,
                                                  .magnitudes = magnitudes,
                                                  .update = EBBI_CHECK_ADAM_UPDATE,
                                                  .moment = EBBI_CHECK_ADAM_MOMENT,
                                                  .slack = ebbi_check_adam_slack};
