/* The bounds. A comment beside each derives it.
 *
 * Derivations add the relative errors of all steps, leave out their products (of order u^2) and
 * round up. A bound twice too wide still finds every wrong formula, while a bound a tenth too
 * narrow makes a correct device look broken, so sharper bounds are not attempted.
 */
#include "check/bounds.h"

double ebbi_bound_sum(size_t count) {
  return ((double)count + 8) * EBBI_ROUNDOFF;
}

double ebbi_bound_product(ebb_precision precision, size_t count) {
  return (precision == EBB_PRECISION_FP32 ? 1 : 2) * ebbi_bound_sum(count);
}

double ebbi_bound_operand(ebb_precision precision) {
  static const double roundoffs[EBB_PRECISION_COUNT] = {0, 0x1p-11, 0x1p-8};
  return roundoffs[precision];
}
