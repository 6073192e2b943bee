/* Tensor cores: which are known, and whether a device's compiler accepts the code of one.
 *
 * The compiler is asked instead of the device's name or extensions: NVIDIA's driver lists no
 * extension for it, and a name does not tell the driver's age.
 */
#include "tensor/tensor.h"
#include "tiles.h"

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
  if (precision == EBB_PRECISION_FP32 || isnan(x)) return x;
  if (precision == EBB_PRECISION_BF16) return ebbi_round_bf16(x);
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x1000) & 0xffffe000u;
  memcpy(&x, &bits, sizeof x);
  return x;
}

const char *ebbi_unit_name(ebbi_unit unit) {
  return units[unit].name;
}

const char *ebbi_exec_unit(const ebbi_exec *exec) {
  return exec->mma.precision == EBB_PRECISION_FP32 ? NULL : ebbi_unit_name(exec->mma.unit);
}

void ebbi_matmul_options(char options[EBBI_MATMUL_OPTIONS], ebbi_mma_state mma, int config) {
  const char *tiles = ebbi_matmul_config_options(mma.precision, (size_t)config);
  if (mma.precision == EBB_PRECISION_FP32)
    snprintf(options, EBBI_MATMUL_OPTIONS, "%s", tiles);
  else
    snprintf(options, EBBI_MATMUL_OPTIONS, "%s %s %s", units[mma.unit].option,
             precisions[mma.precision].option, tiles);
}

ebb_status ebbi_mma_probe(ebb_device *device, const ebbi_exec *exec, ebbi_mma_state mma) {
  char options[EBBI_MATMUL_OPTIONS];
  ebbi_matmul_options(options, mma, 0);
  return ebbi_kernel_build(device, exec, EBBI_KERNEL_matmul_nn_mma, options);
}
