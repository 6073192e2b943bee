/* Adapters: y = f(x w + b), a factor and a bias for each member of an ensemble and each column;
 * equations (K26) to (K28). Factors begin as 1, or as random signs, which make the members differ.
 * Source: Wen et al., "BatchEnsemble", ICLR 2020; Gorishniy et al., "TabM", arXiv 2410.24210. */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

enum { NOBIAS, SIGNS }; /* the settings */

ebb_status ebb_spec_add_adapter(ebb_spec *spec, bool bias, bool signs, ebb_activation activation) {
  ebb_node node = {.kind = EBB_KIND_ADAPTER,
                   .activation = activation,
                   .settings = {[NOBIAS] = bias ? 0 : 1, [SIGNS] = signs ? 1 : 0}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_adapter");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  REQUIRE(node->members > 1, EBB_ERR_ARGUMENT,
          "%s: adapter stands outside of an ensemble; members comes first", where);
  node->units = cols[0];
  return EBB_OK;
}

static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  ebbi_fill fill = node->settings[SIGNS] != 0 ? EBBI_FILL_SIGNS : EBBI_FILL_CONSTANT;
  (void)inputs;
  out[0] = (ebbi_parameter){
      "weight", node->members, node->units, fill, EBBI_FILE_MATRIX, EBBI_ROLE_SHIFT, 1};
  out[1] = (ebbi_parameter){
      "bias", node->members, node->units, EBBI_FILL_ZERO, EBBI_FILE_MATRIX, EBBI_ROLE_SHIFT, 0};
  return node->settings[NOBIAS] != 0 ? 1 : 2;
}

static ebb_status require(const ebbi_node_call *call, const ebb_tensor *x) {
  const ebb_tensor *weight = call->parameters[0];
  REQUIRE(x->rows % weight->rows == 0, EBB_ERR_ARGUMENT,
          "adapter: %zu rows are no multiple of %zu members", x->rows, weight->rows);
  return ebbi_tensor_require("adapter", "weight", weight, x->device, EBB_F32, weight->rows,
                             x->cols);
}

static ebb_status forward(const ebbi_node_call *call) {
  const ebb_tensor *x = call->x[0], *weight = call->parameters[0];
  const ebb_node *node = &call->network->spec.nodes[call->index];
  const ebbi_epilogue none = {.activation = EBB_ACT_IDENTITY};
  TRY(ebbi_elements_require("adapter", call->y, x, call->z, &none));
  TRY(require(call, x));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_adapter, call->y, x, NULL, node->activation);
  ebbi_launch_buffer(&launch, call->y->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(call->z));
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, weight->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(call->parameters[1]));
  ebbi_launch_int(&launch, weight->rows);
  ebbi_launch_int(&launch, weight->stride);
  ebbi_elements_work(&launch, call->y, x, call->z, &none, 3);
  return ebbi_elements_run(&launch, call->exec, call->y);
}

static ebb_status run_input_gradient(const ebbi_node_call *call, ebb_tensor *dx) {
  const ebb_tensor *weight = call->parameters[0];
  const ebbi_epilogue none = {.activation = EBB_ACT_IDENTITY};
  TRY(ebbi_elements_require("adapter gradient", dx, call->dy, NULL, &none));
  ebbi_launch launch = ebbi_elements_begin(call->exec, EBBI_KERNEL_adapter_backward, dx, call->dy,
                                           NULL, none.activation);
  ebbi_launch_buffer(&launch, dx->buffer);
  ebbi_launch_buffer(&launch, call->dy->buffer);
  ebbi_launch_buffer(&launch, weight->buffer);
  ebbi_launch_int(&launch, weight->rows);
  ebbi_launch_int(&launch, weight->stride);
  ebbi_elements_work(&launch, dx, call->dy, NULL, &none, 1);
  return ebbi_elements_run(&launch, call->exec, dx);
}

static ebb_status run_gradients(const ebbi_node_call *call) {
  const ebbi_device_params *params = &call->exec->params;
  const ebb_tensor *x = call->x[0];
  ebb_tensor *dw = call->gradients[0];
  size_t vectors = dw->rows * ebbi_ceil_div(dw->cols, params->width);
  ebbi_launch launch = ebbi_elements_begin(call->exec, EBBI_KERNEL_adapter_gradients, dw, x,
                                           call->dy, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, dw->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(call->gradients[1]));
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, call->dy->buffer);
  ebbi_launch_int(&launch, x->rows);
  ebbi_launch_int(&launch, dw->rows);
  ebbi_launch_int(&launch, dw->stride);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_int(&launch, x->cols);
  ebbi_launch_int(&launch, x->stride);
  ebbi_elements_work(&launch, x, call->dy, NULL, &(ebbi_epilogue){0}, 3);
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, params->element_group), 1);
}

static ebb_status backward(const ebbi_node_call *call) {
  TRY(require(call, call->x[0]));
  if (!call->frozen) TRY(run_gradients(call));
  return call->dx[0] ? run_input_gradient(call, call->dx[0]) : EBB_OK;
}

const ebbi_kind ebbi_kind_adapter = {
    .name = "adapter",
    .word = "adapter",
    .example = "adapterrelu",
    .help = "in an ensemble each column times a factor plus a bias, both the member's own, and an "
            "activation; adapter:nobias:signs has no bias, and its factors begin as 1 or -1",
    .settings = {[NOBIAS] = {"nobias", 0, 2, 0, .whole = true, .silent = true, .suffix = ":nobias"},
                 [SIGNS] = {"signs", 0, 2, 0, .whole = true, .silent = true, .suffix = ":signs"}},
    .inputs = 1,
    .takes = true,
    .shape = shape,
    .parameters = parameters,
    .forward = forward,
    .backward = backward,
};
