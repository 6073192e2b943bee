/* Networks: what nodes there are (ebb_spec, host only) and their weights (ebb_network, device).
 *
 * A spec is a text: items joined by '-'. A size is a dense layer, an activation may follow it:
 * `784-512relu-512relu-10`. The first and the last size may be left out where the data tells them:
 * an item with an activation is always a hidden layer, so `512relu-512relu` needs both. The last
 * layer is dense and has no activation: it gives logits or values, and the loss applies softmax.
 * Other items begin with the word of their kind: see EBB_KIND_LIST.
 */
#ifndef EBB_NETWORK_H
#define EBB_NETWORK_H

#include <ebb/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EBB_MAX_NODES 128
#define EBB_MAX_UNITS 1048576

/* X(NAME, name): the kinds of nodes; host/nn/kinds/name.c has the row of each. */
#define EBB_KIND_LIST(X) X(DENSE, dense)

typedef enum ebb_kind {
#define EBB_KIND_ENUM(name, text) EBB_KIND_##name,
  EBB_KIND_LIST(EBB_KIND_ENUM)
#undef EBB_KIND_ENUM
      EBB_KIND_COUNT
} ebb_kind;

#define EBB_NODE_INPUTS   2
#define EBB_NODE_SETTINGS 2

/* A node, a layer of messages (counted from 1), reads one value or two and writes one. Value 0 is
 * the network's input, value n the output of node n - 1. */
typedef struct ebb_node {
  ebb_kind kind;
  size_t inputs[EBB_NODE_INPUTS]; /* the values that it reads; the first of node n is value n */
  size_t units;                   /* columns of the value that it writes */
  ebb_activation activation;      /* of dense nodes */
  double settings[EBB_NODE_SETTINGS];
} ebb_node;

/* The nodes of a network in topological order; the last one writes the output. A plain value: copy
 * it freely. Fill it by ebb_spec_parse, or by ebb_spec_begin and a call a node. */
typedef struct ebb_spec {
  size_t inputs, count; /* columns of the network's input; nodes */
  ebb_node nodes[EBB_MAX_NODES];
} ebb_spec;

const char *ebb_kind_name(ebb_kind kind);    /* "dense" */
const char *ebb_kind_example(ebb_kind kind); /* an item of a spec text: "256relu" */
const char *ebb_kind_help(ebb_kind kind);    /* a line: what it computes */

/* The name of a kind's setting; NULL: it has no more. */
const char *ebb_kind_setting(ebb_kind kind, size_t index);

/* Reads a spec text. `inputs` and `outputs` are what the data tells, 0 if unknown: they fill in a
 * left-out first or last size and must agree with a given one.
 * Errors: EBB_ERR_ARGUMENT, `spec:1:9: unknown activation "rellu"; did you mean "relu"?` */
ebb_status ebb_spec_parse(ebb_spec *spec, const char *text, size_t inputs, size_t outputs);

/* Starts a spec with no nodes: the first node added will have `inputs` inputs. */
ebb_status ebb_spec_begin(ebb_spec *spec, size_t inputs);

/* Adds a dense layer, y = f(x.w + b). */
ebb_status ebb_spec_add(ebb_spec *spec, size_t outputs, ebb_activation activation);

/* Writes the full text of a spec, `64-32relu-10`; at most `size` bytes with the final 0.
 * Errors: EBB_ERR_ARGUMENT (size too small). */
ebb_status ebb_spec_text(char *text, size_t size, const ebb_spec *spec);

/* Room for any spec's text. */
#define EBB_SPEC_TEXT (EBB_MAX_NODES * 24 + 24)

/* Writes the item of a node alone: `256relu`; of a node whose item has others within it the word
 * that begins it. */
ebb_status ebb_spec_item(char *text, size_t size, const ebb_spec *spec, size_t node);

/* Columns of a value: the network's input, or the output of node value - 1. */
size_t ebb_spec_cols(const ebb_spec *spec, size_t value);
size_t ebb_spec_inputs(const ebb_spec *spec);
size_t ebb_spec_outputs(const ebb_spec *spec);
size_t ebb_spec_parameters(const ebb_spec *spec); /* weights and biases in all */
size_t ebb_spec_node_parameters(const ebb_spec *spec, size_t node);

typedef struct ebb_network ebb_network;

/* Makes a network with random weights, or zeros by EBB_INIT_ZERO, and zero biases on `device`,
 * which it borrows. Errors: EBB_ERR_ARGUMENT, EBB_ERR_MEMORY, EBB_ERR_DEVICE. */
ebb_status ebb_network_create(ebb_network **out, ebb_device *device, const ebb_spec *spec,
                              ebb_init init, uint64_t seed);
void ebb_network_free(ebb_network *network);

const ebb_spec *ebb_network_spec(const ebb_network *network);
ebb_device *ebb_network_device(const ebb_network *network);

/* The slab of all parameters, a tensor [1, n] in which each node's w and b lie with padded rows. */
ebb_tensor *ebb_network_parameters(const ebb_network *network);

/* A node's weights [I, O] and biases [1, O]: views that the network owns. NULL: it has none. */
ebb_tensor *ebb_network_weight(const ebb_network *network, size_t node);
ebb_tensor *ebb_network_bias(const ebb_network *network, size_t node);

/* Outputs (logits or values) for `rows` dense input rows. Blocks.
 * Shapes: output [rows, outputs], input [rows, inputs], both on the host. */
ebb_status ebb_network_predict(ebb_network *network, float *output, const float *input,
                               size_t rows);

/* A key and its value in a model file's metadata. */
typedef struct ebb_metadata {
  const char *key;
  const char *value;
} ebb_metadata;

/* Writes a safetensors file: tensors named and laid out as PyTorch's nn.Sequential would
 * (`0.weight` [out, in], `0.bias` [out]; an activation takes an index), metadata `ebb.version`,
 * `ebb.spec`, the given pairs, `ebb.format` and `ebb.checksum`, in this order. The file is replaced
 * as a whole or not at all, as ebb_model_save does it. Blocks.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_DEVICE, EBB_ERR_NUMBERS, EBB_ERR_ARGUMENT, EBB_ERR_MEMORY. */
ebb_status ebb_network_save(ebb_network *network, const char *path, const ebb_metadata *pairs,
                            size_t count);

/* Replaces the weights by those of a safetensors file, which may lack metadata. Layers are the
 * tensors of two dimensions called `weight` or `NAME.weight`, whatever stands before, in the order
 * of the numbers in their names as far as these tell it, else in the one order in which their
 * shapes chain; a `NAME.bias` may be missing, and is 0 then. F64, F16 and BF16 are converted.
 * Blocks. Errors: EBB_ERR_INPUT (damaged, or unlike its checksum; the layers' shapes or order do
 * not fit; other types or kinds of layer): the network is unchanged. */
ebb_status ebb_network_load_weights(ebb_network *network, const char *path);

/* What was guessed and what was ignored in the file that the weights came from, a line each; "" if
 * there is nothing to tell. Valid until weights are loaded again. */
const char *ebb_network_notes(const ebb_network *network);

/* ---- any safetensors file ---- */

/* What stands in a file, whatever it is for. All texts and shapes live as long as this. */
typedef struct ebb_tensor_file ebb_tensor_file;

typedef struct ebb_tensor_entry {
  const char *name;
  const char *dtype;   /* "F32", "I64" */
  size_t rank;         /* 0: a single number */
  const size_t *shape; /* [rank] */
  size_t bytes;
} ebb_tensor_entry;

/* Reads and checks a file, its checksum too if it states one.
 * Errors: EBB_ERR_INPUT (damaged, or no safetensors file), EBB_ERR_MEMORY. */
ebb_status ebb_tensor_file_read(ebb_tensor_file **out, const char *path);
void ebb_tensor_file_free(ebb_tensor_file *file);

/* Its tensors and its metadata, in the order of the file; `index` is below their number. */
size_t ebb_tensor_file_tensors(const ebb_tensor_file *file);
ebb_tensor_entry ebb_tensor_file_tensor(const ebb_tensor_file *file, size_t index);
size_t ebb_tensor_file_pairs(const ebb_tensor_file *file);
ebb_metadata ebb_tensor_file_pair(const ebb_tensor_file *file, size_t index);

#ifdef __cplusplus
}
#endif
#endif
