/* The training step of a small network in one launch: gather, forward, loss, backward and, with a
 * single slice, the update. A work-item takes a slice of the batch through all layers and writes
 * its share of the gradient.
 *
 * Batch rows lie in the lanes (lanes.h), so the loss needs no sum over lanes, and weights are read
 * directly from the parameter slab. Values lie in `scratch`, which stays in the cache; dz replaces
 * a. Sizes come from a table instead of -D, so that one build serves all networks with the same
 * activations.
 */
#include "chunk.h"
#include "common.h"
#include "lanes.h"
#include "update.h"
#include "whole_step.h"

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
  __global float *a = g->values + below.a;
  apply_slope(a, g->values + below.z, a, g->spare, at.inputs * CHUNK / WIDTH, below.activation,
              below.parameter);
}

static inline void run_phase(slice *g, phase p, int count) {
  const layer last = g->layers[count - 1];
  if (p.work == TAKE) take_rows(&g->rows, g->place, g->s, g->keys);
  if (p.work == LOAD) {
    const int inputs = g->layers[0].inputs;
    load_inputs(g->values, &g->rows, g->s, inputs, 0, inputs);
  }
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
