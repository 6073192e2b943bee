/* Compares the reference's gradients with central finite differences of its loss: the one check
 * that needs no backpropagation formula.
 */
#ifndef EBBI_DIFFERENCES_H
#define EBBI_DIFFERENCES_H

#include "check/reference.h"

/* The result for one parameter of a node, such as w or b. */
typedef struct ebbi_difference {
  double error;   /* worst |g - difference| / (largest |g| + rounding noise / bound) */
  size_t worst;   /* index of the worst number within the parameter */
  size_t checked; /* numbers compared */
  size_t kinks;   /* numbers left out because a relu or leaky_relu changed sign within the step */
} ebbi_difference;

/* The largest error allowed: see differences.c. */
#define EBBI_DIFFERENCE_BOUND 1e-6

/* Compares the gradients of one parameter of a node (0: its first): at most `limit` numbers, all or
 * chosen by Philox from `seed`. Needs run_forward and run_backward before, and leaves the network
 * unchanged. Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_difference_check(ebbi_difference *out, ebbi_reference_network *network, size_t node,
                                 size_t parameter, size_t limit, uint64_t seed);

#endif
