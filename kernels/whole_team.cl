/* The training steps of a middle-sized network in one launch, by a team of work-items.
 *
 * A step is a list of tasks in phases (host/graph/whole_team.c). A task computes some units of a
 * layer for the whole batch, or everything about a chunk of rows, or a block of weights with its
 * update. It reads what earlier phases have written, and nothing of its own phase. Sums are never
 * divided among tasks, so neither the number of items nor their order changes a bit. Values lie as
 * in a slice (whole_step.cl), with a row of `scratch` for each chunk. The last phases of a step and
 * the first of the next need the inputs of two batches, so there are two places for them.
 *
 * All items go through the phases. In each an item claims tasks, its own share first, so that
 * weights stay in the cache of the core that has updated them, then those that the others have left
 * over. It goes on when all tasks of the phase have been finished. OpenCL promises neither that
 * items run at the same time nor how soon one of them gets on. So only who has no task waits, and
 * not for long: an item that looks LOOKS times in vain leaves the launch. Whoever it waited for is
 * then still there, and goes on without it. The last item of a launch thus finds all tasks of its
 * phase finished, and never leaves early: a launch ends with all steps done, even if its items run
 * one after the other. Where atomic operations are not known to order other memory, the host
 * launches each phase by itself, an item for each task.
 */
#include "chunk.h"
#include "common.h"
#include "lanes.h"
#include "update.h"
#include "whole_step.h"

#define LOOKS (1 << 20) /* about a millisecond */

/* In `progress`: how many tasks have been finished, and how many items have left; and for each task
 * how often it has been claimed. On cache lines of their own; all zero before a launch and after
 * it. */
enum { FINISHED = 0, LEFT = 32, CLAIMS = 64 };

/* Where a step's tasks are: their number; the number of those that load a batch, and the first of
 * them; and where a chunk has the second place for inputs, and its loss. */
typedef struct {
  int tasks, loads, first_load;
  int second, sums;
  int reserved[3]; /* same length as the table's other rows */
} team_plan;

/* Opens the step; loads inputs of a chunk of the next batch; a layer's units forward; the last
 * layer and the loss of a chunk; the gradient of a layer's inputs; a block of a layer's gradient
 * and, in steps with updates, of its weights; closes the step. */
enum { OPEN, LOAD_NEXT, FORWARD, CHUNK_LOSS, BACKWARD, GRADIENT, CLOSE };

/* The units or inputs of a layer from `first` on; of a GRADIENT the inputs and the outputs of a
 * block of weights. CHUNK_LOSS includes the last layer's products if `units` is 1. The phase's
 * tasks end before `end`. */
typedef struct {
  int work, layer, first, units, chunk, end;
  int first_output, outputs;
} task;

typedef struct {
  __global const layer *layers;
  __global const step_plan *plan;
  __global const team_plan *own;
  __global const task *tasks;
  __global float *parameters, *gradients, *partials, *scratch;
  __global step_state *state;
  const source *s;
  int step; /* of the launch */
} team;

static inline __global float *values_of(const team *t, int chunk_index) {
  return t->scratch + (size_t)chunk_index * t->plan->scratch_stride;
}

/* The inputs of a chunk in this step of the launch. */
static inline __global float *batch_of(const team *t, int chunk_index, int step) {
  return values_of(t, chunk_index) + (step % 2 ? t->own->second : 0);
}

static inline __global float *inputs_of(const team *t, int l, int chunk_index) {
  return l > 0 ? values_of(t, chunk_index) + t->layers[l - 1].a : batch_of(t, chunk_index, t->step);
}

static inline int turned_stride(const layer *at) {
  return (at->outputs + 2 * WIDTH - 1) / (2 * WIDTH) * (2 * WIDTH);
}

/* The rows of a chunk of the batch at `start` of an epoch. */
static inline void take_chunk(chunk *c, const team *t, int at, uint start, uint epoch) {
  uint keys[PERMUTE_ROUNDS];
  const uint live = batch_live(start, t->plan->batch, t->s->rows);
  c->rows = clamp((int)live - at * CHUNK, 0, CHUNK);
  if (t->s->shuffle) permutation_keys(keys, t->s->seed, RNG_SHUFFLE, epoch);
  take_rows(c, start + (uint)(at * CHUNK), t->s, keys);
}

/* Loads inputs for step `step` of the launch: of the batch to be opened or, if a step is open, of
 * the one after it. */
static inline void load_batch(const team *t, task k, int step, int ahead) {
  __global const step_state *state = t->state;
  chunk c;
  uint place = (uint)((ahead ? state->step : state->done) - state->epoch_first);
  uint epoch = state->epoch;
  if (ahead && place == state->epoch_steps) place = 0, epoch++;
  take_chunk(&c, t, k.chunk, place * (uint)t->plan->batch, epoch);
  load_inputs(batch_of(t, k.chunk, step), &c, t->s, t->layers[0].inputs, k.first,
              k.first + k.units);
}

/* (1), (2) of some units; the last layer's z is the output. */
static inline void forward(const team *t, int l, int first, int units, int chunk_index) {
  const layer at = t->layers[l];
  __global float *values = values_of(t, chunk_index);
  __global float *z = values + at.z + first * CHUNK;
  unit_product(z, at.bias < 0 ? 0 : t->parameters + at.bias + first,
               t->parameters + at.weight + first, 1, at.stride, inputs_of(t, l, chunk_index), units,
               at.inputs);
  if (l + 1 < t->plan->layers)
    activate(values + at.a + first * CHUNK, z, units * CHUNK / WIDTH, at.activation, at.parameter);
}

/* Turns the dz of some units, so that (9) can read its rows. */
static inline void turn(const team *t, int l, int first, int units, int chunk_index) {
  const layer at = t->layers[l];
  __global float *values = values_of(t, chunk_index);
  transpose(values + at.turned + first, turned_stride(&at), values + at.dz + first * CHUNK, units);
}

/* (8): dz of some units of the layer below. */
static inline void backward(const team *t, int l, int first, int units, int chunk_index) {
  const layer at = t->layers[l], below = t->layers[l - 1];
  __global float *values = values_of(t, chunk_index);
  __global float *dz = values + below.dz + first * CHUNK;
  unit_product(dz, 0, t->parameters + at.weight + (size_t)first * at.stride, at.stride, 1,
               values + at.dz, units, at.outputs);
  apply_slope(dz, values + below.z + first * CHUNK, values + below.a + first * CHUNK, dz,
              units * CHUNK / WIDTH, below.activation, below.parameter);
  turn(t, l - 1, first, units, chunk_index);
}

/* A chunk's loss, with the last layer's products if they are short. */
static inline void lose(const team *t, task k) {
  __global const step_state *state = t->state;
  const int l = k.layer, whole = k.units, outputs = t->layers[l].outputs;
  __global float *values = values_of(t, k.chunk);
  chunk c;
  take_chunk(&c, t, k.chunk, batch_start(state, t->plan->batch), state->epoch);
  if (whole) forward(t, l, 0, outputs, k.chunk);
  const loss_sums sums =
      chunk_loss(values + t->layers[l].dz, values + t->plan->spare, &c, t->s, outputs, state->live);
  store_sums(sums, 0, values + t->own->sums);
  turn(t, l, 0, outputs, k.chunk);
  if (whole && l > 0) backward(t, l, 0, t->layers[l].inputs, k.chunk);
}

/* (9) and, with the first inputs, (10) of a block of weights. */
static inline void add_gradient(const team *t, task k) {
  const layer at = t->layers[k.layer];
  const int live = t->state->live, bias = at.bias >= 0 && k.first == 0;
  __global float *dw = t->gradients + at.weight + (size_t)k.first * at.stride + k.first_output;
  for (int c = 0; c < t->plan->chunks; c++) {
    const int rows = clamp(live - c * CHUNK, 0, CHUNK);
    if (c > 0 && rows == 0) break;
    weight_gradient(dw, bias ? t->gradients + at.bias + k.first_output : 0, at.stride,
                    inputs_of(t, k.layer, c) + k.first * CHUNK,
                    values_of(t, c) + at.turned + k.first_output, turned_stride(&at), k.units,
                    k.outputs, rows, c > 0);
  }
}

/* Adds the chunks' losses in order. */
static inline void add_chunks(const team *t) {
  loss_sums sums = (loss_sums)(0.0f);
  for (int c = 0; c < t->plan->chunks; c++) sums += load_sums(0, values_of(t, c) + t->own->sums);
  store_sums(sums, 0, t->partials);
}

/* Everything except updates. */
static inline void run_task(const team *t, task k, int last) {
  const int chunks = t->plan->chunks;
  if (k.work == OPEN)
    open_step(t->state,
              batch_live(batch_start(t->state, t->plan->batch), t->plan->batch, t->s->rows));
  if (k.work == LOAD_NEXT && !last) load_batch(t, k, t->step + 1, t->step >= 0);
  for (int c = 0; c < chunks && k.work == FORWARD; c++) forward(t, k.layer, k.first, k.units, c);
  if (k.work == CHUNK_LOSS) lose(t, k);
  for (int c = 0; c < chunks && k.work == BACKWARD; c++) backward(t, k.layer, k.first, k.units, c);
  if (k.work == GRADIENT) add_gradient(t, k);
  if (k.work == CLOSE) add_chunks(t);
}

/* The tasks of a phase, [begin, end), and how many tasks of the launch are finished when its are.
 */
typedef struct {
  int begin, end, finished;
} phase_tasks;

/* The phase after the first `done` tasks of a launch, which begins with the loads of a batch. */
static inline phase_tasks phase_after(team *t, int done) {
  const int after_loads = done - t->own->loads;
  if (after_loads < 0) {
    t->step = -1;
    return (phase_tasks){t->own->first_load, t->own->first_load + t->own->loads, t->own->loads};
  }
  t->step = after_loads / t->own->tasks;
  const int begin = after_loads - t->step * t->own->tasks, end = t->tasks[begin].end;
  return (phase_tasks){begin, end, done + end - begin};
}

/* Takes the task for the current step unless somebody has. A load is needed once more. */
static inline int claim(const team *t, __global int *progress, int index) {
  __global int *claims = progress + CLAIMS + index;
  const int before = t->step + (t->tasks[index].work == LOAD_NEXT);
  return *(volatile __global int *)claims == before && atomic_max(claims, before + 1) == before;
}

/* The writes before are visible to whoever sees the count. */
static inline void count_finished(__global int *progress) {
  mem_fence(CLK_GLOBAL_MEM_FENCE);
  atomic_inc(progress + FINISHED);
}

/* Waits until so many tasks have been finished; 0: not for too long. The atomic addition orders
 * this item's reads after the writes of those who have counted. */
static inline int wait_for(__global int *progress, int finished) {
  for (int looks = 0; looks < LOOKS; looks++)
    if (*(volatile __global int *)(progress + FINISHED) >= finished)
      return atomic_add(progress + FINISHED, 0) >= finished;
  return 0;
}

/* Called by each item at its end: the last one leaves the counters as they were. */
static inline void leave(const team *t, __global int *progress) {
  if (atomic_inc(progress + LEFT) + 1 < (int)get_num_groups(0)) return;
  progress[FINISHED] = progress[LEFT] = 0;
  for (int i = 0; i < t->own->tasks; i++) progress[CLAIMS + i] = 0;
}

/* Declares the team, and goes through the phases of a launch; `run` is run for each task that this
 * item claims, or with from >= 0, in a launch of a single phase, for that of its number. */
#define RUN_TEAM(steps, run)                                                                       \
  __global const layer *layers = (__global const layer *)(plan + 1);                               \
  __global const team_plan *own = (__global const team_plan *)(layers + plan->layers);             \
  __global const task *tasks = (__global const task *)(own + 1);                                   \
  const source s = {data, targets, rows, held, bytes, shuffle, scale, seed, loss};                 \
  team t = {layers, plan, own, tasks, parameters, gradients, partials, scratch, state, &s, 0};     \
  const int item = get_group_id(0), items = get_num_groups(0);                                     \
  const int all = own->loads + (steps) * own->tasks;                                               \
  for (int done = max(from, 0), alone = from >= 0; done < all;) {                                  \
    const phase_tasks p = phase_after(&t, done);                                                   \
    const int count = p.end - p.begin, share = alone ? item : count * item / items;                \
    for (int i = 0; i < (alone ? 1 : count); i++) {                                                \
      const int index = p.begin + (share + i) % count;                                             \
      if (!alone && !claim(&t, progress, index)) continue;                                         \
      const task k = tasks[index];                                                                 \
      run_task(&t, k, t.step + 1 == (steps));                                                      \
      run;                                                                                         \
      if (!alone) count_finished(progress);                                                        \
    }                                                                                              \
    if (alone) return;                                                                             \
    if (!wait_for(progress, p.finished)) break;                                                    \
    done = p.finished;                                                                             \
  }                                                                                                \
  leave(&t, progress)

/* Opens a step and computes the gradients of its batch, in one row, and the loss's partial sums. */
__kernel GROUP(1, 1)
void whole_step_team(__global float *gradients, __global float *partials, __global float *scratch,
                     __global step_state *state, __global int *progress, __global float *parameters,
                     __global const step_plan *plan, __global const uchar *data,
                     __global const uint *targets, int rows, int held, int bytes, int shuffle,
                     float scale, ulong seed, float8 loss, int from) {
  RUN_TEAM(1, );
}

/* The vectors of a slab that an update takes: every by-th in [start, end). */
typedef struct {
  int start, end, by;
} extent;

/* Column `column` of vectors of a GRADIENT task's block of weights; after the last one the bias's
 * vectors, with the first inputs. Empty if there is none. */
static inline extent updated_by(const team *t, task k, int column) {
  const layer at = t->layers[k.layer];
  const int columns = (k.outputs + WIDTH - 1) / WIDTH;
  if (column == columns) {
    if (k.work != GRADIENT || at.bias < 0 || k.first > 0) return (extent){0, 0, 1};
    const int start = (at.bias + k.first_output) / WIDTH;
    return (extent){start, start + columns, 1};
  }
  const int start = (at.weight + k.first * at.stride + k.first_output) / WIDTH + column;
  return (extent){start, start + k.units * at.stride / WIDTH, at.stride / WIDTH};
}

/* Runs `steps` steps with their updates. */
__kernel GROUP(1, 1)
void whole_steps_team(__global float *parameters, __global float *first, __global float *second,
                      __global float *third, __global float *gradients, __global float *partials,
                      __global float *scratch, __global step_state *state, __global int *progress,
                      __global const step_plan *plan, __global const uchar *data,
                      __global const uint *targets, int rows, int held, int bytes, int shuffle,
                      float scale, ulong seed, float8 loss, int from, int steps,
                      float8 constants GROUPS_PARAMETERS) {
  const moment_slabs moments = {first, second, third};
#define UPDATE(t, k)                                                                               \
  for (int c = 0; c <= (k.outputs + WIDTH - 1) / WIDTH && k.work == GRADIENT; c++) {               \
    const extent e = updated_by(&t, k, c);                                                         \
    update_vectors(parameters, moments, gradients, state, 1, 0, e.start, e.end, e.by,              \
                   constants GROUPS_ARGUMENTS);                                                    \
  }                                                                                                \
  if (k.work == CLOSE) close_step(state, partials, 1)
  RUN_TEAM(steps, UPDATE(t, k));
}
