/* Command buffers: whether the device has them, and whether they are used.
 *
 * cl_khr_command_buffer is still provisional. The calls that ebb needs have looked the same since
 * version 0.9, and 0.9 is all that is accepted: a later version may change them. A sequence runs
 * again before it has ended, so the device must allow a buffer to be pending twice. On a CPU an
 * enqueue is no transfer to anywhere and nothing is gained, so there they stay off by default.
 */
#include "cl.h"

#include <stdlib.h>
#include <string.h>

static const char extension[] = "cl_khr_command_buffer";

/* Of cl_khr_command_buffer and OpenCL 3.0; headers may lack them. */
enum {
  DEVICE_CAPABILITIES = 0x12A9,
  DEVICE_REQUIRED_QUEUE = 0x12AA,
  DEVICE_EXTENSIONS_WITH_VERSION = 0x1060,
  CAN_BE_PENDING_TWICE = 1 << 2
};

typedef struct named_version {
  cl_uint version; /* major in the top 10 bits, minor in the next 10 */
  char name[64];
} named_version;

/* Whether the extension is there in a version that is known. */
static bool has_extension(cl_device_id id) {
  enum { KNOWN = 9 }; /* 0.9 */
  size_t size = 0;
  bool found = false;
  if (clGetDeviceInfo(id, DEVICE_EXTENSIONS_WITH_VERSION, 0, NULL, &size) != CL_SUCCESS)
    return false;
  named_version *list = calloc(1, size + sizeof *list);
  if (list && clGetDeviceInfo(id, DEVICE_EXTENSIONS_WITH_VERSION, size, list, NULL) == CL_SUCCESS)
    for (size_t i = 0; i < size / sizeof *list; i++)
      found = found || (strcmp(list[i].name, extension) == 0 && list[i].version >> 12 == KNOWN);
  free(list);
  return found;
}

static bool suits(const ebb_device *device) {
  cl_ulong capabilities = 0, required = 0;
  cl_command_queue_properties properties = 0;
  return clGetDeviceInfo(device->id, DEVICE_CAPABILITIES, sizeof capabilities, &capabilities,
                         NULL) == CL_SUCCESS &&
         clGetDeviceInfo(device->id, DEVICE_REQUIRED_QUEUE, sizeof required, &required, NULL) ==
             CL_SUCCESS &&
         clGetCommandQueueInfo(device->queue, CL_QUEUE_PROPERTIES, sizeof properties, &properties,
                               NULL) == CL_SUCCESS &&
         (capabilities & CAN_BE_PENDING_TWICE) && !(required & ~properties);
}

/* A function's address; by way of memcpy, since C has no conversion from an object's. */
static bool find_call(void *call, cl_platform_id platform, const char *name) {
  void *address = clGetExtensionFunctionAddressForPlatform(platform, name);
  memcpy(call, &address, sizeof address);
  return address != NULL;
}

static bool find_calls(ebbi_command_calls *calls, const ebb_device *device) {
  cl_platform_id platform = NULL;
  return has_extension(device->id) && suits(device) &&
         clGetDeviceInfo(device->id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL) ==
             CL_SUCCESS &&
         find_call(&calls->create, platform, "clCreateCommandBufferKHR") &&
         find_call(&calls->launch, platform, "clCommandNDRangeKernelKHR") &&
         find_call(&calls->finalize, platform, "clFinalizeCommandBufferKHR") &&
         find_call(&calls->enqueue, platform, "clEnqueueCommandBufferKHR") &&
         find_call(&calls->release, platform, "clReleaseCommandBufferKHR");
}

ebb_status ebbi_command_calls_choose(ebb_device *device) {
  const char *wanted = getenv("EBB_COMMAND_BUFFER");
  bool given = wanted && wanted[0] != '\0', on = device->info.type != EBB_DEVICE_CPU;
  if (given) on = strcmp(wanted, "on") == 0;
  REQUIRE(!given || on || strcmp(wanted, "off") == 0, EBB_ERR_ARGUMENT,
          "EBB_COMMAND_BUFFER=%s: must be on or off", wanted);
  ebbi_command_calls calls = {0};
  if (on && find_calls(&calls, device)) {
    device->command_calls = calls;
    return EBB_OK;
  }
  REQUIRE(!given || !on, EBB_ERR_UNSUPPORTED,
          "EBB_COMMAND_BUFFER=on: \"%s\" has no %s 0.9 that can be pending twice",
          device->info.name, extension);
  return EBB_OK;
}
