/* The training step of a small network in one launch, for GPUs: a group takes blocks of CHUNK batch
 * rows through all layers and writes its share of the gradient.
 *
 * The work on a block is a list of phases in the table, which all items read. A single loop at the
 * kernel's top level runs them with a barrier between two phases, so control flow is uniform for
 * every network. Weights are copied into local memory as panels, which contain the complete depth
 * of a product. Each phase also copies what the next one needs, so copies add no barrier. The
 * layers' values lie in local memory if they fit, else in `scratch`. A tile is a vector of rows by
 * a few units. Sums have the same order for all panels, tiles and group sizes.
 *
 * Rejected: layers unrolled by -D, which need a compilation for each network; panels that split the
 * depth, which need sums that outlive a phase.
 */
#ifndef STEP_GROUP
#define STEP_GROUP 64
#endif
#ifndef LOCAL_VALUES
#define LOCAL_VALUES 0
#endif

#if LOCAL_VALUES
#define VALUES __local
#define FENCES CLK_LOCAL_MEM_FENCE
#else
#define VALUES __global
#define FENCES (CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#endif
/* One vector of padding puts the same rows of neighbouring units into different banks. */
#define PITCH   (CHUNK + WIDTH)
#define OUTLINE static inline
#define ONE_ROW

#include "common.h"
#include "tiles.h"
#include "update.h"
#include "whole_step.h"

/* A group with its slice. */
typedef struct {
  __constant const step_plan *plan;
  __constant const layer *layers;
  __constant const phase_plan *own;
  __constant const phase *phases;
  __global const float *parameters;
  __global float *gradient;
  VALUES float *values;
  __local loss_sums *sums; /* of each row's losses and hits so far */
  __local uint *from;      /* the dataset rows of the block */
  __local float *panels;
  int full; /* the panel that the phase uses; the other one receives the next */
  uint start, live, epoch;
  int begin, end; /* blocks of the slice */
} group;

/* panel[k][unit] = the weight between unit k of one side and `unit` of the other. Neighbouring
 * items read neighbouring words of the slab in both directions. */
static inline void copy_panel(__local float *panel, const group *g, phase p) {
  const layer at = g->layers[p.copy_layer];
  const int down = p.copy == COPY_DOWN, pitch = panel_pitch(p.copy_units);
  const int rows = down ? p.copy_units : at.inputs, cols = down ? at.outputs : p.copy_units;
  __global const float *w = g->parameters + at.weight + p.copy_first * (down ? at.stride : 1);
  const float part = 1.0f / (float)cols;
  for (int n = get_local_id(0); n < rows * cols; n += STEP_GROUP) {
    const int r = quotient(n, part), c = n - r * cols;
    panel[down ? c * pitch + r : r * pitch + c] = w[r * at.stride + c];
  }
}

static inline int block_rows(const group *g, int block) {
  return clamp((int)g->live - block * CHUNK, 0, CHUNK);
}

/* Finds the rows of the block. */
static inline void take_rows(const group *g, const source *s, int block) {
  const int item = get_local_id(0);
  if (item >= CHUNK) return;
  const uint place = min(g->start + (uint)(block * CHUNK + item), (uint)s->rows - 1);
  g->from[item] = s->shuffle ? permute(place, (uint)s->rows, s->seed, RNG_SHUFFLE, g->epoch)
                             : place % (uint)s->held;
}

/* x[i][r] = column i of row r; the targets are copied bit by bit to the spare part in the same way.
 * Missing rows become zero. */
static inline void load_rows(const group *g, const source *s, int block) {
  const int rows = block_rows(g, block), inputs = g->layers[0].inputs;
  const int targets = LOSS_TARGETS(g->layers[g->plan->layers - 1].outputs);
  const float row = 1.0f / (float)inputs, target = 1.0f / (float)targets;
  VALUES float *y = g->values + g->plan->spare;
  for (int n = get_local_id(0); n < CHUNK * inputs; n += STEP_GROUP) {
    const int r = quotient(n, row), i = n - r * inputs;
    g->values[i * PITCH + r] = r < rows ? source_value(s, (size_t)g->from[r] * inputs + i) : 0.0f;
  }
  for (int n = get_local_id(0); n < CHUNK * targets; n += STEP_GROUP) {
    const int r = quotient(n, target), i = n - r * targets;
    y[i * PITCH + r] = r < rows ? as_float(source_targets(s, g->from[r], targets)[i]) : 0.0f;
  }
}

/* (1), (2) for some units of a layer. */
static inline void go_up(const group *g, phase p) {
  const layer at = g->layers[p.layer];
  const int below =
      p.layer > 0 ? g->layers[p.layer - 1].a : 0; /* the inputs are the first values */
  const product up = {g->values + below,
                      g->values + at.z + p.first * PITCH,
                      g->values + at.a + p.first * PITCH,
                      at.bias < 0 ? 0 : g->parameters + at.bias + p.first,
                      g->panels + g->full * g->own->panel,
                      at.inputs,
                      p.units,
                      panel_pitch(p.units),
                      at.activation,
                      at.parameter};
  run_product(&up, 0);
}

/* (8) for some units of the layer below. */
static inline void go_down(const group *g, phase p) {
  const layer at = g->layers[p.layer], below = g->layers[p.layer - 1];
  const product down = {g->values + at.a,
                        g->values + below.z + p.first * PITCH,
                        g->values + below.a + p.first * PITCH,
                        0,
                        g->panels + g->full * g->own->panel,
                        at.outputs,
                        p.units,
                        panel_pitch(p.units),
                        below.activation,
                        below.parameter};
  run_product(&down, 1);
}

/* The losses of the block's rows, one item for each row; the last layer's values become dz. */
static inline void take_loss(const group *g, const source *s, int block) {
  const int item = get_local_id(0);
  if (item >= CHUNK) return;
  const layer last = g->layers[g->plan->layers - 1];
  VALUES const float *y = g->values + g->plan->spare + item;
  const int targets = LOSS_TARGETS(last.outputs), row = item < block_rows(g, block);
  const float weight = row ? source_weight(s, g->from[item], targets) : 0.0f;
  const int alive = weight > 0.0f, label = LOSS_HAS_LABELS && row ? as_int(y[0]) : -1;
  const float w = ROW_WEIGHT(weight), scale = w * loss_scale((int)g->live, last.outputs);
  const float2 rows =
      loss_rows(g->values + last.a + item, y, last.outputs, label, alive, scale, s->loss);
  const loss_sums sums = with_weight(w * rows, w);
  g->sums[item] = block > g->begin ? g->sums[item] + sums : sums;
}

/* The block's share of a layer's dw (9) and db (10). The same item always computes an element. */
static inline void share_gradient(const group *g, phase p, int block) {
  const layer at = g->layers[p.layer];
  VALUES const float *x = g->values + (p.layer > 0 ? g->layers[p.layer - 1].a : 0);
  VALUES const float *dz = g->values + at.a;
  const int rows = block_rows(g, block), more = block > g->begin;
  if (at.inputs * at.outputs <= 4 * STEP_GROUP)
    weight_tiles(g->gradient + at.weight, at, x, dz, rows, more, 2);
  else
    weight_tiles(g->gradient + at.weight, at, x, dz, rows, more, 4);
  if (at.bias < 0) return;
  for (int o = STEP_GROUP - 1 - get_local_id(0); o < at.outputs; o += STEP_GROUP) {
    float total = 0.0f;
    for (int r = 0; r < rows; r++) total += dz[o * PITCH + r];
    __global float *to = g->gradient + at.bias + o;
    *to = more ? *to + total : total;
  }
}

/* Runs a phase; contains no barrier. */
static inline void run_phase(group *g, const source *s, int index, int block) {
  const phase p = g->phases[index];
  if (p.copy != COPY_NONE) copy_panel(g->panels + (1 - g->full) * g->own->panel, g, p);
  if (p.work == TAKE) take_rows(g, s, block);
  if (p.work == LOAD) load_rows(g, s, block);
  if (p.work == UP) go_up(g, p);
  if (p.work == GET_LOSS) take_loss(g, s, block);
  if (p.work == SHARE) share_gradient(g, p, block);
  if (p.work == DOWN) go_down(g, p);
  if (p.copy != COPY_NONE) g->full = 1 - g->full;
}

/* Finds all parts; `space` is the group's local memory. */
static inline group make_group(__global float *gradients, __global float *scratch,
                               __local vec *space, __global const float *parameters,
                               __constant const step_plan *plan) {
  group g;
  g.plan = plan;
  g.layers = (__constant const layer *)(plan + 1);
  g.own = (__constant const phase_plan *)(g.layers + plan->layers);
  g.phases = (__constant const phase *)(g.own + 1);
  g.parameters = parameters;
  g.gradient = gradients + (size_t)get_group_id(0) * plan->gradient_stride;
  __local float *left = (__local float *)space + g.own->values;
#if LOCAL_VALUES
  g.values = (__local float *)space;
#else
  g.values = scratch + (size_t)get_group_id(0) * plan->scratch_stride;
#endif
  g.sums = (__local loss_sums *)left;
  g.from = (__local uint *)(left + 4 * CHUNK);
  g.panels = left + 5 * CHUNK;
  g.full = 0;
  return g;
}

/* Begins the slice of the next batch; one item opens the step. A slice without rows writes zeros.
 */
static inline void begin_slice(group *g, __global step_state *state, const source *s) {
  const int slice = get_group_id(0), chunks = g->plan->chunks, slices = g->plan->slices;
  g->start = batch_start(state, g->plan->batch);
  g->live = batch_live(g->start, g->plan->batch, s->rows);
  g->epoch = state->epoch;
  g->begin = slice * chunks / slices;
  g->end =
      min((slice + 1) * chunks / slices, max(((int)g->live + CHUNK - 1) / CHUNK, g->begin + 1));
  if (slice == 0 && get_local_id(0) == 0) open_step(state, g->live);
}

/* Runs all phases of a slice. This is a macro because barriers must be at a kernel's top level. */
#define RUN_SLICE(g, state, s)                                                                     \
  begin_slice(&g, state, &s);                                                                      \
  for (int block = g.begin; block < g.end; block++)                                                \
    for (int index = 0; index < g.own->phases; index++) {                                          \
      run_phase(&g, &s, index, block);                                                             \
      barrier(FENCES);                                                                             \
    }

/* Adds the rows' losses and hits in order. Called by one item. */
static inline void add_rows(__global float *partials, const group *g) {
  loss_sums total = (loss_sums)(0.0f);
  for (int r = 0; r < CHUNK; r++) total += g->sums[r];
  store_sums(total, get_group_id(0), partials);
}

/* Slice s of the batch writes row s of gradients and of partials [slices, PARTIALS]; an update adds
 * them up. scratch: one row of values for each slice, or NULL. */
__kernel GROUP(STEP_GROUP, 1)
void whole_step_gpu(__global float *restrict gradients, __global float *restrict partials,
                    __global float *restrict scratch, __global step_state *restrict state,
                    __local vec *restrict space, __global const float *restrict parameters,
                    __constant const step_plan *restrict plan, __global const uchar *restrict data,
                    __global const uint *restrict targets, int rows, int held, int bytes,
                    int shuffle, float scale, ulong seed, float8 loss) {
  const source s = {data, targets, rows, held, bytes, shuffle, scale, seed, loss};
  group g = make_group(gradients, scratch, space, parameters, plan);
  RUN_SLICE(g, state, s)
  if (get_local_id(0) == 0) add_rows(partials, &g);
}

/* Runs `steps` steps with their updates, for batches of a single slice; the one group continues
 * alone. */
__kernel GROUP(STEP_GROUP, 1)
void whole_steps_gpu(__global float *restrict parameters, __global float *restrict first,
                     __global float *restrict second, __global float *restrict third,
                     __global float *restrict gradients, __global float *restrict partials,
                     __global float *restrict scratch, __global step_state *restrict state,
                     __local vec *restrict space, __constant const step_plan *restrict plan,
                     __global const uchar *restrict data, __global const uint *restrict targets,
                     int rows, int held, int bytes, int shuffle, float scale, ulong seed,
                     float8 loss, int steps, float8 constants GROUPS_PARAMETERS) {
  const moment_slabs moments = {first, second, third};
  const source s = {data, targets, rows, held, bytes, shuffle, scale, seed, loss};
  group g = make_group(gradients, scratch, space, parameters, plan);
  for (int n = 0; n < steps; n++) {
    RUN_SLICE(g, state, s)
    barrier(CLK_GLOBAL_MEM_FENCE); /* gradients, and the open step */
    update_vectors(parameters, moments, gradients, state, 1, 0, get_local_id(0), plan->vectors,
                   STEP_GROUP, constants GROUPS_ARGUMENTS);
    if (get_local_id(0) == 0) {
      add_rows(partials, &g);
      close_step(state, partials, 1);
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
  }
}
