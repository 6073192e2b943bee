/* Gated linear units: y = a f(b), where a is the first half of the input's columns and b, the gate,
 * the second; equations (K2) and (K3). f is the sigmoid for glu, as in torch.nn.functional.glu, and
 * silu for swiglu.
 * Source: Dauphin et al., "Language modeling with gated convolutional networks", ICML 2017;
 * Shazeer, "GLU variants improve transformer", arXiv 2002.05202. */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

static const ebbi_epilogue none = {.activation = EBB_ACT_IDENTITY};

ebb_status ebb_spec_add_glu(ebb_spec *spec) {
  return ebbi_spec_append(spec, &(ebb_node){.kind = EBB_KIND_GLU}, "ebb_spec_add_glu");
}

ebb_status ebb_spec_add_swiglu(ebb_spec *spec) {
  return ebbi_spec_append(spec, &(ebb_node){.kind = EBB_KIND_SWIGLU}, "ebb_spec_add_swiglu");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  REQUIRE(cols[0] % 2 == 0, EBB_ERR_ARGUMENT,
          "%s: glu and swiglu multiply the two halves of their input, which has %zu columns; give "
          "the layer before an even number of outputs",
          where, cols[0]);
  node->units = cols[0] / 2;
  return EBB_OK;
}

static ebb_status require_halves(const ebb_tensor *x, const ebb_tensor *y) {
  REQUIRE(x && y, EBB_ERR_ARGUMENT, "glu: a tensor is NULL");
  TRY(ebbi_tensor_require("glu", "y", y, x->device, y->dtype, x->rows, y->cols));
  return ebbi_tensor_require("glu", "x", x, y->device, x->dtype, y->rows, 2 * y->cols);
}

static bool is_silu(const ebbi_node_call *call) {
  return call->network->spec.nodes[call->index].kind == EBB_KIND_SWIGLU;
}

static ebb_status forward(const ebbi_node_call *call) {
  ebb_tensor *y = call->y;
  const ebb_tensor *x = call->x[0];
  TRY(require_halves(x, y));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_glu, y, x, NULL, none.activation);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_int(&launch, x->stride);
  ebbi_launch_int(&launch, is_silu(call));
  ebbi_elements_work(&launch, y, x, NULL, &none, is_silu(call) ? 4 : 3);
  return ebbi_elements_run(&launch, call->exec, y);
}

static ebb_status backward(const ebbi_node_call *call) {
  ebb_tensor *dx = call->dx[0];
  const ebb_tensor *x = call->x[0], *dy = call->dy;
  if (!dx) return EBB_OK;
  TRY(require_halves(dx, dy));
  TRY(require_halves(x, dy));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_glu_backward, dx, x, dy, none.activation);
  ebbi_launch_buffer(&launch, dx->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, dy->buffer);
  ebbi_launch_int(&launch, x->stride);
  ebbi_launch_int(&launch, is_silu(call));
  ebbi_elements_work(&launch, dx, x, dy, &none, is_silu(call) ? 5 : 4);
  return ebbi_elements_run(&launch, call->exec, dy);
}

const ebbi_kind ebbi_kind_glu = {
    .name = "glu",
    .word = "glu",
    .example = "glu",
    .help = "the first half of the columns times the sigmoid of the second half",
    .inputs = 1,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};

const ebbi_kind ebbi_kind_swiglu = {
    .name = "swiglu",
    .word = "swiglu",
    .example = "swiglu",
    .help = "the first half of the columns times silu of the second half",
    .inputs = 1,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
