/* The sums of squares of all trained gradients, for clipping by their norm (update_groups.h).
 *
 * NORM_GROUPS groups take equal parts, whatever the device, and write a pair each; every item of
 * the update adds up the pairs, which takes less time than another launch.
 */
#include "common.h"
#include "update_groups.h"

/* norms [NORM_GROUPS, 2]; gradients [slices, stride vectors]. */
__kernel GROUP(REDUCE_GROUP, 1)
void gradient_norm(__global float *restrict norms, __global const float *restrict gradients,
                   __global const update_segment *restrict segments, int slices, int stride,
                   int vectors) {
  __local float2 sums[REDUCE_GROUP];
  const int group = get_group_id(0), item = get_local_id(0);
  const int part = (vectors + NORM_GROUPS - 1) / NORM_GROUPS,
            end = min((group + 1) * part, vectors);
  vec low = (vec)(0.0f), high = (vec)(0.0f);
  for (int i = group * part + item, s = 0; i < end; i += REDUCE_GROUP) {
    while (segments[s].end <= i) s++;
    if (segments[s].rate == 0.0f) continue;
    const vec g = sum_slices(gradients, slices, stride, i);
    const ivec large = fabs(g) >= LARGE;
    const vec below = select(g, (vec)(0.0f), large), above = select((vec)(0.0f), g * SHRINK, large);
    low += below * below;
    high += above * above;
  }
  sums[item] = (float2)(sum_lanes(low), sum_lanes(high));
  barrier(CLK_LOCAL_MEM_FENCE);
  if (item > 0) return;
  float2 total = (float2)(0.0f);
  for (int i = 0; i < REDUCE_GROUP; i++) total += sums[i];
  vstore2(total, group, norms);
}
