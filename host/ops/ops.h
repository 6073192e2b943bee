/* What the operations share. Each checks its shapes, then reads as one launch. */
#ifndef EBBI_OPS_H
#define EBBI_OPS_H

#include "tensor/tensor.h"

#include <ebb/ops.h>

enum { EBBI_ACTIVATION_OPTION = 64 };

/* "-DACTIVATE=F_relu -DSLOPE=D_relu": the build options that make a kernel's activation this one.
 */
void ebbi_activation_option(char option[EBBI_ACTIVATION_OPTION], ebb_activation activation);

/* Fails unless there is such an activation. */
ebb_status ebbi_require_activation(const char *where, ebb_activation activation);

/* Fails unless f'(z) can be had: z, in a's shape, is there where the activation needs it. */
ebb_status ebbi_require_slope(const char *where, const ebb_tensor *z, const ebb_tensor *a,
                              ebb_activation activation);

/* Bytes of the device's workspace that a dense layer's pass of this layout takes. */
size_t ebbi_matmul_workspace(const ebb_device *device, ebb_layout layout, size_t rows, size_t cols,
                             size_t depth);

/* Sets the precision if this unit builds and multiplies samples right; else nothing changes.
 * Errors: EBB_ERR_DEVICE (it does not build), EBB_ERR_NUMBERS. */
ebb_status ebbi_device_try_unit(ebb_device *device, ebbi_mma_state wanted);

/* Pairs of partial sums that a loss over `rows` rows writes. */
size_t ebbi_loss_groups(const ebb_device *device, size_t rows);

/* Fails unless the settings are in the ranges in which the optimizer's formulas make sense. */
ebb_status ebbi_optimizer_check(const char *where, const ebb_optimizer *optimizer);

/* Does the optimizer keep a first moment? sgd without momentum does not. */
bool ebbi_optimizer_buffers(const ebb_optimizer *optimizer);

/* Appends the optimizer's settings, which its kernels' arguments end with. */
void ebbi_optimizer_arguments(ebbi_launch *launch, const ebb_optimizer *optimizer);

/* Fails unless these are what ebb_update takes. */
ebb_status ebbi_require_update(const char *where, const ebb_tensor *parameters,
                               const ebb_tensor *first, const ebb_tensor *second,
                               const ebb_tensor *gradients, const ebb_tensor *state,
                               const ebb_tensor *partials, const ebb_optimizer *optimizer);

/* Fails unless `data` can be all `rows` of an epoch or, in order, a block of them. */
ebb_status ebbi_require_rows(const char *where, const ebb_tensor *data, size_t rows, bool shuffle);

/* ebb_gather out of a block of a data set, which has `rows` rows: in order, the row at a place of
 * the epoch lies at the place modulo the block's rows. */
ebb_status ebbi_gather_block(ebb_tensor *x, ebb_tensor *y, ebb_tensor *state,
                             const ebb_tensor *data, const ebb_tensor *targets, size_t rows,
                             float scale, bool shuffle, uint64_t seed);

/* Fails unless the tensor can be a step state. */
ebb_status ebbi_require_state(const char *where, const ebb_tensor *state, const ebb_device *device);

#endif
