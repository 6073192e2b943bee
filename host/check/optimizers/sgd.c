/* Gradient descent with momentum: equations (11) and (12) of docs/backprop.md, as PyTorch's
 * torch.optim.SGD defines them.
 */
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* A buffer that starts as zero makes the first step's buffer g, as PyTorch has it. */
static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  (void)count;
  double mu = o->momentum;
  g += o->weight_decay * *p;
  if (mu != 0) {
    moments[0] = mu * moments[0] + g;
    g = o->nesterov ? g + mu * moments[0] : moments[0];
  }
  *p -= rate * g;
}

static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  const ebb_optimizer *o = &run->optimizer;
  double p = fabs(run->found.parameters[i]), m = fabs(run->found.moments[0][i]);
  double gradient = fabs(run->gradient_values[i]) + o->weight_decay * p;
  double buffer = o->momentum * m + gradient;
  double direction = o->nesterov ? gradient + o->momentum * buffer : buffer;
  run->scale.moments[0][i] = buffer;
  run->scale.parameters[i] = p + run->learning_rate * direction;
}

static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  return run->scale.moments[0][i] < EBBI_UPDATE_MOST ? 0 : NAN;
}

/* Settings are rounded to float32, one each; g + decay p 3, the buffer 4, Nesterov's sum 7, rate
 * and difference 2. */
const ebbi_update_check ebbi_update_check_sgd = {
    .step = step, .magnitudes = magnitudes, .update = 12, .moment = 4, .slack = slack};
