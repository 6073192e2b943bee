/* Losses and their gradients, fused: equations (3) (4) (6) (7) of docs/backprop.md.
 *
 * An item takes LOSS_ROWS rows, one after the other; a group's losses and correct rows are added in
 * a fixed order into one pair of partial sums, which the launch that closes the step adds up. The
 * mean is over the state's `live` rows; rows beyond get gradient 0 and count nothing.
 */
#include "common.h"
#include "state.h"

#ifndef LOSS_GROUP
#define LOSS_GROUP 1
#endif
#ifndef LOSS_ROWS
#define LOSS_ROWS 16
#endif

/* Adds the items' sums in order: one pair a group. Call at the kernel's top level. */
static inline void sum_items(__global float *partials, __local float2 *sums) {
  float2 total = (float2)(0.0f);
  for (int i = 0; i < LOSS_GROUP; i++) total += sums[i];
  vstore2(total, get_group_id(0), partials);
}

/* One row: dz = (softmax(z) - onehot(label)) * scale; returns (-log softmax(z)[label], hit?).
 * The largest logit is subtracted first, so that exp cannot overflow. */
static inline float2 cross_entropy_row(__global float *dz, __global const float *z, int cols,
                                       int label, float scale) {
  float largest = z[0];
  int at = 0;
  for (int c = 1; c < cols; c++)
    if (z[c] > largest) {
      largest = z[c];
      at = c;
    }
  float sum = 0.0f;
  for (int c = 0; c < cols; c++) {
    const float e = exp(z[c] - largest);
    dz[c] = e;
    sum += e;
  }
  for (int c = 0; c < cols; c++) dz[c] = (dz[c] / sum - (c == label ? 1.0f : 0.0f)) * scale;
  return (float2)(log(sum) + (largest - z[label]), at == label ? 1.0f : 0.0f);
}

/* dz, z [batch, cols] with one stride; labels [batch] */
__kernel GROUP(LOSS_GROUP, 1)
void cross_entropy(__global float *restrict dz, __global float *restrict partials,
                   __global const float *restrict z, __global const int *restrict labels,
                   __global const step_state *restrict state, int batch, int cols, int stride,
                   int label_stride) {
  __local float2 sums[LOSS_GROUP];
  float2 sum = (float2)(0.0f);
  const int live = state->live, first = get_global_id(0) * LOSS_ROWS;
  for (int r = first; r < min(first + LOSS_ROWS, batch); r++) {
    __global float *dz_row = dz + (size_t)r * stride;
    if (r < live)
      sum += cross_entropy_row(dz_row, z + (size_t)r * stride, cols,
                               labels[(size_t)r * label_stride], 1.0f / live);
    else
      for (int c = 0; c < cols; c++) dz_row[c] = 0.0f;
  }
  sums[get_local_id(0)] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_local_id(0) == 0) sum_items(partials, sums);
}

/* dz, z [batch, cols] with one stride; y [batch, cols]. Row loss: the mean of (z - y)^2 over cols.
 */
__kernel GROUP(LOSS_GROUP, 1)
void mean_squared_error(__global float *restrict dz, __global float *restrict partials,
                        __global const float *restrict z, __global const float *restrict y,
                        __global const step_state *restrict state, int batch, int cols, int stride,
                        int y_stride) {
  __local float2 sums[LOSS_GROUP];
  float sum = 0.0f;
  const int live = state->live, first = get_global_id(0) * LOSS_ROWS;
  const float scale = 2.0f / ((float)max(live, 1) * (float)cols);
  for (int r = first; r < min(first + LOSS_ROWS, batch); r++) {
    const size_t row = (size_t)r * stride, y_row = (size_t)r * y_stride;
    float squares = 0.0f;
    for (int c = 0; c < cols; c++) {
      const float difference = r < live ? z[row + c] - y[y_row + c] : 0.0f;
      dz[row + c] = difference * scale;
      squares = fma(difference, difference, squares);
    }
    sum += squares / cols;
  }
  sums[get_local_id(0)] = (float2)(sum, 0.0f);
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_local_id(0) == 0) sum_items(partials, sums);
}
