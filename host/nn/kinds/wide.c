/* Wide and deep: y = [branch, x], the result of the layers in parentheses beside the value that
 * they read; equations (E3) and (E4). The last dense layer then sees both. Source: Cheng et al.,
 * "Wide & deep learning for recommender systems", DLRS 2016. */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

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

/* Copies `cols` columns. */
static ebb_status copy(const ebbi_exec *exec, ebb_tensor *to, size_t to_first,
                       const ebb_tensor *from, size_t from_first, size_t cols) {
  REQUIRE(to->rows == from->rows && to_first + cols <= to->cols && from_first + cols <= from->cols,
          EBB_ERR_ARGUMENT, "wide: %zu columns do not lie in [%zu, %zu] and [%zu, %zu]", cols,
          to->rows, to->cols, from->rows, from->cols);
  const ebbi_device_params *params = &exec->params;
  size_t vectors = to->rows * ebbi_ceil_div(cols, params->width);
  size_t each = (size_t)params->element_group * params->element_vectors;
  size_t bytes = (to->dtype == EBB_BF16 ? 2 : 4) + (from->dtype == EBB_BF16 ? 2 : 4);
  ebbi_launch launch =
      ebbi_elements_begin(exec, EBBI_KERNEL_copy_columns, to, from, NULL, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, to->buffer);
  ebbi_launch_buffer(&launch, from->buffer);
  ebbi_launch_int(&launch, to_first);
  ebbi_launch_int(&launch, to->stride);
  ebbi_launch_int(&launch, from_first);
  ebbi_launch_int(&launch, from->stride);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_int(&launch, cols);
  launch.work = (ebbi_work){.shape = {to->rows, cols}, .bytes = (double)(to->rows * cols * bytes)};
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, each), 1);
}

static ebb_status forward(const ebbi_node_call *call) {
  const ebb_tensor *branch = call->x[0], *skip = call->x[1];
  TRY(copy(call->exec, call->y, 0, branch, 0, branch->cols));
  return copy(call->exec, call->y, branch->cols, skip, 0, skip->cols);
}

static ebb_status backward(const ebbi_node_call *call) {
  const ebb_spec *spec = &call->network->spec;
  size_t first = 0;
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++) {
    size_t cols = ebb_spec_cols(spec, spec->nodes[call->index].inputs[i]);
    if (call->dx[i]) TRY(copy(call->exec, call->dx[i], 0, call->dy, first, cols));
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
