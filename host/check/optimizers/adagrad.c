/* Adagrad: equation (O1) of docs/backprop.md, as PyTorch's torch.optim.Adagrad defines it. */
#include "check/bounds.h"
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* Settings are rounded to float32, one each. g + decay p 3, which moves the quotient directly and
 * through sqrt(v): 6; sqrt(v): of v beside that 2, halved, sqrt 6, epsilon and the sum 2; the
 * quotient 5; rate / (1 + (step - 1) lr_decay): step 1, lr_decay, product and sums 4, the quotient
 * 5; product and difference 2. v: squared 7, the sum 1. */
enum { UPDATE = 32, MOMENT = 8 };

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  g += o->weight_decay * *p;
  moments[0] += g * g;
  double decayed = rate / (1 + (double)(count - 1) * o->lr_decay);
  *p -= decayed * g / (sqrt(moments[0]) + o->epsilon);
}

/* v as expected after the step divides: its own error is relative to itself. */
static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  const ebb_optimizer *o = &run->optimizer;
  double p = fabs(run->found.parameters[i]), v = run->expected.moments[0][i];
  double gradient = fabs(run->gradient_values[i]) + o->weight_decay * p;
  double rate = run->learning_rate / (1 + (double)(count - 1) * o->lr_decay);
  double rounded = 1 + UPDATE * EBBI_ROUNDOFF; /* of a quotient by a v that underflows */
  double underflow =
      rounded * ebbi_update_underflow(gradient, v, 1, o->epsilon) / (UPDATE * EBBI_ROUNDOFF);
  run->scale.moments[0][i] = run->found.moments[0][i] + gradient * gradient;
  run->scale.parameters[i] = p + rate * (gradient / (sqrt(v) + o->epsilon) + underflow);
}

static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  return run->scale.moments[0][i] < EBBI_UPDATE_MOST ? 0 : NAN;
}

const ebbi_update_check ebbi_update_check_adagrad = {
    .step = step, .magnitudes = magnitudes, .update = UPDATE, .moment = MOMENT, .slack = slack};
