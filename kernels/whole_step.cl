/* The training step of a small network in one launch: gather, forward, loss, backward and, with a
 * single slice, the update. A work-item takes a slice of the batch through all layers and writes
 * its share of the gradient.
 *
 * Batch rows lie in the lanes (lanes.h), so the loss needs no sum over lanes, and weights are read
 * directly from the parameter slab. Values lie in `scratch`, which stays in the cache; dz replaces
 * a. Sizes come from a table instead of -D, so that one build serves all networks with the same
 * activations.
 */
#include "activation.h"
#include "batch.h"
#include "common.h"
#include "elementary.h"
#include "lanes.h"
#include "update.h"
#include "whole_step.h"

/* a = f(z) (2), `count` vectors. */
OUTLINE void activate(__global float *a, __global const float *z, int count, int kind, float p){
#define FORWARD(capitals, name, needs_z, formula)                                                  \
  if ((ACTIVATIONS >> EBB_ACT_##capitals & 1) && kind == EBB_ACT_##capitals)                       \
    for (int i = 0; i < count; i++) {                                                              \
      const vec sum = aligned_vec(z, i);                                                           \
      aligned_vec(a, i) = F_##name(vec, sum, p);                                                   \
    }
    ACTIVATION_ROWS(FORWARD)}

/* a = da * f'(z), the second part of (8); dz replaces a. */
OUTLINE void apply_slope(__global float *a, __global const float *z, __global const float *da,
                         int count, int kind, float p) {
#define BACKWARD(capitals, name, needs_z, formula)                                                 \
  if ((ACTIVATIONS >> EBB_ACT_##capitals & 1) && kind == EBB_ACT_##capitals)                       \
    for (int i = 0; i < count; i++) {                                                              \
      const vec value = aligned_vec(a, i), sum = aligned_vec(z, i);                                \
      aligned_vec(a, i) = aligned_vec(da, i) * D_##name(vec, sum, value, p);                       \
    }
  ACTIVATION_ROWS(BACKWARD)
}

/* The dataset rows of a chunk; their number; and the number of rows that the data hold, which may
 * be fewer than the buffer's in an epoch's last block. */
typedef struct {
  uint from[CHUNK];
  int rows;
  uint held;
} chunk;

/* Finds the rows of the chunk that begins at `place` of the epoch. */
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

/* A vector of the data from element `at` on; past the last element, that element is repeated. */
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

/* x[i][r] = column i of the chunk's row r; lanes without a row become zero. */
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

/* The loss of a chunk: z [cols][CHUNK] becomes dz. `spare` has room for target values. */
static inline loss_sums chunk_loss(__global float *z, __global float *spare, const chunk *c,
                                   const source *s, int cols, uint live) {
  loss_sums sums = (loss_sums)(0.0f);
  const int targets = LOSS_TARGETS(cols);
  int alive[CHUNK], label[CHUNK];
  float weight[CHUNK];
  for (int r = 0; r < CHUNK; r++) {
    __global const uint *from = source_targets(s, c->from[r], targets);
    weight[r] = r < c->rows ? source_weight(s, c->from[r], targets) : 0.0f;
    alive[r] = weight[r] > 0.0f ? -1 : 0;
    label[r] = LOSS_HAS_LABELS && r < c->rows ? (int)from[0] : -1;
    for (int i = 0; i < targets && !LOSS_HAS_LABELS; i++)
      spare[i * CHUNK + r] = r < c->rows ? as_float(from[i]) : 0.0f;
  }
  const float scale = loss_scale((int)live, cols);
  for (int r = 0; r < CHUNK; r += LOSS_LANES) {
    const float w = ROW_WEIGHT(weight[r]);
    const float2 rows = loss_rows(z + r, spare + r, cols, load_lanes(label + r),
                                  load_lanes(alive + r), w * scale, s->loss);
    sums += with_weight(w * rows, w);
  }
  return sums;
}

/* A slice with its current chunk. */
typedef struct {
  __global const layer *layers;
  __global const float *parameters;
  __global float *values, *spare, *gradient;
  const source *s;
  const uint *keys;
  uint place, live;
  int more; /* 1: the gradient contains earlier chunks */
  chunk rows;
  loss_sums sums;
} slice;

/* (1), (2) of a layer; the last one's z is the output. The inputs are the first values. */
static inline void go_up(const slice *g, int l, int last) {
  const layer at = g->layers[l];
  unit_product(g->values + at.z, at.bias < 0 ? 0 : g->parameters + at.bias,
               g->parameters + at.weight, 1, at.stride,
               g->values + (l > 0 ? g->layers[l - 1].a : 0), at.outputs, at.inputs);
  if (!last)
    activate(g->values + at.a, g->values + at.z, at.outputs * CHUNK / WIDTH, at.activation,
             at.parameter);
}

/* (9), (10) of a layer, from its dz, which has replaced its a. */
static inline void share_gradient(const slice *g, int l) {
  const layer at = g->layers[l];
  const int dz_stride = (at.outputs + 2 * WIDTH - 1) / (2 * WIDTH) * (2 * WIDTH);
  transpose(g->spare, dz_stride, g->values + at.a, at.outputs);
  weight_gradient(g->gradient + at.weight, at.bias < 0 ? 0 : g->gradient + at.bias, at.stride,
                  g->values + (l > 0 ? g->layers[l - 1].a : 0), g->spare, dz_stride, at.inputs,
                  at.outputs, g->rows.rows, g->more);
}

/* (8): dz of the layer below. */
static inline void go_down(const slice *g, int l) {
  const layer at = g->layers[l], below = g->layers[l - 1];
  unit_product(g->spare, 0, g->parameters + at.weight, at.stride, 1, g->values + at.a, at.inputs,
               at.outputs);
  apply_slope(g->values + below.a, g->values + below.z, g->spare, at.inputs * CHUNK / WIDTH,
              below.activation, below.parameter);
}

static inline void run_phase(slice *g, phase p, int count) {
  const layer last = g->layers[count - 1];
  if (p.work == TAKE) take_rows(&g->rows, g->place, g->s, g->keys);
  if (p.work == LOAD) load_inputs(g->values, &g->rows, g->s, g->layers[0].inputs);
  if (p.work == UP) go_up(g, p.layer, p.layer + 1 == count);
  if (p.work == GET_LOSS)
    g->sums += chunk_loss(g->values + last.a, g->spare, &g->rows, g->s, last.outputs, g->live);
  if (p.work == SHARE) share_gradient(g, p.layer);
  if (p.work == DOWN) go_down(g, p.layer);
}

/* Runs a slice of the next batch: opens the step and writes gradients and partial sums, zeros if
 * the slice has no rows. */
OUTLINE void run_slice(__global float *gradients, __global float *partials, __global float *scratch,
                       __global step_state *state, __global const float *parameters,
                       __global const step_plan *plan, const source *s, int slice_index) {
  const int begin = slice_index * plan->chunks / plan->slices;
  const int end = (slice_index + 1) * plan->chunks / plan->slices;
  const uint start = batch_start(state, plan->batch);
  const uint live = batch_live(start, plan->batch, s->rows);
  __global const layer *layers = (__global const layer *)(plan + 1);
  __global const phase_plan *own = (__global const phase_plan *)(layers + plan->layers);
  __global const phase *phases = (__global const phase *)(own + 1);
  __global float *values = scratch + (size_t)slice_index * plan->scratch_stride;
  uint keys[PERMUTE_ROUNDS];
  slice g = {layers, parameters, values, values + plan->spare};
  g.gradient = gradients + (size_t)slice_index * plan->gradient_stride;
  g.s = s, g.keys = keys, g.live = live;
  g.sums = (loss_sums)(0.0f);
  if (s->shuffle) permutation_keys(keys, s->seed, RNG_SHUFFLE, state->epoch);
  if (slice_index == 0) open_step(state, live);
  for (int at = begin; at < end; at++) {
    g.rows.rows = clamp((int)live - at * CHUNK, 0, CHUNK);
    g.more = at > begin;
    g.place = start + (uint)(at * CHUNK);
    if (g.more && g.rows.rows == 0) break;
    for (int index = 0; index < own->phases; index++) run_phase(&g, phases[index], plan->layers);
  }
  store_sums(g.sums, slice_index, partials);
}

/* Slice s of the batch writes row s of gradients and of partials [slices, PARTIALS]; an update adds
 * them up. scratch: one row of values for each slice. */
__kernel GROUP(1, 1)
void whole_step(__global float *restrict gradients, __global float *restrict partials,
                __global float *restrict scratch, __global step_state *restrict state,
                __global const float *restrict parameters, __global const step_plan *restrict plan,
                __global const uchar *restrict data, __global const uint *restrict targets,
                int rows, int held, int bytes, int shuffle, float scale, ulong seed, float8 loss) {
  const source s = {data, targets, rows, held, bytes, shuffle, scale, seed, loss};
  run_slice(gradients, partials, scratch, state, parameters, plan, &s, get_group_id(0));
}

/* Runs `steps` steps with their updates, for batches of a single slice: there are no other slices
 * to add, so the one work-item continues alone. */
__kernel GROUP(1, 1)
void whole_steps(__global float *restrict parameters, __global float *restrict first,
                 __global float *restrict second, __global float *restrict third,
                 __global float *restrict gradients, __global float *restrict partials,
                 __global float *restrict scratch, __global step_state *restrict state,
                 __global const step_plan *restrict plan, __global const uchar *restrict data,
                 __global const uint *restrict targets, int rows, int held, int bytes, int shuffle,
                 float scale, ulong seed, float8 loss, int steps,
                 float8 constants GROUPS_PARAMETERS) {
  const moment_slabs moments = {first, second, third};
  const source s = {data, targets, rows, held, bytes, shuffle, scale, seed, loss};
  for (int n = 0; n < steps; n++) {
    run_slice(gradients, partials, scratch, state, parameters, plan, &s, 0);
    update_vectors(parameters, moments, gradients, state, 1, 0, 0, plan->vectors, 1,
                   constants GROUPS_ARGUMENTS);
    close_step(state, partials, 1);
  }
}
