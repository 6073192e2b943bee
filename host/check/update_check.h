/* How an optimizer is checked: its reference and its bounds, one row an optimizer in
 * check/optimizers/.
 */
#ifndef EBBI_UPDATE_CHECK_H
#define EBBI_UPDATE_CHECK_H

#include "check/update_run.h"

typedef struct ebbi_update_check {
  /* One parameter's update, as in PyTorch's documentation. */
  void (*step)(double *p, double moments[EBB_OPTIMIZER_MOMENTS], double g,
               const ebb_optimizer *optimizer, double rate, uint64_t step);
  /* Fills run->scale of parameter i: the magnitudes of each value's terms, before any cancel. */
  void (*magnitudes)(ebbi_update_run *run, size_t i, uint64_t step);
  double update, moment; /* relative to these, in units of EBBI_ROUNDOFF */
  /* An additional error of a parameter, where the device's numbers underflow or the reference
   * rounds; NaN where an intermediate result may overflow. */
  double (*slack)(const ebbi_update_run *run, size_t i, uint64_t step);
} ebbi_update_check;

#define EBBI_UPDATE_CHECK(name, text, formula)                                                     \
  extern const ebbi_update_check ebbi_update_check_##text;
EBB_OPTIMIZER_LIST(EBBI_UPDATE_CHECK)
#undef EBBI_UPDATE_CHECK

const ebbi_update_check *ebbi_update_check_of(ebb_optimizer_kind kind);

/* The largest magnitude that a live check compares, with room before float32 overflows. */
#define EBBI_UPDATE_MOST ((double)FLT_MAX / 2)

/* How far off a device's terms / (sqrt(v / c) + epsilon) may be where v or the terms are near
 * FLT_MIN or below: it may take them for 0, or round them to one of the few numbers that there are.
 */
double ebbi_update_underflow(double terms, double v, double c, double epsilon);

#endif
