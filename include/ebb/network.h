/* Networks: what layers there are (ebb_spec, host only) and their weights (ebb_network, device).
 *
 * A spec is a text: sizes joined by '-', an activation after a size: `784-512relu-512relu-10`.
 * The first and the last size may be left out where the data tells them: an item with an
 * activation is always a hidden layer, so `512relu-512relu` needs both. The last dense layer has
 * no activation: it gives logits or values, and the loss applies softmax.
 */
#ifndef EBB_NETWORK_H
#define EBB_NETWORK_H

#include <ebb/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EBB_MAX_LAYERS 64
#define EBB_MAX_UNITS  1048576

typedef struct ebb_layer_spec {
  size_t inputs, outputs; /* fan-in I, fan-out O */
  ebb_activation activation;
} ebb_layer_spec;

/* The layers of a network, from input to output. A plain value: copy it freely. Fill it by
 * ebb_spec_parse, or by ebb_spec_begin and one ebb_spec_add a layer. */
typedef struct ebb_spec {
  size_t count;
  ebb_layer_spec layers[EBB_MAX_LAYERS];
} ebb_spec;

/* Reads a spec text. `inputs` and `outputs` are what the data tells, 0 if unknown: they fill in a
 * left-out first or last size and must agree with a given one.
 * Errors: EBB_ERR_ARGUMENT, `spec:1:9: unknown activation "rellu"; did you mean "relu"?` */
ebb_status ebb_spec_parse(ebb_spec *spec, const char *text, size_t inputs, size_t outputs);

/* Starts a spec with no layers: the first layer added will have `inputs` inputs. */
ebb_status ebb_spec_begin(ebb_spec *spec, size_t inputs);
ebb_status ebb_spec_add(ebb_spec *spec, size_t outputs, ebb_activation activation);

/* Writes the full text of a spec, `64-32relu-10`; at most `size` bytes with the final 0.
 * Errors: EBB_ERR_ARGUMENT (size too small). */
ebb_status ebb_spec_text(char *text, size_t size, const ebb_spec *spec);

size_t ebb_spec_inputs(const ebb_spec *spec);
size_t ebb_spec_outputs(const ebb_spec *spec);
size_t ebb_spec_parameters(const ebb_spec *spec); /* weights and biases in all */

typedef struct ebb_network ebb_network;

/* Makes a network with random weights, or zeros by EBB_INIT_ZERO, and zero biases on `device`,
 * which it borrows. Errors: EBB_ERR_ARGUMENT, EBB_ERR_MEMORY, EBB_ERR_DEVICE. */
ebb_status ebb_network_create(ebb_network **out, ebb_device *device, const ebb_spec *spec,
                              ebb_init init, uint64_t seed);
void ebb_network_free(ebb_network *network);

const ebb_spec *ebb_network_spec(const ebb_network *network);
ebb_device *ebb_network_device(const ebb_network *network);

/* The slab of all parameters, a tensor [1, n] in which layer l's w and b lie with padded rows. */
ebb_tensor *ebb_network_parameters(const ebb_network *network);

/* Layer l's weights [I, O] and biases [1, O]: views that the network owns. */
ebb_tensor *ebb_network_weight(const ebb_network *network, size_t layer);
ebb_tensor *ebb_network_bias(const ebb_network *network, size_t layer);

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
