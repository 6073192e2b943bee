/* Updates the whole parameter slab in one launch, which also closes the step.
 *
 * An item takes ELEMENT_VECTORS vectors of update.h. The slab's length is a multiple of WIDTH; the
 * padding between rows stays zero, since its gradients and moments are zero.
 */
#include "common.h"
#include "state.h"
#include "update.h"

/* (11) to (14). The gradients are rows [slices, stride vectors], which are added first. */
__kernel GROUP(ELEMENT_GROUP, 1)
void update(__global float *restrict parameters, __global float *restrict first,
            __global float *restrict second, __global float *restrict third,
            __global const float *restrict gradients, __global step_state *restrict state,
            __global const float *restrict partials, int groups, int slices, int stride,
            int vectors, float8 constants GROUPS_PARAMETERS) {
  const moment_slabs moments = {first, second, third};
  const int start = get_global_id(0) * ELEMENT_VECTORS, end = min(start + ELEMENT_VECTORS, vectors);
  update_vectors(parameters, moments, gradients, state, slices, stride, start, end, 1,
                 constants GROUPS_ARGUMENTS);
  if (get_global_id(0) == 0) close_step(state, partials, groups);
}

/* Closes a step without an update: the end of an evaluation's batch. */
__kernel GROUP(1, 1)
void metrics_add(__global step_state *restrict state, __global const float *restrict partials,
                 int groups) {
  close_step(state, partials, groups);
}
