/* A loss and its gradient, fused; -DLOSS=name selects the loss of loss_name.h.
 *
 * A group takes `each` rows, an item one after the other, each in vectors of columns. With
 * -DLOSS_WIDE, on GPUs, all items of a group take a row together, each every LOSS_GROUP-th vector,
 * so that they read neighbouring memory. A group adds its losses and correct rows in a fixed order
 * into one pair of partial sums, which the launch that closes the step adds up. The mean is over
 * the state's `live` rows, each times `members`; the other rows get gradient 0 and are not counted.
 * With -DLOSS_WEIGHTED each row's loss, hit and gradient are multiplied by its weight; a row of
 * weight 0 is not read, so that it cannot make anything NaN. Rows in the lanes would avoid sums
 * over lanes, but would need two transposes and keep 16 wide rows in the cache at a time.
 */
#include "common.h"
#include "elementary.h"
#include "state.h"

#define LOSS_BY_ROWS

#ifndef LOSS_GROUP
#define LOSS_GROUP 1
#endif

/* An item's columns of a row, and its rows. */
#ifdef LOSS_WIDE
#define ROW_START     ((int)get_local_id(0) * WIDTH)
#define ROW_STEP      (LOSS_GROUP * WIDTH)
#define HAS_COLUMN(c) ((c) / WIDTH % LOSS_GROUP == (int)get_local_id(0))
#define FIRST_ROW     0
#define ROWS_AT_ONCE  1
#else
#define ROW_START     0
#define ROW_STEP      WIDTH
#define HAS_COLUMN(c) 1
#define FIRST_ROW     ((int)get_local_id(0))
#define ROWS_AT_ONCE  LOSS_GROUP
#endif

/* Adds the items' sums in order, for each group. Must be called at the kernel's top level. */
static inline void sum_items(__global float *partials, __local loss_sums *sums) {
  loss_sums total = (loss_sums)(0.0f);
  for (int i = 0; i < LOSS_GROUP; i++) total += sums[i];
  store_sums(total, get_group_id(0), partials);
}

/* select is cheaper than fmax, which handles NaN. A NaN among the logits makes exp and the sum NaN
 * whatever the largest is. */
#define LARGER(a, b) select((a), (b), (b) > (a))

static inline float largest_lane(vec value) {
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

/* The sum and the largest of a row from each item's vector. In a group they pass through `shared`
 * and are combined in the items' order, so all items must call. */
INLINE float row_total(__local float *shared, vec value) {
  const float own = sum_lanes(value);
#ifndef LOSS_WIDE
  return own;
#else
  barrier(CLK_LOCAL_MEM_FENCE); /* the previous results have been read */
  shared[get_local_id(0)] = own;
  barrier(CLK_LOCAL_MEM_FENCE);
  float4 total = (float4)(0.0f);
  for (int i = 0; i < LOSS_GROUP; i += 4) total += *(__local const float4 *)(shared + i);
  return (total.x + total.y) + (total.z + total.w);
#endif
}
INLINE float row_largest(__local float *shared, vec value) {
  const float own = largest_lane(value);
#ifndef LOSS_WIDE
  return own;
#else
  barrier(CLK_LOCAL_MEM_FENCE);
  shared[get_local_id(0)] = own;
  barrier(CLK_LOCAL_MEM_FENCE);
  float4 most = *(__local const float4 *)shared;
  for (int i = 4; i < LOSS_GROUP; i += 4) {
    const float4 next = *(__local const float4 *)(shared + i);
    most = LARGER(most, next);
  }
  const float2 half2 = LARGER(most.lo, most.hi);
  return LARGER(half2.x, half2.y);
#endif
}

/* What is known of a whole row counts once. */
INLINE float2 row_once(float2 value) {
  return HAS_COLUMN(0) ? value : (float2)(0.0f);
}

/* A row from column c on; -Inf beyond the edge, which exp turns into 0. */
static inline vec row_or_least(__global const float *z, int c, int cols) {
  return select((vec)(-INFINITY), aligned_vec(z + c, 0), columns_from(c) < cols);
}

/* What a loss takes at a time: here a vector of columns; in whole steps, of rows. */
typedef vec row_vec;
typedef ivec row_ivec;
#define ROW_FUNCTION(name) name##_vec

#include "loss_LOSS.h"

static inline void clear_row(__global float *dz, int cols) {
  for (int c = ROW_START; c < cols; c += ROW_STEP) store_lanes(dz + c, (vec)(0.0f), cols - c);
}

#if LOSS_HAS_LABELS
typedef int loss_target;
#else
typedef float loss_target;
#endif

/* dz, z [batch, cols] with one stride; each `members` rows have one row of the target, labels
 * [batch / members, 1] or values [batch / members, cols], and one of the weights
 * [batch / members], which are read only with LOSS_WEIGHTED; each: rows of a group; p: the loss's
 * constants. Row losses and, with labels, hits are added up into partials [groups, PARTIALS]. */
__kernel GROUP(LOSS_GROUP, 1)
void loss(__global float *restrict dz, __global float *restrict partials,
          __global const float *restrict z, __global const loss_target *restrict target,
          __global const float *restrict weights, __global const step_state *restrict state,
          int batch, int cols, int stride, int target_stride, int members, int each, float8 p) {
  __local loss_sums sums[LOSS_GROUP];
  __local float shared[LOSS_GROUP] __attribute__((aligned(16)));
  loss_sum sum = (loss_sum)(0.0f);
  float weight_sum = 0.0f;
  const int live = state->live * members, first = (int)get_group_id(0) * each;
  const float scale = loss_scale(live, cols);
  for (int r = first + FIRST_ROW; r < min(first + each, batch); r += ROWS_AT_ONCE) {
    const size_t row = (size_t)r * stride;
    const float weight = r < live ? ROW_WEIGHT(weights[r / members]) : 0.0f;
    if (weight > 0.0f)
      sum += weight * loss_row(dz + row, z + row, target + (size_t)(r / members) * target_stride,
                               cols, weight * scale, p, shared);
    else
      clear_row(dz + row, cols);
    weight_sum += HAS_COLUMN(0) ? weight : 0.0f;
  }
  sums[get_local_id(0)] = with_weight(loss_total(sum), weight_sum);
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_local_id(0) == 0) sum_items(partials, sums);
}
