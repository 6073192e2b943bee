/* Opens a step: copies the rows of the next batch from the dataset, in order or shuffled.
 *
 * Each group copies one batch row. The row's place in the data is a pure function of (seed, epoch,
 * position), so no array of the order is made, uploaded or kept. Rows past the last one become
 * zero. A dataset that does not fit comes in blocks, in the order of the epoch; `data` is then the
 * block.
 */
#include "batch.h"
#include "common.h"

#ifndef GATHER_GROUP
#define GATHER_GROUP 1
#endif

/* x [batch, inputs], y [batch, targets]; data [held, inputs] as floats or, if `bytes`, as uint8
 * times scale; targets [held, columns] as 32-bit words of any type. If there is a column more than
 * y has, it is the rows' weights [batch]. An epoch has `rows` rows; without shuffling, a position
 * of the epoch is taken modulo held. A step has `step_rows` rows; this part of it begins at row
 * `first`. */
__kernel GROUP(GATHER_GROUP, 1)
void gather(__global float *restrict x, __global uint *restrict y, __global uint *restrict weights,
            __global step_state *restrict state, __global const uchar *restrict data,
            __global const uint *restrict target_data, int batch, int inputs, int x_stride,
            int targets, int y_stride, int columns, int rows, int held, int bytes, float scale,
            int shuffle, ulong seed, int step_rows, int first) {
  const int r = get_group_id(0), item = get_local_id(0);
  const uint start = batch_start(state, step_rows), all = batch_live(start, step_rows, rows);
  const uint live = batch_live((uint)first, batch, (int)all);
  if (r == 0 && item == 0) {
    if (first == 0)
      open_step(state, live);
    else
      state->live = live;
  }

  __global float *x_row = x + (size_t)r * x_stride;
  __global uint *y_row = y + (size_t)r * y_stride;
  if ((uint)r >= live) {
    for (int c = item; c < inputs; c += GATHER_GROUP) x_row[c] = 0.0f;
    for (int c = item; c < targets; c += GATHER_GROUP) y_row[c] = 0u;
    if (columns > targets && item == 0) weights[r] = 0u;
    return;
  }
  const uint position = start + (uint)(first + r);
  const size_t from = shuffle ? permute(position, (uint)rows, seed, RNG_SHUFFLE, state->epoch)
                              : position % (uint)held;
  if (bytes) {
    __global const uchar *row = data + from * inputs;
    for (int c = item; c < inputs; c += GATHER_GROUP) x_row[c] = scale * (float)row[c];
  } else {
    __global const float *row = (__global const float *)data + from * inputs;
    for (int c = item; c < inputs; c += GATHER_GROUP) x_row[c] = row[c];
  }
  __global const uint *target_row = target_data + from * columns;
  for (int c = item; c < targets; c += GATHER_GROUP) y_row[c] = target_row[c];
  if (columns > targets && item == 0) weights[r] = target_row[targets];
}
