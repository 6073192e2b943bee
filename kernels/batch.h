/* The batch of a step: which rows of the data set it takes, and the writes that open the step.
 *
 * The row at a place is a pure function of (seed, epoch, place): there is no order array to make,
 * upload or keep. The batch follows from `done` and `epoch_first`, which no launch that opens a
 * step writes, so its work-items need not wait for the one that writes `live` and `frozen`.
 */
#ifndef BATCH_H
#define BATCH_H

#include "philox.h"
#include "state.h"

/* Place of the batch's first row in the epoch. */
static inline uint batch_start(__global const step_state *state, int batch) {
  return (uint)(state->done - state->epoch_first) * (uint)batch;
}

/* Rows of the batch that there are: the last one of an epoch may be shorter. */
static inline uint batch_live(uint start, int batch, int rows) {
  return start < (uint)rows ? min((uint)batch, (uint)rows - start) : 0u;
}

/* One work-item of the launch calls this. */
static inline void open_step(__global step_state *state, uint live) {
  if (state->done == state->epoch_first) { /* an epoch's sums begin with its first batch */
    state->rows = state->correct = 0u;
    state->loss_sum = state->loss_carry = 0.0f;
  }
  state->step = state->done + 1;
  state->live = live;
  state->learning_rate = scheduled_rate(&state->schedule, state->step);
  if (state->bad_parameter != STATE_NONE && state->bad_step == STATE_NO_STEP)
    state->bad_step = state->done;
  state->frozen = state->bad_step != STATE_NO_STEP;
}

#endif
