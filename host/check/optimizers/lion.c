/* Lion: equation (O6) of docs/backprop.md, as Chen et al., Symbolic Discovery of Optimization
 * Algorithms, 2023, define it.
 */
#include "check/bounds.h"
#include "check/update_check.h"

#include <float.h>
#include <math.h>

/* Settings are rounded to float32, one each: rate decay 2, the difference 1, the product 1; the
 * step 1, the difference 1. The average of which the sign is taken, and m: two settings, two
 * products, a sum. */
enum { UPDATE = 6, MOMENT = 4, AVERAGE = 4 };

static double average_of(double beta, double m, double g) {
  return beta * m + (1 - beta) * g;
}

static void step(double *p, double *moments, double g, const ebb_optimizer *o, double rate,
                 uint64_t count) {
  (void)count;
  double average = average_of(o->beta1, moments[0], g);
  *p *= 1 - rate * o->weight_decay;
  *p -= rate * (average > 0 ? 1 : average < 0 ? -1 : 0);
  moments[0] = average_of(o->beta2, moments[0], g);
}

/* An average within its rounding of 0 may have either sign on the device. */
static void magnitudes(ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  const ebb_optimizer *o = &run->optimizer;
  double p = fabs(run->found.parameters[i]), m = run->found.moments[0][i];
  double g = run->gradient_values[i], terms = average_of(o->beta1, fabs(m), fabs(g));
  bool unsure = terms > 0 && fabs(average_of(o->beta1, m, g)) <=
                                 AVERAGE * EBBI_ROUNDOFF * terms + 2 * (double)FLT_MIN;
  double step = run->learning_rate * (1 + (unsure ? 2 / (UPDATE * EBBI_ROUNDOFF) : 0));
  run->scale.moments[0][i] = average_of(o->beta2, fabs(m), fabs(g));
  run->scale.parameters[i] = p + run->learning_rate * o->weight_decay * p + step;
}

static double slack(const ebbi_update_run *run, size_t i, uint64_t count) {
  (void)count;
  return run->scale.moments[0][i] < EBBI_UPDATE_MOST ? 0 : NAN;
}

const ebbi_update_check ebbi_update_check_lion = {
    .step = step, .magnitudes = magnitudes, .update = UPDATE, .moment = MOMENT, .slack = slack};
