/* What may follow an update: max-norm, and averages of the weights. Both read the state of the step
 * that the update has closed, and do nothing if it was frozen.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops.h"
#include "work.h"

ebb_status ebbi_max_norm(const ebbi_exec *exec, ebb_tensor *w, const ebb_tensor *state,
                         double most) {
  size_t width = exec->params.width, vectors = ebbi_ceil_div(w->cols, width);
  ebbi_launch launch = ebbi_launch_begin(w->device, exec, EBBI_KERNEL_max_norm, "");
  ebbi_launch_buffer(&launch, w->buffer);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_int(&launch, w->rows);
  ebbi_launch_int(&launch, w->stride);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_float(&launch, (float)most);
  launch.work = ebbi_work_max_norm(w->rows, w->cols);
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, exec->params.element_group), 1);
}

ebb_status ebbi_average(const ebbi_exec *exec, ebb_tensor *average, const ebb_tensor *parameters,
                        const ebb_tensor *state, double part) {
  size_t vectors = ebbi_ceil_div(parameters->cols, exec->params.width);
  size_t items = (size_t)exec->params.element_group * exec->params.element_vectors;
  ebbi_launch launch = ebbi_launch_begin(parameters->device, exec, EBBI_KERNEL_average, "");
  ebbi_launch_buffer(&launch, average->buffer);
  ebbi_launch_buffer(&launch, parameters->buffer);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_float(&launch, (float)part);
  launch.work = ebbi_work_average(parameters->cols);
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, items), 1);
}
