/* Losses and their gradients, fused: equations (3) (4) (6) (7) of docs/backprop.md.
 *
 * An item takes LOSS_ROWS rows, one after the other, each in vectors of columns; a group's losses
 * and correct rows are added in a fixed order into one pair of partial sums, which the launch that
 * closes the step adds up. The mean is over the state's `live` rows; rows beyond get gradient 0 and
 * count nothing. Rows in the lanes would save the sums over lanes, but need two transposes, and
 * hold 16 wide rows in the cache at a time.
 */
#include "common.h"
#include "elementary.h"
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

/* select, not fmax, whose care for NaN costs more; a NaN among the logits makes exp and the sum NaN
 * whatever the largest is. */
#define LARGER(a, b) select((a), (b), (b) > (a))

static inline float row_largest(vec value) {
#if WIDTH == 16
  const float8 half8 = LARGER(value.lo, value.hi);
  const float4 half4 = LARGER(half8.lo, half8.hi);
#elif WIDTH == 8
  const float4 half4 = LARGER(value.lo, value.hi);
#else
  const float4 half4 = value;
#endif
  const float2 half2 = LARGER(half4.lo, half4.hi);
  return LARGER(half2.x, half2.y);
}

static inline ivec columns_from(int c) {
#if WIDTH == 16
  return (ivec)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) + c;
#elif WIDTH == 8
  return (ivec)(0, 1, 2, 3, 4, 5, 6, 7) + c;
#else
  return (ivec)(0, 1, 2, 3) + c;
#endif
}

/* The logits from column c on: -Inf beyond the edge, where exp makes them 0. */
static inline vec logits(__global const float *z, int c, int cols) {
  return select((vec)(-INFINITY), aligned_vec(z + c, 0), columns_from(c) < cols);
}

/* (e / sum - onehot(label)) * scale, with factor = scale / sum. */
static inline vec gradient(vec e, int c, float factor, int label, float scale) {
  const vec target = select((vec)(0.0f), (vec)(-scale), columns_from(c) == label);
  return fma(e, (vec)(factor), target);
}

/* One row: dz = (softmax(z) - onehot(label)) * scale; returns (-log softmax(z)[label], hit?). The
 * largest logit is subtracted first, so that exp cannot overflow. dz holds the numerators in
 * between, but for the last vector, which stays in a register. The row is a hit if the label's
 * logit is the largest and no column before it has the same. */
static inline float2 cross_entropy_row(__global float *dz, __global const float *z, int cols,
                                       int label, float scale) {
  const int last = (cols - 1) / WIDTH * WIDTH;
  const vec last_z = logits(z, last, cols);
  vec most = last_z;
  for (int c = 0; c < last; c += WIDTH) {
    const vec value = aligned_vec(z + c, 0);
    most = LARGER(most, value);
  }
  const float largest = row_largest(most), at_label = z[label];
  const vec last_e = bounded_exp(last_z - largest);
  vec sums = last_e;
  ivec before = (last_z == largest) & (columns_from(last) < label);
  for (int c = 0; c < last; c += WIDTH) {
    const vec value = aligned_vec(z + c, 0), e = bounded_exp(value - largest);
    aligned_vec(dz + c, 0) = e;
    sums += e;
    before |= (value == largest) & (columns_from(c) < label);
  }
  const float sum = sum_lanes(sums), factor = scale / sum;
  for (int c = 0; c < last; c += WIDTH)
    aligned_vec(dz + c, 0) = gradient(aligned_vec(dz + c, 0), c, factor, label, scale);
  store_lanes(dz + last, gradient(last_e, last, factor, label, scale), cols - last);
  const float rivals = sum_lanes(select((vec)(0.0f), (vec)(1.0f), before));
  const int hit = at_label == largest && rivals == 0.0f;
  return (float2)(log_float(sum) + (largest - at_label), hit ? 1.0f : 0.0f);
}

static inline void clear_row(__global float *dz, int cols) {
  for (int c = 0; c < cols; c += WIDTH) store_lanes(dz + c, (vec)(0.0f), cols - c);
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
      clear_row(dz_row, cols);
  }
  sums[get_local_id(0)] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_local_id(0) == 0) sum_items(partials, sums);
}

/* One row: dz = (z - y) * scale; returns the squares of z - y, lane by lane. The padding of z and y
 * is zero. */
static inline vec squared_error_row(__global float *dz, __global const float *z,
                                    __global const float *y, int cols, float scale) {
  vec squares = (vec)(0.0f);
  for (int c = 0; c < cols; c += WIDTH) {
    const vec difference = aligned_vec(z + c, 0) - aligned_vec(y + c, 0);
    store_lanes(dz + c, difference * scale, cols - c);
    squares += difference * difference;
  }
  return squares;
}

/* dz, z [batch, cols] with one stride; y [batch, cols]. Row loss: the mean of (z - y)^2 over cols.
 */
__kernel GROUP(LOSS_GROUP, 1)
void mean_squared_error(__global float *restrict dz, __global float *restrict partials,
                        __global const float *restrict z, __global const float *restrict y,
                        __global const step_state *restrict state, int batch, int cols, int stride,
                        int y_stride) {
  __local float2 sums[LOSS_GROUP];
  vec sum = (vec)(0.0f);
  const int live = state->live, first = get_global_id(0) * LOSS_ROWS;
  const float scale = 2.0f / ((float)max(live, 1) * (float)cols);
  for (int r = first; r < min(first + LOSS_ROWS, batch); r++) {
    const size_t row = (size_t)r * stride, y_row = (size_t)r * y_stride;
    if (r < live)
      sum += squared_error_row(dz + row, z + row, y + y_row, cols, scale) / (float)cols;
    else
      clear_row(dz + row, cols);
  }
  sums[get_local_id(0)] = (float2)(sum_lanes(sum), 0.0f);
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_local_id(0) == 0) sum_items(partials, sums);
}
