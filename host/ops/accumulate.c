/* Adds up the gradients of a step that is computed in parts. */
#include "base/error.h"
#include "base/size.h"
#include "ops.h"
#include "work.h"

ebb_status ebbi_accumulate(const ebbi_exec *exec, ebb_tensor *sum, const ebb_tensor *gradient,
                           ebb_tensor *state, const ebb_tensor *partials, const ebbi_part *part) {
  size_t vectors = ebbi_ceil_div(sum->cols, exec->params.width);
  size_t items = (size_t)exec->params.element_group * exec->params.element_vectors;
  const char *option;
  TRY(ebbi_require_partials("ebbi_accumulate", partials, sum->device, &option));
  ebbi_launch launch = ebbi_launch_begin(sum->device, exec, EBBI_KERNEL_accumulate, option);
  ebbi_launch_buffer(&launch, sum->buffer);
  ebbi_launch_buffer(&launch, gradient->buffer);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_buffer(&launch, partials->buffer);
  ebbi_launch_int(&launch, partials->rows);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_int(&launch, part->step_rows);
  ebbi_launch_int(&launch, part->rows);
  ebbi_launch_int(&launch, part->is_first);
  ebbi_launch_int(&launch, part->is_last);
  launch.work = ebbi_work_average(sum->cols);
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, items), 1);
}
