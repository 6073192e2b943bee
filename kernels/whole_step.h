/* What the two forms of a whole step share: the table, the losses, the source of batches.
 *
 * Values of the layers are [unit][PITCH] with CHUNK batch rows in the lanes, in memory VALUES; a
 * form with definitions of its own makes them before it includes this. Losses loop over the units,
 * so they need no sum over lanes. They take a vector of rows at a time or, with ONE_ROW, a single
 * row, if there are enough work-items or if rows have weights: a weight multiplies the whole of a
 * loss, so no loss has to know of it. The layers' weights are not used here.
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

#if LOSS_WEIGHTED && !defined(ONE_ROW)
#define ONE_ROW
#endif

/* Vector i of values. */
#define values_vec(pointer, i) (((VALUES vec *)(pointer))[i])

/* The rows that a loss takes at a time. */
#ifdef ONE_ROW
typedef float row_vec;
typedef int row_ivec;
#define ROW_FUNCTION(name)  name##_float
#define sum_rows(x)         (x)
#define LOSS_LANES          1
#define load_lanes(pointer) (*(pointer))
#else
typedef vec row_vec;
typedef ivec row_ivec;
#define ROW_FUNCTION(name)  name##_vec
#define sum_rows(x)         sum_lanes(x)
#define LOSS_LANES          WIDTH
#define load_lanes(pointer) PASTE(vload, WIDTH)(0, pointer)
#endif
#define unit_rows(pointer, unit) (((VALUES row_vec *)((pointer) + (unit) * PITCH))[0])

/* The activations in use, one bit each, by their numbers in the list. */
#ifndef ACTIVATIONS
#define ACTIVATIONS 2
#endif

/* The table from host/graph/whole_step.c: a plan, then a row for each layer. */
typedef struct {
  int layers, batch, chunks, slices;
  int spare, scratch_stride, gradient_stride; /* in floats */
  int vectors;                                /* of the parameter slab */
} step_plan;

/* A layer and the offsets of its parts: w and b in the parameter slab, -1 for b where it has none;
 * z and a in the slice's values. a and z share their place unless f' needs z. */
typedef struct {
  int inputs, outputs, activation;
  int weight, bias, stride;
  int z, a;
  float parameter; /* of the activation */
  int dz, turned;  /* team form: dz, and dz with a row's values side by side */
  int reserved[5]; /* two of the table's rows */
} layer;

/* After the layers: the list of phases for a chunk, made by host/graph/whole_step_gpu.c. */
typedef struct {
  int phases;
  int panel;       /* GPU form: floats of each of the two panels */
  int values;      /* GPU form: floats of values in local memory */
  int reserved[5]; /* same length as the table's other rows */
} phase_plan;

/* Find the rows; load them; a layer's forward; the loss; a layer's share of the gradient; the
 * gradient of a layer's input. */
enum { TAKE, LOAD, UP, GET_LOSS, SHARE, DOWN };

/* The work, on a layer's units from `first` on. In the GPU form also the weights to be copied for
 * the next phase: none, those of these units for forward, or those for backward. */
typedef struct {
  int work, layer, first, units;
  int copy, copy_layer, copy_first, copy_units;
} phase;

enum { COPY_NONE, COPY_UP, COPY_DOWN };

#include "loss_LOSS.h"

/* The source of batches: data, targets with their weights, rows, shuffle and seed as in gather.cl;
 * the loss's parameters. Without shuffling, no batch may extend past the `held` rows. */
typedef struct {
  __global const uchar *data;
  __global const uint *targets;
  int rows, held, bytes, shuffle;
  float scale;
  ulong seed;
  float8 loss;
} source;

/* The targets of a row of the data, and behind them its weight: 1 where rows have none. */
static inline __global const uint *source_targets(const source *s, uint row, int targets) {
  return s->targets + (size_t)row * (targets + LOSS_WEIGHTED);
}

static inline float source_weight(const source *s, uint row, int targets) {
  return ROW_WEIGHT(as_float(source_targets(s, row, targets)[targets]));
}

/* An element of the data as a float. */
static inline float source_value(const source *s, size_t element) {
  return s->bytes ? s->scale * (float)s->data[element] : ((__global const float *)s->data)[element];
}

#endif
