/* Noise: in training y = x + deviation n with standard normal n, else y = x; equation (K18).
 */
#include "base/error.h"
#include "base/rng.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

static const ebbi_epilogue none = {.activation = EBB_ACT_IDENTITY};

ebb_status ebb_spec_add_noise(ebb_spec *spec, double deviation) {
  ebb_node node = {.kind = EBB_KIND_NOISE, .settings = {deviation}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_noise");
}

static ebb_status forward(const ebbi_node_call *call) {
  static const char where[] = "noise";
  ebb_tensor *y = call->y;
  const ebb_tensor *x = call->x[0];
  TRY(ebbi_elements_require(where, y, x, NULL, &none));
  TRY(ebbi_require_state(where, call->state, y->device));
  TRY(ebbi_tensor_require_apart(where, "y", y, "x", x));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_noise, y, x, NULL, none.activation);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, call->state->buffer);
  ebbi_launch_ulong(&launch, call->seed);
  ebbi_launch_uint(&launch, EBBI_RNG_NOISE);
  ebbi_launch_uint(&launch, (uint32_t)call->index);
  ebbi_launch_float(&launch, call->network->spec.nodes[call->index].settings[0]);
  ebbi_elements_work(&launch, y, x, NULL, &none, 2);
  return ebbi_elements_run(&launch, call->exec, y);
}

const ebbi_kind ebbi_kind_noise = {
    .name = "noise",
    .word = "noise",
    .example = "noise0.1",
    .help = "in training a normal random number of this standard deviation is added to each number",
    .settings = {{"deviation", 0, 1e6, 0.1, false}},
    .inputs = 1,
    .training_only = true,
    .forward = forward,
};
