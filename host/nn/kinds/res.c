/* Residual connections: y = branch + skip, where skip is a value and branch is the result of the
 * layers in parentheses for that value. The gradient of both is that of y.
 * Source: He et al., "Deep residual learning for image recognition", CVPR 2016. */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"

ebb_status ebb_spec_add_residual(ebb_spec *spec, size_t value) {
  ebb_node node = {.kind = EBB_KIND_RES, .inputs = {0, value}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_residual");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  REQUIRE(cols[0] == cols[1], EBB_ERR_ARGUMENT,
          "%s: res(...) adds %zu and %zu columns; its last layer must have as many outputs as its "
          "first has inputs",
          where, cols[1], cols[0]);
  node->units = cols[0];
  return EBB_OK;
}

static ebb_status forward(const ebbi_node_call *call) {
  return ebbi_add(call->exec, call->y, call->x[0], call->x[1], NULL);
}

const ebbi_kind ebbi_kind_res = {
    .name = "res",
    .word = "res",
    .example = "res(256relu-256)",
    .help = "what its layers make of their input, added to that input",
    .inputs = 2,
    .shape = shape,
    .forward = forward,
};
