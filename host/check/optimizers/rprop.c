/* Rprop: equation (O7) of docs/backprop.md, as PyTorch's torch.optim.Rprop defines it,
 * except that signs are multiplied: a product of small gradients may underflow.
 */
#include "check/bounds.h"
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* The parameter's step: a setting and a product 2; p less that 1. The gradient is exact. */
enum { UPDATE = 3, MOMENT = 2 };

static double sign_of(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  (void)count;
  double turn = sign_of(g) * sign_of(moments[0]), size = moments[1] > 0 ? moments[1] : rate;
  size *= turn > 0 ? o->eta_plus : turn < 0 ? o->eta_minus : 1;
  bool begun = g != 0 || moments[1] != 0; /* before, the next step's is the rate just as well */
  moments[1] = begun ? fmin(fmax(size, o->step_min), o->step_max) : 0;
  moments[0] = turn < 0 ? 0 : g;
  *p -= sign_of(moments[0]) * moments[1];
}

static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  run->scale.moments[0][i] = fabs(run->gradient_values[i]);
  run->scale.moments[1][i] = run->expected.moments[1][i];
  run->scale.parameters[i] = fabs(run->found.parameters[i]) + run->expected.moments[1][i];
}

/* A device may take a gradient near FLT_MIN or below for 0. */
static bool is_tiny(double g) {
  return g != 0 && fabs(g) < 2 * (double)FLT_MIN;
}

static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  return is_tiny(run->gradient_values[i]) || is_tiny(run->found.moments[0][i]) ? NAN : 0;
}

const ebbi_update_check ebbi_update_check_rprop = {
    .step = step, .magnitudes = magnitudes, .update = UPDATE, .moment = MOMENT, .slack = slack};
