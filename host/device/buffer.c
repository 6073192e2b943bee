/* Device memory: every allocation is checked against the device's account before the driver sees
 * it.
 *
 * Drivers promise more memory than they have, and then fail, or kill the process, at first use. So
 * the device counts live bytes itself and refuses with numbers. Buffers are zeroed by a write, not
 * by a fill: tools that track initialised memory do not see clEnqueueFillBuffer.
 */
#include "cl.h"

#include <stdlib.h>

static double gib(uint64_t bytes) {
  return (double)bytes / (1 << 30);
}

/* Bytes not in use. */
static uint64_t bytes_left(const ebb_device *device) {
  uint64_t used = device->counters.allocated_bytes;
  return device->info.global_bytes > used ? device->info.global_bytes - used : 0;
}

bool ebbi_device_fits_memory(const ebb_device *device, size_t bytes, size_t largest) {
  return largest <= device->info.max_allocation && bytes <= bytes_left(device);
}

ebb_status ebbi_device_require_memory(const ebb_device *device, const char *what, size_t bytes,
                                      size_t largest, const char *advice) {
  const ebb_device_info *info = &device->info;
  REQUIRE(largest <= info->max_allocation, EBB_ERR_MEMORY,
          "%s: one buffer needs %.3f GiB, the device allows %.3f GiB in one buffer; %s", what,
          gib(largest), gib(info->max_allocation), advice);
  REQUIRE(bytes <= bytes_left(device), EBB_ERR_MEMORY,
          "%s: needs %.3f GiB, the device has %.3f GiB of which %.3f GiB are in use; %s", what,
          gib(bytes), gib(info->global_bytes), gib(device->counters.allocated_bytes), advice);
  return EBB_OK;
}

static ebb_status allocate(ebbi_buffer *buffer) {
  ebb_device *device = buffer->device;
  TRY_MAKE(buffer->memory, device, "device memory", clCreateBuffer, device->context,
           CL_MEM_READ_WRITE, buffer->size, NULL);
  buffer->bytes = buffer->size;
  ebb_counters *counters = &device->counters;
  counters->allocated_bytes += buffer->bytes;
  if (counters->allocated_bytes > counters->peak_bytes)
    counters->peak_bytes = counters->allocated_bytes;
  return EBB_OK;
}

ebb_status ebbi_buffer_create(ebbi_buffer **out, ebb_device *device, size_t bytes) {
  TRY(ebbi_device_require_memory(device, "device memory", bytes, bytes,
                                 "use less data or a smaller network"));
  ebbi_buffer *buffer = calloc(1, sizeof *buffer);
  REQUIRE(buffer, EBB_ERR_MEMORY, "device memory: no host memory for a buffer");
  *buffer = (ebbi_buffer){.device = device, .size = bytes};
  ebb_status status = allocate(buffer);
  if (status == EBB_OK) status = ebbi_buffer_write_zeros(buffer);
  if (status != EBB_OK) {
    ebbi_buffer_free(buffer);
    return status;
  }
  *out = buffer;
  return EBB_OK;
}

ebb_status ebbi_buffer_view(ebbi_buffer **out, ebbi_buffer *parent, size_t offset, size_t bytes) {
  cl_buffer_region region = {offset, bytes};
  cl_mem memory;
  TRY_MAKE(memory, parent->device, "device memory", clCreateSubBuffer, parent->memory,
           CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region);
  ebbi_buffer *view = calloc(1, sizeof *view);
  if (!view) (void)CALL_CL(parent->device, clReleaseMemObject, memory);
  REQUIRE(view, EBB_ERR_MEMORY, "device memory: no host memory for a buffer");
  *view = (ebbi_buffer){.device = parent->device, .memory = memory, .size = bytes};
  *out = view;
  return EBB_OK;
}

void ebbi_buffer_free(ebbi_buffer *buffer) {
  if (!buffer) return;
  if (buffer->memory) (void)CALL_CL(buffer->device, clReleaseMemObject, buffer->memory);
  buffer->device->counters.allocated_bytes -= buffer->bytes;
  free(buffer);
}

size_t ebbi_device_workspace_need(const ebb_device *device, size_t bytes) {
  return device->workspace && device->workspace->size >= bytes ? 0 : bytes;
}

/* Recorded launches keep using the workspace they were recorded with, so a larger one is added to
 * the list instead of replacing it. */
ebb_status ebbi_device_workspace(ebbi_buffer **out, ebb_device *device, size_t bytes) {
  if (ebbi_device_workspace_need(device, bytes) > 0) {
    ebbi_buffer *larger;
    TRY(ebbi_buffer_create(&larger, device, bytes));
    larger->smaller = device->workspace;
    device->workspace = larger;
  }
  *out = device->workspace;
  return EBB_OK;
}

void ebbi_device_free_workspaces(ebb_device *device) {
  while (device->workspace) {
    ebbi_buffer *workspace = device->workspace;
    device->workspace = workspace->smaller;
    ebbi_buffer_free(workspace);
  }
}

void *ebbi_buffer_cl_mem(const ebbi_buffer *buffer) {
  return buffer->memory;
}

ebb_status ebbi_buffer_copy(ebbi_buffer *to, const ebbi_buffer *from, size_t bytes) {
  ebb_device *device = to->device;
  const ebbi_work work = {.bytes = 2 * (double)bytes};
  cl_event event;
  TRY_CL(device, "device copy", clEnqueueCopyBuffer, device->queue, from->memory, to->memory, 0, 0,
         bytes, 0, NULL, ebbi_launch_event(device, &event));
  return ebbi_profiling_add(device, "copy", &work, NULL, event);
}

/* As patterns of a fill, which the driver copies: a write would need its values until it is done.
 */
ebb_status ebbi_buffer_put(ebbi_buffer *buffer, size_t from, const void *values, size_t bytes) {
  enum { PIECE = 16 };
  ebb_device *device = buffer->device;
  const ebbi_work work = {.bytes = PIECE};
  cl_event event;
  for (size_t at = 0; at < bytes; at += PIECE) {
    TRY_CL(device, "device write", clEnqueueFillBuffer, device->queue, buffer->memory,
           (const char *)values + at, PIECE, from + at, PIECE, 0, NULL,
           ebbi_launch_event(device, &event));
    TRY(ebbi_profiling_add(device, "fill", &work, NULL, event));
  }
  return EBB_OK;
}
