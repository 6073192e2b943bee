/* Optimizers: one launch over the whole parameter slab.
 *
 * Constants like 1 - beta are formed in double here: formed from a float beta in the kernel they
 * would be wrong in the fifth digit.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops.h"
#include "work.h"

#include <float.h>
#include <math.h>

ebb_optimizer ebb_optimizer_default(ebb_optimizer_kind kind) {
  return (ebb_optimizer){.kind = kind,
                         .beta1 = 0.9,
                         .beta2 = 0.999,
                         .epsilon = 1e-8,
                         .weight_decay = kind == EBB_OPT_ADAMW ? 0.01 : 0};
}

/* NaN fails each range. */
ebb_status ebbi_optimizer_check(const char *where, const ebb_optimizer *o) {
  REQUIRE((unsigned)o->kind < EBB_OPT_COUNT, EBB_ERR_ARGUMENT, "%s: there is no optimizer %d",
          where, (int)o->kind);
  REQUIRE(o->weight_decay >= 0 && o->weight_decay <= 1, EBB_ERR_ARGUMENT,
          "%s: weight decay %g is not in [0, 1]", where, o->weight_decay);
  REQUIRE(o->momentum >= 0 && o->momentum < 1, EBB_ERR_ARGUMENT, "%s: momentum %g is not in [0, 1)",
          where, o->momentum);
  REQUIRE(o->beta1 >= 0 && o->beta1 < 1 && o->beta2 >= 0 && o->beta2 < 1, EBB_ERR_ARGUMENT,
          "%s: betas %g and %g are not in [0, 1)", where, o->beta1, o->beta2);
  REQUIRE(o->epsilon >= FLT_MIN && isfinite(o->epsilon), EBB_ERR_ARGUMENT,
          "%s: epsilon %g is not a float32 number from %g on", where, o->epsilon, (double)FLT_MIN);
  return EBB_OK;
}

void ebbi_optimizer_arguments(ebbi_launch *launch, const ebb_optimizer *o) {
  if (o->kind == EBB_OPT_SGD) {
    ebbi_launch_float(launch, o->momentum);
    ebbi_launch_int(launch, o->nesterov);
    ebbi_launch_float(launch, o->weight_decay);
    return;
  }
  ebbi_launch_float(launch, 1 - o->beta1);
  ebbi_launch_float(launch, log(o->beta1));
  ebbi_launch_float(launch, o->beta2);
  ebbi_launch_float(launch, 1 - o->beta2);
  ebbi_launch_float(launch, log(o->beta2));
  ebbi_launch_float(launch, o->epsilon);
  ebbi_launch_float(launch, o->weight_decay);
  ebbi_launch_int(launch, o->kind == EBB_OPT_ADAMW);
}

bool ebbi_optimizer_buffers(const ebb_optimizer *o) {
  return o->kind != EBB_OPT_SGD || o->momentum != 0;
}

ebb_status ebbi_require_update(const char *where, const ebb_tensor *parameters,
                               const ebb_tensor *first, const ebb_tensor *second,
                               const ebb_tensor *gradients, const ebb_tensor *state,
                               const ebb_tensor *partials, const ebb_optimizer *optimizer) {
  REQUIRE(parameters && partials && optimizer, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  REQUIRE(gradients, EBB_ERR_ARGUMENT, "%s: gradients is NULL", where);
  const ebb_device *device = parameters->device;
  size_t count = parameters->cols;
  TRY(ebbi_optimizer_check(where, optimizer));
  REQUIRE(count < EBB_STATE_NONE, EBB_ERR_ARGUMENT, "%s: %zu parameters, at most %u are possible",
          where, count, EBB_STATE_NONE - 1);
  TRY(ebbi_tensor_require(where, "parameters", parameters, device, EBB_F32, 1, count));
  if (ebbi_optimizer_buffers(optimizer))
    TRY(ebbi_tensor_require(where, "first", first, device, EBB_F32, 1, count));
  if (optimizer->kind != EBB_OPT_SGD)
    TRY(ebbi_tensor_require(where, "second", second, device, EBB_F32, 1, count));
  TRY(ebbi_tensor_require(where, "gradients", gradients, device, EBB_F32, gradients->rows, count));
  TRY(ebbi_tensor_require_packed(where, "partials", partials, device, EBB_F32, partials->rows, 2));
  return ebbi_require_state(where, state, device);
}

ebb_status ebbi_update(const ebbi_exec *exec, ebb_tensor *parameters, ebb_tensor *first,
                       ebb_tensor *second, const ebb_tensor *gradients, ebb_tensor *state,
                       const ebb_tensor *partials, const ebb_optimizer *optimizer) {
  TRY(ebbi_require_update("ebb_update", parameters, first, second, gradients, state, partials,
                          optimizer));
  ebb_device *device = parameters->device;
  size_t count = parameters->cols;
  bool sgd = optimizer->kind == EBB_OPT_SGD;
  const ebbi_profile *profile = &exec->profile;
  size_t vectors = ebbi_ceil_div(count, profile->width);
  ebbi_launch launch =
      ebbi_launch_begin(device, exec, sgd ? EBBI_KERNEL_update_sgd : EBBI_KERNEL_update_adam, "");
  ebbi_launch_buffer(&launch, parameters->buffer);
  ebbi_launch_buffer(&launch, ebbi_optimizer_buffers(optimizer) ? first->buffer : NULL);
  if (!sgd) ebbi_launch_buffer(&launch, second->buffer);
  ebbi_launch_buffer(&launch, gradients->buffer);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_buffer(&launch, partials->buffer);
  ebbi_launch_int(&launch, partials->rows);
  ebbi_launch_int(&launch, gradients->rows);
  ebbi_launch_int(&launch, gradients->stride / profile->width);
  ebbi_launch_int(&launch, vectors);
  ebbi_optimizer_arguments(&launch, optimizer);
  launch.work = ebbi_work_update(optimizer, count, gradients->rows);
  return ebbi_launch_run(
      &launch, ebbi_ceil_div(vectors, (size_t)profile->element_group * profile->element_vectors),
      1);
}

ebb_status ebb_update(ebb_tensor *parameters, ebb_tensor *first, ebb_tensor *second,
                      const ebb_tensor *gradients, ebb_tensor *state, const ebb_tensor *partials,
                      const ebb_optimizer *optimizer) {
  return ebbi_update(ebbi_tensor_exec(parameters), parameters, first, second, gradients, state,
                     partials, optimizer);
}
