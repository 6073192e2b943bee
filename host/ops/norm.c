/* Queues the normalisation of rows. Which rows a group takes depends on their number alone, so the
 * gradients' sums have the same order on every device of one width. */
#include "norm.h"

#include "base/error.h"
#include "base/size.h"
#include "elements.h"

/* A group takes LEAST rows, or more if there would be more than MOST groups, whose sums one item
 * adds up. */
enum { LEAST = 4, MOST = 128 };

static size_t rows_each(size_t rows) {
  size_t each = ebbi_ceil_div(rows, MOST);
  return each > LEAST ? each : LEAST;
}

size_t ebbi_norm_workspace(const ebbi_exec *exec, size_t rows, size_t cols) {
  size_t across = ebbi_ceil_div(cols, exec->params.width) * exec->params.width;
  return ebbi_ceil_div(rows, rows_each(rows)) * 2 * across * sizeof(float);
}

static ebb_status require_vectors(const char *where, const ebb_tensor *x, const ebb_tensor *weight,
                                  const ebb_tensor *bias) {
  TRY(ebbi_tensor_require(where, "weight", weight, x->device, EBB_F32, 1, x->cols));
  return bias ? ebbi_tensor_require(where, "bias", bias, x->device, EBB_F32, 1, x->cols) : EBB_OK;
}

/* Appends the arguments that both directions end with, and runs. */
static ebb_status run(ebbi_launch *launch, const ebb_tensor *x, const ebbi_norm *norm) {
  size_t each = rows_each(x->rows);
  ebbi_launch_float(launch, norm->centred ? 1 : 0);
  ebbi_launch_float(launch, norm->epsilon);
  ebbi_launch_int(launch, each);
  ebbi_launch_int(launch, x->rows);
  ebbi_launch_int(launch, x->cols);
  ebbi_launch_int(launch, x->stride);
  return ebbi_launch_run(launch, ebbi_ceil_div(x->rows, each), 1);
}

ebb_status ebbi_norm_forward(const ebbi_exec *exec, ebb_tensor *y, ebb_tensor *z,
                             const ebb_tensor *x, const ebbi_norm *norm,
                             ebb_activation activation) {
  static const char where[] = "norm";
  TRY(ebbi_elements_require(where, y, x, z, &(ebbi_epilogue){0}));
  TRY(require_vectors(where, x, norm->weight, norm->bias));
  TRY(ebbi_tensor_require_apart(where, "y", y, "x", x));
  ebbi_launch launch = ebbi_elements_begin(exec, EBBI_KERNEL_norm_forward, y, x, NULL, activation);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z));
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, norm->weight->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(norm->bias));
  ebbi_elements_work(&launch, y, x, z, &(ebbi_epilogue){0}, 9);
  return run(&launch, x, norm);
}

/* Adds up the groups' gradients. */
static ebb_status add_partials(const ebbi_exec *exec, ebb_tensor *dw, ebb_tensor *db,
                               const ebbi_buffer *partials, size_t rows) {
  size_t groups = ebbi_ceil_div(rows, rows_each(rows)), cols = dw->cols;
  ebbi_launch launch = ebbi_launch_begin(dw->device, exec, EBBI_KERNEL_norm_gradients, "");
  ebbi_launch_buffer(&launch, dw->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(db));
  ebbi_launch_buffer(&launch, partials);
  ebbi_launch_int(&launch, groups);
  ebbi_launch_int(&launch, cols);
  size_t sums = (db ? 2 : 1) * cols;
  launch.work = (ebbi_work){.shape = {groups, cols},
                            .flops = (double)(groups * sums),
                            .bytes = (double)((groups + 1) * sums * sizeof(float))};
  size_t each = (size_t)exec->params.width * exec->params.element_group;
  return ebbi_launch_run(&launch, ebbi_ceil_div(cols, each), db ? 2 : 1);
}

ebb_status ebbi_norm_backward(const ebbi_exec *exec, ebb_tensor *dx, ebb_tensor *dw, ebb_tensor *db,
                              const ebb_tensor *dz, const ebb_tensor *x, const ebbi_norm *norm,
                              const ebbi_epilogue *epilogue) {
  static const char where[] = "norm gradient";
  ebbi_buffer *partials;
  const ebb_tensor *to = dx ? dx : x;
  TRY(ebbi_elements_require(where, to, x, dz, epilogue));
  TRY(require_vectors(where, x, norm->weight, norm->bias));
  TRY(require_vectors(where, x, dw, db));
  if (dx) TRY(ebbi_tensor_require_apart(where, "dx", dx, "dz", dz));
  TRY(ebbi_device_workspace(&partials, x->device, ebbi_norm_workspace(exec, x->rows, x->cols)));
  ebbi_launch launch =
      ebbi_elements_begin(exec, EBBI_KERNEL_norm_backward, to, x, dz, epilogue->activation);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(dx));
  ebbi_launch_buffer(&launch, partials);
  ebbi_launch_buffer(&launch, dz->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, norm->weight->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(epilogue->z));
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(epilogue->a));
  ebbi_elements_work(&launch, to, x, dz, epilogue, 21);
  TRY(run(&launch, x, norm));
  return add_partials(exec, dw, db, partials, x->rows);
}
