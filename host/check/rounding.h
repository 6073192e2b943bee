/* How far float32 rounding may carry a network's values from the reference's: a variance for each.
 */
#ifndef EBBI_ROUNDING_H
#define EBBI_ROUNDING_H

#include "check/reference.h"

/* Makes a twin of the reference whose z, a, dz, gradients and loss hold variances. Needs the
 * reference's run_forward and run_backward before. Free it as a reference.  Errors: EBB_ERR_MEMORY.
 */
ebb_status ebbi_rounding_create(ebbi_reference_network **out,
                                const ebbi_reference_network *reference);

/* Deviations that a device may be off, taken over a whole tensor: see rounding.c. */
#define EBBI_DEVIATIONS 4

#endif
