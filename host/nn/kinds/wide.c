/* Wide and deep: y = [branch, x], the result of the layers in parentheses beside the value that
 * they read; equations (K4) and (K5). The last dense layer then sees both. Source: Cheng et al.,
 * "Wide & deep learning for recommender systems", DLRS 2016. */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/columns.h"

ebb_status ebb_spec_add_wide(ebb_spec *spec, size_t value) {
  ebb_node node = {.kind = EBB_KIND_WIDE, .inputs = {0, value}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_wide");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  node->units = cols[0] + cols[1];
  REQUIRE(node->units <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "%s: wide(...) puts %zu columns beside %zu; a value has at most %d", where, cols[0],
          cols[1], EBB_MAX_UNITS);
  return EBB_OK;
}

static ebb_status forward(const ebbi_node_call *call) {
  const ebb_tensor *branch = call->x[0], *skip = call->x[1];
  TRY(ebbi_copy_columns(call->exec, call->y, 0, branch, 0, branch->cols));
  return ebbi_copy_columns(call->exec, call->y, branch->cols, skip, 0, skip->cols);
}

static ebb_status backward(const ebbi_node_call *call) {
  const ebb_spec *spec = &call->network->spec;
  size_t first = 0;
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++) {
    size_t cols = ebb_spec_cols(spec, spec->nodes[call->index].inputs[i]);
    if (call->dx[i]) TRY(ebbi_copy_columns(call->exec, call->dx[i], 0, call->dy, first, cols));
    first += cols;
  }
  return EBB_OK;
}

const ebbi_kind ebbi_kind_wide = {
    .name = "wide",
    .word = "wide",
    .example = "wide(256relu)",
    .help = "what its layers make of their input, beside that input",
    .inputs = 2,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
