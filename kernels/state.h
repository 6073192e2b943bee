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
} step_state;

/* Adds the losses' partial sums [groups][2] in order, with Kahan's compensation across steps, and
 * closes the step. Called by one work-item of the launch. */
static inline void close_step(__global step_state *state, __global const float *partials,
                              int groups) {
  float loss = 0.0f;
  uint correct = 0; /* stored once: a store in the loop would delay the next loads */
  for (int i = 0; i < groups; i++) {
    loss += partials[2 * i];
    correct += (uint)partials[2 * i + 1];
  }
  state->correct += correct;
  if (!isfinite(loss) && !state->frozen) {
    state->bad_step = state->step;
    state->bad_loss = 1;
  }
  float term = loss - state->loss_carry, sum = state->loss_sum + term;
  state->loss_carry = (sum - state->loss_sum) - term;
  state->loss_sum = sum;
  state->rows += state->live;
  if (state->bad_step != STATE_NO_STEP)
    return; /* the bad batch stays the current one for diagnosis */
  state->done = state->step;
  if (state->epoch_steps != 0 && state->done - state->epoch_first == state->epoch_steps) {
    state->epoch_first = state->done;
    state->epoch++;
  }
}

#endif
