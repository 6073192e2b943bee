/* Matrix products for the modules above: how they run (engine, tile configuration, precision,
 * tensor core), and the dense layer's passes. docs/design.md has the reasons. */
#ifndef EBBI_GEMM_H
#define EBBI_GEMM_H

#include "ops/ops.h"

#include <ebb/precision.h>

/* ---- settings of an execution; the public setters in device.h and precision.h say more ---- */

/* Forces the engine of all products.  Errors: EBB_ERR_UNSUPPORTED (built without CLBlast). */
ebb_status ebbi_exec_set_engine(ebbi_exec *exec, ebb_engine engine);

/* Sets the precision, with the first vendor's tensor core that builds and multiplies correctly, or
 * the one in EBB_MATRIX_UNIT. Then loads the choices stored by tuning. Blocks. On failure nothing
 * changes.
 * Errors: as ebb_device_set_precision. */
ebb_status ebbi_exec_set_precision(ebbi_exec *exec, ebb_device *device, ebb_precision precision);

/* Forces the configuration of all products in the current precision.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_UNSUPPORTED. */
ebb_status ebbi_exec_set_config(ebbi_exec *exec, const ebb_device *device, int config);

/* Sets the automatic choice for a class in the current precision.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_UNSUPPORTED. */
ebb_status ebbi_exec_set_choice(ebbi_exec *exec, const ebb_device *device, ebb_layout layout,
                                unsigned class_index, int config);

/* Returns the choice for a class in the current precision; EBB_MATMUL_CONFIG_AUTO if out of range.
 */
int ebbi_exec_choice(const ebbi_exec *exec, ebb_layout layout, unsigned class_index);

/* Returns the forced configuration of the current precision, or EBB_MATMUL_CONFIG_AUTO. */
int ebbi_exec_config(const ebbi_exec *exec);

/* Returns true if the device has room for a configuration of the current precision. */
bool ebbi_exec_fits_config(const ebbi_exec *exec, const ebb_device *device, size_t config);

/* Returns the engine for a product of this size. */
ebb_engine ebbi_exec_engine(const ebbi_exec *exec, ebb_layout layout, size_t rows, size_t cols,
                            size_t depth);

/* Returns the tensor core in use; NULL in fp32. */
const char *ebbi_exec_unit(const ebbi_exec *exec);

/* Initialises a device's execution from EBB_MATMUL, EBB_MATMUL_CONFIG, EBB_TUNE and the choices
 * stored by tuning.
 * Errors: EBB_ERR_ARGUMENT (an invalid value), EBB_ERR_UNSUPPORTED. */
ebb_status ebbi_exec_begin(ebbi_exec *exec, const ebb_device *device);

/* Loads the choices stored by tuning for the precision and unit, if valid and not loaded already.
 */
void ebbi_tuned_load(ebbi_exec *exec, const ebb_device *device);

/* ---- tensor cores ---- */

const char *ebbi_unit_name(ebbi_unit unit);

/* Checks that the device's compiler accepts the unit's code.  Errors: EBB_ERR_DEVICE, with the
 * compiler's message. */
ebb_status ebbi_mma_probe(ebb_device *device, const ebbi_exec *exec, ebbi_mma_state mma);

/* Adopts a precision and unit if the unit builds and multiplies samples correctly. On failure
 * nothing changes.
 * Errors: EBB_ERR_DEVICE (it does not build), EBB_ERR_NUMBERS. */
ebb_status ebbi_exec_try_unit(ebbi_exec *exec, ebb_device *device, ebbi_mma_state wanted);

/* ---- products ---- */

/* How a product runs: its configuration, tiles across and down, slices of the depth. */
typedef struct ebbi_tiling {
  int config;
  size_t across, down, slices, slice_depth;
} ebbi_tiling;

/* Uses the forced configuration, the choice for the class, or the one with the least estimated
 * cost. Returns false if the device is too small for any. */
bool ebbi_matmul_choose(ebbi_tiling *tiling, const ebbi_exec *exec, const ebb_device *device,
                        ebb_layout layout, size_t rows, size_t cols, size_t depth);

/* Bytes of the device's workspace that a dense layer's pass of this layout needs. */
size_t ebbi_matmul_workspace(const ebbi_exec *exec, const ebb_device *device, ebb_layout layout,
                             size_t rows, size_t cols, size_t depth);

/* The operations of the same names in ebb/ops.h, with a given execution. The public functions pass
 * the device's default. */
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
