/* Trust ratios: (O8) of docs/backprop.md, the norm of a weight tensor by that of its step.
 *
 * The step is computed as the update will compute it, from moments that stay as they are, and only
 * its square is kept: an array of all steps would cost as much memory as a moment. NORM_GROUPS
 * groups take equal parts of a tensor, whatever the device.
 */
#include "update.h"

/* Norms below this count as 0: their squares would underflow. */
#define LEAST 1e-12f

/* Adds squares: of the elements below LARGE, and of the others times SHRINK. */
static inline void add_squares(vec x, vec *low, vec *high) {
  const ivec large = fabs(x) >= LARGE;
  const vec below = select(x, (vec)(0.0f), large), above = select((vec)(0.0f), x * SHRINK, large);
  *low += below * below;
  *high += above * above;
}

/* sums [segments, NORM_GROUPS, 4]: of p and of the step, each in two parts. Groups: parts,
 * segments.
 */
__kernel GROUP(REDUCE_GROUP, 1)
void trust_squares(__global float *restrict sums, __global const float *restrict parameters,
                   __global float *restrict first, __global float *restrict second,
                   __global float *restrict third, __global const float *restrict gradients,
                   __global const step_state *restrict state, int slices, int stride,
                   __global const update_segment *restrict segments,
                   __global const float *restrict norms) {
  __local float4 items[REDUCE_GROUP];
  const moment_slabs moments = {first, second, third};
  const int s = get_group_id(1), item = get_local_id(0);
  const update_segment segment = segments[s];
  const int start = s > 0 ? segments[s - 1].end : 0;
  const int part = segment.trusted ? (segment.end - start + NORM_GROUPS - 1) / NORM_GROUPS : 0;
  const int begin = start + get_group_id(0) * part, end = min(begin + part, segment.end);
  const float2 clip = clip_factors(norms, segment.clip_norm);
  const update_rule rule = make_rule(segment.constants, 1.0f, (float)state->step);
  vec low = (vec)(0.0f), high = (vec)(0.0f), step_low = (vec)(0.0f), step_high = (vec)(0.0f);
  for (int i = begin + item; i < end; i += REDUCE_GROUP) {
    const vec p = aligned_vec(parameters, i);
    const vec g = shape_gradient(sum_slices(gradients, slices, stride, i), p, &segment, clip);
    add_squares(p, &low, &high);
    add_squares(step_of(&rule, segment.constants, p, g, &moments, i), &step_low, &step_high);
  }
  items[item] =
      (float4)(sum_lanes(low), sum_lanes(high), sum_lanes(step_low), sum_lanes(step_high));
  barrier(CLK_LOCAL_MEM_FENCE);
  if (item > 0) return;
  float4 total = (float4)(0.0f);
  for (int i = 0; i < REDUCE_GROUP; i++) total += items[i];
  vstore4(total, (size_t)s * NORM_GROUPS + get_group_id(0), sums);
}

/* The ratio of two norms; 1 where either is 0, or not finite, so that the number at fault is
 * refused by its own index. A group takes a segment. */
__kernel GROUP(1, 1)
void trust_ratio(__global update_segment *restrict segments, __global const float *restrict sums) {
  const size_t s = get_group_id(0);
  float4 total = (float4)(0.0f);
  if (!segments[s].trusted) return;
  for (int i = 0; i < NORM_GROUPS; i++) total += vload4(s * NORM_GROUPS + i, sums);
  const float2 shrink = select((float2)(1.0f), (float2)(SHRINK), total.yw > 0.0f);
  const float2 norm = sqrt(total.yw + total.xz * shrink * shrink);
  const int known = all(isfinite(norm)) && all(norm >= LEAST * shrink);
  const float ratio = norm.x / norm.y * (shrink.y / shrink.x);
  segments[s].trust = known ? fmax(ratio, 0x1p-126f) : 1.0f; /* 0 would mean something else */
}
