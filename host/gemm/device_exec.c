/* Public access to the device's default execution. Only this file and open.c, which initialises it,
 * may change it outside host/device. */
#include "base/error.h"
#include "gemm.h"

ebb_engine ebb_device_engine(const ebb_device *device) {
  return ebbi_device_exec(device)->engine;
}

ebb_status ebb_device_set_engine(ebb_device *device, ebb_engine engine) {
  ebbi_exec exec = *ebbi_device_exec(device);
  TRY(ebbi_exec_set_engine(&exec, engine));
  ebbi_device_set_exec(device, &exec);
  return EBB_OK;
}

ebb_precision ebb_device_precision(const ebb_device *device) {
  return ebbi_device_exec(device)->mma.precision;
}

const char *ebb_device_matrix_unit(const ebb_device *device) {
  return ebbi_exec_unit(ebbi_device_exec(device));
}

ebb_status ebb_device_set_precision(ebb_device *device, ebb_precision precision) {
  REQUIRE(device, EBB_ERR_ARGUMENT, "ebb_device_set_precision: device is NULL");
  ebbi_exec exec = *ebbi_device_exec(device);
  TRY(ebbi_exec_set_precision(&exec, device, precision));
  ebbi_device_set_exec(device, &exec);
  return EBB_OK;
}

bool ebb_device_fits_matmul_config(const ebb_device *device, size_t config) {
  return ebbi_exec_fits_config(ebbi_device_exec(device), device, config);
}

int ebb_device_matmul_config(const ebb_device *device) {
  return ebbi_exec_config(ebbi_device_exec(device));
}

ebb_status ebb_device_set_matmul_config(ebb_device *device, int config) {
  ebbi_exec exec = *ebbi_device_exec(device);
  TRY(ebbi_exec_set_config(&exec, device, config));
  ebbi_device_set_exec(device, &exec);
  return EBB_OK;
}

int ebb_device_matmul_choice(const ebb_device *device, ebb_layout layout, unsigned class_index) {
  return ebbi_exec_choice(ebbi_device_exec(device), layout, class_index);
}

ebb_status ebb_device_set_matmul_choice(ebb_device *device, ebb_layout layout, unsigned class_index,
                                        int config) {
  ebbi_exec exec = *ebbi_device_exec(device);
  TRY(ebbi_exec_set_choice(&exec, device, layout, class_index, config));
  ebbi_device_set_exec(device, &exec);
  return EBB_OK;
}

ebb_engine ebb_device_choose_engine(const ebb_device *device, ebb_layout layout, size_t rows,
                                    size_t cols, size_t depth) {
  return ebbi_exec_engine(ebbi_device_exec(device), layout, rows, cols, depth);
}

int ebb_device_choose_matmul_config(const ebb_device *device, ebb_layout layout, size_t rows,
                                    size_t cols, size_t depth) {
  ebbi_tiling tiling;
  bool found =
      ebbi_matmul_choose(&tiling, ebbi_device_exec(device), device, layout, rows, cols, depth);
  return found ? tiling.config : EBB_MATMUL_CONFIG_AUTO;
}
