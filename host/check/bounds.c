/* The bounds. A comment beside each derives it.
 *
 * Derivations add the relative errors of all steps, leave out their products (of order u^2) and
 * round up. A bound twice too wide still finds every wrong formula, while a bound a tenth too
 * narrow makes a correct device look broken, so sharper bounds are not attempted.
 */
#include "check/bounds.h"

#include "ops/update_groups.h"

double ebbi_bound_sum(size_t count) {
  return ((double)count + 8) * EBBI_ROUNDOFF;
}

double ebbi_bound_product(ebb_precision precision, size_t count) {
  return (precision == EBB_PRECISION_FP32 ? 1 : 2) * ebbi_bound_sum(count);
}

/* A lane adds its share of a group's squares, then lanes and items are added; the root halves the
 * error. */
double ebbi_bound_norm(const ebbi_exec *exec, size_t count) {
  size_t lanes = (size_t)EBBI_NORM_GROUPS * exec->params.width;
  return ebbi_bound_sum(count / lanes + 1 + exec->params.width + exec->params.reduce_group) / 2;
}

/* The sum of squares, halved by the root; the root 6, 1e-7 1, the quotient 5, two factors 2. */
double ebbi_bound_max_norm(size_t count) {
  return ebbi_bound_sum(count) / 2 + 14 * EBBI_ROUNDOFF;
}

double ebbi_bound_operand(ebb_precision precision) {
  static const double roundoffs[EBB_PRECISION_COUNT] = {0, 0x1p-11, 0x1p-8};
  return roundoffs[precision];
}
