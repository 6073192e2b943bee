/* Averaged weights: (G6), (G7) of docs/backprop.md, after an update or at an epoch's end. A frozen
 * step has changed no weight and enters no average.
 */
#include "common.h"
#include "state.h"

/* average += part (parameters - average); in a training's first step, average = parameters. */
__kernel GROUP(ELEMENT_GROUP, 1)
void average(__global float *restrict average, __global const float *restrict parameters,
             __global const step_state *restrict state, int vectors, float part) {
  const int start = get_global_id(0) * ELEMENT_VECTORS;
  const int end = state->frozen ? start : min(start + ELEMENT_VECTORS, vectors);
  const float now = state->step == 1 ? 1.0f : part;
  for (int i = start; i < end; i++) {
    const vec p = aligned_vec(parameters, i), old = aligned_vec(average, i);
    aligned_vec(average, i) = now == 1.0f ? p : old + now * (p - old);
  }
}
