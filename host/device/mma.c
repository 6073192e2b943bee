/* Matrix units: which there are, whether a device's compiler takes the code of one, and which one
 * makes a device's products, in which precision.
 *
 * Whether a device has a unit is asked of its compiler and not of its name or extensions: NVIDIA's
 * driver lists none for it, and a name says nothing of the driver's age.
 */
#include "cl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name, *option;
} units[EBBI_UNIT_COUNT] = {
#define UNIT_ROW(name, text) {text, "-DUNIT_" #name},
    EBBI_UNIT_LIST(UNIT_ROW)};

static const struct {
  const char *name, *option;
} precisions[EBB_PRECISION_COUNT] = {
#define PRECISION_ROW(name, text) {text, "-DPRECISION_" #name},
    EBB_PRECISION_LIST(PRECISION_ROW)};

const char *ebb_precision_name(ebb_precision precision) {
  return (unsigned)precision < EBB_PRECISION_COUNT ? precisions[precision].name : "?";
}

float ebb_precision_round(ebb_precision precision, float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (precision == EBB_PRECISION_FP32 || isnan(x)) return x;
  if (precision == EBB_PRECISION_BF16)
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
  else
    bits = (bits + 0x1000) & 0xffffe000u;
  memcpy(&x, &bits, sizeof x);
  return x;
}

const char *ebbi_unit_name(ebbi_unit unit) {
  return units[unit].name;
}

ebb_precision ebb_device_precision(const ebb_device *device) {
  return device->chosen.mma.precision;
}

const char *ebb_device_matrix_unit(const ebb_device *device) {
  return device->chosen.mma.precision == EBB_PRECISION_FP32
             ? NULL
             : ebbi_unit_name(device->chosen.mma.unit);
}

ebbi_mma_state ebbi_device_mma(const ebb_device *device) {
  return device->chosen.mma;
}

void ebbi_device_set_mma(ebb_device *device, ebbi_mma_state state) {
  device->chosen.mma = state;
}

void ebbi_matmul_options(char options[EBBI_MATMUL_OPTIONS], ebbi_mma_state mma, int config) {
  const char *tiles = ebbi_matmul_config_options(mma.precision, (size_t)config);
  if (mma.precision == EBB_PRECISION_FP32)
    snprintf(options, EBBI_MATMUL_OPTIONS, "%s", tiles);
  else
    snprintf(options, EBBI_MATMUL_OPTIONS, "%s %s %s", units[mma.unit].option,
             precisions[mma.precision].option, tiles);
}

ebb_status ebbi_mma_probe(ebb_device *device, ebbi_mma_state mma) {
  char options[EBBI_MATMUL_OPTIONS];
  cl_kernel kernel;
  ebbi_matmul_options(options, mma, 0);
  return ebbi_program_kernel(&kernel, device, EBBI_KERNEL_matmul_nn_mma, options);
}
