/* Matrix products as the modules above see them: what multiplies (engine, tile configuration,
 * precision, matrix unit), and the dense layer's passes. docs/design.md has why.
 */
#ifndef EBBI_GEMM_H
#define EBBI_GEMM_H

#include "ops/ops.h"

#include <ebb/precision.h>

/* ---- what an execution is set to; the public setters of device.h and precision.h say more ---- */

/* The engine of all products, forced.  Errors: EBB_ERR_UNSUPPORTED (built without CLBlast). */
ebb_status ebbi_exec_set_engine(ebbi_exec *exec, ebb_engine engine);

/* The precision, by the first unit of a vendor that builds and multiplies right, or that of
 * EBB_MATRIX_UNIT; then the choices that tuning has kept for it. Blocks.
 * Errors: as ebb_device_set_precision; nothing has changed. */
ebb_status ebbi_exec_set_precision(ebbi_exec *exec, ebb_device *device, ebb_precision precision);

/* The configuration of all products in the precision, forced.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_UNSUPPORTED. */
ebb_status ebbi_exec_set_config(ebbi_exec *exec, const ebb_device *device, int config);

/* What automatic takes for a class in the precision.  Errors: EBB_ERR_ARGUMENT,
 * EBB_ERR_UNSUPPORTED. */
ebb_status ebbi_exec_set_choice(ebbi_exec *exec, const ebb_device *device, ebb_layout layout,
                                unsigned class_index, int config);

/* The choice for a class in the precision; EBB_MATMUL_CONFIG_AUTO outside the ranges. */
int ebbi_exec_choice(const ebbi_exec *exec, ebb_layout layout, unsigned class_index);

/* The forced configuration in the precision, or EBB_MATMUL_CONFIG_AUTO. */
int ebbi_exec_config(const ebbi_exec *exec);

/* Whether the device has room for a configuration of the precision. */
bool ebbi_exec_fits_config(const ebbi_exec *exec, const ebb_device *device, size_t config);

/* The engine of such a product. */
ebb_engine ebbi_exec_engine(const ebbi_exec *exec, ebb_layout layout, size_t rows, size_t cols,
                            size_t depth);

/* The unit that multiplies; NULL in fp32. */
const char *ebbi_exec_unit(const ebbi_exec *exec);

/* What a device begins with: EBB_MATMUL, EBB_MATMUL_CONFIG, EBB_TUNE, and what tuning has kept.
 * Errors: EBB_ERR_ARGUMENT (a value that means nothing), EBB_ERR_UNSUPPORTED. */
ebb_status ebbi_exec_begin(ebbi_exec *exec, const ebb_device *device);

/* Takes over the choices that tuning has kept for the precision and unit, if there are good ones,
 * unless it has them already. */
void ebbi_tuned_load(ebbi_exec *exec, const ebb_device *device);

/* ---- matrix units ---- */

const char *ebbi_unit_name(ebbi_unit unit);

/* Checks that the device's compiler takes the unit's code.  Errors: EBB_ERR_DEVICE, with what it
 * says. */
ebb_status ebbi_mma_probe(ebb_device *device, const ebbi_exec *exec, ebbi_mma_state mma);

/* Takes a precision and unit if the unit builds and multiplies samples right.
 * Errors: EBB_ERR_DEVICE (it does not build), EBB_ERR_NUMBERS; nothing has changed. */
ebb_status ebbi_exec_try_unit(ebbi_exec *exec, ebb_device *device, ebbi_mma_state wanted);

/* ---- products ---- */

/* How a product runs: its configuration, tiles across and down, slices of the depth. */
typedef struct ebbi_matmul_plan {
  int config;
  size_t across, down, slices, slice_depth;
} ebbi_matmul_plan;

/* By the configuration that is forced, that was chosen for the class, or that looks best; false if
 * the device is too small for any. */
bool ebbi_matmul_choose(ebbi_matmul_plan *plan, const ebbi_exec *exec, const ebb_device *device,
                        ebb_layout layout, size_t rows, size_t cols, size_t depth);

/* Bytes of the device's workspace that a dense layer's pass of this layout takes. */
size_t ebbi_matmul_workspace(const ebbi_exec *exec, const ebb_device *device, ebb_layout layout,
                             size_t rows, size_t cols, size_t depth);

/* The operations of the same names in ebb/ops.h, by an execution. The public functions call them
 * with the device's default. */
ebb_status ebbi_matmul(const ebbi_exec *exec, ebb_tensor *c, const ebb_tensor *a, bool transpose_a,
                       const ebb_tensor *b, bool transpose_b);
ebb_status ebbi_dense_forward(const ebbi_exec *exec, ebb_tensor *a, ebb_tensor *z,
                              const ebb_tensor *x, const ebb_tensor *w, const ebb_tensor *b,
                              ebb_activation activation);
ebb_status ebbi_dense_weight_gradient(const ebbi_exec *exec, ebb_tensor *dw, ebb_tensor *db,
                                      const ebb_tensor *x, const ebb_tensor *dz);
ebb_status ebbi_dense_input_gradient(const ebbi_exec *exec, ebb_tensor *dz_below,
                                     const ebb_tensor *dz, const ebb_tensor *w,
                                     const ebb_tensor *z_below, const ebb_tensor *a_below,
                                     ebb_activation activation);

#endif
