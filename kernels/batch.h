/* The batch of a step: which rows of the dataset it takes, and the writes that open the step.
 *
 * The row at a position is a pure function of (seed, epoch, position), so no array of the order is
 * made, uploaded or kept. The batch follows from `done` and `epoch_first`. No launch that opens a
 * step writes these, so its work-items need not wait for the one that writes `live` and `frozen`.
 */
#ifndef BATCH_H
#define BATCH_H

#include "philox.h"
#include "state.h"

/* Position of the batch's first row in the epoch. */
static inline uint batch_start(__global const step_state *state, int batch) {
  return (uint)(state->done - state->epoch_first) * (uint)batch;
}

/* Number of valid rows of the batch; an epoch's last batch may be shorter. */
static inline uint batch_live(uint start, int batch, int rows) {
  return start < (uint)rows ? min((uint)batch, (uint)rows - start) : 0u;
}

/* Called by one work-item of the launch. */
static inline void open_step(__global step_state *state, uint live) {
  if (state->done == state->epoch_first) { /* an epoch's first batch clears the sums */
    state->rows = state->correct = 0u;
    state->loss_sum = state->loss_carry = 0.0f;
    state->hit_sum = state->hit_carry = state->weight_sum = state->weight_carry = 0.0f;
  }
  state->step = state->done + 1;
  state->live = live;
  state->learning_rate = scheduled_rate(&state->schedule, state->step);
  if (state->bad_parameter != STATE_NONE && state->bad_step == STATE_NO_STEP)
    state->bad_step = state->done;
  state->frozen = state->bad_step != STATE_NO_STEP;
}

#endif
