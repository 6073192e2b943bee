/* Normalisation of rows, y = f(x^ w + b), where x^ = (x - mean) rate; layernorm, and with `centre`
 * 0, which takes 0 for the mean, rmsnorm.
 *
 * A group takes rows one after the other, all its items a row together. The sums of a row are taken
 * twice. The first gives a pivot near the mean, the second the deviations from it, which correct
 * the mean and give the variance, so a mean of 10,000 deviations costs no digit. Backward computes
 * these sums again instead of reading kept ones: the row is in the cache. It also leaves the
 * group's shares of the gradients of w and b, which norm_gradients adds in order.
 */
#include "activation.h"
#include "elements.h"

/* x^ = ((x - pivot) - shift) rate */
typedef struct {
  float pivot, shift, rate;
} row_moments;

/* The items' pairs, added in order. */
INLINE float2 total_of(__local const float2 *parts) {
  float2 sum = parts[0];
  for (int i = 1; i < REDUCE_GROUP; i++) sum += parts[i];
  return sum;
}

/* This item's share of a row's sum. */
INLINE float2 sum_of(__global const a_number *x, int cols) {
  vec sum = (vec)(0.0f);
  for (int c = get_local_id(0) * WIDTH; c < cols; c += REDUCE_GROUP * WIDTH) sum += load_a(x + c);
  return (float2)(sum_lanes(sum), 0.0f);
}

/* Of the sums of deviations from the pivot and of their squares. */
INLINE float2 deviations_of(__global const a_number *x, float pivot, int cols) {
  vec sum = (vec)(0.0f), squares = (vec)(0.0f);
  for (int c = get_local_id(0) * WIDTH; c < cols; c += REDUCE_GROUP * WIDTH) {
    const vec d = select((vec)(0.0f), load_a(x + c) - pivot, columns_from(c) < cols);
    sum += d;
    squares += d * d;
  }
  return (float2)(sum_lanes(sum), sum_lanes(squares));
}

/* A variance that has overflowed gives NaN: a rate of 0 would hide it. */
INLINE void moments_of(row_moments *m, float pivot, float2 sums, float centre, float epsilon,
                       int cols) {
  const float shift = centre * sums.x / cols, variance = sums.y / cols - shift * shift;
  const float positive = variance < 0.0f ? 0.0f : variance;
  const float rate = isinf(sums.y) ? NAN : 1.0f / sqrt(positive + epsilon);
  m->pivot = pivot;
  m->shift = shift;
  m->rate = rate;
}

/* y = f(z), z = x^ w + b (K8) (K10). b NULL: without b; kept NULL: z is not kept. All matrices are
 * [rows, cols] with one stride; a group takes `each` rows. */
__kernel GROUP(REDUCE_GROUP, 1)
void norm_forward(__global c_number *restrict y, __global c_number *restrict kept,
                  __global const a_number *restrict x, __global const float *restrict weight,
                  __global const float *restrict bias, float centre, float epsilon, int each,
                  int rows, int cols, int stride) {
  __local float2 sums[REDUCE_GROUP], deviations[REDUCE_GROUP];
  const int item = get_local_id(0), first = get_group_id(0) * each;
  for (int r = first; r < min(first + each, rows); r++) {
    const size_t row = (size_t)r * stride;
    sums[item] = sum_of(x + row, cols);
    barrier(CLK_LOCAL_MEM_FENCE);
    const float pivot = centre * total_of(sums).x / cols;
    deviations[item] = deviations_of(x + row, pivot, cols);
    barrier(CLK_LOCAL_MEM_FENCE);
    row_moments m;
    moments_of(&m, pivot, total_of(deviations), centre, epsilon, cols);
    for (int c = item * WIDTH; c < cols; c += REDUCE_GROUP * WIDTH) {
      vec z = ((load_a(x + row + c) - m.pivot) - m.shift) * m.rate * aligned_vec(weight + c, 0);
      if (bias) z += aligned_vec(bias + c, 0);
      if (kept) store_c(kept + row + c, z, cols - c);
      store_c(y + row + c, ACTIVATE(vec, z), cols - c);
    }
  }
}

/* dx = rate (g - mean(g) - x^ mean(g x^)), g = w dz (K9) (K11); with f also times f'(z) of the node
 * below. partials [groups, 2, across vectors]: sums of dz x^ and of dz over the group's rows. dx
 * NULL: not needed. */
__kernel GROUP(REDUCE_GROUP, 1)
void norm_backward(__global c_number *restrict dx, __global float *restrict partials,
                   __global const b_number *restrict dz, __global const a_number *restrict x,
                   __global const float *restrict weight, __global const c_number *restrict z,
                   __global const c_number *restrict f, float centre, float epsilon, int each,
                   int rows, int cols, int stride) {
  __local float2 sums[REDUCE_GROUP], deviations[REDUCE_GROUP], means[REDUCE_GROUP];
  const int item = get_local_id(0), first = get_group_id(0) * each;
  const int across = (cols + WIDTH - 1) / WIDTH * WIDTH;
  __global float *dw = partials + (size_t)get_group_id(0) * 2 * across, *db = dw + across;
  for (int r = first; r < min(first + each, rows); r++) {
    const size_t row = (size_t)r * stride;
    sums[item] = sum_of(x + row, cols);
    barrier(CLK_LOCAL_MEM_FENCE);
    const float pivot = centre * total_of(sums).x / cols;
    deviations[item] = deviations_of(x + row, pivot, cols);
    barrier(CLK_LOCAL_MEM_FENCE);
    row_moments m;
    moments_of(&m, pivot, total_of(deviations), centre, epsilon, cols);
    vec sum = (vec)(0.0f), along = (vec)(0.0f);
    for (int c = item * WIDTH; c < cols; c += REDUCE_GROUP * WIDTH) {
      const vec d = load_b(dz + row + c), g = d * aligned_vec(weight + c, 0);
      const vec normal = ((load_a(x + row + c) - m.pivot) - m.shift) * m.rate;
      sum += g;
      along += g * normal;
      aligned_vec(dw + c, 0) = (r > first ? aligned_vec(dw + c, 0) : (vec)(0.0f)) + d * normal;
      aligned_vec(db + c, 0) = (r > first ? aligned_vec(db + c, 0) : (vec)(0.0f)) + d;
    }
    means[item] = (float2)(sum_lanes(sum), sum_lanes(along));
    barrier(CLK_LOCAL_MEM_FENCE);
    if (!dx) continue;
    const float2 mean = total_of(means) * (float2)(centre, 1.0f) / cols;
    for (int c = item * WIDTH; c < cols; c += REDUCE_GROUP * WIDTH) {
      const vec g = load_b(dz + row + c) * aligned_vec(weight + c, 0);
      const vec normal = ((load_a(x + row + c) - m.pivot) - m.shift) * m.rate;
      vec value = m.rate * ((g - mean.x) - normal * mean.y);
      if (f) {
        const vec below = load_c(f + row + c), before = z ? load_c(z + row + c) : below;
        value *= SLOPE(vec, before, below);
      }
      store_c(dx + row + c, value, cols - c);
    }
  }
}

/* dw and, unless NULL, db [cols]: the sums of the groups' partials, in order. */
__kernel GROUP(ELEMENT_GROUP, 1)
void norm_gradients(__global float *restrict dw, __global float *restrict db,
                    __global const float *restrict partials, int groups, int cols) {
  const int v = get_global_id(0), across = (cols + WIDTH - 1) / WIDTH;
  __global float *out = get_global_id(1) == 0 ? dw : db;
  if (v >= across || !out) return;
  const vec sum = sum_slices(partials, groups, 2 * across, get_global_id(1) * across + v);
  store_lanes(out + v * WIDTH, sum, cols - v * WIDTH);
}
