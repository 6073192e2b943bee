/* Weight updates by vectors, with the optimizer -DOPTIMIZER=name of optimizer_name.h.
 *
 * A value that would become NaN or Inf is refused: the parameter keeps its value, and the lowest
 * such index is recorded. The last good weights thus survive, and the host can name the layer. A
 * frozen step (something was not finite before) changes nothing. These are functions instead of
 * kernels, since a separate launch (update.cl) and the end of a whole step (whole_step.cl) share
 * them.
 */
#ifndef UPDATE_H
#define UPDATE_H

#include "common.h"
#include "state.h"

#ifdef OPTIMIZER
/* An optimizer's moments, one slab each; NULL if it has no such moment. */
typedef struct {
  __global float *first, *second, *third;
} moment_slabs;

#include "optimizer_OPTIMIZER.h"
#ifdef UPDATE_GROUPS
#include "update_groups.h"
/* What kernels with an update take in addition, and pass on. */
#define GROUPS_PARAMETERS                                                                          \
  , __global const update_segment *restrict segments, __global const float *restrict norms
#define GROUPS_ARGUMENTS , segments, norms
#else
#define GROUPS_PARAMETERS
#define GROUPS_ARGUMENTS
#endif

enum { NO_VECTOR = 0x7fffffff };

/* -1 in lanes that are NaN or Inf, by the exponent; all(isfinite()) takes many instructions. */
static inline ivec not_finite(vec x) {
  return (as_ivec(x) & 0x7f800000) == 0x7f800000;
}

/* `next` if it and its moment are finite, else p: an infinite second moment would silently make all
 * further steps 0. `lowest` is the first vector in which a lane had to keep p. */
static inline vec next_or_kept(vec next, vec p, vec moment, int i, ivec *lowest) {
  const ivec bad = not_finite(next) | not_finite(moment);
  *lowest = min(*lowest, select((ivec)(NO_VECTOR), (ivec)(i), bad));
  return select(next, p, bad);
}

static inline void report_kept(__global step_state *state, ivec lowest) {
  int lanes[WIDTH];
  PASTE(vstore, WIDTH)(lowest, 0, lanes);
  for (int lane = 0; lane < WIDTH; lane++)
    if (lanes[lane] != NO_VECTOR)
      atomic_min(&state->bad_parameter, (uint)lanes[lane] * WIDTH + lane);
}

/* The arrays of an update: gradients are rows [slices, stride vectors], which are added first.
 */
typedef struct {
  __global float *parameters;
  moment_slabs moments;
  __global const float *gradients;
  int slices, stride;
} update_arrays;

/* Gives vector i its new parameters from gradient g. */
static inline void update_vector(const update_arrays *at, const update_rule *rule, vec p, vec g,
                                 int i, ivec *lowest) {
  vec moment;
  const vec next = next_vector(rule, p, g, &at->moments, i, &moment);
  aligned_vec(at->parameters, i) = next_or_kept(next, p, moment, i, lowest);
}

#ifdef UPDATE_GROUPS

static inline void update_range(const update_arrays *at, __global step_state *state, int start,
                                int end, int by, float8 constants, ivec *lowest,
                                __global const update_segment *segments,
                                __global const float *norms) {
  const float2 clip = clip_factors(norms, segments->clip_norm);
  for (int i = start, s = 0; i < end;) {
    while (segments[s].end <= i) s++;
    const update_segment segment = segments[s];
    const float rate = state->learning_rate * segment.rate * segment.trust;
    const update_rule rule = make_rule(segment.constants, rate, (float)state->step);
    for (; i < min(end, segment.end); i += by) {
      if (segment.rate == 0.0f || segment.trust == 0.0f) continue;
      const vec p = aligned_vec(at->parameters, i);
      const vec g = sum_slices(at->gradients, at->slices, at->stride, i);
      update_vector(at, &rule, p, shape_gradient(g, p, &segment, clip), i, lowest);
    }
  }
}

#else

static inline void update_range(const update_arrays *at, __global step_state *state, int start,
                                int end, int by, float8 constants, ivec *lowest) {
  const update_rule rule = make_rule(constants, state->learning_rate, (float)state->step);
  for (int i = start; i < end; i += by) {
    const vec p = aligned_vec(at->parameters, i);
    update_vector(at, &rule, p, sum_slices(at->gradients, at->slices, at->stride, i), i, lowest);
  }
}

#endif

/* Updates every `by`-th vector in [start, end). */
static inline void update_vectors(__global float *parameters, moment_slabs moments,
                                  __global const float *gradients, __global step_state *state,
                                  int slices, int stride, int start, int end, int by,
                                  float8 constants GROUPS_PARAMETERS) {
  const update_arrays at = {parameters, moments, gradients, slices, stride};
  ivec lowest = (ivec)(NO_VECTOR);
  if (state->frozen) end = start;
  update_range(&at, state, start, end, by, constants, &lowest GROUPS_ARGUMENTS);
  report_kept(state, lowest);
}

#endif
#endif
