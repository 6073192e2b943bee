/* Compares what an operation left on the device with the reference, at sampled elements.
 *
 * Each element is recomputed in double precision from the operation's own operands on the device,
 * so its bound is that of one operation, however deep the network.
 */
#ifndef EBBI_COMPARISON_H
#define EBBI_COMPARISON_H

#include "check/fixture.h"
#include "nn/network.h"

/* One number: its operation and node, its place, and its expected value. */
typedef struct ebbi_number {
  const char *operation; /* one of EBBI_OPERATION_LIST's texts */
  const char *kind;      /* of the node: its row's label */
  const char *tensor;
  size_t layer; /* the node, from 0 */
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
  X(GRADIENT_SUM, "gradient sum")                                                                  \
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
  ebbi_fixture fixture; /* owns what is read; its device and its seed, of the picks, are given */
  ebbi_number *watched; /* always picked, and its values recorded; NULL: none */
  ebbi_operation operation;
  const char *kind;
  size_t layer;
  size_t compared;   /* numbers compared so far */
  double severity;   /* the worst error / bound; above 1 something is wrong */
  ebbi_number worst; /* the number with that error */
} ebbi_comparison;

/* Sets the operation and node of the numbers that follow; `kind` is the label of its kind. */
void ebbi_comparison_of(ebbi_comparison *c, ebbi_operation operation, const char *kind,
                        size_t layer);

/* Compares one number. A number that is not finite on the device, or may exceed float32's range on
 * its way (`expected` not finite), is skipped: the training itself stops at such numbers. */
void ebbi_compare(ebbi_comparison *c, const char *tensor, size_t row, size_t col, double found,
                  double expected, double bound);
void ebbi_compare_parameter(ebbi_comparison *c, const char *tensor, size_t row, size_t col,
                            size_t parameter, double found, double expected, double bound);

/* Reports a label that is not a class, as a wrong number of the tensor "target"; the nearest class
 * is expected. */
void ebbi_compare_label(ebbi_comparison *c, size_t row, size_t col, double label, size_t classes);

/* ---- which elements ---- */

enum { EBBI_PICKS = 24 };

/* Rows or columns, in ascending order. */
typedef struct ebbi_picks {
  size_t count, index[EBBI_PICKS];
} ebbi_picks;

/* Picks from `count` rows or columns: all if they are few; else the first and last ones, those on
 * both sides of a possible tile edge, a random run, and `always` if it is in range. */
ebbi_picks ebbi_pick(ebbi_comparison *c, size_t count, size_t always);

/* A random number below `limit`. */
size_t ebbi_pick_one(ebbi_comparison *c, size_t limit);

/* Reads rows, or columns, of a tensor of any type, in order: out [picks, cols] or [picks, rows]. */
ebb_status ebbi_read_rows(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                          const ebbi_picks *picks);
ebb_status ebbi_read_range(double **out, ebbi_comparison *c, const ebb_tensor *tensor, size_t first,
                           size_t rows);
ebb_status ebbi_read_cols(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                          const ebbi_picks *picks);

/* ---- operations by layers ---- */

/* What the operations of a step by layers read and write on the device; NULL where a tensor does
 * not exist. Indices are those of ebbi_pass. */
typedef struct ebbi_step_tensors {
  const ebb_spec *spec;
  ebb_loss loss;
  size_t live; /* rows that count */
  uint64_t step, seed, span;
  ebb_tensor *value[EBB_MAX_NODES + 1], *z[EBB_MAX_NODES];
  ebb_tensor *dvalue[EBB_MAX_NODES + 1], *dinput[EBB_MAX_NODES][EBB_NODE_INPUTS];
  ebb_tensor *parameter[EBB_MAX_NODES][EBBI_NODE_PARAMETERS];
  ebb_tensor *dparameter[EBB_MAX_NODES][EBBI_NODE_PARAMETERS];
  ebb_tensor *target, *weights, *partials; /* weights: NULL unless the loss is weighted */
} ebbi_step_tensors;

/* A node's first input, `from` or later, whose gradient is wanted and written by an operation of
 * the node; EBB_NODE_INPUTS if there is none. */
size_t ebbi_next_gradient(const ebbi_step_tensors *t, size_t node, size_t from);

/* Whether gradients are added, or f' is applied, to make a value's gradient. The operation is named
 * by the first node that reads the value. */
bool ebbi_is_summed(const ebbi_step_tensors *t, size_t value);
size_t ebbi_first_reader(const ebb_spec *spec, size_t value);

/* Each of these compares one operation, which the caller has set with ebbi_comparison_of. */
ebb_status ebbi_compare_forward(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node);
ebb_status ebbi_compare_loss(ebbi_comparison *c, const ebbi_step_tensors *t);
ebb_status ebbi_compare_weight_gradient(ebbi_comparison *c, const ebbi_step_tensors *t,
                                        size_t node);
ebb_status ebbi_compare_input_gradient(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node,
                                       size_t input);
ebb_status ebbi_compare_gradient_sum(ebbi_comparison *c, const ebbi_step_tensors *t, size_t value);

#endif
