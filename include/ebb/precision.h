/* The precision of matrix products: float32, or what matrix units offer.
 *
 * In tf32 and bf16 the operands of a product are rounded, to 11 and to 8 significant bits, and
 * multiplied on the device's matrix units, which add in float32. In bf16 the hidden layers' values
 * and gradients are also kept so, in half the memory; weights, gradients of weights, their
 * updates, losses and outputs stay float32 in all.
 */
#ifndef EBB_PRECISION_H
#define EBB_PRECISION_H

#include <ebb/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* x as products of this precision take it: rounded to nearest, a tie away from zero in tf32, to the
 * even one in bf16. NaN stays NaN. */
float ebb_precision_round(ebb_precision precision, float x);

/* fp32 at open. */
ebb_precision ebb_device_precision(const ebb_device *device);

/* The unit that makes the products, "nvidia" or "emulated"; NULL in fp32. */
const char *ebb_device_matrix_unit(const ebb_device *device);

/* The precision of all products queued or recorded from now on (trainers and evaluations keep that
 * of their making), and that of which configurations and choices are asked and told (device.h).
 * Unless it is fp32 products leave the device's engine, a forced one too, for the first matrix unit
 * whose code the device's compiler takes; EBB_MATRIX_UNIT in the environment names another. Each of
 * the unit's tile configurations must first multiply a sample right, so the call builds programs,
 * and blocks. Where EBB_MATRIX_UNIT is "emulated" scalars take the part of a unit, on any device,
 * slowly and untried: to see what a precision does to a training. On failure nothing has changed.
 * Errors: EBB_ERR_ARGUMENT (no such precision, EBB_MATRIX_UNIT), EBB_ERR_UNSUPPORTED (the device
 * has no unit for it; the message has the compiler's words), EBB_ERR_NUMBERS (it
 * multiplies wrong). */
ebb_status ebb_device_set_precision(ebb_device *device, ebb_precision precision);

#ifdef __cplusplus
}
#endif
#endif
