/* Dense layers: y = f(x.w + b), the activation fused into the product; equations (1) and (2), and
 * (8), (9), (10) for backward. Weights are [inputs, outputs], in files [outputs, inputs]. A layer
 * without bias has only them. A bias kept at 0 would be a tensor in every file, and every optimizer
 * would have to skip it. */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"

enum { NOBIAS }; /* the setting */

ebb_status ebb_spec_add(ebb_spec *spec, size_t outputs, ebb_activation activation) {
  ebb_node node = {.kind = EBB_KIND_DENSE, .units = outputs, .activation = activation};
  return ebbi_spec_append(spec, &node, "ebb_spec_add");
}

ebb_status ebb_spec_add_nobias(ebb_spec *spec, size_t outputs, ebb_activation activation) {
  ebb_node node = {.kind = EBB_KIND_DENSE, .units = outputs, .activation = activation};
  node.settings[NOBIAS] = 1;
  return ebbi_spec_append(spec, &node, "ebb_spec_add_nobias");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  (void)cols;
  REQUIRE(node->units >= 1 && node->units <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "%s: %zu outputs; allowed are 1 to %d", where, node->units, EBB_MAX_UNITS);
  return EBB_OK;
}

static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  out[0] = (ebbi_parameter){
      "weight", inputs, node->units, EBBI_FILL_RANDOM, EBBI_FILE_TRANSPOSED, EBBI_ROLE_WEIGHT, 0};
  out[1] = (ebbi_parameter){"bias",          1, node->units, EBBI_FILL_ZERO, EBBI_FILE_VECTOR,
                            EBBI_ROLE_SHIFT, 0};
  return node->settings[NOBIAS] != 0 ? 1 : 2;
}

/* TabM's layer, f((x r . w) s + b), with a member's own r, s and b; the last layer becomes heads.
 */
static ebb_status share(ebb_spec *spec, const ebb_node *node, bool first, bool last) {
  if (last) return ebb_spec_add_heads(spec, node->units);
  TRY(ebb_spec_add_adapter(spec, false, first, EBB_ACT_IDENTITY));
  TRY(ebb_spec_add_nobias(spec, node->units, EBB_ACT_IDENTITY));
  return ebb_spec_add_adapter(spec, node->settings[NOBIAS] == 0, false, node->activation);
}

static void raise_to(size_t *most, size_t bytes) {
  if (bytes > *most) *most = bytes;
}

/* Split products keep partial sums in it. */
static size_t workspace(const ebbi_exec *exec, const ebb_device *device, size_t batch,
                        size_t inputs, size_t units, bool backward, bool input_gradient) {
  size_t most = 0;
  raise_to(&most, ebbi_matmul_workspace(exec, device, EBB_LAYOUT_NN, batch, units, inputs));
  if (backward)
    raise_to(&most, ebbi_matmul_workspace(exec, device, EBB_LAYOUT_TN, inputs, units, batch));
  if (input_gradient)
    raise_to(&most, ebbi_matmul_workspace(exec, device, EBB_LAYOUT_NT, batch, inputs, units));
  return most;
}

static ebb_status forward(const ebbi_node_call *call) {
  return ebbi_dense_forward(call->exec, call->y, call->z, call->x[0], call->parameters[0],
                            call->parameters[1], call->network->spec.nodes[call->index].activation);
}

static ebb_status backward(const ebbi_node_call *call) {
  const ebbi_epilogue *below = &call->below[0];
  if (!call->frozen)
    TRY(ebbi_dense_weight_gradient(call->exec, call->gradients[0], call->gradients[1], call->x[0],
                                   call->dy));
  if (!call->dx[0]) return EBB_OK;
  if (!below->a)
    return ebbi_matmul(call->exec, call->dx[0], call->dy, false, call->parameters[0], true);
  return ebbi_dense_input_gradient(call->exec, call->dx[0], call->dy, call->parameters[0], below->z,
                                   below->a, below->activation);
}

const ebbi_kind ebbi_kind_dense = {
    .name = "dense",
    .example = "256relu",
    .help =
        "every output a weighted sum of all inputs, with a bias and an activation; 256relu:nobias "
        "has no bias",
    .settings = {[NOBIAS] = {"nobias", 0, 2, 0, .whole = true, .silent = true,
                             .suffix = ":nobias"}},
    .inputs = 1,
    .takes = true,
    .fuses = true,
    .whole = true,
    .ends = true,
    .shape = shape,
    .parameters = parameters,
    .share = share,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
};
