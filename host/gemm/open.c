/* Opens devices: the device layer opens them; this file sets the engine, tile configurations and
 * stored choices of tuning. */
#include "base/error.h"
#include "gemm.h"
#include "tiles.h"

#include <ebb/opencl.h>
#include <ebb/profile.h>
#include <stdlib.h>
#include <string.h>

const char *ebb_engine_name(ebb_engine engine) {
#define ENGINE_NAME(name, text) text,
  static const char *const names[] = {EBB_ENGINE_LIST(ENGINE_NAME)};
  return (unsigned)engine < EBB_ENGINE_COUNT ? names[engine] : "?";
}

ebb_status ebbi_exec_set_engine(ebbi_exec *exec, ebb_engine engine) {
  REQUIRE((unsigned)engine < EBB_ENGINE_COUNT, EBB_ERR_ARGUMENT, "engine %d: there is none",
          (int)engine);
  REQUIRE(engine != EBB_ENGINE_CLBLAST || ebbi_clblast_built(), EBB_ERR_UNSUPPORTED,
          "engine clblast: this build has no CLBlast; install libclblast-dev and build again");
  exec->engine = engine;
  exec->engine_forced = true;
  return EBB_OK;
}

/* EBB_MATMUL, or the engine for this type of device. */
static ebb_status choose_engine(ebbi_exec *exec, const ebb_device *device) {
  const char *wanted = getenv("EBB_MATMUL");
  bool cpu = ebb_device_get_info(device)->type == EBB_DEVICE_CPU;
  exec->engine = cpu ? EBB_ENGINE_CPU : EBB_ENGINE_GPU;
  if (!wanted || wanted[0] == '\0') return EBB_OK;
  for (int i = 0; i < EBB_ENGINE_COUNT; i++)
    if (strcmp(wanted, ebb_engine_name((ebb_engine)i)) == 0)
      return ebbi_exec_set_engine(exec, (ebb_engine)i);
  return ebbi_fail(EBB_ERR_ARGUMENT, "EBB_MATMUL=%s: must be gpu, cpu or clblast", wanted);
}

/* Reads EBB_TUNE: whether stored choices may be used. */
static ebb_status is_tuned(bool *tuned) {
  const char *value = getenv("EBB_TUNE");
  bool off = value && strcmp(value, "off") == 0;
  REQUIRE(off || !value || value[0] == '\0' || strcmp(value, "on") == 0, EBB_ERR_ARGUMENT,
          "EBB_TUNE=%s: must be on or off", value);
  *tuned = !off;
  return EBB_OK;
}

ebb_status ebbi_exec_begin(ebbi_exec *exec, const ebb_device *device) {
  const ebb_device_info *info = ebb_device_get_info(device);
  REQUIRE(ebbi_exec_fits_config(exec, device, 0) || info->type == EBB_DEVICE_CPU,
          EBB_ERR_UNSUPPORTED,
          "device \"%s\": %zu work-items and %llu bytes of local memory per group: too small for "
          "any tile",
          info->name, info->max_group, (unsigned long long)info->local_bytes);
  TRY(ebbi_configs_begin(exec, device));
  TRY(choose_engine(exec, device));
  TRY(is_tuned(&exec->tuned));
  ebbi_tuned_load(exec, device);
  return EBB_OK;
}

/* Returns an opened device, or frees it if it cannot be used. */
static ebb_status begin(ebb_device **out, ebb_device *device) {
  ebbi_exec exec = *ebbi_device_exec(device);
  ebb_status status = ebbi_exec_begin(&exec, device);
  if (status != EBB_OK) {
    ebb_device_free(device);
    return status;
  }
  ebbi_device_set_exec(device, &exec);
  *out = device;
  return EBB_OK;
}

ebb_status ebb_device_open(ebb_device **out, const char *selector) {
  ebb_device *device;
  REQUIRE(out, EBB_ERR_ARGUMENT, "ebb_device_open: out is NULL");
  TRY(ebbi_device_open(&device, selector, false));
  return begin(out, device);
}

ebb_status ebb_device_open_profiled(ebb_device **out, const char *selector) {
  ebb_device *device;
  REQUIRE(out, EBB_ERR_ARGUMENT, "ebb_device_open_profiled: out is NULL");
  TRY(ebbi_device_open(&device, selector, true));
  return begin(out, device);
}

ebb_status ebb_device_open_opencl(ebb_device **out, cl_context context, cl_device_id id,
                                  cl_command_queue queue) {
  ebb_device *device;
  REQUIRE(out && context && id && queue, EBB_ERR_ARGUMENT,
          "ebb_device_open_opencl: out, context, device and queue must not be NULL");
  TRY(ebbi_device_open_opencl(&device, context, id, queue));
  return begin(out, device);
}
