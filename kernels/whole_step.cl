/* The training step of a small network in one launch: gather, forward, loss, backward, and the
 * update where nothing stands in its way. One work-item takes a slice of the batch through all
 * layers and writes its share of the gradient.
 *
 * Batch rows lie in the lanes (lanes.h), so the loss needs no sum over lanes, and weights are read
 * as they lie in the parameter slab. Values lie in `scratch`, which stays in the cache; dz takes
 * the place of a. Sizes come in a table rather than as -D, so that one build serves all networks
 * with the same activations.
 */
#include "activation.h"
#include "batch.h"
#include "common.h"
#include "elementary.h"
#include "lanes.h"
#include "update.h"
#include "whole_step.h"

/* a = f(z) (2), `count` vectors. */
OUTLINE void activate(__global float *a, __global const float *z, int count, int kind) {
#define FORWARD(number, name)                                                                      \
  if ((ACTIVATIONS >> number & 1) && kind == number)                                               \
    for (int i = 0; i < count; i++) {                                                              \
      const vec sum = aligned_vec(z, i);                                                           \
      aligned_vec(a, i) = F_##name(vec, sum);                                                      \
    }
  ACTIVATION_LIST(FORWARD)
}

/* a = da * f'(z), the second part of (8): dz takes the place of a. */
OUTLINE void apply_slope(__global float *a, __global const float *z, __global const float *da,
                         int count, int kind) {
#define BACKWARD(number, name)                                                                     \
  if ((ACTIVATIONS >> number & 1) && kind == number)                                               \
    for (int i = 0; i < count; i++) {                                                              \
      const vec value = aligned_vec(a, i), sum = aligned_vec(z, i);                                \
      aligned_vec(a, i) = aligned_vec(da, i) * D_##name(vec, sum, value);                          \
    }
  ACTIVATION_LIST(BACKWARD)
}

/* The rows of the data set that a chunk takes; how many they are; rows that the data hold, which
 * may be fewer than there is room for in an epoch's last block. */
typedef struct {
  uint from[CHUNK];
  int rows;
  uint held;
} chunk;

/* Where the chunk's rows lie that begins at `place` of the epoch. */
static inline void take_rows(chunk *c, uint place, const source *s,
                             const uint keys[PERMUTE_ROUNDS]) {
  const uint first = s->shuffle ? place : place % (uint)s->held;
  c->held = min((uint)s->held, (uint)s->rows - (place - first));
  for (int r = 0; r < CHUNK; r++) c->from[r] = min(first + (uint)r, c->held - 1);
  for (int v = 0; v < CHUNK / WIDTH && s->shuffle; v++) {
    const uvec places = PASTE(vload, WIDTH)(v, c->from);
    PASTE(vstore, WIDTH)(permute_lanes(places, (uint)s->rows, keys), v, c->from);
  }
}

/* A vector of the data from element `at` on; past the last element that one again. */
static inline vec load_data(const source *s, size_t at, size_t count) {
  __global const float *floats = (__global const float *)s->data;
  if (at + WIDTH <= count)
    return s->bytes ? s->scale * PASTE(convert_float, WIDTH)(PASTE(vload, WIDTH)(0, s->data + at))
                    : load_vec(0, floats + at);
  float values[WIDTH];
  for (int lane = 0; lane < WIDTH; lane++) {
    const size_t element = min(at + lane, count - 1);
    values[lane] = source_value(s, element);
  }
  return load_vec(0, values);
}

/* x[i][r] = the chunk's row r, column i; lanes without a row become zero. */
OUTLINE void load_inputs(__global float *x, const chunk *c, const source *s, int inputs) {
  for (int i = 0; i < inputs; i += WIDTH)
    for (int r = 0; r < CHUNK; r += WIDTH) {
      float rows[WIDTH * WIDTH];
      vec square[WIDTH];
      for (int j = 0; j < WIDTH; j++) {
        const size_t from = r + j < c->rows ? c->from[r + j] : 0;
        const vec row = load_data(s, from * inputs + i, (size_t)c->held * inputs);
        store_vec(r + j < c->rows ? row : (vec)(0.0f), j, rows);
      }
#pragma unroll
      for (int j = 0; j < WIDTH; j++) square[j] = load_vec(j, rows);
      transpose_square(square);
      for (int j = 0; j < min(WIDTH, inputs - i); j++)
        aligned_vec(x + (i + j) * CHUNK + r, 0) = square[j];
    }
}

/* The loss of a chunk: z [cols][CHUNK] becomes dz. `spare` has room for the targets of mse. */
static inline float2 chunk_loss(__global float *z, __global float *spare, const chunk *c,
                                const source *s, int cols, uint live) {
  float2 sums = (float2)(0.0f);
  int alive[CHUNK], label[CHUNK];
  for (int r = 0; r < CHUNK; r++) {
    alive[r] = r < c->rows ? -1 : 0;
    label[r] = s->classes && r < c->rows ? (int)s->targets[c->from[r]] : -1;
    for (int i = 0; i < cols && !s->classes; i++)
      spare[i * CHUNK + r] =
          r < c->rows ? as_float(s->targets[(size_t)c->from[r] * cols + i]) : 0.0f;
  }
  for (int v = 0; v < CHUNK / WIDTH; v++) {
    const ivec lanes = PASTE(vload, WIDTH)(v, alive), labels = PASTE(vload, WIDTH)(v, label);
    sums += loss_rows(z + v * WIDTH, spare + v * WIDTH, s, cols, labels, lanes, live);
  }
  return sums;
}

/* (1), (2) of all layers. */
static inline void forward(__global float *scratch, __global const float *parameters,
                           __global const layer *layers, int count) {
  int below = 0; /* the inputs lie first */
  for (int l = 0; l < count; l++) {
    const layer at = layers[l];
    unit_product(scratch + at.z, parameters + at.bias, parameters + at.weight, 1, at.stride,
                 scratch + below, at.outputs, at.inputs);
    if (l + 1 < count)
      activate(scratch + at.a, scratch + at.z, at.outputs * CHUNK / WIDTH, at.activation);
    below = at.a;
  }
}

/* (8), (9), (10) of all layers, from the last layer's dz in the place of its a. */
static inline void backward(__global float *gradient, __global float *scratch,
                            __global float *spare, __global const float *parameters,
                            __global const layer *layers, int count, int rows, int more) {
  for (int l = count - 1; l >= 0; l--) {
    const layer at = layers[l];
    const int below = l > 0 ? layers[l - 1].a : 0;
    const int dz_stride = (at.outputs + 2 * WIDTH - 1) / (2 * WIDTH) * (2 * WIDTH);
    transpose(spare, dz_stride, scratch + at.a, at.outputs);
    weight_gradient(gradient + at.weight, gradient + at.bias, at.stride, scratch + below, spare,
                    dz_stride, at.inputs, at.outputs, rows, more);
    if (l == 0) break;
    unit_product(spare, 0, parameters + at.weight, at.stride, 1, scratch + at.a, at.inputs,
                 at.outputs);
    apply_slope(scratch + below, scratch + layers[l - 1].z, spare, at.inputs * CHUNK / WIDTH,
                layers[l - 1].activation);
  }
}

/* A chunk's way up and down: adds to the gradient if there is `more` in it. */
static inline float2 run_chunk(__global float *gradient, __global float *values,
                               __global const float *parameters, __global const step_plan *plan,
                               const chunk *c, const source *s, uint live, int more) {
  __global const layer *layers = (__global const layer *)(plan + 1);
  __global float *spare = values + plan->spare;
  const layer last = layers[plan->layers - 1];
  load_inputs(values, c, s, layers[0].inputs);
  forward(values, parameters, layers, plan->layers);
  const float2 sums = chunk_loss(values + last.a, spare, c, s, last.outputs, live);
  backward(gradient, values, spare, parameters, layers, plan->layers, c->rows, more);
  return sums;
}

/* A slice of the next batch: opens the step and leaves gradients and partial sums. A slice without
 * rows leaves zeros. */
OUTLINE void run_slice(__global float *gradients, __global float *partials, __global float *scratch,
                       __global step_state *state, __global const float *parameters,
                       __global const step_plan *plan, const source *s, int slice) {
  const int begin = slice * plan->chunks / plan->slices;
  const int end = (slice + 1) * plan->chunks / plan->slices;
  const uint start = batch_start(state, plan->batch);
  const uint live = batch_live(start, plan->batch, s->rows);
  uint keys[PERMUTE_ROUNDS];
  float2 sums = (float2)(0.0f);
  if (s->shuffle) permutation_keys(keys, s->seed, RNG_SHUFFLE, state->epoch);
  if (slice == 0) open_step(state, live);
  for (int at = begin; at < end; at++) {
    chunk c;
    c.rows = clamp((int)live - at * CHUNK, 0, CHUNK);
    if (at > begin && c.rows == 0) break;
    take_rows(&c, start + (uint)(at * CHUNK), s, keys);
    sums += run_chunk(gradients + (size_t)slice * plan->gradient_stride,
                      scratch + (size_t)slice * plan->scratch_stride, parameters, plan, &c, s, live,
                      at > begin);
  }
  vstore2(sums, slice, partials);
}

/* Row s of gradients and pair s of partials [slices, 2] from slice s of the batch, for an update to
 * add up. scratch: a row of values a slice. */
__kernel GROUP(1, 1)
void whole_step(__global float *restrict gradients, __global float *restrict partials,
                __global float *restrict scratch, __global step_state *restrict state,
                __global const float *restrict parameters, __global const step_plan *restrict plan,
                __global const uchar *restrict data, __global const uint *restrict targets,
                int rows, int held, int classes, int bytes, int shuffle, float scale, ulong seed) {
  const source s = {data, targets, rows, held, classes, bytes, shuffle, scale, seed};
  run_slice(gradients, partials, scratch, state, parameters, plan, &s, get_group_id(0));
}

/* `steps` steps with their updates, of batches that are one slice: nothing is left to be added, so
 * the one work-item goes on alone. */
__kernel GROUP(1, 1)
void whole_steps_sgd(__global float *restrict parameters, __global float *restrict first,
                     __global float *restrict gradients, __global float *restrict partials,
                     __global float *restrict scratch, __global step_state *restrict state,
                     __global const step_plan *restrict plan, __global const uchar *restrict data,
                     __global const uint *restrict targets, int rows, int held, int classes,
                     int bytes, int shuffle, float scale, ulong seed, int steps, float momentum,
                     int nesterov, float weight_decay) {
  const source s = {data, targets, rows, held, classes, bytes, shuffle, scale, seed};
  for (int n = 0; n < steps; n++) {
    run_slice(gradients, partials, scratch, state, parameters, plan, &s, 0);
    sgd_vectors(parameters, first, gradients, state, 1, 0, 0, plan->vectors, 1, momentum, nesterov,
                weight_decay);
    close_step(state, partials, 1);
  }
}

__kernel GROUP(1, 1)
void whole_steps_adam(__global float *restrict parameters, __global float *restrict first,
                      __global float *restrict second, __global float *restrict gradients,
                      __global float *restrict partials, __global float *restrict scratch,
                      __global step_state *restrict state, __global const step_plan *restrict plan,
                      __global const uchar *restrict data, __global const uint *restrict targets,
                      int rows, int held, int classes, int bytes, int shuffle, float scale,
                      ulong seed, int steps, float rest1, float log_beta1, float beta2, float rest2,
                      float log_beta2, float epsilon, float weight_decay, int decoupled) {
  const source s = {data, targets, rows, held, classes, bytes, shuffle, scale, seed};
  for (int n = 0; n < steps; n++) {
    run_slice(gradients, partials, scratch, state, parameters, plan, &s, 0);
    adam_vectors(parameters, first, second, gradients, state, 1, 0, 0, plan->vectors, 1, rest1,
                 log_beta1, beta2, rest2, log_beta2, epsilon, weight_decay, decoupled);
    close_step(state, partials, 1);
  }
}
