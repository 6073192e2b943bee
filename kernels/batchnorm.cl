/* Batch normalisation, y = f(x^ w + b), where x^ = (x - mean) rate over the rows of a column.
 *
 * A group takes a vector of columns, its items the rows in turn. In training the moments are those
 * of the batch's live rows, from a pivot as in norm.cl. A batch of one row has no variance, so it
 * is normalised as in evaluation: by the running statistics. batchnorm_settle moves these. It is a
 * launch of its own, before the update, so that an opened step may run again and change nothing.
 */
#include "activation.h"
#include "elements.h"
#include "state.h"

/* x^ = ((x - pivot) - shift) rate */
typedef struct {
  vec pivot, shift, variance, rate;
} column_moments;

INLINE vec total_of(__local const vec *parts) {
  vec sum = parts[0];
  for (int i = 1; i < REDUCE_GROUP; i++) sum += parts[i];
  return sum;
}

/* This item's share of the sum of a vector of columns, x, over `count` rows. */
INLINE vec sum_of(__global const a_number *x, int count, int stride) {
  vec sum = (vec)(0.0f);
  for (int r = get_local_id(0); r < count; r += REDUCE_GROUP) sum += load_a(x + (size_t)r * stride);
  return sum;
}

/* The same for deviations from the pivot and their squares. */
INLINE void deviations_of(__local vec *sums, __local vec *squares, __global const a_number *x,
                          vec pivot, int count, int stride) {
  vec sum = (vec)(0.0f), square = (vec)(0.0f);
  for (int r = get_local_id(0); r < count; r += REDUCE_GROUP) {
    const vec d = load_a(x + (size_t)r * stride) - pivot;
    sum += d;
    square += d * d;
  }
  sums[get_local_id(0)] = sum;
  squares[get_local_id(0)] = square;
}

/* A variance that has overflowed gives NaN: a rate of 0 would hide it. */
INLINE void moments_of(column_moments *m, vec pivot, vec sum, vec squares, float epsilon,
                       int count) {
  const vec shift = sum / count, variance = squares / count - shift * shift;
  const vec positive = select(variance, (vec)(0.0f), variance < 0.0f);
  m->pivot = pivot;
  m->shift = shift;
  m->variance = positive;
  m->rate = select(1.0f / sqrt(positive + epsilon), (vec)(NAN), isinf(squares));
}

INLINE void take_running(column_moments *m, __global const float *mean,
                         __global const float *variance, int c, float epsilon) {
  m->pivot = aligned_vec(mean + c, 0);
  m->shift = (vec)(0.0f);
  m->variance = aligned_vec(variance + c, 0);
  m->rate = 1.0f / sqrt(m->variance + epsilon);
}

/* Declares `m`, the moments of this group's columns: of `count` rows, or the running ones if there
 * are fewer than two. This is a macro because barriers must be at a kernel's top level. */
#define TAKE_MOMENTS(m, x, count)                                                                  \
  __local vec first[REDUCE_GROUP], second[REDUCE_GROUP], third[REDUCE_GROUP];                      \
  first[get_local_id(0)] = sum_of(x, count, stride);                                               \
  barrier(CLK_LOCAL_MEM_FENCE);                                                                    \
  const vec pivot = total_of(first) / (float)count;                                                \
  deviations_of(second, third, x, pivot, count, stride);                                           \
  barrier(CLK_LOCAL_MEM_FENCE);                                                                    \
  column_moments m;                                                                                \
  moments_of(&m, pivot, total_of(second), total_of(third), epsilon, count);                        \
  if (count < 2) take_running(&m, mean, variance, c, epsilon)

/* y = f(z), z = x^ w + b (K13). kept NULL: z is not kept; training 0: by the running statistics,
 * without a state. All matrices are [rows, cols] with one stride, all vectors [cols]. */
__kernel GROUP(REDUCE_GROUP, 1)
void batchnorm_forward(__global c_number *restrict y, __global c_number *restrict kept,
                       __global const a_number *restrict x, __global const float *restrict weight,
                       __global const float *restrict bias, __global const float *restrict mean,
                       __global const float *restrict variance,
                       __global const step_state *restrict state, float epsilon, int training,
                       int rows, int cols, int stride) {
  const int c = get_group_id(0) * WIDTH, count = training ? (int)state->live : 0;
  TAKE_MOMENTS(m, x + c, count);
  const vec w = aligned_vec(weight + c, 0), b = aligned_vec(bias + c, 0);
  for (int r = get_local_id(0); r < rows; r += REDUCE_GROUP) {
    const size_t at = (size_t)r * stride + c;
    const vec z = ((load_a(x + at) - m.pivot) - m.shift) * m.rate * w + b;
    if (kept) store_c(kept + at, z, cols - c);
    store_c(y + at, ACTIVATE(vec, z), cols - c);
  }
}

/* dw = sum of dz x^, db = sum of dz, dx = w rate (dz - db / n - x^ dw / n) over the n live rows
 * (K12); the other rows get 0. With f dx is also times f'(z) of the node below. dx NULL: not
 * needed. */
__kernel GROUP(REDUCE_GROUP, 1)
void batchnorm_backward(__global c_number *restrict dx, __global float *restrict dw,
                        __global float *restrict db, __global const b_number *restrict dz,
                        __global const a_number *restrict x, __global const float *restrict weight,
                        __global const float *restrict mean,
                        __global const float *restrict variance,
                        __global const step_state *restrict state,
                        __global const c_number *restrict z, __global const c_number *restrict f,
                        float epsilon, int rows, int cols, int stride) {
  const int c = get_group_id(0) * WIDTH, item = get_local_id(0), live = state->live;
  __local vec sums[REDUCE_GROUP], products[REDUCE_GROUP];
  TAKE_MOMENTS(m, x + c, live);
  vec sum = (vec)(0.0f), along = (vec)(0.0f);
  for (int r = item; r < live; r += REDUCE_GROUP) {
    const size_t at = (size_t)r * stride + c;
    const vec d = load_b(dz + at);
    sum += d;
    along += d * (((load_a(x + at) - m.pivot) - m.shift) * m.rate);
  }
  sums[item] = sum;
  products[item] = along;
  barrier(CLK_LOCAL_MEM_FENCE);
  const vec of_bias = total_of(sums), of_weight = total_of(products);
  if (item == 0) {
    store_lanes(db + c, of_bias, cols - c);
    store_lanes(dw + c, of_weight, cols - c);
  }
  const float share = live < 2 ? 0.0f : 1.0f / live; /* running moments do not depend on x */
  for (int r = item; dx && r < rows; r += REDUCE_GROUP) {
    const size_t at = (size_t)r * stride + c;
    const vec normal = ((load_a(x + at) - m.pivot) - m.shift) * m.rate;
    const vec centred = (load_b(dz + at) - of_bias * share) - normal * (of_weight * share);
    vec value = r < live ? aligned_vec(weight + c, 0) * m.rate * centred : (vec)(0.0f);
    if (f) {
      const vec below = load_c(f + at), before = z ? load_c(z + at) : below;
      value *= SLOPE(vec, before, below);
    }
    store_c(dx + at, value, cols - c);
  }
}

/* old + momentum (new - old), or old if that is not finite. */
INLINE vec moved(vec old, vec next, float momentum) {
  const vec value = old + momentum * (next - old);
  return select(old, value, isfinite(value));
}

/* Moves the running statistics towards the batch's mean and unbiased variance (K14). Frozen steps
 * and batches of one row leave them. */
__kernel GROUP(REDUCE_GROUP, 1)
void batchnorm_settle(__global float *mean, __global float *variance,
                      __global const a_number *restrict x,
                      __global const step_state *restrict state, float momentum, int cols,
                      int stride) {
  const int c = get_group_id(0) * WIDTH, live = state->live;
  const float epsilon = 1.0f; /* the rate is not used */
  TAKE_MOMENTS(m, x + c, live);
  if (get_local_id(0) > 0 || live < 2 || state->frozen) return;
  const vec unbiased = m.variance * ((float)live / (float)(live - 1));
  const vec old_mean = aligned_vec(mean + c, 0), old_variance = aligned_vec(variance + c, 0);
  store_lanes(mean + c, moved(old_mean, m.pivot + m.shift, momentum), cols - c);
  store_lanes(variance + c, moved(old_variance, unbiased, momentum), cols - c);
}
