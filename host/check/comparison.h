/* Comparisons of what an operation has left on the device with the reference, at sampled elements.
 *
 * Each element is computed anew in double precision from the operation's own operands as they lie
 * on the device, so its bound is that of one operation, however deep the network.
 */
#ifndef EBBI_COMPARISON_H
#define EBBI_COMPARISON_H

#include "check/probe.h"

/* One number: of which operation on which layer, where it stands, and what it must be. */
typedef struct ebbi_number {
  const char *operation; /* one of EBBI_OPERATION_LIST's texts */
  const char *tensor;
  size_t layer; /* from 0 */
  size_t row, col;
  size_t parameter; /* its index in the slab of parameters; SIZE_MAX: it is none */
  double found, expected, bound;
} ebbi_number;

/* X(NAME, text) */
#define EBBI_OPERATION_LIST(X)                                                                     \
  X(ROWS, "rows")                                                                                  \
  X(FORWARD, "forward")                                                                            \
  X(LOSS, "loss")                                                                                  \
  X(WEIGHT_GRADIENT, "weight gradient")                                                            \
  X(INPUT_GRADIENT, "input gradient")                                                              \
  X(UPDATE, "update")                                                                              \
  X(WHOLE_STEP, "whole step")

typedef enum ebbi_operation {
#define EBBI_OPERATION_ENUM(name, text) EBBI_OPERATION_##name,
  EBBI_OPERATION_LIST(EBBI_OPERATION_ENUM)
#undef EBBI_OPERATION_ENUM
      EBBI_OPERATION_COUNT
} ebbi_operation;

const char *ebbi_operation_name(ebbi_operation operation);

typedef struct ebbi_comparison {
  ebbi_probe probe;     /* owns what is read; its device and its seed, of the picks, are given */
  ebbi_number *watched; /* picked in any case, and its values noted as they are; NULL: none */
  ebbi_operation operation;
  size_t layer;
  size_t compared;   /* numbers */
  double severity;   /* the worst error, in bounds: above 1 something is wrong */
  ebbi_number worst; /* where that is */
} ebbi_comparison;

/* Makes an operation on a layer the one whose numbers follow. */
void ebbi_comparison_of(ebbi_comparison *c, ebbi_operation operation, size_t layer);

/* Compares. What the device has found not to be finite, or what may pass float32's range on its
 * way (`expected` not finite), is left to the training, which ends by such numbers: passed over. */
void ebbi_compare(ebbi_comparison *c, const char *tensor, size_t row, size_t col, double found,
                  double expected, double bound);
void ebbi_compare_parameter(ebbi_comparison *c, const char *tensor, size_t row, size_t col,
                            size_t parameter, double found, double expected, double bound);

/* A label that is no class is a wrong number, too, of the tensor "target": the nearest class is
 * expected. */
void ebbi_compare_label(ebbi_comparison *c, size_t row, size_t col, double label, size_t classes);

/* ---- which elements ---- */

enum { EBBI_PICKS = 24 };

/* Rows or columns, in ascending order. */
typedef struct ebbi_picks {
  size_t count, index[EBBI_PICKS];
} ebbi_picks;

/* Of `count` rows or columns: all if they are few; else the first, the last ones, those on both
 * sides of where a tile may end, a random run, and `always` if there is such a one. */
ebbi_picks ebbi_pick(ebbi_comparison *c, size_t count, size_t always);

/* A random number below `limit`. */
size_t ebbi_pick_one(ebbi_comparison *c, size_t limit);

/* Rows, or columns, of a tensor of any type, one after the other: out [picks, cols] or [picks,
 * rows]. */
ebb_status ebbi_read_rows(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                          const ebbi_picks *picks);
ebb_status ebbi_read_range(double **out, ebbi_comparison *c, const ebb_tensor *tensor, size_t first,
                           size_t rows);
ebb_status ebbi_read_cols(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                          const ebbi_picks *picks);

/* ---- operations by layers ---- */

/* What a layer's operations read and write, on the device; NULL where there is no such tensor. */
typedef struct ebbi_layer_tensors {
  ebb_activation activation, activation_below;
  ebb_loss loss;
  size_t live;                            /* rows that count */
  ebb_tensor *x, *w, *b, *z, *a;          /* forward: x is the batch or a of the layer below */
  ebb_tensor *dz, *dw, *db;               /* weight gradient */
  ebb_tensor *z_below, *dz_below;         /* input gradient, whose a_below is x */
  ebb_tensor *target, *partials, *logits; /* loss, whose dz is the layer's */
} ebbi_layer_tensors;

/* These compare; the comparison must have been made one of theirs. */
ebb_status ebbi_compare_forward(ebbi_comparison *c, const ebbi_layer_tensors *t);
ebb_status ebbi_compare_loss(ebbi_comparison *c, const ebbi_layer_tensors *t);
ebb_status ebbi_compare_weight_gradient(ebbi_comparison *c, const ebbi_layer_tensors *t);
ebb_status ebbi_compare_input_gradient(ebbi_comparison *c, const ebbi_layer_tensors *t);

#endif
