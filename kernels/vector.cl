/* Vectors of all parameters, for optimizers that work on them as a whole: sums, products, and the
 * gradient of an objective. Products are summed in a fixed order: SUM_GROUPS groups take equal
 * parts, whatever the device, and write a row each, which the host adds up.
 */
#include "common.h"

enum { SUM_GROUPS = 64 };

/* What a work-item adds up: a product, a square, the largest magnitude, the sum of magnitudes. */
typedef struct {
  vec product, square, largest, total;
} vector_sums;

/* The vectors of this group's part. */
static inline int2 part_of(int vectors) {
  const int part = (vectors + SUM_GROUPS - 1) / SUM_GROUPS, group = get_group_id(0);
  return (int2)(group * part, min((group + 1) * part, vectors));
}

static inline float largest_lane(vec value) {
  float lanes[WIDTH], largest = 0.0f;
  PASTE(vstore, WIDTH)(value, 0, lanes);
  for (int lane = 0; lane < WIDTH; lane++) largest = fmax(largest, lanes[lane]);
  return largest;
}

/* Writes the group's row of sums [SUM_GROUPS, 4]. */
static inline void store_totals(const vector_sums *own, __local float4 *items,
                                __global float *sums) {
  const int item = get_local_id(0);
  items[item] = (float4)(sum_lanes(own->product), sum_lanes(own->square),
                         largest_lane(own->largest), sum_lanes(own->total));
  barrier(CLK_LOCAL_MEM_FENCE);
  if (item > 0) return;
  float4 total = items[0];
  for (int i = 1; i < REDUCE_GROUP; i++)
    total = (float4)(total.xy + items[i].xy, fmax(total.z, items[i].z), total.w + items[i].w);
  vstore4(total, get_group_id(0), sums);
}

/* to = alpha a + beta b; `to` may be either. */
__kernel GROUP(ELEMENT_GROUP, 1)
void vector_sum(__global float *to, __global const float *a, __global const float *b, float alpha,
                float beta, int vectors) {
  const int start = get_global_id(0) * ELEMENT_VECTORS, end = min(start + ELEMENT_VECTORS, vectors);
  for (int i = start; i < end; i++)
    aligned_vec(to, i) = alpha * aligned_vec(a, i) + beta * aligned_vec(b, i);
}

/* Sums of a b, b b and |b|, and the largest |b|. */
__kernel GROUP(REDUCE_GROUP, 1)
void vector_dot(__global float *restrict sums, __global const float *a, __global const float *b,
                int vectors) {
  __local float4 items[REDUCE_GROUP];
  vector_sums own = {(vec)(0.0f), (vec)(0.0f), (vec)(0.0f), (vec)(0.0f)};
  const int2 part = part_of(vectors);
  for (int i = part.x + get_local_id(0); i < part.y; i += REDUCE_GROUP) {
    const vec x = aligned_vec(b, i);
    own.product += aligned_vec(a, i) * x;
    own.square += x * x;
    own.largest = fmax(own.largest, fabs(x));
    own.total += fabs(x);
  }
  store_totals(&own, items, sums);
}

/* (O13): to = gradients, whose rows [slices, stride vectors] are added first, + decay p. Sums of
 * to direction, decay p p and |to|, and the largest |to|. */
__kernel GROUP(REDUCE_GROUP, 1)
void objective_gradient(__global float *restrict to, __global float *restrict sums,
                        __global const float *restrict gradients,
                        __global const float *restrict parameters,
                        __global const float *restrict decay,
                        __global const float *restrict direction, int slices, int stride,
                        int vectors) {
  __local float4 items[REDUCE_GROUP];
  vector_sums own = {(vec)(0.0f), (vec)(0.0f), (vec)(0.0f), (vec)(0.0f)};
  const int2 part = part_of(vectors);
  for (int i = part.x + get_local_id(0); i < part.y; i += REDUCE_GROUP) {
    const vec p = aligned_vec(parameters, i), pull = aligned_vec(decay, i) * p;
    const vec g = sum_slices(gradients, slices, stride, i) + pull;
    aligned_vec(to, i) = g;
    own.product += g * aligned_vec(direction, i);
    own.square += pull * p;
    own.largest = fmax(own.largest, fabs(g));
    own.total += fabs(g);
  }
  store_totals(&own, items, sums);
}
