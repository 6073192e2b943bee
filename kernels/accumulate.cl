/* Adds the gradient of a part of a step's rows: (G1) of docs/backprop.md.
 *
 * The parts' gradients are means over their own rows, so each counts by its share of the step's
 * rows. The losses of all parts except the last, whose losses the update takes, are added here.
 */
#include "batch.h"
#include "common.h"

/* sum += share gradient; the first part sets it. sum, gradient: `vectors` vectors. */
__kernel GROUP(ELEMENT_GROUP, 1)
void accumulate(__global float *restrict sum, __global const float *restrict gradient,
                __global step_state *restrict state, __global const float *restrict partials,
                int groups, int vectors, int step_rows, int rows, int is_first, int is_last) {
  const int start = get_global_id(0) * ELEMENT_VECTORS, end = min(start + ELEMENT_VECTORS, vectors);
  const uint all = batch_live(batch_start(state, step_rows), step_rows, rows);
  const float share = (float)state->live / (float)all;
  for (int i = start; i < end; i++) {
    const vec part = share * aligned_vec(gradient, i);
    aligned_vec(sum, i) = is_first ? part : aligned_vec(sum, i) + part;
  }
  if (get_global_id(0) == 0 && !is_last) add_losses(state, partials, groups);
}
