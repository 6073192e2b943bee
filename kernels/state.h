/* The step state: what changes from step to step, kept on the device so that a recorded step can be
 * queued again without the host. The twin of ebb_state in include/ebb/ops.h.
 *
 * gather opens a step: it writes step, live, frozen and the learning rate, clears the sums at an
 * epoch's first step, and reads done, epoch_first and the schedule. The launch that closes the step
 * (update or metrics_add) writes done and the sums and reads step, live, frozen and the learning
 * rate. No launch reads what another of its work-items writes, so there is no race and no further
 * launch.
 */
#ifndef STATE_H
#define STATE_H

#include "schedule.h"

#define STATE_NONE    0xffffffffu
#define STATE_NO_STEP 0xfffffffffffffffful

/* The outputs of a loss for each target, and its columns of targets. */
#ifndef LOSS_OUTPUTS
#define LOSS_OUTPUTS 1
#endif
#define LOSS_TARGETS(cols) (LOSS_HAS_LABELS ? 1 : (cols) / LOSS_OUTPUTS)

/* A loss's sums over rows, one row of `partials` for each group: the losses and the hits; with
 * weights, each row times its weight, and the sum of the weights. */
#ifndef LOSS_WEIGHTED
#define LOSS_WEIGHTED 0
#endif
#if LOSS_WEIGHTED
typedef float4 loss_sums; /* the last is 0: drivers have faults with vectors of three */
#define PARTIALS           3
#define ROW_WEIGHT(weight) (weight)
#else
typedef float2 loss_sums;
#define PARTIALS           2
#define ROW_WEIGHT(weight) 1.0f /* the weight is not read */
#endif

/* Losses and hits, which are weighted already, with the sum of the weights. */
static inline loss_sums with_weight(float2 sums, float weight) {
#if LOSS_WEIGHTED
  return (float4)(sums, weight, 0.0f);
#else
  return sums;
#endif
}

/* Row i of partials. */
static inline void store_sums(loss_sums sums, size_t i, __global float *partials) {
#if LOSS_WEIGHTED
  vstore2(sums.xy, 0, partials + PARTIALS * i);
  partials[PARTIALS * i + 2] = sums.z;
#else
  vstore2(sums, i, partials);
#endif
}

static inline loss_sums load_sums(size_t i, __global const float *partials) {
#if LOSS_WEIGHTED
  return (float4)(vload2(0, partials + PARTIALS * i), partials[PARTIALS * i + 2], 0.0f);
#else
  return vload2(i, partials);
#endif
}

typedef struct {
  ulong done, epoch_first, step, bad_step;
  uint epoch_steps, epoch;
  uint live, frozen;
  uint bad_parameter, bad_loss;
  uint rows, correct;
  float loss_sum, loss_carry;
  float learning_rate;
  uint reserved;
  step_schedule schedule; /* written by the host */
  float hit_sum, hit_carry, weight_sum, weight_carry;
} step_state;

/* sum += value, with Kahan's compensation: the rounding error is subtracted from the next value. */
static inline void add_compensated(__global float *sum, __global float *carry, float value) {
  const float old = *sum, term = value - *carry, next = old + term;
  *carry = (next - old) - term;
  *sum = next;
}

/* Adds the losses' partial sums [groups][PARTIALS] in order, compensated across steps. Called by
 * one work-item of the launch. */
static inline void add_losses(__global step_state *state, __global const float *partials,
                              int groups) {
  float loss = 0.0f; /* stored once: a store in the loop would delay the next loads */
#if LOSS_WEIGHTED
  float hits = 0.0f, weight = 0.0f;
  for (int i = 0; i < groups; i++) {
    loss += partials[3 * i];
    hits += partials[3 * i + 1];
    weight += partials[3 * i + 2];
  }
  add_compensated(&state->hit_sum, &state->hit_carry, hits);
  add_compensated(&state->weight_sum, &state->weight_carry, weight);
#else
  uint correct = 0;
  for (int i = 0; i < groups; i++) {
    loss += partials[2 * i];
    correct += (uint)partials[2 * i + 1];
  }
  state->correct += correct;
#endif
  if (!isfinite(loss) && !state->frozen) {
    state->bad_step = state->step;
    state->bad_loss = 1;
  }
  add_compensated(&state->loss_sum, &state->loss_carry, loss);
  state->rows += state->live;
}

/* The same, and closes the step. */
static inline void close_step(__global step_state *state, __global const float *partials,
                              int groups) {
  add_losses(state, partials, groups);
  if (state->bad_step != STATE_NO_STEP)
    return; /* the bad batch stays the current one for diagnosis */
  state->done = state->step;
  if (state->epoch_steps != 0 && state->done - state->epoch_first == state->epoch_steps) {
    state->epoch_first = state->done;
    state->epoch++;
  }
}

#endif
