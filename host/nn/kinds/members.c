/* The members of an ensemble: each row is repeated once for each member, so that layers which
 * compute row by row serve all of them; equations (K24) and (K25). Columns for members beside each
 * other would make products of blocks, whose strides no product takes. */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

ebb_status ebb_spec_add_members(ebb_spec *spec, size_t members) {
  ebb_node node = {.kind = EBB_KIND_MEMBERS, .settings = {(double)members}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_members");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  REQUIRE(node->members <= 1, EBB_ERR_ARGUMENT,
          "%s: members stands among the members of an ensemble", where);
  node->units = cols[0];
  node->members = (size_t)node->settings[0];
  return EBB_OK;
}

/* The kernel between few rows, and the same rows for each member. */
static ebb_status run(const ebbi_node_call *call, ebbi_kernel_id kernel, ebb_tensor *to,
                      const ebb_tensor *from, const ebb_tensor *few, const ebb_tensor *many) {
  size_t members = call->network->spec.nodes[call->index].members;
  TRY(ebbi_tensor_require("members", "x", few, to->device, few->dtype, few->rows, few->cols));
  TRY(ebbi_tensor_require("members", "y", many, to->device, many->dtype, few->rows * members,
                          few->cols));
  ebbi_launch launch = ebbi_elements_begin(call->exec, kernel, to, from, NULL, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, to->buffer);
  ebbi_launch_buffer(&launch, from->buffer);
  ebbi_launch_int(&launch, members);
  ebbi_launch_int(&launch, from->stride);
  ebbi_elements_work(&launch, many, few, NULL, &(ebbi_epilogue){0}, to == few ? 1 : 0);
  return ebbi_elements_run(&launch, call->exec, to);
}

static ebb_status forward(const ebbi_node_call *call) {
  return run(call, EBBI_KERNEL_members, call->y, call->x[0], call->x[0], call->y);
}

static ebb_status backward(const ebbi_node_call *call) {
  ebb_tensor *dx = call->dx[0];
  return dx ? run(call, EBBI_KERNEL_members_backward, dx, call->dy, dx, call->dy) : EBB_OK;
}

const ebbi_kind ebbi_kind_members = {
    .name = "members",
    .word = "members",
    .example = "members32",
    .help = "an ensemble begins: each row once for each of 32 members, which share the layers that "
            "follow, except for adapters and heads",
    .settings = {{"members", 2, EBB_MAX_MEMBERS + 1, 32, true}},
    .inputs = 1,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
