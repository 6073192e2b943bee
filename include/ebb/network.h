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
 * `ebb.spec` and the given pairs, in this order. The file is replaced as a whole or not at all.
 * Blocks. Errors: EBB_ERR_OUTPUT. */
ebb_status ebb_network_save(ebb_network *network, const char *path, const ebb_metadata *pairs,
                            size_t count);

/* Replaces the weights by those of a safetensors file, which may lack metadata. Blocks.
 * Errors: EBB_ERR_INPUT (damaged; a tensor is missing, has another shape or type): the network is
 * unchanged. */
ebb_status ebb_network_load_weights(ebb_network *network, const char *path);

#ifdef __cplusplus
}
#endif
#endif
