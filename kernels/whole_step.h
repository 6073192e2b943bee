/* What the two forms of a whole step share: the table, the losses, where batches come from.
 *
 * Values of the layers lie as [unit][PITCH] with CHUNK batch rows in the lanes, in memory VALUES; a
 * form that has its own says so before it includes this. Losses go down the units, so they need no
 * sum over lanes: a vector of rows at a time or, with ONE_ROW, a single one, where there are
 * work-items for all rows. Weights are never seen here.
 */
#ifndef WHOLE_STEP_H
#define WHOLE_STEP_H

#include "activation.h"
#include "batch.h"
#include "common.h"
#include "elementary.h"

#ifndef VALUES
#define VALUES __global
#endif
#ifndef PITCH
#define PITCH CHUNK
#endif

/* Vector i of values. */
#define values_vec(pointer, i) (((VALUES vec *)(pointer))[i])

/* The rows that a loss takes at a time. */
#ifdef ONE_ROW
typedef float row_vec;
typedef int row_ivec;
#define ROW_FUNCTION(name) name##_float
#define sum_rows(x)        (x)
#else
typedef vec row_vec;
typedef ivec row_ivec;
#define ROW_FUNCTION(name) name##_vec
#define sum_rows(x)        sum_lanes(x)
#endif
#define unit_rows(pointer, unit) (((VALUES row_vec *)((pointer) + (unit) * PITCH))[0])

/* The activations in use, a bit each, numbered as in EBB_ACTIVATION_LIST (include/ebb/ops.h). */
#ifndef ACTIVATIONS
#define ACTIVATIONS 2
#endif
#define ACTIVATION_LIST(X)                                                                         \
  X(0, identity)                                                                                   \
  X(1, relu)                                                                                       \
  X(2, leaky_relu)                                                                                 \
  X(3, sigmoid)                                                                                    \
  X(4, tanh)                                                                                       \
  X(5, gelu)                                                                                       \
  X(6, gelu_tanh)                                                                                  \
  X(7, silu)                                                                                       \
  X(8, softplus)                                                                                   \
  X(9, elu)

/* The table that host/graph/whole_step.c makes: a plan, then a row a layer. */
typedef struct {
  int layers, batch, chunks, slices;
  int spare, scratch_stride, gradient_stride; /* in floats */
  int vectors;                                /* of the parameter slab */
} step_plan;

/* A layer, and where its parts lie: w and b in the parameter slab, z and a in the slice's values.
 * a takes the place of z unless f' needs z. */
typedef struct {
  int inputs, outputs, activation;
  int weight, bias, stride;
  int z, a;
} layer;

/* Cross-entropy: z [cols][PITCH] becomes dz (7), 0 in rows that are not `alive`. Returns the sums
 * of the row losses (4) and of the rows with the largest logit at the label. The largest logit is
 * taken off first, so that exp cannot overflow. */
OUTLINE float2 cross_entropy_rows(VALUES float *z, int cols, row_ivec label, row_ivec alive,
                                  float scale) {
  row_vec largest = unit_rows(z, 0), at_label = (row_vec)(0.0f), sum = (row_vec)(0.0f);
  row_ivec at = (row_ivec)(0);
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c);
    at = select(at, (row_ivec)(c), value > largest);
    largest = select(largest, value, value > largest);
    at_label = select(at_label, value, label == (row_ivec)(c));
  }
  for (int c = 0; c < cols; c++) {
    const row_vec e = ROW_FUNCTION(exp)(unit_rows(z, c) - largest);
    unit_rows(z, c) = e;
    sum += e;
  }
  for (int c = 0; c < cols; c++) {
    const row_vec one = select((row_vec)(0.0f), (row_vec)(1.0f), label == (row_ivec)(c));
    const row_vec dz = (unit_rows(z, c) / sum - one) * scale;
    unit_rows(z, c) = select((row_vec)(0.0f), dz, alive);
  }
  const row_vec loss = ROW_FUNCTION(log)(sum) + (largest - at_label);
  const row_vec hit =
      select((row_vec)(0.0f), (row_vec)(1.0f), (at == label) & (at_label == largest) & alive);
  return (float2)(sum_rows(select((row_vec)(0.0f), loss, alive)), sum_rows(hit));
}

/* Mean squared error against y [cols][PITCH]: z becomes dz (6). Returns the sum of the row losses
 * (3). */
OUTLINE float2 squared_error_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec alive,
                                  float scale) {
  row_vec squares = (row_vec)(0.0f);
  for (int c = 0; c < cols; c++) {
    const row_vec difference = unit_rows(z, c) - unit_rows(y, c);
    const row_vec counted = select((row_vec)(0.0f), difference, alive);
    unit_rows(z, c) = counted * scale;
    squares = fma(counted, counted, squares);
  }
  return (float2)(sum_rows(squares / (float)cols), 0.0f);
}

/* Where batches come from: data, targets, rows, shuffle and seed as in gather.cl; labels if
 * `classes`. In order, no batch may lie across the end of the `held` rows. */
typedef struct {
  __global const uchar *data;
  __global const uint *targets;
  int rows, held, classes, bytes, shuffle;
  float scale;
  ulong seed;
} source;

/* An element of the data as a float. */
static inline float source_value(const source *s, size_t element) {
  return s->bytes ? s->scale * (float)s->data[element] : ((__global const float *)s->data)[element];
}

/* The loss of rows with these labels or, where there are none, targets y. */
static inline float2 loss_rows(VALUES float *z, VALUES const float *y, const source *s, int cols,
                               row_ivec label, row_ivec alive, uint live) {
  if (s->classes) return cross_entropy_rows(z, cols, label, alive, 1.0f / (float)live);
  return squared_error_rows(z, y, cols, alive, 2.0f / ((float)live * (float)cols));
}

#endif
