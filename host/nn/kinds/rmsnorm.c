/* Root mean square normalisation: y = f(x^ w), x^ = x / sqrt(mean of x^2 + eps) over a row's
 * columns; eps is float32's epsilon to nine decimals.
 * Source: Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019.
 */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/norm.h"

ebb_status ebb_spec_add_rmsnorm(ebb_spec *spec, double epsilon, ebb_activation activation) {
  ebb_node node = {.kind = EBB_KIND_RMSNORM,
                   .activation = activation,
                   .settings = {epsilon == 0 ? ebbi_kind_rmsnorm.settings[0].standard : epsilon}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_rmsnorm");
}

static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  (void)node;
  out[0] = (ebbi_parameter){"weight",        1, inputs, EBBI_FILL_CONSTANT, EBBI_FILE_VECTOR,
                            EBBI_ROLE_SHIFT, 1};
  return 1;
}

static size_t workspace(const ebbi_exec *exec, const ebb_device *device, size_t batch,
                        size_t inputs, size_t units, bool backward, bool input_gradient) {
  (void)device, (void)units, (void)input_gradient;
  return backward ? ebbi_norm_workspace(exec, batch, inputs) : 0;
}

static ebbi_norm norm_of(const ebbi_node_call *call) {
  return (ebbi_norm){.weight = call->parameters[0],
                     .epsilon = call->network->spec.nodes[call->index].settings[0]};
}

static ebb_status forward(const ebbi_node_call *call) {
  ebbi_norm norm = norm_of(call);
  return ebbi_norm_forward(call->exec, call->y, call->z, call->x[0], &norm,
                           call->network->spec.nodes[call->index].activation);
}

static ebb_status backward(const ebbi_node_call *call) {
  ebbi_norm norm = norm_of(call);
  return ebbi_norm_backward(call->exec, call->dx[0], call->gradients[0], NULL, call->dy, call->x[0],
                            &norm, &call->below[0]);
}

const ebbi_kind ebbi_kind_rmsnorm = {
    .name = "rmsnorm",
    .word = "rmsnorm",
    .example = "rmsnormrelu",
    .help = "each row divided by the root of its mean square, then times a weight",
    .settings = {{"eps", 1e-9, 1, 1.19e-7, .silent = true}},
    .inputs = 1,
    .takes = true,
    .fuses = true,
    .parameters = parameters,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
};
