/* RMSprop: equation (17) of docs/backprop.md, as PyTorch's torch.optim.RMSprop defines it.
 */
#include "check/bounds.h"
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* Settings are rounded to float32, one each. g + decay p 3, which moves the quotient directly and
 * through sqrt(v), twice where they nearly cancel: 12; sqrt(v): of v beside that 6, halved, sqrt 6,
 * epsilon and the sum 2; the quotient 5; the buffer 3; rate and difference 3. v: squared 7, the
 * average 5 more, less than the buffer's. */
enum { UPDATE = 40, MOMENT = 36 };

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  (void)count;
  g += o->weight_decay * *p;
  moments[0] = o->alpha * moments[0] + (1 - o->alpha) * g * g;
  double quotient = g / (sqrt(moments[0]) + o->epsilon);
  if (o->momentum > 0) {
    moments[1] = o->momentum * moments[1] + quotient;
    *p -= rate * moments[1];
  } else {
    *p -= rate * quotient;
  }
}

/* v as expected after the step divides: its own error is relative to itself. The underflow is no
 * magnitude; it is added as what the smaller of both bounds makes it of. Where the device takes v
 * for 0, its quotient is that much larger, and is rounded, too. */
static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  const ebb_optimizer *o = &run->optimizer;
  double p = fabs(run->found.parameters[i]), v = run->expected.moments[0][i];
  double gradient = fabs(run->gradient_values[i]) + o->weight_decay * p;
  double underflow =
      (1 + UPDATE * EBBI_ROUNDOFF) * ebbi_update_underflow(gradient, v, 1, o->epsilon);
  double quotient = gradient / (sqrt(v) + o->epsilon) + underflow / (MOMENT * EBBI_ROUNDOFF);
  double buffer = o->momentum * fabs(run->found.moments[1][i]) + quotient;
  run->scale.moments[0][i] =
      o->alpha * run->found.moments[0][i] + (1 - o->alpha) * gradient * gradient;
  run->scale.moments[1][i] = buffer;
  run->scale.parameters[i] = p + run->learning_rate * buffer;
}

static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  bool fits =
      run->scale.moments[0][i] < EBBI_UPDATE_MOST && run->scale.moments[1][i] < EBBI_UPDATE_MOST;
  return fits ? 0 : NAN;
}

const ebbi_update_check ebbi_update_check_rmsprop = {
    .step = step, .magnitudes = magnitudes, .update = UPDATE, .moment = MOMENT, .slack = slack};
