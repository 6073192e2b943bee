/* What the checks know of a kind of node: its operations in double precision, how rounding errors
 * propagate through them, and their expected results at sampled elements on a device.
 *
 * Each kind is one row in a file of kinds/, the twin of nn/kinds/, and shares no formula with it.
 * Rows know nothing of activations, which are handled in one place for all kinds.
 */
#ifndef EBBI_CHECK_KIND_H
#define EBBI_CHECK_KIND_H

#include "check/estimate.h"
#include "nn/kind.h"

/* A node's arrays on the host. Matrices are dense and row-major. */
typedef struct ebbi_node_arrays {
  const ebb_spec *spec;
  size_t node, batch, live;         /* rows of z: those of all members where there are some */
  const double *x[EBB_NODE_INPUTS]; /* [B, columns of the input] */
  double *z;                        /* [B, units], before the activation */
  const double *parameters;         /* flat */
  double *gradients;                /* flat; NULL: not wanted */
  const double *dz;                 /* [B, units] */
  double *dx[EBB_NODE_INPUTS];      /* NULL: not wanted */
  uint64_t seed, step, span;        /* for random numbers of a step; span: steps of the training */
} ebbi_node_arrays;

/* The same for rounding errors: the reference's results and their variances. */
typedef struct ebbi_node_spread {
  ebbi_node_arrays value, variance; /* variance.x NULL: the input is exact */
  double operand;                   /* roundoff of a product's operands */
  double *scratch;                  /* two rows of the widest value */
} ebbi_node_spread;

/* Cases of a kind with settings. */
enum { EBBI_CHECK_SETTINGS = 3 };

typedef struct ebbi_kind_check {
  const char *label; /* the kind's label in messages, such as " (res)"; "" for dense */
  const char *y,
      *dx[EBB_NODE_INPUTS]; /* names of its output and of its inputs' gradients in messages */
  const char *network;      /* a network with this kind for `ebb verify` */
  bool by_products;         /* its cases are those of the products */
  size_t multiple;          /* its input's columns are a multiple of this; 0: any number */
  size_t members;           /* rows of its input for each example in its cases; 0: 1 */
  double settings[EBBI_CHECK_SETTINGS][EBB_NODE_SETTINGS]; /* of its cases, where they are whole */

  /* Computes z from x; computes gradients and adds dx to what is there. */
  void (*forward)(const ebbi_node_arrays *n);
  void (*backward)(const ebbi_node_arrays *n);

  /* Changes the parameters, flat, as a step's `settle` does, and writes what bounds are relative
   * to. NULL: the kind has none. */
  void (*settle)(double *parameters, double *scale, const ebbi_node_arrays *n);

  /* The variances of z; of the gradients and of dx. */
  void (*spread_forward)(const ebbi_node_spread *s);
  void (*spread_backward)(const ebbi_node_spread *s);

  /* The expected z, and dx of an input, at the samples, from the node's operands on the device and
   * before rounding to the destination's type. */
  ebb_status (*expect_z)(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                         size_t node);
  ebb_status (*expect_dx)(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                          size_t node, size_t input);

  /* For a kind that multiplies its input and its output's gradient by the same factors, instead of
   * both: what becomes of the tensor `from`, x or dz. */
  ebb_status (*expect)(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t, size_t node,
                       const ebb_tensor *from);

  /* Compares the gradients of its parameters; NULL: it has none. */
  ebb_status (*compare_gradients)(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node);
} ebbi_kind_check;

const ebbi_kind_check *ebbi_kind_check_of(ebb_kind kind);
const ebbi_kind_check *ebbi_node_check(const ebb_spec *spec, size_t node); /* of the node's kind */

/* A row of the table for each kind. */
#define EBBI_KIND_CHECK(name, text) extern const ebbi_kind_check ebbi_kind_check_##text;
EBB_KIND_LIST(EBBI_KIND_CHECK)
#undef EBBI_KIND_CHECK

/* A node of a reference network. */
ebbi_node_arrays ebbi_reference_node(const ebbi_reference_network *network, size_t node);

/* Compare what a node's forward, or its backward, has left at these samples. */
ebb_status ebbi_compare_forward_at(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                   size_t node);
ebb_status ebbi_compare_input_gradient_at(ebbi_samples *s, ebbi_comparison *c,
                                          const ebbi_step_tensors *t, size_t node, size_t input);

/* Takes a member's rows out of a column, out [rows / members], and returns their number. */
size_t ebbi_member_rows(double *out, const double *column, size_t rows, size_t members, size_t m);

/* Elements of the value that a node writes, and of one that it reads. */
size_t ebbi_node_count(const ebbi_node_arrays *n);
size_t ebbi_node_input_count(const ebbi_node_arrays *n, size_t input);

#endif
