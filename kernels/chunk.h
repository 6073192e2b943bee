/* What both CPU forms of a whole step do with a chunk of batch rows, in the lanes: find the rows,
 * load them, activations, the loss.
 */
#ifndef CHUNK_H
#define CHUNK_H

#include "batch.h"
#include "common.h"
#include "lanes.h"
#include "whole_step.h"

/* a = f(z) (2), `count` vectors. */
OUTLINE void activate(__global float *a, __global const float *z, int count, int kind, float p){
#define FORWARD(capitals, name, needs_z, formula)                                                  \
  if ((ACTIVATIONS >> EBB_ACT_##capitals & 1) && kind == EBB_ACT_##capitals)                       \
    for (int i = 0; i < count; i++) {                                                              \
      const vec sum = aligned_vec(z, i);                                                           \
      aligned_vec(a, i) = F_##name(vec, sum, p);                                                   \
    }
    ACTIVATION_ROWS(FORWARD)}

/* dz = da * f'(z), the second part of (8); dz may replace a or da. */
OUTLINE void apply_slope(__global float *dz, __global const float *z, __global const float *a,
                         __global const float *da, int count, int kind, float p) {
#define BACKWARD(capitals, name, needs_z, formula)                                                 \
  if ((ACTIVATIONS >> EBB_ACT_##capitals & 1) && kind == EBB_ACT_##capitals)                       \
    for (int i = 0; i < count; i++) {                                                              \
      const vec value = aligned_vec(a, i), sum = aligned_vec(z, i);                                \
      aligned_vec(dz, i) = aligned_vec(da, i) * D_##name(vec, sum, value, p);                      \
    }
  ACTIVATION_ROWS(BACKWARD)
}

/* The dataset rows of a chunk; their number; and the number of rows that the data hold, which may
 * be fewer than the buffer's in an epoch's last block. */
typedef struct {
  uint from[CHUNK];
  int rows;
  uint held;
} chunk;

/* Finds the rows of the chunk that begins at `place` of the epoch. */
static inline void take_rows(chunk *c, uint place, const source *s,
                             const uint keys[PERMUTE_ROUNDS]) {
  const uint first = s->shuffle ? place : place % (uint)s->held;
  c->held = min((uint)s->held, (uint)s->rows - (place - first));
  for (int r = 0; r < CHUNK; r++) c->from[r] = min(first + (uint)r, c->held - 1);
  for (int v = 0; v < CHUNK / WIDTH && s->shuffle; v++) {
    const uvec places = PASTE(vload, WIDTH)(v, c->from);
    PASTE(vstore, WIDTH)(permute_lanes(places, (uint)s->rows, keys), v, c->from);
  }
}

/* A vector of the data from element `at` on; past the last element, that element is repeated. */
static inline vec load_data(const source *s, size_t at, size_t count) {
  __global const float *floats = (__global const float *)s->data;
  if (at + WIDTH <= count)
    return s->bytes ? s->scale * PASTE(convert_float, WIDTH)(PASTE(vload, WIDTH)(0, s->data + at))
                    : load_vec(0, floats + at);
  float values[WIDTH];
  for (int lane = 0; lane < WIDTH; lane++) {
    const size_t element = min(at + lane, count - 1);
    values[lane] = source_value(s, element);
  }
  return load_vec(0, values);
}

/* Columns from i on of WIDTH rows, all of which exist. */
INLINE void load_square(vec square[WIDTH], const uint *from, const source *s, int inputs, int i) {
  __global const float *floats = (__global const float *)s->data;
#pragma unroll
  for (int j = 0; j < WIDTH; j++)
    square[j] = s->bytes ? s->scale * PASTE(convert_float, WIDTH)(PASTE(vload, WIDTH)(
                                          0, s->data + (size_t)from[j] * inputs + i))
                         : load_vec(0, floats + (size_t)from[j] * inputs + i);
}

/* The same past edges. */
static inline void load_edge(vec square[WIDTH], const chunk *c, const source *s, int inputs, int i,
                             int r) {
  float rows[WIDTH * WIDTH];
  for (int j = 0; j < WIDTH; j++) {
    const size_t from = r + j < c->rows ? c->from[r + j] : 0;
    const vec row = load_data(s, from * inputs + i, (size_t)c->held * inputs);
    store_vec(r + j < c->rows ? row : (vec)(0.0f), j, rows);
  }
#pragma unroll
  for (int j = 0; j < WIDTH; j++) square[j] = load_vec(j, rows);
}

/* x[i][r] = column i of the chunk's row r, i from `first`, a multiple of WIDTH, up to `end`; lanes
 * without a row become zero. */
OUTLINE void load_inputs(__global float *x, const chunk *c, const source *s, int inputs, int first,
                         int end) {
  for (int i = first; i < end; i += WIDTH)
    for (int r = 0; r < CHUNK; r += WIDTH) {
      vec square[WIDTH];
      if (i + WIDTH <= inputs && r + WIDTH <= c->rows)
        load_square(square, c->from + r, s, inputs, i);
      else
        load_edge(square, c, s, inputs, i, r);
      transpose_square(square);
      for (int j = 0; j < min(WIDTH, end - i); j++)
        aligned_vec(x + (i + j) * CHUNK + r, 0) = square[j];
    }
}

/* The loss of a chunk: z [cols][CHUNK] becomes dz. `spare` has room for target values. */
static inline loss_sums chunk_loss(__global float *z, __global float *spare, const chunk *c,
                                   const source *s, int cols, uint live) {
  loss_sums sums = (loss_sums)(0.0f);
  const int targets = LOSS_TARGETS(cols);
  int alive[CHUNK], label[CHUNK];
  float weight[CHUNK];
  for (int r = 0; r < CHUNK; r++) {
    __global const uint *from = source_targets(s, c->from[r], targets);
    weight[r] = r < c->rows ? source_weight(s, c->from[r], targets) : 0.0f;
    alive[r] = weight[r] > 0.0f ? -1 : 0;
    label[r] = LOSS_HAS_LABELS && r < c->rows ? (int)from[0] : -1;
    for (int i = 0; i < targets && !LOSS_HAS_LABELS; i++)
      spare[i * CHUNK + r] = r < c->rows ? as_float(from[i]) : 0.0f;
  }
  const float scale = loss_scale((int)live, cols);
  for (int r = 0; r < CHUNK; r += LOSS_LANES) {
    const float w = ROW_WEIGHT(weight[r]);
    const float2 rows = loss_rows(z + r, spare + r, cols, load_lanes(label + r),
                                  load_lanes(alive + r), w * scale, s->loss);
    sums += with_weight(w * rows, w);
  }
  return sums;
}

#endif
