/* The table of layer kinds: all that is known of a kind of node outside its own file.
 *
 * EBB_KIND_LIST names the kinds; each is a row `ebbi_kind_name` in host/nn/kinds/name.c, and its
 * double-precision twin is host/check/kinds/name.c.
 */
#ifndef EBBI_KIND_H
#define EBBI_KIND_H

#include "gemm/gemm.h"
#include "nn/network.h"
#include "ops/ops.h"

/* A number in a spec text behind the kind's word. */
typedef struct ebbi_kind_setting {
  const char *name;              /* NULL: the kind has none */
  double least, below, standard; /* from `least` up to, not including, `below`; when left out */
} ebbi_kind_setting;

typedef enum ebbi_fill { EBBI_FILL_RANDOM, EBBI_FILL_ZERO } ebbi_fill;

/* How a parameter [rows, cols] stands in a file: transposed, or (rows 1) as a vector. */
typedef enum ebbi_file_layout { EBBI_FILE_TRANSPOSED, EBBI_FILE_VECTOR } ebbi_file_layout;

typedef struct ebbi_parameter {
  const char *name; /* "weight", "bias" */
  size_t rows, cols;
  ebbi_fill fill; /* RANDOM: by the network's initialisation */
  ebbi_file_layout layout;
} ebbi_parameter;

/* A node to be run. Forward leaves dy, dx and gradients NULL. */
typedef struct ebbi_node_call {
  const ebbi_exec *exec;
  const ebb_network *network;
  size_t index;                         /* of the node */
  const ebb_tensor *x[EBB_NODE_INPUTS]; /* the values that it reads */
  ebb_tensor *y, *z;                    /* z NULL: not kept */
  ebb_tensor *const *parameters;        /* of the node */
  ebb_tensor *const *gradients;         /* of its parameters */
  const ebb_tensor *dy;                 /* the node's own epilogue is already applied */
  ebb_tensor *dx[EBB_NODE_INPUTS];      /* NULL: not wanted */
  ebbi_epilogue below[EBB_NODE_INPUTS]; /* what to apply to dx, if the kind fuses */
  const ebb_tensor *state;              /* the step state: for what is random by step */
  uint64_t seed;                        /* of the training */
} ebbi_node_call;

typedef struct ebbi_kind {
  const char *name;
  const char *word;    /* begins its item in a spec text, "drop"; NULL: a size does */
  const char *example; /* of an item: "256relu" */
  const char *help;    /* what it computes, in a line */
  ebbi_kind_setting setting;

  /* Values that it reads. Of two the second is the one before the items that its item holds in
   * parentheses, and the first what these make of it. */
  size_t inputs;

  bool takes;         /* has an activation: who writes its output's gradient may apply f' */
  bool fuses;         /* its backward applies the f' of the nodes below to what it writes */
  bool training_only; /* else its output is its first input */
  bool whole;         /* has a form in whole steps, that of a dense layer */

  /* Checks the columns of its inputs, and checks (dense) or sets those of its output.
   * Errors: EBB_ERR_ARGUMENT, the message beginning with `where`. */
  ebb_status (*shape)(size_t *units, const size_t cols[EBB_NODE_INPUTS], const char *where);

  /* Describes its parameters and returns how many there are. NULL: it has none. */
  size_t (*parameters)(ebbi_parameter out[EBBI_NODE_PARAMETERS], size_t inputs, size_t units);

  /* Bytes of the device's workspace that it takes. NULL: none. */
  size_t (*workspace)(const ebbi_exec *exec, const ebb_device *device, size_t batch, size_t inputs,
                      size_t units, bool backward, bool input_gradient);

  ebb_status (*forward)(const ebbi_node_call *call);

  /* NULL: the gradient of each input is the output's gradient itself. */
  ebb_status (*backward)(const ebbi_node_call *call);
} ebbi_kind;

#define EBBI_KIND_ROW(name, text) extern const ebbi_kind ebbi_kind_##text;
EBB_KIND_LIST(EBBI_KIND_ROW)
#undef EBBI_KIND_ROW

const ebbi_kind *ebbi_kind_of(ebb_kind kind);

/* The kind of a node. */
const ebbi_kind *ebbi_node_kind(const ebb_spec *spec, size_t node);

/* Describes a node's parameters and returns how many there are. */
size_t ebbi_node_parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_spec *spec,
                            size_t node);

/* Finds the nodes that have parameters, in order, and returns how many there are. */
size_t ebbi_spec_layers(size_t nodes[EBB_MAX_NODES], const ebb_spec *spec);

#endif
