/* PReLU: y = x where x > 0, else w x with a slope w for each column that is learned, from 1/4 on;
 * equations (K21) to (K23). Source: He et al., ICCV 2015.
 */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

static const ebbi_epilogue none = {.activation = EBB_ACT_IDENTITY};

ebb_status ebb_spec_add_prelu(ebb_spec *spec) {
  ebb_node node = {.kind = EBB_KIND_PRELU};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_prelu");
}

static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  (void)inputs;
  out[0] = (ebbi_parameter){.name = "weight",
                            .rows = 1,
                            .cols = node->units,
                            .fill = EBBI_FILL_CONSTANT,
                            .layout = EBBI_FILE_VECTOR,
                            .role = EBBI_ROLE_SHIFT,
                            .number = 0.25};
  return 1;
}

static ebb_status forward(const ebbi_node_call *call) {
  ebb_tensor *y = call->y;
  const ebb_tensor *x = call->x[0];
  TRY(ebbi_elements_require("prelu", y, x, NULL, &none));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_prelu, y, x, NULL, none.activation);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, call->parameters[0]->buffer);
  ebbi_elements_work(&launch, y, x, NULL, &none, 1);
  return ebbi_elements_run(&launch, call->exec, y);
}

/* dx = dy where x > 0, else w dy. */
static ebb_status run_backward(const ebbi_node_call *call) {
  ebb_tensor *dx = call->dx[0];
  const ebb_tensor *x = call->x[0], *dy = call->dy;
  TRY(ebbi_elements_require("prelu", dx, dy, x, &none));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_prelu_backward, dx, dy, x, none.activation);
  ebbi_launch_buffer(&launch, dx->buffer);
  ebbi_launch_buffer(&launch, dy->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, call->parameters[0]->buffer);
  ebbi_elements_work(&launch, dx, dy, x, &none, 1);
  return ebbi_elements_run(&launch, call->exec, dx);
}

/* dw = the sums of x dy over the rows where x is not above 0. */
static ebb_status run_gradient(const ebbi_node_call *call) {
  const ebbi_device_params *params = &call->exec->params;
  ebb_tensor *dw = call->gradients[0];
  const ebb_tensor *x = call->x[0];
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_prelu_gradient, dw, x, call->dy, none.activation);
  ebbi_launch_buffer(&launch, dw->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, call->dy->buffer);
  ebbi_launch_int(&launch, x->rows);
  ebbi_launch_int(&launch, x->cols);
  ebbi_launch_int(&launch, x->stride);
  ebbi_elements_work(&launch, x, call->dy, NULL, &none, 2);
  size_t vectors = ebbi_ceil_div(x->cols, params->width);
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, params->element_group), 1);
}

static ebb_status backward(const ebbi_node_call *call) {
  TRY(run_gradient(call));
  return call->dx[0] ? run_backward(call) : EBB_OK;
}

const ebbi_kind ebbi_kind_prelu = {
    .name = "prelu",
    .word = "prelu",
    .example = "prelu",
    .help = "numbers below 0 times a factor of their column that is learned (an activation)",
    .inputs = 1,
    .parameters = parameters,
    .forward = forward,
    .backward = backward,
};
