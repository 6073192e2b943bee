/* The bounds, each derived in the comment that stands with it.
 *
 * Derivations add the relative errors of all steps and leave out their products (of order u^2),
 * then round up. A bound that is too wide by two still finds every wrong formula; one that is
 * too narrow by a tenth makes a correct device look broken. Hence no attempt at sharpness.
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
