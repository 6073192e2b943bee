/* L-BFGS without a history: equation (O18) of docs/backprop.md. Its search is in train/lbfgs.c. */
#include "check/update_check.h"

#include <float.h>
#include <math.h>

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  (void)moments;
  (void)count;
  *p -= rate * (g + o->weight_decay * *p);
}

static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  double p = fabs(run->found.parameters[i]);
  double gradient = fabs(run->gradient_values[i]) + run->optimizer.weight_decay * p;
  run->scale.parameters[i] = p + run->learning_rate * gradient;
}

static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  double p = fabs(run->found.parameters[i]);
  double gradient = fabs(run->gradient_values[i]) + run->optimizer.weight_decay * p;
  return gradient < EBBI_UPDATE_MOST ? 0 : NAN;
}

/* The decay is rounded to float32, 1; g + decay p 2, rate and difference 2. */
const ebbi_update_check ebbi_update_check_lbfgs = {
    .step = step, .magnitudes = magnitudes, .update = 6, .slack = slack};
