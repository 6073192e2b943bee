/* Opening and closing a device: one context, one in-order queue, the counters.
 *
 * The queue is in order, so commands need no events between them and never wait. Only staged
 * uploads have a queue of their own (staging.c). A queue supplied by the caller must be in order
 * too.
 */
#include "environment.h"

#include <ebb/opencl.h>
#include <ebb/profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* EBB_WIDTH, or what the device prefers. */
static ebb_status choose_width(ebb_device *device) {
  const char *wanted = getenv("EBB_WIDTH");
  if (!wanted || wanted[0] == '\0')
    return ebb_device_set_width(device, ebbi_params_width(&device->info));
  char *end;
  unsigned long width = strtoul(wanted, &end, 10);
  REQUIRE(*end == '\0' && (width == 16 || width == 8 || width == 4), EBB_ERR_ARGUMENT,
          "EBB_WIDTH=%s: must be 16, 8 or 4", wanted);
  return ebb_device_set_width(device, (unsigned)width);
}

/* Required alignment of views in bytes, always a power of two, whatever the driver reports. */
static ebb_status read_alignment(ebb_device *device) {
  enum { LEAST = 128, MOST = 1 << 20 };
  cl_uint bits = 0;
  TRY_CL(device, "ebb_device_open", clGetDeviceInfo, device->id, CL_DEVICE_MEM_BASE_ADDR_ALIGN,
         sizeof bits, &bits, NULL);
  for (device->alignment = LEAST; device->alignment < bits / 8; device->alignment *= 2) {
  }
  REQUIRE(device->alignment <= MOST, EBB_ERR_UNSUPPORTED,
          "device \"%s\": it requires sub-buffers aligned to %u bytes; at most %d is supported",
          device->info.name, bits / 8, MOST);
  return EBB_OK;
}

/* Sets up everything that follows from context, device and queue. */
static ebb_status set_up(ebb_device *device) {
  TRY(ebbi_pocl_cache_check(device->info.platform));
  TRY(ebbi_device_read_sizes(&device->info, device->id));
  TRY(read_alignment(device));
  TRY(ebb_cache_mode_for(&device->cache, NULL, &device->info));
  TRY(choose_width(device));
  return ebbi_command_calls_choose(device);
}

static ebb_status create_context(ebb_device *device, cl_platform_id platform,
                                 cl_command_queue_properties queue_properties) {
  static const char where[] = "ebb_device_open";
  cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};
  TRY_MAKE(device->context, device, where, clCreateContext, properties, 1, &device->id, NULL, NULL);
  TRY_MAKE(device->queue, device, where, clCreateCommandQueue, device->context, device->id,
           queue_properties);
  return EBB_OK;
}

static ebb_status open_selected(ebb_device *device, const ebbi_platform_device *chosen,
                                cl_command_queue_properties queue_properties) {
  device->id = chosen->device;
  device->info = chosen->info;
  TRY(ebbi_driver_lock());
  ebb_status status = create_context(device, chosen->platform, queue_properties);
  ebbi_driver_unlock();
  return status == EBB_OK ? set_up(device) : status;
}

static ebb_status create_device(ebb_device **out) {
  *out = calloc(1, sizeof **out);
  REQUIRE(*out, EBB_ERR_MEMORY, "ebb_device_open: no memory");
  return ebbi_watch_begin(*out);
}

static ebb_status finish_open(ebb_device **out, ebb_device *device, ebb_status status) {
  if (status == EBB_OK)
    *out = device;
  else
    ebb_device_free(device);
  return status;
}

ebb_status ebbi_device_open(ebb_device **out, const char *selector, bool profiled) {
  ebbi_platform_device *list = NULL;
  ebb_device *device;
  size_t count, index;
  ebb_status status = create_device(&device);
  if (status == EBB_OK) status = ebbi_devices_list(&list, &count);
  if (status == EBB_OK)
    status =
        ebbi_devices_select(&index, device->reason, sizeof device->reason, list, count, selector);
  if (status == EBB_OK)
    status = open_selected(device, &list[index], profiled ? CL_QUEUE_PROFILING_ENABLE : 0);
  free(list);
  return finish_open(out, device, status);
}

/* Where the device stands in the flat list; a part of a device, which is not listed, keeps 0:0. */
static void find_indices(ebb_device_info *info, cl_device_id id) {
  ebbi_platform_device *list = NULL;
  size_t count;
  if (ebbi_devices_list(&list, &count) == EBB_OK)
    for (size_t i = 0; i < count; i++)
      if (list[i].device == id) {
        info->platform_index = list[i].info.platform_index;
        info->device_index = list[i].info.device_index;
      }
  free(list);
}

static ebb_status open_foreign(ebb_device *device, cl_context context, cl_device_id id,
                               cl_command_queue queue) {
  static const char where[] = "ebb_device_open_opencl";
  cl_context queue_context = NULL;
  cl_device_id queue_device = NULL;
  cl_command_queue_properties properties = 0;
  cl_platform_id platform = NULL;
  TRY_CL(device, where, clGetCommandQueueInfo, queue, CL_QUEUE_CONTEXT, sizeof queue_context,
         &queue_context, NULL);
  TRY_CL(device, where, clGetCommandQueueInfo, queue, CL_QUEUE_DEVICE, sizeof queue_device,
         &queue_device, NULL);
  TRY_CL(device, where, clGetCommandQueueInfo, queue, CL_QUEUE_PROPERTIES, sizeof properties,
         &properties, NULL);
  REQUIRE(queue_context == context && queue_device == id, EBB_ERR_ARGUMENT,
          "%s: the queue belongs to another context or device", where);
  REQUIRE(!(properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE), EBB_ERR_ARGUMENT,
          "%s: the queue runs out of order; an in-order queue is needed", where);
  TRY_CL(device, where, clGetDeviceInfo, id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
  TRY_CL(device, where, clRetainContext, context);
  device->context = context;
  TRY_CL(device, where, clRetainCommandQueue, queue);
  device->queue = queue;
  device->id = id;
  ebbi_device_read_info(&device->info, platform, id);
  find_indices(&device->info, id);
  snprintf(device->reason, sizeof device->reason, "the caller's OpenCL context and queue");
  return set_up(device);
}

ebb_status ebbi_device_open_opencl(ebb_device **out, void *context, void *id, void *queue) {
  ebb_device *device;
  ebb_status status = create_device(&device);
  if (status == EBB_OK) status = open_foreign(device, context, id, queue);
  return finish_open(out, device, status);
}

/* Releases the driver's objects. */
static void release(ebb_device *device) {
  ebbi_profiling_free(device);
  ebbi_clblast_clear(device);
  ebbi_programs_free(device);
  ebbi_device_free_workspaces(device);
  ebbi_transfer_free(device);
  ebbi_watch_end(device);
  if (device->upload_queue) (void)CALL_CL(device, clReleaseCommandQueue, device->upload_queue);
  if (device->queue) (void)CALL_CL(device, clReleaseCommandQueue, device->queue);
  if (device->context) (void)CALL_CL(device, clReleaseContext, device->context);
}

void ebb_device_free(ebb_device *device) {
  if (!device) return;
  (void)ebbi_wait_for_queue(device, device->upload_queue);
  (void)ebbi_wait_for_queue(device, device->queue);
  bool locked = !ebbi_device_is_lost(device) && ebbi_driver_lock() == EBB_OK;
  release(device); /* of a lost device, only host memory is freed */
  if (locked) ebbi_driver_unlock();
  free(device);
}

ebb_status ebb_device_finish(ebb_device *device) {
  device->counters.waits++;
  TRY(ebbi_wait_for_queue(device, device->upload_queue));
  return ebbi_wait_for_queue(device, device->queue);
}

ebb_status ebbi_device_flush(ebb_device *device) {
  TRY_CL(device, device->info.name, clFlush, device->queue);
  return EBB_OK;
}

const ebb_device_info *ebb_device_get_info(const ebb_device *device) {
  return &device->info;
}
const char *ebb_device_reason(const ebb_device *device) {
  return device->reason;
}
ebb_counters ebb_device_counters(const ebb_device *device) {
  return device->counters;
}
size_t ebbi_device_alignment(const ebb_device *device) {
  return device->alignment;
}
cl_context ebb_device_cl_context(const ebb_device *device) {
  return device->context;
}
cl_command_queue ebb_device_cl_queue(const ebb_device *device) {
  return device->queue;
}
const ebbi_exec *ebbi_device_exec(const ebb_device *device) {
  return &device->exec;
}

void ebbi_device_set_exec(ebb_device *device, const ebbi_exec *exec) {
  device->exec = *exec;
}

unsigned ebb_device_width(const ebb_device *device) {
  return device->exec.params.width;
}

ebb_status ebbi_exec_set_width(ebbi_exec *exec, const ebb_device *device, unsigned width) {
  REQUIRE(ebbi_params_choose(&exec->params, &device->info, width), EBB_ERR_ARGUMENT,
          "vectors of %u floats: must be 16, 8 or 4", width);
  ebbi_params_options(exec->options, sizeof exec->options, &exec->params);
  return EBB_OK;
}

ebb_status ebb_device_set_width(ebb_device *device, unsigned width) {
  return ebbi_exec_set_width(&device->exec, device, width);
}
