/* Weight updates by the vector: equations (11) to (14).
 *
 * A value that would become NaN or Inf is refused: the parameter stays and the lowest such index is
 * recorded, so the last good weights survive and the host can name the layer. A frozen step
 * (something was not finite before) changes nothing. Functions, not kernels, since a launch of its
 * own (update.cl) and one that ends a whole step (whole_step.cl) share them.
 */
#ifndef UPDATE_H
#define UPDATE_H

#include "common.h"
#include "state.h"

enum { NO_VECTOR = 0x7fffffff };

/* -1 in lanes that are NaN or Inf: by the exponent, all(isfinite()) being many instructions. */
static inline ivec not_finite(vec x) {
  return (as_ivec(x) & 0x7f800000) == 0x7f800000;
}

/* `next` where it and its moment are finite, else p: an infinite second moment would give a step of
 * 0 for ever, with nothing said. `lowest` is the first vector in which a lane had to keep p. */
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

/* Each `by`-th vector from `start` to before `end`: m = momentum m + g;  p -= rate m, or with
 * Nesterov p -= rate (g + momentum m). Without momentum `first` is NULL and m is g. */
static inline void sgd_vectors(__global float *parameters, __global float *first,
                               __global const float *gradients, __global step_state *state,
                               int slices, int stride, int start, int end, int by, float momentum,
                               int nesterov, float weight_decay) {
  const float rate = state->learning_rate;
  ivec lowest = (ivec)(NO_VECTOR);
  if (state->frozen) end = start;
  for (int i = start; i < end; i += by) {
    const vec p = aligned_vec(parameters, i);
    const vec g = sum_slices(gradients, slices, stride, i) + weight_decay * p;
    vec m = g;
    if (first) {
      m = momentum * aligned_vec(first, i) + g;
      aligned_vec(first, i) = m;
    }
    const vec next = p - rate * (nesterov ? g + momentum * m : m);
    aligned_vec(parameters, i) = next_or_kept(next, p, m, i, &lowest);
  }
  report_kept(state, lowest);
}

/* The same: m += (1 - beta1)(g - m);  v = beta2 v + (1 - beta2) g^2;
 * p -= rate / c1 * m / (sqrt(v / c2) + epsilon) with c = 1 - beta^step. Weight decay goes into g
 * or, if `decoupled` (AdamW), off p. c comes from expm1(step log beta): 1 - pow would lose its
 * digits. */
static inline void adam_vectors(__global float *parameters, __global float *first,
                                __global float *second, __global const float *gradients,
                                __global step_state *state, int slices, int stride, int start,
                                int end, int by, float rest1, float log_beta1, float beta2,
                                float rest2, float log_beta2, float epsilon, float weight_decay,
                                int decoupled) {
  const float rate = state->learning_rate, step = (float)state->step;
  const float rate1 = rate / -expm1(step * log_beta1);
  const float scale2 = 1.0f / sqrt(-expm1(step * log_beta2));
  const float decay_g = decoupled ? 0.0f : weight_decay;
  const float keep_p = decoupled ? 1.0f - rate * weight_decay : 1.0f;
  ivec lowest = (ivec)(NO_VECTOR);
  if (state->frozen) end = start;
  for (int i = start; i < end; i += by) {
    const vec p = aligned_vec(parameters, i);
    const vec g = sum_slices(gradients, slices, stride, i) + decay_g * p;
    const vec m0 = aligned_vec(first, i), m = m0 + rest1 * (g - m0);
    const vec v = beta2 * aligned_vec(second, i) + rest2 * g * g;
    aligned_vec(first, i) = m;
    aligned_vec(second, i) = v;
    const vec next = keep_p * p - rate1 * m / (sqrt(v) * scale2 + epsilon);
    aligned_vec(parameters, i) = next_or_kept(next, p, v, i, &lowest);
  }
  report_kept(state, lowest);
}

#endif
