/* The yardsticks: a device's peak rates of multiply-adds and of memory traffic.
 *
 * They are operations rather than part of the benchmarks, so that ebb_verify checks them: a
 * yardstick that omitted work would flatter everything measured against it.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops.h"
#include "work.h"

#include <ebb/tool.h>

/* Runs enough groups for all vectors, `vectors` for each item. */
static ebb_status run_over(ebbi_launch *launch, const ebbi_exec *exec, const ebb_tensor *tensor,
                           size_t vectors) {
  const ebbi_device_params *params = &exec->params;
  size_t group = vectors * params->width * params->element_group;
  return ebbi_launch_run(launch, ebbi_ceil_div(tensor->cols, group), 1);
}

ebb_status ebbi_probe_fma(const ebbi_exec *exec, ebb_tensor *y, const ebb_tensor *x, size_t steps,
                          float scale, float shift) {
  static const char where[] = "ebb_probe_fma";
  REQUIRE(y && x, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  TRY(ebbi_tensor_require(where, "x", x, y->device, EBB_F32, 1, x->cols));
  TRY(ebbi_tensor_require(where, "y", y, x->device, EBB_F32, 1, x->cols));
  TRY(ebbi_tensor_require_apart(where, "y", y, "x", x));
  ebbi_launch launch = ebbi_launch_begin(y->device, exec, EBBI_KERNEL_probe_fma, "");
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_int(&launch, y->cols);
  ebbi_launch_int(&launch, steps);
  ebbi_launch_float(&launch, scale);
  ebbi_launch_float(&launch, shift);
  launch.work = ebbi_work_probe_fma(y->cols, steps);
  return run_over(&launch, exec, y, exec->params.chains);
}

ebb_status ebb_probe_fma(ebb_tensor *y, const ebb_tensor *x, size_t steps, float scale,
                         float shift) {
  return ebbi_probe_fma(ebbi_tensor_exec(y), y, x, steps, scale, shift);
}

ebb_status ebbi_probe_triad(const ebbi_exec *exec, ebb_tensor *a, const ebb_tensor *b,
                            const ebb_tensor *c, float scale) {
  static const char where[] = "ebb_probe_triad";
  REQUIRE(a, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  TRY(ebbi_tensor_require(where, "a", a, a->device, EBB_F32, 1, a->cols));
  TRY(ebbi_tensor_require(where, "b", b, a->device, EBB_F32, 1, a->cols));
  TRY(ebbi_tensor_require(where, "c", c, a->device, EBB_F32, 1, a->cols));
  TRY(ebbi_tensor_require_apart(where, "a", a, "b", b));
  TRY(ebbi_tensor_require_apart(where, "a", a, "c", c));
  ebbi_launch launch = ebbi_launch_begin(a->device, exec, EBBI_KERNEL_probe_triad, "");
  ebbi_launch_buffer(&launch, a->buffer);
  ebbi_launch_buffer(&launch, b->buffer);
  ebbi_launch_buffer(&launch, c->buffer);
  ebbi_launch_int(&launch, ebbi_ceil_div(a->cols, exec->params.width));
  ebbi_launch_float(&launch, scale);
  launch.work = ebbi_work_probe_triad(a->cols);
  return run_over(&launch, exec, a, exec->params.element_vectors);
}

ebb_status ebb_probe_triad(ebb_tensor *a, const ebb_tensor *b, const ebb_tensor *c, float scale) {
  return ebbi_probe_triad(ebbi_tensor_exec(a), a, b, c, scale);
}
