/* The precision of matrix products: float32, or what tensor cores offer.
 *
 * In tf32 and bf16 the operands of a product are rounded to 11 and to 8 significant bits and
 * multiplied on the device's tensor cores, which add in float32. In bf16 the values and gradients
 * of hidden layers are also stored as bf16, in half the memory. Weights, their gradients and
 * updates, losses and outputs are always float32.
 */
#ifndef EBB_PRECISION_H
#define EBB_PRECISION_H

#include <ebb/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rounds x as products of this precision do: to nearest, ties away from zero in tf32, ties to even
 * in bf16. NaN stays NaN. */
float ebb_precision_round(ebb_precision precision, float x);

/* fp32 after opening. */
ebb_precision ebb_device_precision(const ebb_device *device);

/* The tensor core in use, "nvidia" or "emulated"; NULL in fp32. */
const char *ebb_device_matrix_unit(const ebb_device *device);

/* Sets the precision of all products queued or recorded from now on; existing trainers and
 * evaluations keep theirs. Functions for configurations and choices (device.h) then refer to this
 * precision. In tf32 and bf16, products use the first tensor core whose code the device's compiler
 * accepts instead of the device's engine, even a forced one; the environment variable
 * EBB_MATRIX_UNIT selects another. Each tile configuration is first checked on a sample product, so
 * the call builds programs and blocks. EBB_MATRIX_UNIT=emulated computes with ordinary arithmetic
 * on any device, slowly and without that check, to show what a precision does to a training. On
 * failure nothing changes.
 * Errors: EBB_ERR_ARGUMENT (unknown precision or EBB_MATRIX_UNIT), EBB_ERR_UNSUPPORTED (the device
 * has no such unit; the message quotes the compiler), EBB_ERR_NUMBERS (the sample product is
 * wrong). */
ebb_status ebb_device_set_precision(ebb_device *device, ebb_precision precision);

#ifdef __cplusplus
}
#endif
#endif
