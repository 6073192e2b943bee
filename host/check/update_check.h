/* What an optimizer is checked by: its reference and its bounds, a row each in check/optimizers/.
 */
#ifndef EBBI_UPDATE_CHECK_H
#define EBBI_UPDATE_CHECK_H

#include "check/update_run.h"

typedef struct ebbi_update_check {
  /* One parameter's update, as PyTorch's documentation has it. */
  void (*step)(double *p, double *first, double *second, double g, const ebb_optimizer *optimizer,
               double rate, uint64_t step);
  /* Fills run->scale of parameter i: the magnitudes that enter each value, before any cancel. */
  void (*magnitudes)(ebbi_update_run *run, size_t i, uint64_t step);
  double update, moment; /* bounds relative to these, in units of EBBI_ROUNDOFF */
  /* How far a parameter may be off beside that, from where the device's numbers underflow or the
   * reference rounds; NaN where something may overflow on its way. */
  double (*slack)(const ebbi_update_run *run, size_t i, uint64_t step);
} ebbi_update_check;

#define EBBI_UPDATE_CHECK(name, text, formula)                                                     \
  extern const ebbi_update_check ebbi_update_check_##text;
EBB_OPTIMIZER_LIST(EBBI_UPDATE_CHECK)
#undef EBBI_UPDATE_CHECK

const ebbi_update_check *ebbi_update_check_of(ebb_optimizer_kind kind);

/* The largest magnitude of what a live check compares: products of two halves must not overflow. */
#define EBBI_UPDATE_MOST ((double)FLT_MAX / 2)

#endif
