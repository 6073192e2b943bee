/* Fills the batch with rows of the dataset, in order or in the order of a keyed permutation. The
 * rows may also come from a block of the dataset, in the epoch's order; positions then count modulo
 * the block's rows. */
#include "base/error.h"
#include "ops.h"
#include "work.h"

#include <limits.h>

ebb_status ebbi_require_rows(const char *where, const ebb_tensor *data, size_t rows, bool shuffle) {
  REQUIRE(rows <= INT_MAX && data->rows <= INT_MAX, EBB_ERR_ARGUMENT,
          "%s: %zu rows, at most %d are possible", where, rows > data->rows ? rows : data->rows,
          INT_MAX);
  REQUIRE(!shuffle || data->rows == rows, EBB_ERR_ARGUMENT,
          "%s: a block of %zu out of %zu rows cannot be shuffled on the device", where, data->rows,
          rows);
  return EBB_OK;
}

ebb_status ebb_gather(ebb_tensor *x, ebb_tensor *y, ebb_tensor *state, const ebb_tensor *data,
                      const ebb_tensor *targets, float scale, bool shuffle, uint64_t seed) {
  REQUIRE(data, EBB_ERR_ARGUMENT, "ebb_gather: a tensor is NULL");
  REQUIRE(x, EBB_ERR_ARGUMENT, "ebb_gather: a tensor is NULL");
  return ebbi_gather_block(ebbi_tensor_exec(data), x, y, NULL, state, data, targets, data->rows,
                           scale, shuffle, seed, x->rows, 0);
}

ebb_status ebbi_gather_block(const ebbi_exec *exec, ebb_tensor *x, ebb_tensor *y,
                             ebb_tensor *weights, ebb_tensor *state, const ebb_tensor *data,
                             const ebb_tensor *targets, size_t rows, float scale, bool shuffle,
                             uint64_t seed, size_t step_rows, size_t first) {
  static const char where[] = "ebb_gather";
  REQUIRE(x && y && data && targets, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  ebb_device *device = x->device;
  bool bytes = data->dtype == EBB_U8;
  TRY(ebbi_require_rows(where, data, rows, shuffle));
  TRY(ebbi_tensor_require(where, "x", x, device, EBB_F32, x->rows, data->cols));
  TRY(ebbi_tensor_require(where, "y", y, device, targets->dtype, x->rows,
                          targets->cols - (weights ? 1 : 0)));
  if (weights)
    TRY(ebbi_tensor_require_packed(where, "weights", weights, device, EBB_F32, x->rows, 1));
  TRY(ebbi_tensor_require_packed(where, "data", data, device, bytes ? EBB_U8 : EBB_F32, data->rows,
                                 data->cols));
  TRY(ebbi_tensor_require_packed(where, "targets", targets, device,
                                 targets->dtype == EBB_I32 ? EBB_I32 : EBB_F32, data->rows,
                                 targets->cols));
  TRY(ebbi_require_state(where, state, device));
  ebbi_launch launch = ebbi_launch_begin(device, exec, EBBI_KERNEL_gather, "");
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, weights ? weights->buffer : NULL);
  ebbi_launch_buffer(&launch, state->buffer);
  ebbi_launch_buffer(&launch, data->buffer);
  ebbi_launch_buffer(&launch, targets->buffer);
  ebbi_launch_int(&launch, x->rows);
  ebbi_launch_int(&launch, x->cols);
  ebbi_launch_int(&launch, x->stride);
  ebbi_launch_int(&launch, y->cols);
  ebbi_launch_int(&launch, y->stride);
  ebbi_launch_int(&launch, targets->cols);
  ebbi_launch_int(&launch, rows);
  ebbi_launch_int(&launch, data->rows);
  ebbi_launch_int(&launch, bytes);
  ebbi_launch_float(&launch, scale);
  ebbi_launch_int(&launch, shuffle);
  ebbi_launch_ulong(&launch, seed);
  ebbi_launch_int(&launch, step_rows);
  ebbi_launch_int(&launch, first);
  launch.work = ebbi_work_gather(x->rows, x->cols, targets->cols, bytes);
  return ebbi_launch_run(&launch, x->rows, 1);
}
