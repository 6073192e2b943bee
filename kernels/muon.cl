/* Muon's updates of a weight matrix: (O9) to (O11) of docs/backprop.md, all but the products.
 *
 * The direction lies where other parameters have Adam's second moment, is made orthogonal there and
 * then taken off the weights. Everything runs over the vectors of one matrix, padding included,
 * which stays 0. A frozen step changes neither weights nor momentum.
 */
#include "common.h"
#include "state.h"
#include "update_groups.h"

/* The least norm that a direction is divided by, as in PyTorch. */
#define LEAST_NORM 1e-7f

typedef struct {
  int first, end;
} muon_span;

static inline muon_span item_vectors(int first, int end) {
  const int at = first + get_global_id(0) * ELEMENT_VECTORS;
  return (muon_span){at, min(at + ELEMENT_VECTORS, end)};
}

/* momentum += rest (g - momentum); direction = g + (1 - rest)(momentum - g). Vectors [from, end) of
 * slabs; the row `segment` of the table says how g is clipped and penalised. */
__kernel GROUP(ELEMENT_GROUP, 1)
void muon_momentum(__global float *restrict momentum, __global float *restrict direction,
                   __global const float *restrict parameters,
                   __global const float *restrict gradients,
                   __global const step_state *restrict state, int slices, int stride, int from,
                   int to, int segment, float rest,
                   __global const update_segment *restrict segments,
                   __global const float *restrict norms) {
  const muon_span span = item_vectors(from, state->frozen ? from : to);
  const float2 clip = clip_factors(norms, segments->clip_norm);
  const update_segment shape = segments[segment];
  for (int i = span.first; i < span.end; i++) {
    const vec sum = sum_slices(gradients, slices, stride, i);
    const vec g = shape_gradient(sum, aligned_vec(parameters, i), &shape, clip);
    const vec m0 = aligned_vec(momentum, i), m = m0 + rest * (g - m0);
    aligned_vec(momentum, i) = m;
    aligned_vec(direction, i) = g + (1.0f - rest) * (m - g);
  }
}

/* Sums of squares of x, in two parts: of the numbers below LARGE, and of the others times SHRINK.
 * sums [NORM_GROUPS, 2] */
__kernel GROUP(REDUCE_GROUP, 1)
void muon_squares(__global float *restrict sums, __global const float *restrict x, int vectors) {
  __local float2 items[REDUCE_GROUP];
  const int group = get_group_id(0), item = get_local_id(0);
  const int part = (vectors + NORM_GROUPS - 1) / NORM_GROUPS,
            end = min((group + 1) * part, vectors);
  vec low = (vec)(0.0f), high = (vec)(0.0f);
  for (int i = group * part + item; i < end; i += REDUCE_GROUP) {
    const vec value = aligned_vec(x, i);
    const ivec large = fabs(value) >= LARGE;
    const vec below = select(value, (vec)(0.0f), large);
    const vec above = select((vec)(0.0f), value * SHRINK, large);
    low += below * below;
    high += above * above;
  }
  items[item] = (float2)(sum_lanes(low), sum_lanes(high));
  barrier(CLK_LOCAL_MEM_FENCE);
  if (item > 0) return;
  float2 total = (float2)(0.0f);
  for (int i = 0; i < REDUCE_GROUP; i++) total += items[i];
  vstore2(total, group, sums);
}

/* x /= max(norm, LEAST_NORM); 0 if the norm is not finite, so that the number at fault alone is
 * refused. */
__kernel GROUP(ELEMENT_GROUP, 1)
void muon_scale(__global float *restrict x, __global const float *restrict sums, int vectors) {
  const muon_span span = item_vectors(0, vectors);
  float low = 0.0f, high = 0.0f;
  for (int i = 0; i < NORM_GROUPS; i++) {
    low += sums[2 * i];
    high += sums[2 * i + 1];
  }
  const float shrink = high > 0.0f ? SHRINK : 1.0f;
  const float norm = fmax(sqrt(high + low * shrink * shrink), LEAST_NORM * shrink);
  const int known = isfinite(norm);
  for (int i = span.first; i < span.end; i++) {
    const vec value = aligned_vec(x, i) * shrink / norm;
    aligned_vec(x, i) = known ? value : (vec)(0.0f);
  }
}

/* y = a x + b y. */
__kernel GROUP(ELEMENT_GROUP, 1)
void muon_combine(__global float *restrict y, __global const float *restrict x, int vectors,
                  float a, float b) {
  const muon_span span = item_vectors(0, vectors);
  for (int i = span.first; i < span.end; i++)
    aligned_vec(y, i) = a * aligned_vec(x, i) + b * aligned_vec(y, i);
}

/* p = (1 - rate decay) p - rate factor direction, for vectors [from, to) of slabs. What would
 * become NaN or Inf, or has such a momentum, stays and is reported, as in update.h. */
__kernel GROUP(ELEMENT_GROUP, 1)
void muon_apply(__global float *restrict parameters, __global const float *restrict momentum,
                __global const float *restrict direction, __global step_state *restrict state,
                int from, int to, float rate_factor, float factor, float decay) {
  const muon_span span = item_vectors(from, state->frozen ? from : to);
  const float rate = state->learning_rate * rate_factor, keep = 1.0f - rate * decay;
  for (int i = span.first; i < span.end; i++) {
    const vec p = aligned_vec(parameters, i);
    const vec next = keep * p - rate * factor * aligned_vec(direction, i);
    const ivec bad = (as_ivec(next) & 0x7f800000) == 0x7f800000 |
                     (as_ivec(aligned_vec(momentum, i)) & 0x7f800000) == 0x7f800000;
    aligned_vec(parameters, i) = select(next, p, bad);
    if (!any(bad)) continue;
    int lanes[WIDTH];
    PASTE(vstore, WIDTH)(bad, 0, lanes);
    for (int lane = 0; lane < WIDTH; lane++)
      if (lanes[lane]) atomic_min(&state->bad_parameter, (uint)i * WIDTH + lane);
  }
}
