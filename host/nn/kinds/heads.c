/* Heads: a dense layer of its own for each member of an ensemble, y = x.w + b; equations (K29) to
 * (K31). A file has the weights as [members * outputs, inputs], a member's outputs one below the
 * other. Their first weights are normal with the variance of PyTorch's linear layers, 1 / (3
 * inputs). */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

#include <math.h>

ebb_status ebb_spec_add_heads(ebb_spec *spec, size_t outputs) {
  ebb_node node = {.kind = EBB_KIND_HEADS, .settings = {(double)outputs}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_heads");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  (void)cols;
  REQUIRE(node->members > 1, EBB_ERR_ARGUMENT,
          "%s: heads stands outside of an ensemble; members comes first", where);
  node->units = (size_t)node->settings[0];
  return EBB_OK;
}

static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  out[0] = (ebbi_parameter){
      "weight",         node->members * node->units,   inputs, EBBI_FILL_NORMAL, EBBI_FILE_MATRIX,
      EBBI_ROLE_WEIGHT, sqrt(1 / (3 * (double)inputs))};
  out[1] = (ebbi_parameter){
      "bias", node->members, node->units, EBBI_FILL_ZERO, EBBI_FILE_MATRIX, EBBI_ROLE_SHIFT, 0};
  return 2;
}

/* x and the rows of outputs, z or dz. */
static ebb_status require(const ebbi_node_call *call, const ebb_tensor *x, const ebb_tensor *z) {
  const ebb_node *node = &call->network->spec.nodes[call->index];
  TRY(ebbi_tensor_require("heads", "z", z, x->device, z->dtype, x->rows, node->units));
  TRY(ebbi_tensor_require("heads", "weight", call->parameters[0], x->device, EBB_F32,
                          node->members * node->units, x->cols));
  REQUIRE(x->rows % node->members == 0, EBB_ERR_ARGUMENT,
          "heads: %zu rows are no multiple of %zu members", x->rows, node->members);
  return EBB_OK;
}

static ebbi_work work_of(const ebb_tensor *x, size_t outputs) {
  return (ebbi_work){.shape = {x->rows, outputs, x->cols},
                     .flops = 2 * (double)x->rows * (double)outputs * (double)x->cols,
                     .bytes = 4 * (double)x->rows * (double)(x->cols + outputs)};
}

static ebb_status forward(const ebbi_node_call *call) {
  const ebbi_device_params *params = &call->exec->params;
  const ebb_tensor *x = call->x[0], *w = call->parameters[0], *b = call->parameters[1];
  ebb_tensor *y = call->y;
  TRY(require(call, x, y));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_heads, y, x, NULL, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, w->buffer);
  ebbi_launch_buffer(&launch, b->buffer);
  ebbi_launch_int(&launch, b->rows);
  ebbi_launch_int(&launch, y->rows);
  ebbi_launch_int(&launch, y->cols);
  ebbi_launch_int(&launch, y->stride);
  ebbi_launch_int(&launch, x->cols);
  ebbi_launch_int(&launch, x->stride);
  ebbi_launch_int(&launch, w->stride);
  ebbi_launch_int(&launch, b->stride);
  launch.work = work_of(x, y->cols);
  return ebbi_launch_run(&launch, ebbi_ceil_div(y->rows, params->element_group), 1);
}

static ebb_status run_input_gradient(const ebbi_node_call *call, ebb_tensor *dx) {
  const ebb_tensor *dz = call->dy, *w = call->parameters[0];
  TRY(require(call, dx, dz));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_heads_backward, dx, dz, NULL, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, dx->buffer);
  ebbi_launch_buffer(&launch, dz->buffer);
  ebbi_launch_buffer(&launch, w->buffer);
  ebbi_launch_int(&launch, call->parameters[1]->rows);
  ebbi_launch_int(&launch, dz->cols);
  ebbi_launch_int(&launch, dz->stride);
  ebbi_launch_int(&launch, w->stride);
  launch.work = work_of(dx, dz->cols);
  return ebbi_elements_run(&launch, call->exec, dx);
}

static ebb_status run_gradients(const ebbi_node_call *call) {
  const ebbi_device_params *params = &call->exec->params;
  const ebb_tensor *x = call->x[0], *dz = call->dy;
  ebb_tensor *dw = call->gradients[0], *db = call->gradients[1];
  size_t vectors = dw->rows * ebbi_ceil_div(dw->cols, params->width);
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_heads_gradients, dw, x, dz, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, dw->buffer);
  ebbi_launch_buffer(&launch, db->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, dz->buffer);
  ebbi_launch_int(&launch, db->rows);
  ebbi_launch_int(&launch, x->rows);
  ebbi_launch_int(&launch, dz->cols);
  ebbi_launch_int(&launch, dz->stride);
  ebbi_launch_int(&launch, dw->stride);
  ebbi_launch_int(&launch, db->stride);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_int(&launch, x->cols);
  ebbi_launch_int(&launch, x->stride);
  launch.work = work_of(x, dz->cols);
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, params->element_group), 1);
}

static ebb_status backward(const ebbi_node_call *call) {
  TRY(require(call, call->x[0], call->dy));
  if (!call->frozen) TRY(run_gradients(call));
  return call->dx[0] ? run_input_gradient(call, call->dx[0]) : EBB_OK;
}

const ebbi_kind ebbi_kind_heads = {
    .name = "heads",
    .word = "heads",
    .example = "heads3",
    .help = "in an ensemble 3 outputs, by weights and biases of the member's own",
    .settings = {{"outputs", 1, EBB_MAX_UNITS + 1, 0, .whole = true}},
    .inputs = 1,
    .shape = shape,
    .parameters = parameters,
    .forward = forward,
    .backward = backward,
};
