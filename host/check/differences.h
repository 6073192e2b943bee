/* The reference's gradients against central finite differences of its loss: the one check that
 * needs no formula of backpropagation at all.
 */
#ifndef EBBI_DIFFERENCES_H
#define EBBI_DIFFERENCES_H

#include "check/reference.h"

/* What a comparison of one layer's w or b found. */
typedef struct ebbi_difference {
  double error;   /* worst |g - difference| / (largest |g| + rounding noise / bound) */
  size_t worst;   /* index of that parameter within w [I, O] or b [O] */
  size_t checked; /* parameters compared */
  size_t kinks;   /* parameters left out, since a relu or leaky_relu turned within the step */
} ebbi_difference;

/* Errors must not exceed this: see differences.c. */
#define EBBI_DIFFERENCE_BOUND 1e-6

/* Compares layer `layer`'s gradients of w (bias false) or b (bias true): all of at most `limit`, or
 * `limit` chosen by Philox from `seed`. Needs run_forward and run_backward before, and leaves the
 * network as they left it.  Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_difference_check(ebbi_difference *out, ebbi_reference_network *network,
                                 size_t layer, bool bias, size_t limit, uint64_t seed);

#endif
