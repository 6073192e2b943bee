/* Adadelta: equation (O2) of docs/backprop.md, as PyTorch's torch.optim.Adadelta defines it; alpha
 * is its rho.
 */
#include "check/bounds.h"
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* Settings are rounded to float32, one each. g + decay p 3, which moves d directly and through
 * sqrt(v): 6; v beside that 5, epsilon and the sum 2, halved, sqrt 6; the same of u, which is
 * exact, 7; the quotient 5, the product 1: d 29. Rate, product and difference 3. The moments: d
 * squared 59, the average 4 more. */
enum { UPDATE = 32, MOMENT = 64 };

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  (void)count;
  double rho = o->alpha;
  g += o->weight_decay * *p;
  moments[0] = rho * moments[0] + (1 - rho) * g * g;
  double delta = sqrt(moments[1] + o->epsilon) / sqrt(moments[0] + o->epsilon) * g;
  moments[1] = rho * moments[1] + (1 - rho) * delta * delta;
  *p -= rate * delta;
}

/* The most that d can be where v, u or g is near FLT_MIN or below: a device may take it for 0, or
 * round it to one of the few numbers that there are. */
static double most_of(const ebb_optimizer *o, double gradient, double v, double u) {
  const double off = 2 * (double)FLT_MIN;
  return (gradient + off) * sqrt((u + off + o->epsilon) / (fmax(v - off, 0) + o->epsilon));
}

/* v as expected after the step divides: its own error is relative to itself. */
static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  const ebb_optimizer *o = &run->optimizer;
  double p = fabs(run->found.parameters[i]), v = run->expected.moments[0][i];
  double u = run->found.moments[1][i], rest = 1 - o->alpha;
  double gradient = fabs(run->gradient_values[i]) + o->weight_decay * p;
  double delta = gradient * sqrt((u + o->epsilon) / (v + o->epsilon));
  delta += (most_of(o, gradient, v, u) - delta) / (UPDATE * EBBI_ROUNDOFF);
  run->scale.moments[0][i] = o->alpha * run->found.moments[0][i] + rest * gradient * gradient;
  run->scale.moments[1][i] = o->alpha * u + rest * delta * delta;
  run->scale.parameters[i] = p + run->learning_rate * delta;
}

static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  bool fits =
      run->scale.moments[0][i] < EBBI_UPDATE_MOST && run->scale.moments[1][i] < EBBI_UPDATE_MOST;
  return fits ? 0 : NAN;
}

const ebbi_update_check ebbi_update_check_adadelta = {
    .step = step, .magnitudes = magnitudes, .update = UPDATE, .moment = MOMENT, .slack = slack};
