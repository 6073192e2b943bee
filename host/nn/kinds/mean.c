/* The mean of an ensemble: in evaluation and prediction the output whose prediction is the mean of
 * the members' predictions; equations (K32) to (K35). In training the loss sees each member's
 * output, so that no member leans on the others. Averaged outputs would give a geometric mean of
 * probabilities. */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

enum { SOFTMAX, SIGMOID, EXP, FORMS }; /* the settings: at most one is on */

ebb_status ebb_spec_add_mean(ebb_spec *spec, ebb_loss_kind loss) {
  ebb_node node = {.kind = EBB_KIND_MEAN};
  ebb_link link = ebb_loss_link(loss);
  if (ebb_loss_has_labels(loss)) node.settings[SOFTMAX] = 1;
  if (link == EBB_LINK_LOGISTIC) node.settings[SIGMOID] = 1;
  if (link == EBB_LINK_EXP) node.settings[EXP] = 1;
  return ebbi_spec_append(spec, &node, "ebb_spec_add_mean");
}

/* 0: values; 1 and up: the setting. The kernel has the same numbers. */
static int mean_of(const ebb_node *node) {
  int of = 0;
  for (int i = 0; i < FORMS; i++)
    if (node->settings[i] != 0) of = i + 1;
  return of;
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  REQUIRE(node->members > 1, EBB_ERR_ARGUMENT,
          "%s: mean stands outside of an ensemble; members comes first", where);
  REQUIRE(node->settings[SOFTMAX] + node->settings[SIGMOID] + node->settings[EXP] <= 1,
          EBB_ERR_ARGUMENT, "%s: mean has one form, softmax, sigmoid or exp", where);
  node->units = cols[0];
  node->members = 1;
  return EBB_OK;
}

static ebb_status forward(const ebbi_node_call *call) {
  const ebbi_device_params *params = &call->exec->params;
  const ebb_tensor *x = call->x[0];
  ebb_tensor *y = call->y;
  size_t members = x->rows / y->rows;
  TRY(ebbi_tensor_require("mean", "x", x, y->device, x->dtype, y->rows * members, y->cols));
  REQUIRE(members >= 1 && members <= EBB_MAX_MEMBERS, EBB_ERR_ARGUMENT,
          "mean: %zu rows of %zu examples", x->rows, y->rows);
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_mean, y, x, NULL, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_int(&launch, (size_t)mean_of(&call->network->spec.nodes[call->index]));
  ebbi_launch_int(&launch, members);
  ebbi_launch_int(&launch, y->rows);
  ebbi_launch_int(&launch, y->cols);
  ebbi_launch_int(&launch, y->stride);
  ebbi_launch_int(&launch, x->stride);
  ebbi_elements_work(&launch, x, y, NULL, &(ebbi_epilogue){0}, 3);
  return ebbi_launch_run(&launch, ebbi_ceil_div(y->rows, params->element_group), 1);
}

const ebbi_kind ebbi_kind_mean = {
    .name = "mean",
    .word = "mean",
    .example = "mean:softmax",
    .help = "an ensemble ends: the mean of the members' predictions, of values, or as :softmax, "
            ":sigmoid or :exp form them; in training each member has a loss of its own",
    .settings = {[SOFTMAX] = {"softmax", 0, 2, 0, .whole = true, .silent = true,
                              .suffix = ":softmax"},
                 [SIGMOID] = {"sigmoid", 0, 2, 0, .whole = true, .silent = true,
                              .suffix = ":sigmoid"},
                 [EXP] = {"exp", 0, 2, 0, .whole = true, .silent = true, .suffix = ":exp"}},
    .inputs = 1,
    .evaluation_only = true,
    .ends = true,
    .exact = true,
    .shape = shape,
    .forward = forward,
};
