/* Weight updates over the whole parameter slab in one launch: equations (11) to (14).
 *
 * The slabs' length is a multiple of WIDTH; the zeros between rows stay zero, since their gradient
 * and moments are zero. A value that would become NaN or Inf is refused: the parameter stays and
 * the lowest such index is recorded, so the last good weights survive and the host can name the
 * layer. A frozen step (something was not finite before) changes nothing.
 */
#include "common.h"
#include "state.h"

/* Stores the updated parameters of vector i where they and their moment are finite: an infinite
 * second moment would give a step of 0 for ever, with nothing said. */
static inline void store_finite(vec next, vec moment, int i, __global float *parameters,
                                __global step_state *state) {
  if (all(isfinite(next)) && all(isfinite(moment))) {
    store_vec(next, i, parameters);
    return;
  }
  float values[WIDTH], moments[WIDTH];
  store_vec(next, 0, values);
  store_vec(moment, 0, moments);
  for (int lane = 0; lane < WIDTH; lane++) {
    const uint at = (uint)i * WIDTH + lane;
    if (isfinite(values[lane]) && isfinite(moments[lane]))
      parameters[at] = values[lane];
    else
      atomic_min(&state->bad_parameter, at);
  }
}

/* m = momentum m + g;  p -= rate m, or with Nesterov p -= rate (g + momentum m) */
__kernel GROUP(ELEMENT_GROUP, 1)
void update_sgd(__global float *restrict parameters, __global float *restrict first,
                __global const float *restrict gradients, __global step_state *restrict state,
                __global const float *restrict partials, int groups, int vectors, float momentum,
                int nesterov, float weight_decay) {
  const float rate = state->learning_rate;
  const int start = get_global_id(0) * ELEMENT_VECTORS;
  const int end = state->frozen ? start : min(start + ELEMENT_VECTORS, vectors);
  for (int i = start; i < end; i++) {
    const vec p = load_vec(i, parameters), g = load_vec(i, gradients) + weight_decay * p;
    const vec m = momentum * load_vec(i, first) + g;
    store_vec(m, i, first);
    store_finite(p - rate * (nesterov ? g + momentum * m : m), m, i, parameters, state);
  }
  if (get_global_id(0) == 0) close_step(state, partials, groups);
}

/* m += (1 - beta1)(g - m);  v = beta2 v + (1 - beta2) g^2;
 * p -= rate / c1 * m / (sqrt(v / c2) + epsilon) with c = 1 - beta^step. Weight decay goes into g
 * or, if `decoupled` (AdamW), off p. c comes from expm1(step log beta): 1 - pow would lose its
 * digits. */
__kernel GROUP(ELEMENT_GROUP, 1)
void update_adam(__global float *restrict parameters, __global float *restrict first,
                 __global float *restrict second, __global const float *restrict gradients,
                 __global step_state *restrict state, __global const float *restrict partials,
                 int groups, int vectors, float rest1, float log_beta1, float beta2, float rest2,
                 float log_beta2, float epsilon, float weight_decay, int decoupled) {
  const float rate = state->learning_rate, step = (float)state->step;
  const float rate1 = rate / -expm1(step * log_beta1), root2 = sqrt(-expm1(step * log_beta2));
  const float decay_g = decoupled ? 0.0f : weight_decay;
  const float keep_p = decoupled ? 1.0f - rate * weight_decay : 1.0f;
  const int start = get_global_id(0) * ELEMENT_VECTORS;
  const int end = state->frozen ? start : min(start + ELEMENT_VECTORS, vectors);
  for (int i = start; i < end; i++) {
    const vec p = load_vec(i, parameters), g = load_vec(i, gradients) + decay_g * p;
    const vec m0 = load_vec(i, first), m = m0 + rest1 * (g - m0);
    const vec v = beta2 * load_vec(i, second) + rest2 * g * g;
    store_vec(m, i, first);
    store_vec(v, i, second);
    store_finite(keep_p * p - rate1 * m / (sqrt(v) / root2 + epsilon), v, i, parameters, state);
  }
  if (get_global_id(0) == 0) close_step(state, partials, groups);
}

/* Closes a step that has no update: the end of an evaluation's batch. */
__kernel GROUP(1, 1)
void metrics_add(__global step_state *restrict state, __global const float *restrict partials,
                 int groups) {
  close_step(state, partials, groups);
}
