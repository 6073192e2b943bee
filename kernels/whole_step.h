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
#include "activations.h"
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

/* The activations in use, a bit each, by their numbers in the list. */
#ifndef ACTIVATIONS
#define ACTIVATIONS 2
#endif

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

/* After the layers: what a chunk goes through, as host/graph/whole_step.c lists it. */
typedef struct {
  int phases;
  int panel;       /* groups: floats of each of two panels */
  int values;      /* groups: floats of values in local memory */
  int reserved[5]; /* as long as the table's other rows */
} phase_plan;

/* Which rows are taken; their load; a layer's way up; the loss; a layer's share of the gradient;
 * the way down to what the layer reads. */
enum { TAKE, LOAD, UP, GET_LOSS, SHARE, DOWN };

/* What is done, to the layer's units from `first` on. In groups also which weights are copied for
 * the next phase: none, those that lead up to such units, or those that lead down to them. */
typedef struct {
  int work, layer, first, units;
  int copy, copy_layer, copy_first, copy_units;
} phase;

enum { COPY_NONE, COPY_UP, COPY_DOWN };

#include "loss_LOSS.h"

/* Where batches come from: data, targets, rows, shuffle and seed as in gather.cl; the loss's
 * parameters. In order, no batch may lie across the end of the `held` rows. */
typedef struct {
  __global const uchar *data;
  __global const uint *targets;
  int rows, held, bytes, shuffle;
  float scale;
  ulong seed;
  float2 loss;
} source;

/* An element of the data as a float. */
static inline float source_value(const source *s, size_t element) {
  return s->bytes ? s->scale * (float)s->data[element] : ((__global const float *)s->data)[element];
}

#endif
