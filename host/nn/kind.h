/* The table of layer kinds: everything that other files know about a kind.
 *
 * EBB_KIND_LIST names the kinds. Each has a row `ebbi_kind_name` in host/nn/kinds/ and a
 * double-precision reference in the file of the same name in host/check/kinds/.
 */
#ifndef EBBI_KIND_H
#define EBBI_KIND_H

#include "gemm/gemm.h"
#include "nn/network.h"
#include "ops/ops.h"

/* A number that follows the kind's word in a spec text, or a switch, 0 or 1: its suffix stands at
 * the item's end where it is 1. Switches are the last settings of a kind. */
typedef struct ebbi_kind_setting {
  const char *name;              /* NULL: no such setting */
  double least, below, standard; /* range [least, below); default */
  bool whole;                    /* a whole number */
  bool silent;                   /* the text leaves the default out */
  const char *suffix;            /* of a switch, ":nobias"; NULL: a number */
} ebbi_kind_setting;

/* A parameter's first values; RANDOM: by the network's initialisation; NORMAL and CONSTANT: by its
 * number; SIGNS: 1 or -1. */
typedef enum ebbi_fill {
  EBBI_FILL_RANDOM,
  EBBI_FILL_ZERO,
  EBBI_FILL_NORMAL,
  EBBI_FILL_CONSTANT,
  EBBI_FILL_SIGNS
} ebbi_fill;

/* How an optimizer treats a parameter. A SHIFT (bias, factor of a norm) may be exempt from weight
 * decay. A STATISTIC is not trained: the kind's `settle` writes it. */
typedef enum ebbi_role { EBBI_ROLE_WEIGHT, EBBI_ROLE_SHIFT, EBBI_ROLE_STATISTIC } ebbi_role;

/* Layout of a parameter [rows, cols] in a file: transposed, a vector if rows is 1, or as it is. */
typedef enum ebbi_file_layout {
  EBBI_FILE_TRANSPOSED,
  EBBI_FILE_VECTOR,
  EBBI_FILE_MATRIX
} ebbi_file_layout;

typedef struct ebbi_parameter {
  const char *name; /* "weight", "bias" */
  size_t rows, cols;
  ebbi_fill fill;
  ebbi_file_layout layout;
  ebbi_role role;
  double number; /* deviation of NORMAL, value of CONSTANT */
} ebbi_parameter;

/* The arguments of a node's forward and backward. dy, dx and gradients are NULL in forward. */
typedef struct ebbi_node_call {
  const ebbi_exec *exec;
  const ebb_network *network;
  size_t index;                         /* of the node */
  bool frozen;                          /* the gradients of its parameters are not needed */
  const ebb_tensor *x[EBB_NODE_INPUTS]; /* the values it reads */
  ebb_tensor *y, *z;                    /* z NULL: do not keep it */
  ebb_tensor *const *parameters;        /* of the node */
  ebb_tensor *const *gradients;         /* of those parameters */
  const ebb_tensor *dy;                 /* gradient of y, with the node's own epilogue applied */
  ebb_tensor *dx[EBB_NODE_INPUTS];      /* NULL: not needed */
  ebbi_epilogue below[EBB_NODE_INPUTS]; /* epilogues of dx, for kinds that fuse them */
  const ebb_tensor *state; /* the step state, for randomness that depends on the step */
  uint64_t seed;           /* of the training */
  uint64_t span;           /* steps of the training; 0: unknown */
  bool training;           /* false: evaluation or prediction, where state may be NULL */
} ebbi_node_call;

typedef struct ebbi_kind {
  const char *name;
  const char *word;    /* word that begins its item in a spec text, "drop"; NULL: a size */
  const char *example; /* example of an item: "256relu" */
  const char *help;    /* one line: what it computes */
  ebbi_kind_setting settings[EBB_NODE_SETTINGS]; /* in the text separated by 'x' */

  /* Number of values it reads. For a kind with two inputs, the second is the value before the
   * parenthesis in its item, the first is the result of the items within. */
  size_t inputs;

  bool takes;           /* takes an epilogue: the writer of its output's gradient may apply f' */
  bool fuses;           /* backward applies the epilogues of the nodes below */
  bool training_only;   /* otherwise its output is its first input, without a launch */
  bool evaluation_only; /* the same in training; nothing follows it */
  bool ends;            /* may be the last */
  bool mixes_rows;      /* a row of its output depends on other rows of the batch */
  bool whole;           /* can be part of whole steps, as a dense layer */
  bool front;           /* belongs to the data: a text may leave it out, see spec_front.c */
  bool exact;           /* its inputs are kept in float32 in every precision */

  /* Checks the columns of the inputs; checks (dense) or sets the units of the node, and its
   * members if it changes them. NULL: as many units as its input has columns.
   * Errors: EBB_ERR_ARGUMENT, the message beginning with `where`. */
  ebb_status (*shape)(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where);

  /* Describes the parameters and returns their number. NULL: no parameters. */
  size_t (*parameters)(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                       size_t inputs);

  /* Adds the layers that stand for a node where members share weights; `first` for the first such
   * node, `last` for the network's last. NULL: the node itself. */
  ebb_status (*share)(ebb_spec *spec, const ebb_node *node, bool first, bool last);

  /* Bytes of the device's workspace that a call needs. NULL: none. */
  size_t (*workspace)(const ebbi_exec *exec, const ebb_device *device, size_t batch, size_t inputs,
                      size_t units, bool backward, bool input_gradient);

  ebb_status (*forward)(const ebbi_node_call *call);

  /* NULL: the gradient of each input is the output's gradient. */
  ebb_status (*backward)(const ebbi_node_call *call);

  /* Writes the STATISTIC parameters, at a step's end before the update. Checks open steps without
   * ending them, so forward and backward must leave such parameters. NULL: it has none. */
  ebb_status (*settle)(const ebbi_node_call *call);
} ebbi_kind;

#define EBBI_KIND_ROW(name, text) extern const ebbi_kind ebbi_kind_##text;
EBB_KIND_LIST(EBBI_KIND_ROW)
#undef EBBI_KIND_ROW

const ebbi_kind *ebbi_kind_of(ebb_kind kind);

/* The kind of a node. */
const ebbi_kind *ebbi_node_kind(const ebb_spec *spec, size_t node);

/* Runs the kind's `shape` for a node.
 * Errors: EBB_ERR_ARGUMENT, the message beginning with `where`. */
ebb_status ebbi_node_shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where);

/* Describes a node's parameters and returns their number. */
size_t ebbi_node_parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_spec *spec,
                            size_t node);

/* Rows of a value for each example: in evaluation, or in training, where nodes for evaluation alone
 * pass on their input. */
size_t ebbi_value_rows(const ebb_spec *spec, size_t value, bool training);

/* Finds the nodes with parameters, in order, and returns their number. */
size_t ebbi_spec_layers(size_t nodes[EBB_MAX_NODES], const ebb_spec *spec);

#endif
