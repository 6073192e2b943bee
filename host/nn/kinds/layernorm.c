/* Layer normalisation: y = f(x^ w + b), x^ = (x - mean) / sqrt(variance + eps) over a row's
 * columns. Source: Ba, Kiros and Hinton, "Layer normalization", arXiv:1607.06450.
 */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/norm.h"

ebb_status ebb_spec_add_layernorm(ebb_spec *spec, double epsilon, ebb_activation activation) {
  ebb_node node = {.kind = EBB_KIND_LAYERNORM,
                   .activation = activation,
                   .settings = {epsilon == 0 ? ebbi_kind_layernorm.settings[0].standard : epsilon}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_layernorm");
}

static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  (void)node;
  out[0] = (ebbi_parameter){"weight",        1, inputs, EBBI_FILL_CONSTANT, EBBI_FILE_VECTOR,
                            EBBI_ROLE_SHIFT, 1};
  out[1] =
      (ebbi_parameter){"bias", 1, inputs, EBBI_FILL_ZERO, EBBI_FILE_VECTOR, EBBI_ROLE_SHIFT, 0};
  return 2;
}

static size_t workspace(const ebbi_exec *exec, const ebb_device *device, size_t batch,
                        size_t inputs, size_t units, bool backward, bool input_gradient) {
  (void)device, (void)units, (void)input_gradient;
  return backward ? ebbi_norm_workspace(exec, batch, inputs) : 0;
}

static ebbi_norm norm_of(const ebbi_node_call *call) {
  return (ebbi_norm){.weight = call->parameters[0],
                     .bias = call->parameters[1],
                     .centred = true,
                     .epsilon = call->network->spec.nodes[call->index].settings[0]};
}

static ebb_status forward(const ebbi_node_call *call) {
  ebbi_norm norm = norm_of(call);
  return ebbi_norm_forward(call->exec, call->y, call->z, call->x[0], &norm,
                           call->network->spec.nodes[call->index].activation);
}

static ebb_status backward(const ebbi_node_call *call) {
  ebbi_norm norm = norm_of(call);
  return ebbi_norm_backward(call->exec, call->dx[0], call->gradients[0], call->gradients[1],
                            call->dy, call->x[0], &norm, &call->below[0]);
}

const ebbi_kind ebbi_kind_layernorm = {
    .name = "layernorm",
    .word = "layernorm",
    .example = "layernormrelu",
    .help = "each row shifted to mean 0 and scaled to variance 1, then times a weight, plus a bias",
    .settings = {{"eps", 1e-9, 1, 1e-5, .silent = true}},
    .inputs = 1,
    .takes = true,
    .fuses = true,
    .parameters = parameters,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
};
