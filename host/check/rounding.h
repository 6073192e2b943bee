/* How far float32 rounding may carry a network's values from the reference's: a variance for each
 * value.
 */
#ifndef EBBI_ROUNDING_H
#define EBBI_ROUNDING_H

#include "check/fixture.h"

/* Makes a twin of the reference, run by layers in this precision, whose values, gradients and loss
 * hold variances. Needs the reference's run_forward and run_backward before. Free it like a
 * reference. Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_rounding_create(ebbi_reference_network **out,
                                const ebbi_reference_network *reference, ebb_precision precision);

/* Tallies a tensor of `count` values as a whole: its error and bound, both relative to its norm. */
void ebbi_rounding_tally(ebbi_tally *tally, const double *found, const double *expected,
                         const double *variances, size_t count);

/* How many deviations a whole tensor may be off: see rounding.c. */
#define EBBI_DEVIATIONS 4

#endif
