/* Scale: y = x s, a factor for each column that is learned, from 1 on; equations (K19) and (K20).
 */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

static const ebbi_epilogue none = {.activation = EBB_ACT_IDENTITY};

ebb_status ebb_spec_add_scale(ebb_spec *spec) {
  ebb_node node = {.kind = EBB_KIND_SCALE};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_scale");
}

static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  (void)inputs;
  out[0] = (ebbi_parameter){"weight",        1, node->units, EBBI_FILL_CONSTANT, EBBI_FILE_VECTOR,
                            EBBI_ROLE_SHIFT, 1};
  return 1;
}

/* y = x s. */
static ebb_status run(const ebbi_node_call *call, ebb_tensor *y, const ebb_tensor *x) {
  TRY(ebbi_elements_require("scale", y, x, NULL, &none));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_scale, y, x, NULL, none.activation);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, call->parameters[0]->buffer);
  ebbi_elements_work(&launch, y, x, NULL, &none, 1);
  return ebbi_elements_run(&launch, call->exec, y);
}

static ebb_status forward(const ebbi_node_call *call) {
  return run(call, call->y, call->x[0]);
}

/* ds = the sums of x dy over the batch. */
static ebb_status run_gradient(const ebbi_node_call *call, ebb_tensor *ds, const ebb_tensor *x) {
  const ebbi_device_params *params = &call->exec->params;
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_scale_gradient, ds, x, call->dy, none.activation);
  ebbi_launch_buffer(&launch, ds->buffer);
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
  TRY(run_gradient(call, call->gradients[0], call->x[0]));
  return call->dx[0] ? run(call, call->dx[0], call->dy) : EBB_OK;
}

const ebbi_kind ebbi_kind_scale = {
    .name = "scale",
    .word = "scale",
    .example = "scale",
    .help = "each column times a factor that is learned",
    .inputs = 1,
    .parameters = parameters,
    .forward = forward,
    .backward = backward,
};
