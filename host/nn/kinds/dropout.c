/* Dropout: in training y = x m with a random mask m of zeros and 1 / (1 - rate), else y = x.
 * With `:fade` the rate falls to 0 in the second half of the training.
 * Source: Srivastava et al., JMLR 2014; inverted, so that evaluation has nothing to scale; fading:
 * Holzmueller et al., arXiv 2407.04491.
 */
#include "base/error.h"
#include "base/rng.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

ebb_status ebb_spec_add_dropout(ebb_spec *spec, double rate) {
  ebb_node node = {.kind = EBB_KIND_DROPOUT, .settings = {rate}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_dropout");
}

ebb_status ebb_spec_add_fading_dropout(ebb_spec *spec, double rate) {
  ebb_node node = {.kind = EBB_KIND_DROPOUT, .settings = {rate, 1}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_fading_dropout");
}

/* Appends the sizes and runs. A share of a row is what WIDTH calls of Philox serve: 4 vectors of
 * columns, in blocks of 64 columns. */
static ebb_status run_shares(ebbi_launch *launch, const ebbi_exec *exec, const ebb_tensor *y) {
  const ebbi_device_params *params = &exec->params;
  size_t across = ebbi_ceil_div(y->cols, 64) * (16 / params->width), shares = y->rows * across;
  size_t each = params->element_vectors > 4 ? params->element_vectors / 4 : 1;
  ebbi_launch_int(launch, each);
  ebbi_launch_int(launch, shares);
  ebbi_launch_int(launch, across);
  ebbi_launch_int(launch, y->cols);
  ebbi_launch_int(launch, y->stride);
  return ebbi_launch_run(launch, ebbi_ceil_div(shares, each * params->element_group), 1);
}

/* y = x m, times f'(z) with an epilogue. */
static ebb_status run(const ebbi_node_call *call, ebb_tensor *y, const ebb_tensor *x,
                      const ebbi_epilogue *epilogue) {
  static const char where[] = "dropout";
  const double *settings = call->network->spec.nodes[call->index].settings;
  double rate = settings[0];
  TRY(ebbi_elements_require(where, y, x, NULL, epilogue));
  TRY(ebbi_require_state(where, call->state, y->device));
  TRY(ebbi_tensor_require_apart(where, "y", y, "x", x));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_dropout, y, x, NULL, epilogue->activation);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(epilogue->z));
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(epilogue->a));
  ebbi_launch_buffer(&launch, call->state->buffer);
  ebbi_launch_ulong(&launch, call->seed);
  ebbi_launch_uint(&launch, EBBI_RNG_DROPOUT);
  ebbi_launch_uint(&launch, (uint32_t)call->index);
  ebbi_launch_float(&launch, rate);
  ebbi_launch_float(&launch, 1 / (1 - rate));
  ebbi_launch_ulong(&launch, settings[1] != 0 ? call->span : 0);
  ebbi_elements_work(&launch, y, x, NULL, epilogue, 1);
  return run_shares(&launch, call->exec, y);
}

static ebb_status forward(const ebbi_node_call *call) {
  return run(call, call->y, call->x[0], &(ebbi_epilogue){.activation = EBB_ACT_IDENTITY});
}

static ebb_status backward(const ebbi_node_call *call) {
  return call->dx[0] ? run(call, call->dx[0], call->dy, &call->below[0]) : EBB_OK;
}

const ebbi_kind ebbi_kind_dropout = {
    .name = "dropout",
    .word = "drop",
    .example = "drop0.2",
    .help = "in training each number is 0 with this probability, and the others are scaled up; "
            "drop0.2:fade: the probability falls to 0 in the second half of the steps",
    .settings = {{"rate", 0, 1, 0.5, false},
                 {.name = "fade", .least = 0, .below = 2, .whole = true, .suffix = ":fade"}},
    .inputs = 1,
    .fuses = true,
    .training_only = true,
    .forward = forward,
    .backward = backward,
};
