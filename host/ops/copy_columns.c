/* Copies columns: values side by side, and parts of a gradient. */
#include "base/error.h"
#include "base/size.h"
#include "columns.h"
#include "elements.h"

static bool holds(const ebb_tensor *tensor, size_t rows, size_t first, size_t cols) {
  return tensor->rows == rows && first <= tensor->cols && cols <= tensor->cols - first;
}

ebb_status ebbi_copy_columns(const ebbi_exec *exec, ebb_tensor *to, size_t to_first,
                             const ebb_tensor *from, size_t from_first, size_t cols) {
  const ebbi_device_params *params = &exec->params;
  if (cols == 0) return EBB_OK;
  REQUIRE(holds(to, to->rows, to_first, cols) && (!from || holds(from, to->rows, from_first, cols)),
          EBB_ERR_ARGUMENT, "copy_columns: %zu columns do not lie in both matrices", cols);
  size_t vectors = to->rows * ebbi_ceil_div(cols, params->width);
  size_t each = (size_t)params->element_group * params->element_vectors;
  size_t bytes = (to->dtype == EBB_BF16 ? 2 : 4) + (!from ? 0 : from->dtype == EBB_BF16 ? 2 : 4);
  ebbi_launch launch =
      ebbi_elements_begin(exec, EBBI_KERNEL_copy_columns, to, from, NULL, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, to->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(from));
  ebbi_launch_int(&launch, to_first);
  ebbi_launch_int(&launch, to->stride);
  ebbi_launch_int(&launch, from_first);
  ebbi_launch_int(&launch, from ? from->stride : 0);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_int(&launch, cols);
  launch.work = (ebbi_work){.shape = {to->rows, cols}, .bytes = (double)(to->rows * cols * bytes)};
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, each), 1);
}
