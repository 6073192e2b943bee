/* Networks: the description of the nodes (ebb_spec, host only) and the weights (ebb_network,
 * device).
 *
 * A spec is a text of items joined by '-'. A size is a dense layer and may be followed by an
 * activation: `784-512relu-512leaky_relu(0.2)-10`. The first and the last size may be left out
 * where the data determine them; an item with an activation is always a hidden layer, so
 * `512relu-512relu` lacks both. `:nobias` after a dense layer leaves its bias out:
 * `512relu:nobias-10:nobias`. The last layer is dense without activation, or `mean` after such
 * layers: it gives logits or values, and the loss applies softmax. All other items begin with the
 * word of their kind, see EBB_KIND_LIST. A number may follow it, and after a norm an activation:
 * `784-256-layernormrelu-10`. An activation may also be a formula of the user's, behind a name that
 * later layers may use: `784-512soft(z / (1 + fabs(z)))-512soft-10`, see ebb/formula.h.
 */
#ifndef EBB_NETWORK_H
#define EBB_NETWORK_H

#include <ebb/formula.h>
#include <ebb/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EBB_MAX_NODES 128
#define EBB_MAX_UNITS 1048576

/* X(NAME, name): the kinds of nodes. A file of host/nn/kinds/ has the row of each. */
#define EBB_KIND_LIST(X)                                                                           \
  X(DENSE, dense)                                                                                  \
  X(DROPOUT, dropout)                                                                              \
  X(RES, res)                                                                                      \
  X(GLU, glu)                                                                                      \
  X(SWIGLU, swiglu)                                                                                \
  X(WIDE, wide)                                                                                    \
  X(EMBED, embed)                                                                                  \
  X(LAYERNORM, layernorm)                                                                          \
  X(RMSNORM, rmsnorm)                                                                              \
  X(BATCHNORM, batchnorm)                                                                          \
  X(PERIODIC, periodic)                                                                            \
  X(NOISE, noise)                                                                                  \
  X(SCALE, scale)                                                                                  \
  X(PRELU, prelu)                                                                                  \
  X(MEMBERS, members)                                                                              \
  X(ADAPTER, adapter)                                                                              \
  X(HEADS, heads)                                                                                  \
  X(MEAN, mean)

typedef enum ebb_kind {
#define EBB_KIND_ENUM(name, text) EBB_KIND_##name,
  EBB_KIND_LIST(EBB_KIND_ENUM)
#undef EBB_KIND_ENUM
      EBB_KIND_COUNT
} ebb_kind;

#define EBB_NODE_INPUTS   2
#define EBB_NODE_SETTINGS 4

/* A node reads one or two values and writes one. Value 0 is the network's input; value n is the
 * output of node n - 1. Messages call a node a layer and count from 1. */
typedef struct ebb_node {
  ebb_kind kind;
  size_t inputs[EBB_NODE_INPUTS]; /* values that it reads; the first of node n is value n */
  size_t units;                   /* columns of the value that it writes */
  ebb_activation activation;      /* of dense nodes and of norms */
  double settings[EBB_NODE_SETTINGS];
  size_t members; /* rows of its value for each example; 0: 1. See ebb_spec_add_members. */
} ebb_node;

/* The nodes of a network in topological order; the last one writes the output. It may be copied
 * freely. Fill it with ebb_spec_parse, or with ebb_spec_begin and one call for each node. */
typedef struct ebb_spec {
  size_t inputs, count; /* columns of the network's input; nodes */
  ebb_node nodes[EBB_MAX_NODES];
  ebb_formula formulas[EBB_MAX_FORMULAS]; /* that of EBB_ACT_FORMULA_0 first */
} ebb_spec;

const char *ebb_kind_name(ebb_kind kind);    /* "dense" */
const char *ebb_kind_example(ebb_kind kind); /* item of a spec text: "256relu" */
const char *ebb_kind_help(ebb_kind kind);    /* one line that says what it computes */

/* Returns the name of a kind's setting, or NULL past the last one. */
const char *ebb_kind_setting(ebb_kind kind, size_t index);

/* Parses a spec text. `inputs` and `outputs` are the sizes that the data require, 0 if unknown:
 * they replace a missing first or last size and must agree with a given one.
 * Errors: EBB_ERR_ARGUMENT, `spec:1:9: unknown activation "rellu"; did you mean "relu"?` */
ebb_status ebb_spec_parse(ebb_spec *spec, const char *text, size_t inputs, size_t outputs);

/* Parses a text for the inputs and outputs of another spec. If that begins with embeddings and the
 * text has none, the result begins with them too.
 * Errors: as ebb_spec_parse. */
ebb_status ebb_spec_parse_like(ebb_spec *spec, const char *text, const ebb_spec *like);

/* Starts a spec without nodes; the network will have `inputs` inputs. */
ebb_status ebb_spec_begin(ebb_spec *spec, size_t inputs);

/* Defines an activation of the user's for later layers of a spec: a name of lower-case letters,
 * digits and '_', the formula f, and its derivative df; NULL: it is found by differentiation.
 * Returns the same activation for a formula that the spec has already.
 * Errors: EBB_ERR_ARGUMENT, with the place in the text (f or df is no formula, f or its derivative
 * is not finite, df is not the derivative of f, the name is taken, more than EBB_MAX_FORMULAS). */
ebb_status ebb_spec_formula(ebb_activation *out, ebb_spec *spec, const char *name, const char *f,
                            const char *df);

/* The formula of an activation; NULL for one of EBB_ACTIVATION_LIST. */
const ebb_formula *ebb_spec_formula_of(const ebb_spec *spec, ebb_activation activation);

/* Writes the name of a node's activation: of its formula, or as ebb_activation_text; returns
 * `text`.
 */
const char *ebb_spec_activation(char text[EBB_ACTIVATION_TEXT], const ebb_spec *spec, size_t node);

/* Adds a dense layer, y = f(x.w + b). */
ebb_status ebb_spec_add(ebb_spec *spec, size_t outputs, ebb_activation activation);

/* Adds a dense layer without bias, y = f(x.w). */
ebb_status ebb_spec_add_nobias(ebb_spec *spec, size_t outputs, ebb_activation activation);

/* Adds dropout with a rate in [0, 1), kept to nine decimals. In training an element becomes 0 with
 * this probability, else x / (1 - rate). The mask is a function of the training's seed, the node,
 * the step and the element. In evaluation and prediction y = x. */
ebb_status ebb_spec_add_dropout(ebb_spec *spec, double rate);

/* The same with a rate that stays for the first half of a training's steps (epochs times steps of
 * an epoch) and falls to 0 in the second, along an S that a half cosine follows to within 0.01.
 * Text: drop0.2:fade.  Source: (K1) */
ebb_status ebb_spec_add_fading_dropout(ebb_spec *spec, double rate);

/* Adds layer normalisation, y = f(x^ w + b) with x^ = (x - mean) / sqrt(variance + epsilon) over
 * the columns of each row. w starts as ones, b as zeros. epsilon is below 1 and kept to nine
 * decimals; 0: 1e-5, as PyTorch's. */
ebb_status ebb_spec_add_layernorm(ebb_spec *spec, double epsilon, ebb_activation activation);

/* Adds batch normalisation, as layer normalisation over the rows of each column. In training the
 * moments are those of the batch, and running ones move towards them, the variance unbiased:
 * running += momentum (batch's - running). In evaluation and prediction the running ones are used,
 * and in training where a batch has one row. 0: epsilon 1e-5, momentum 0.1, as PyTorch's. */
ebb_status ebb_spec_add_batchnorm(ebb_spec *spec, double epsilon, double momentum,
                                  ebb_activation activation);

/* Adds y = f(x w / sqrt(mean of x^2 + epsilon)). epsilon 0: 1.19e-7, float32's epsilon, as
 * PyTorch's RMSNorm. */
ebb_status ebb_spec_add_rmsnorm(ebb_spec *spec, double epsilon, ebb_activation activation);

/* Adds noise: in training y = x + n with normal numbers n of this standard deviation, kept to nine
 * decimals; they are a function of the training's seed, the node, the step and the element. In
 * evaluation and prediction y = x. */
ebb_status ebb_spec_add_noise(ebb_spec *spec, double deviation);

/* Adds a factor for each column, which is learned: y = x s, s = 1 at first. */
ebb_status ebb_spec_add_scale(ebb_spec *spec);

/* Adds PReLU, as torch.nn.PReLU with a parameter for each column: y = x where x > 0, else w x with
 * a learned w, 1/4 at first. */
ebb_status ebb_spec_add_prelu(ebb_spec *spec);

/* Adds a residual connection: y = latest value + an earlier one. `value` is what spec->count was
 * before the first layer of the branch was added. Connections may be nested; they may not overlap.
 */
ebb_status ebb_spec_add_residual(ebb_spec *spec, size_t value);

/* Add a gate: y = a f(b), where a is the first half of the columns and b the second. f is the
 * sigmoid (glu, as torch.nn.functional.glu) or silu (swiglu). An odd number of columns is refused.
 */
ebb_status ebb_spec_add_glu(ebb_spec *spec);
ebb_status ebb_spec_add_swiglu(ebb_spec *spec);

/* Puts the latest value beside an earlier one: y = [latest, earlier]. `value` as for
 * ebb_spec_add_residual. */
ebb_status ebb_spec_add_wide(ebb_spec *spec, size_t value);

/* Adds an embedding of categories. The first `columns` columns hold codes, whole numbers below
 * `categories` stored as floats; each is replaced by a row of a learned table [categories, units].
 * The result is [the other columns, the rows of the first code, …]. Columns share the table, so
 * each has codes of its own, as ebb_encoder_apply makes them. A code outside the table gives zeros.
 */
ebb_status ebb_spec_add_embedding(ebb_spec *spec, size_t columns, size_t categories, size_t units);

/* Adds a periodic embedding of numbers. Each of the first `columns` columns, a number x, becomes
 * `units` numbers: x itself, and units - 1 mixes of cosines, the sum of mix cos(2 pi w x + b) over
 * `frequencies` plus shift, all of them learned for each column. The result is [the other columns,
 * those of the first number, …]. */
ebb_status ebb_spec_add_periodic(ebb_spec *spec, size_t columns, size_t frequencies, size_t units);

/* Add the layers of an ensemble whose members share weights. `members` repeats each example once
 * for each of 2 to EBB_MAX_MEMBERS members; row e members + m of a value is then member m's of
 * example e, and layers that compute row by row are shared by all members. `adapter` is y = f(x w +
 * b) with a factor and a bias for each member and column; factors begin as 1, or with `signs` as 1
 * or -1 by chance. `heads` gives each member a dense layer of its own. `mean` ends the network: in
 * training the loss sees each member's outputs as a row of its own, with the example's target and
 * weight; in evaluation and prediction the outputs are those of the mean of the members'
 * predictions, probabilities or values, as the loss forms them. */
#define EBB_MAX_MEMBERS 256
ebb_status ebb_spec_add_members(ebb_spec *spec, size_t members);
ebb_status ebb_spec_add_adapter(ebb_spec *spec, bool bias, bool signs, ebb_activation activation);
ebb_status ebb_spec_add_heads(ebb_spec *spec, size_t outputs);
ebb_status ebb_spec_add_mean(ebb_spec *spec, ebb_loss_kind loss);

/* Makes an ensemble of a network, TabM (Gorishniy et al. 2024, arXiv 2410.24210): each hidden dense
 * layer f(x.w + b) becomes f((x r . w) s + b), where all members share w, and r, s and b are a
 * member's own; the last one becomes heads. The first r are signs. Layers that compute row by row
 * are shared; embeddings at the front stay before the members. `spec` may be `plain`.
 * Errors: EBB_ERR_ARGUMENT (a layer that has no such form, too many layers). */
ebb_status ebb_spec_members(ebb_spec *spec, const ebb_spec *plain, size_t members,
                            ebb_loss_kind loss);

/* Writes the full text of a spec, `64-32relu-10`, in at most `size` bytes with the final 0.
 * Errors: EBB_ERR_ARGUMENT (size too small). */
ebb_status ebb_spec_text(char *text, size_t size, const ebb_spec *spec);

/* Bytes that hold any spec's text. */
#define EBB_SPEC_TEXT (EBB_MAX_NODES * 64 + 40 + EBB_MAX_FORMULAS * 2 * EBB_FORMULA_TEXT)

/* Writes the item of one node, `256relu`. For a node whose item contains others it writes only the
 * word that begins the item. */
ebb_status ebb_spec_item(char *text, size_t size, const ebb_spec *spec, size_t node);

/* Columns of a value: the network's input, or the output of node value - 1. */
size_t ebb_spec_cols(const ebb_spec *spec, size_t value);
size_t ebb_spec_inputs(const ebb_spec *spec);
size_t ebb_spec_outputs(const ebb_spec *spec);
size_t ebb_spec_parameters(const ebb_spec *spec); /* weights and biases, total */
size_t ebb_spec_node_parameters(const ebb_spec *spec, size_t node);

typedef struct ebb_network ebb_network;

/* Creates a network on `device`, which it borrows. Weights are random, or zero with EBB_INIT_ZERO;
 * biases are zero.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_MEMORY, EBB_ERR_DEVICE. */
ebb_status ebb_network_create(ebb_network **out, ebb_device *device, const ebb_spec *spec,
                              ebb_init init, uint64_t seed);
void ebb_network_free(ebb_network *network);

const ebb_spec *ebb_network_spec(const ebb_network *network);
ebb_device *ebb_network_device(const ebb_network *network);

/* Returns the slab of all parameters: a tensor [1, n] that contains each node's w and b with padded
 * rows. */
ebb_tensor *ebb_network_parameters(const ebb_network *network);

/* Return a node's weights [I, O] and biases [1, O] as views that the network owns; NULL where it
 * has none. */
ebb_tensor *ebb_network_weight(const ebb_network *network, size_t node);
ebb_tensor *ebb_network_bias(const ebb_network *network, size_t node);

/* Computes the outputs (logits or values) of `rows` input rows. Blocks.
 * Shapes: output [rows, outputs], input [rows, inputs], both on the host, without padding. */
ebb_status ebb_network_predict(ebb_network *network, float *output, const float *input,
                               size_t rows);

/* A key and its value in a model file's metadata. */
typedef struct ebb_metadata {
  const char *key;
  const char *value;
} ebb_metadata;

/* Writes a safetensors file. Tensors have the names and layout of PyTorch's nn.Sequential
 * (`0.weight` [out, in], `0.bias` [out]; an activation takes an index). The metadata are, in this
 * order, `ebb.version`, `ebb.spec`, the given pairs, `ebb.format` and `ebb.checksum`. The file is
 * replaced completely or not at all, as by ebb_model_save. Blocks.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_DEVICE, EBB_ERR_NUMBERS, EBB_ERR_ARGUMENT, EBB_ERR_MEMORY. */
ebb_status ebb_network_save(ebb_network *network, const char *path, const ebb_metadata *pairs,
                            size_t count);

/* Replaces the weights by those of a safetensors file; its metadata may be missing. Layers are the
 * two-dimensional tensors called `weight` or `NAME.weight`, with any prefix. Their order is that of
 * the numbers in their names; where these do not determine it, it is the only order in which the
 * shapes fit together. A missing `NAME.bias` is 0. F64, F16 and BF16 are converted. Blocks.
 * Errors: EBB_ERR_INPUT (damaged, wrong checksum, layers whose shapes or order do not fit,
 * unsupported types or layer kinds). On failure the network is unchanged. */
ebb_status ebb_network_load_weights(ebb_network *network, const char *path);

/* Returns what was guessed or ignored in the file that the weights came from, one line for each; ""
 * if nothing. Valid until weights are loaded again. */
const char *ebb_network_notes(const ebb_network *network);

/* ---- any safetensors file ---- */

/* The contents of any safetensors file. All texts and shapes live as long as this object. */
typedef struct ebb_tensor_file ebb_tensor_file;

typedef struct ebb_tensor_entry {
  const char *name;
  const char *dtype;   /* "F32", "I64" */
  size_t rank;         /* 0: scalar */
  const size_t *shape; /* [rank] */
  size_t bytes;
} ebb_tensor_entry;

/* Reads and checks a file, including its checksum if it has one.
 * Errors: EBB_ERR_INPUT (damaged, or not a safetensors file), EBB_ERR_MEMORY. */
ebb_status ebb_tensor_file_read(ebb_tensor_file **out, const char *path);
void ebb_tensor_file_free(ebb_tensor_file *file);

/* Its tensors and metadata, in the order of the file; `index` must be below their number. */
size_t ebb_tensor_file_tensors(const ebb_tensor_file *file);
ebb_tensor_entry ebb_tensor_file_tensor(const ebb_tensor_file *file, size_t index);
size_t ebb_tensor_file_pairs(const ebb_tensor_file *file);
ebb_metadata ebb_tensor_file_pair(const ebb_tensor_file *file, size_t index);

#ifdef __cplusplus
}
#endif
#endif
