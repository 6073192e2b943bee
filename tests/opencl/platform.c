/* The driver as the loader sees it: one platform with one device, contexts and queues.
 */
#include "checker.h"

#include <stdlib.h>
#include <string.h>

#define CALL(name) .name = name
const cl_icd_dispatch the_dispatch = {CALL(clGetPlatformIDs),
                                      CALL(clGetPlatformInfo),
                                      CALL(clGetDeviceIDs),
                                      CALL(clGetDeviceInfo),
                                      CALL(clCreateContext),
                                      CALL(clRetainContext),
                                      CALL(clReleaseContext),
                                      CALL(clGetContextInfo),
                                      CALL(clCreateCommandQueue),
                                      CALL(clRetainCommandQueue),
                                      CALL(clReleaseCommandQueue),
                                      CALL(clGetCommandQueueInfo),
                                      CALL(clRetainDevice),
                                      CALL(clReleaseDevice),
                                      CALL(clGetExtensionFunctionAddressForPlatform),
                                      CALL(clCreateBuffer),
                                      CALL(clCreateSubBuffer),
                                      CALL(clRetainMemObject),
                                      CALL(clReleaseMemObject),
                                      CALL(clGetMemObjectInfo),
                                      CALL(clEnqueueReadBuffer),
                                      CALL(clEnqueueWriteBuffer),
                                      CALL(clEnqueueCopyBuffer),
                                      CALL(clEnqueueFillBuffer),
                                      CALL(clEnqueueReadBufferRect),
                                      CALL(clEnqueueWriteBufferRect),
                                      CALL(clEnqueueMapBuffer),
                                      CALL(clEnqueueUnmapMemObject),
                                      CALL(clCreateProgramWithSource),
                                      CALL(clCreateProgramWithBinary),
                                      CALL(clRetainProgram),
                                      CALL(clReleaseProgram),
                                      CALL(clBuildProgram),
                                      CALL(clGetProgramInfo),
                                      CALL(clGetProgramBuildInfo),
                                      CALL(clCreateKernel),
                                      CALL(clRetainKernel),
                                      CALL(clReleaseKernel),
                                      CALL(clSetKernelArg),
                                      CALL(clGetKernelInfo),
                                      CALL(clGetKernelWorkGroupInfo),
                                      CALL(clEnqueueNDRangeKernel),
                                      CALL(clWaitForEvents),
                                      CALL(clGetEventInfo),
                                      CALL(clRetainEvent),
                                      CALL(clReleaseEvent),
                                      CALL(clGetEventProfilingInfo),
                                      CALL(clSetEventCallback),
                                      CALL(clFlush),
                                      CALL(clFinish),
                                      CALL(clEnqueueMarkerWithWaitList),
                                      CALL(clEnqueueBarrierWithWaitList)};

object the_platform = {.dispatch = &the_dispatch, .kind = PLATFORM},
       the_device = {.dispatch = &the_dispatch, .kind = DEVICE};

/* ---- the loader's entry ---- */

CL_API_ENTRY cl_int CL_API_CALL clGetPlatformIDs(cl_uint room, cl_platform_id *list,
                                                 cl_uint *count) {
  if (!list && !count) return violation(CL_INVALID_VALUE, __func__, "asks for nothing");
  if (count) *count = 1;
  if (list && room) list[0] = (cl_platform_id)(void *)&the_platform;
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *list,
                                                       cl_uint *count) {
  return clGetPlatformIDs(room, list, count);
}

static void *find_function(const char *name) {
  void *address = NULL;
  cl_int(CL_API_CALL * entry)(cl_uint, cl_platform_id *, cl_uint *) = clIcdGetPlatformIDsKHR;
  if (strcmp(name, "clIcdGetPlatformIDsKHR") == 0) memcpy(&address, &entry, sizeof address);
  return address;
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *name) {
  return find_function(name);
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddressForPlatform(cl_platform_id platform,
                                                                        const char *name) {
  return is_live(__func__, platform, PLATFORM) ? find_function(name) : NULL;
}

CL_API_ENTRY cl_int CL_API_CALL clGetPlatformInfo(cl_platform_id platform, cl_platform_info what,
                                                  size_t size, void *value, size_t *needed) {
  if (!is_live(__func__, platform, PLATFORM)) return CL_INVALID_PLATFORM;
  switch (what) {
  case CL_PLATFORM_NAME:
    return answer_text(size, value, needed, the_profile()->platform);
  case CL_PLATFORM_VENDOR:
    return answer_text(size, value, needed, the_profile()->vendor);
  case CL_PLATFORM_VERSION:
    return answer_text(size, value, needed, the_profile()->version);
  case CL_PLATFORM_PROFILE:
    return answer_text(size, value, needed, "FULL_PROFILE");
  case CL_PLATFORM_EXTENSIONS:
    return answer_text(size, value, needed, "cl_khr_icd");
  case CL_PLATFORM_ICD_SUFFIX_KHR:
    return answer_text(size, value, needed, "CHECK");
  default:
    return CL_INVALID_VALUE;
  }
}

/* ---- the device ---- */

CL_API_ENTRY cl_int CL_API_CALL clGetDeviceIDs(cl_platform_id platform, cl_device_type type,
                                               cl_uint room, cl_device_id *list, cl_uint *count) {
  bool wanted = type & (CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_DEFAULT);
  if (!is_live(__func__, platform, PLATFORM)) return CL_INVALID_PLATFORM;
  if (count) *count = wanted;
  if (!wanted) return CL_DEVICE_NOT_FOUND;
  if (list && room) list[0] = (cl_device_id)(void *)&the_device;
  return CL_SUCCESS;
}

static const char *text_of(cl_device_info what) {
  const profile *p = the_profile();
  switch (what) {
  case CL_DEVICE_NAME:
    return p->name;
  case CL_DEVICE_VENDOR:
    return p->vendor;
  case CL_DRIVER_VERSION:
    return p->driver;
  case CL_DEVICE_VERSION:
    return p->version;
  case CL_DEVICE_OPENCL_C_VERSION:
    return "OpenCL C 1.2 ";
  case CL_DEVICE_EXTENSIONS:
    return p->extensions;
  case CL_DEVICE_PROFILE:
    return "FULL_PROFILE";
  default:
    return NULL;
  }
}

/* A number of the device with its size in bytes; 0: not known here. */
static size_t number_of(cl_device_info what, uint64_t *number) {
  const profile *p = the_profile();
  const struct {
    cl_device_info what;
    size_t size;
    uint64_t number;
  } rows[] = {{CL_DEVICE_TYPE, 8, CL_DEVICE_TYPE_GPU},
              {CL_DEVICE_VENDOR_ID, 4, 0},
              {CL_DEVICE_AVAILABLE, 4, CL_TRUE},
              {CL_DEVICE_COMPILER_AVAILABLE, 4, CL_TRUE},
              {CL_DEVICE_HOST_UNIFIED_MEMORY, 4, p->unified},
              {CL_DEVICE_MAX_COMPUTE_UNITS, 4, p->units},
              {CL_DEVICE_MAX_CLOCK_FREQUENCY, 4, 1000},
              {CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, 4, 1},
              {CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, 4, 1},
              {CL_DEVICE_ADDRESS_BITS, 4, 64},
              {CL_DEVICE_MEM_BASE_ADDR_ALIGN, 4, p->alignment_bits},
              {CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, 4, 3},
              {CL_DEVICE_MAX_WORK_GROUP_SIZE, 8, p->group},
              {CL_DEVICE_LOCAL_MEM_SIZE, 8, p->local_bytes},
              {CL_DEVICE_GLOBAL_MEM_SIZE, 8, p->global_bytes},
              {CL_DEVICE_MAX_MEM_ALLOC_SIZE, 8, p->allocation_bytes},
              {CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, 8, 65536},
              {CL_DEVICE_PROFILING_TIMER_RESOLUTION, 8, 1},
              {CL_DEVICE_QUEUE_PROPERTIES, 8,
               CL_QUEUE_PROFILING_ENABLE | CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE},
              {CL_DEVICE_SINGLE_FP_CONFIG, 8, CL_FP_INF_NAN | CL_FP_ROUND_TO_NEAREST | CL_FP_FMA}};
  for (size_t i = 0; i < COUNT(rows); i++)
    if (rows[i].what == what) {
      *number = rows[i].number;
      return rows[i].size;
    }
  return 0;
}

/* Other queries fail as they do on a device that does not know them, and are no violation. */
CL_API_ENTRY cl_int CL_API_CALL clGetDeviceInfo(cl_device_id device, cl_device_info what,
                                                size_t size, void *value, size_t *needed) {
  if (!is_live(__func__, device, DEVICE)) return CL_INVALID_DEVICE;
  const char *text = text_of(what);
  if (text) return answer_text(size, value, needed, text);
  if (what == CL_DEVICE_PLATFORM) {
    void *platform = &the_platform;
    return answer(size, value, needed, &platform, sizeof platform);
  }
  if (what == CL_DEVICE_MAX_WORK_ITEM_SIZES)
    return answer(size, value, needed, the_profile()->items, sizeof the_profile()->items);
  uint64_t number;
  size_t bytes = number_of(what, &number);
  return bytes ? answer(size, value, needed, &number, bytes) : CL_INVALID_VALUE;
}

CL_API_ENTRY cl_int CL_API_CALL clRetainDevice(cl_device_id device) {
  return is_live(__func__, device, DEVICE) ? CL_SUCCESS : CL_INVALID_DEVICE;
}

CL_API_ENTRY cl_int CL_API_CALL clReleaseDevice(cl_device_id device) {
  return is_live(__func__, device, DEVICE) ? CL_SUCCESS : CL_INVALID_DEVICE;
}

/* ---- contexts ---- */

CL_API_ENTRY cl_context CL_API_CALL
clCreateContext(const cl_context_properties *properties, cl_uint count, const cl_device_id *list,
                void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user,
                cl_int *error) {
  (void)notify, (void)user;
  cl_int status = CL_SUCCESS;
  for (; properties && properties[0]; properties += 2)
    if (properties[0] != CL_CONTEXT_PLATFORM || properties[1] != (intptr_t)&the_platform)
      status = violation(CL_INVALID_PROPERTY, __func__, "an unknown property or platform");
  if (count != 1 || !list || !is_live(__func__, list[0], DEVICE)) status = CL_INVALID_DEVICE;
  if (error) *error = status;
  return status ? NULL : make_object(CONTEXT, sizeof(object), NULL, NULL);
}

CL_API_ENTRY cl_int CL_API_CALL clRetainContext(cl_context context) {
  return retain(__func__, context, CONTEXT, CL_INVALID_CONTEXT);
}

CL_API_ENTRY cl_int CL_API_CALL clReleaseContext(cl_context context) {
  return release(__func__, context, CONTEXT, CL_INVALID_CONTEXT);
}

CL_API_ENTRY cl_int CL_API_CALL clGetContextInfo(cl_context context, cl_context_info what,
                                                 size_t size, void *value, size_t *needed) {
  void *device = &the_device;
  cl_uint one = 1;
  if (!is_live(__func__, context, CONTEXT)) return CL_INVALID_CONTEXT;
  if (what == CL_CONTEXT_DEVICES) return answer(size, value, needed, &device, sizeof device);
  if (what == CL_CONTEXT_NUM_DEVICES) return answer(size, value, needed, &one, sizeof one);
  return CL_INVALID_VALUE;
}

/* ---- queues ---- */

CL_API_ENTRY cl_command_queue CL_API_CALL
clCreateCommandQueue(cl_context context, cl_device_id device,
                     cl_command_queue_properties properties, cl_int *error) {
  const cl_command_queue_properties known =
      CL_QUEUE_PROFILING_ENABLE | CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;
  cl_int status = CL_SUCCESS;
  if (!is_live(__func__, context, CONTEXT)) status = CL_INVALID_CONTEXT;
  if (!is_live(__func__, device, DEVICE)) status = CL_INVALID_DEVICE;
  if (properties & ~known)
    status = violation(CL_INVALID_QUEUE_PROPERTIES, __func__, "properties 0x%llx",
                       (unsigned long long)properties);
  if (error) *error = status;
  if (status) return NULL;
  queue *q = make_object(QUEUE, sizeof *q, (object *)context, NULL);
  q->properties = properties;
  return (cl_command_queue)q;
}

CL_API_ENTRY cl_int CL_API_CALL clRetainCommandQueue(cl_command_queue handle) {
  return retain(__func__, handle, QUEUE, CL_INVALID_COMMAND_QUEUE);
}

CL_API_ENTRY cl_int CL_API_CALL clReleaseCommandQueue(cl_command_queue handle) {
  return release(__func__, handle, QUEUE, CL_INVALID_COMMAND_QUEUE);
}

CL_API_ENTRY cl_int CL_API_CALL clGetCommandQueueInfo(cl_command_queue handle,
                                                      cl_command_queue_info what, size_t size,
                                                      void *value, size_t *needed) {
  if (!is_live(__func__, handle, QUEUE)) return CL_INVALID_COMMAND_QUEUE;
  const queue *q = (const queue *)handle;
  void *device = &the_device;
  switch (what) {
  case CL_QUEUE_CONTEXT:
    return answer(size, value, needed, &q->object.context, sizeof q->object.context);
  case CL_QUEUE_DEVICE:
    return answer(size, value, needed, &device, sizeof device);
  case CL_QUEUE_PROPERTIES:
    return answer(size, value, needed, &q->properties, sizeof q->properties);
  default:
    return CL_INVALID_VALUE;
  }
}
