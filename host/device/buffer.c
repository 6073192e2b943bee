/* Device memory: every byte is asked for in the account before it is asked for of the driver.
 *
 * Drivers promise more memory than there is and fail, or kill the process, at first use. So the
 * device keeps its own account of live bytes and refuses with numbers. Buffers start as zeros,
 * written rather than filled: tools that track initialised memory do not see clEnqueueFillBuffer.
 */
#include "cl.h"

#include <ebb/profile.h>
#include <stdlib.h>

enum { ZEROS = 1 << 20 };

static double gib(uint64_t bytes) {
  return (double)bytes / (1 << 30);
}

/* Bytes that are not in use. */
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
  cl_int error;
  buffer->memory = clCreateBuffer(device->context, CL_MEM_READ_WRITE, buffer->size, NULL, &error);
  TRY_CL(error, "device memory", "clCreateBuffer");
  buffer->bytes = buffer->size;
  ebb_counters *counters = &device->counters;
  counters->allocated_bytes += buffer->bytes;
  if (counters->allocated_bytes > counters->peak_bytes)
    counters->peak_bytes = counters->allocated_bytes;
  return EBB_OK;
}

static ebb_status write_zeros(ebbi_buffer *buffer) {
  size_t chunk = buffer->size < ZEROS ? buffer->size : ZEROS;
  void *zeros = calloc(1, chunk);
  REQUIRE(zeros, EBB_ERR_MEMORY, "device memory: no host memory for %zu bytes", chunk);
  cl_int error = CL_SUCCESS;
  for (size_t at = 0; at < buffer->size && error == CL_SUCCESS; at += chunk) {
    size_t bytes = buffer->size - at < chunk ? buffer->size - at : chunk;
    error = clEnqueueWriteBuffer(buffer->device->queue, buffer->memory, CL_TRUE, at, bytes, zeros,
                                 0, NULL, NULL);
  }
  free(zeros);
  TRY_CL(error, "device memory", "clEnqueueWriteBuffer");
  return EBB_OK;
}

ebb_status ebbi_buffer_create(ebbi_buffer **out, ebb_device *device, size_t bytes) {
  TRY(ebbi_device_require_memory(device, "device memory", bytes, bytes,
                                 "use less data or a smaller network"));
  ebbi_buffer *buffer = calloc(1, sizeof *buffer);
  REQUIRE(buffer, EBB_ERR_MEMORY, "device memory: no host memory for a buffer");
  *buffer = (ebbi_buffer){.device = device, .size = bytes};
  ebb_status status = allocate(buffer);
  if (status == EBB_OK) status = write_zeros(buffer);
  if (status != EBB_OK) {
    ebbi_buffer_free(buffer);
    return status;
  }
  *out = buffer;
  return EBB_OK;
}

ebb_status ebbi_buffer_view(ebbi_buffer **out, ebbi_buffer *parent, size_t offset, size_t bytes) {
  cl_buffer_region region = {offset, bytes};
  cl_int error;
  cl_mem memory = clCreateSubBuffer(parent->memory, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION,
                                    &region, &error);
  TRY_CL(error, "device memory", "clCreateSubBuffer");
  ebbi_buffer *view = calloc(1, sizeof *view);
  if (!view) clReleaseMemObject(memory);
  REQUIRE(view, EBB_ERR_MEMORY, "device memory: no host memory for a buffer");
  *view = (ebbi_buffer){.device = parent->device, .memory = memory, .size = bytes};
  *out = view;
  return EBB_OK;
}

void ebbi_buffer_free(ebbi_buffer *buffer) {
  if (!buffer) return;
  if (buffer->memory) clReleaseMemObject(buffer->memory);
  buffer->device->counters.allocated_bytes -= buffer->bytes;
  free(buffer);
}

size_t ebbi_device_workspace_need(const ebb_device *device, size_t bytes) {
  return device->workspace && device->workspace->size >= bytes ? 0 : bytes;
}

/* Recorded launches keep the workspace that they were recorded with: a larger one joins it. */
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

/* A transfer that is done, or queued, for the profile. */
static ebb_status profile(ebb_device *device, const char *name, size_t bytes, cl_event event) {
  const ebbi_work work = {.bytes = (double)bytes};
  return ebbi_profiling_add(device, name, &work, NULL, event);
}

ebb_status ebbi_buffer_upload(ebbi_buffer *buffer, const void *values, size_t rows,
                              size_t row_bytes, size_t stride) {
  ebb_device *device = buffer->device;
  const size_t origin[3] = {0, 0, 0}, region[3] = {row_bytes, rows, 1};
  double start = ebbi_profiling_clock(device);
  cl_event event, *timed = ebbi_profiling_event(device, &event);
  device->counters.uploads++;
  device->counters.uploaded_bytes += rows * row_bytes;
  device->counters.waits++;
  cl_int error =
      rows == 1 || stride == row_bytes
          ? clEnqueueWriteBuffer(device->queue, buffer->memory, CL_TRUE, 0, rows * row_bytes,
                                 values, 0, NULL, timed)
          : clEnqueueWriteBufferRect(device->queue, buffer->memory, CL_TRUE, origin, origin, region,
                                     stride, 0, row_bytes, 0, values, 0, NULL, timed);
  TRY_CL(error, "upload", "clEnqueueWriteBuffer");
  ebb_profile_phase(device, "upload", start);
  return profile(device, "upload", rows * row_bytes, event);
}

ebb_status ebbi_buffer_download(void *values, const ebbi_buffer *buffer, size_t rows,
                                size_t row_bytes, size_t stride) {
  return ebbi_buffer_download_part(values, buffer, 0, rows, row_bytes, stride);
}

ebb_status ebbi_buffer_download_part(void *values, const ebbi_buffer *buffer, size_t from,
                                     size_t rows, size_t row_bytes, size_t stride) {
  ebb_device *device = buffer->device;
  const size_t origin[3] = {from % stride, from / stride, 0}, start_of_host[3] = {0, 0, 0};
  const size_t region[3] = {row_bytes, rows, 1};
  double start = ebbi_profiling_clock(device);
  cl_event event, *timed = ebbi_profiling_event(device, &event);
  device->counters.downloads++;
  device->counters.downloaded_bytes += rows * row_bytes;
  device->counters.waits++;
  cl_int error =
      rows == 1 || stride == row_bytes
          ? clEnqueueReadBuffer(device->queue, buffer->memory, CL_TRUE, from, rows * row_bytes,
                                values, 0, NULL, timed)
          : clEnqueueReadBufferRect(device->queue, buffer->memory, CL_TRUE, origin, start_of_host,
                                    region, stride, 0, row_bytes, 0, values, 0, NULL, timed);
  TRY_CL(error, "download", "clEnqueueReadBuffer");
  ebb_profile_phase(device, "wait and download", start);
  return profile(device, "download", rows * row_bytes, event);
}

ebb_status ebbi_buffer_copy(ebbi_buffer *to, const ebbi_buffer *from, size_t bytes) {
  ebb_device *device = to->device;
  cl_event event;
  TRY_CL(clEnqueueCopyBuffer(device->queue, from->memory, to->memory, 0, 0, bytes, 0, NULL,
                             ebbi_profiling_event(device, &event)),
         "device copy", "clEnqueueCopyBuffer");
  return profile(device, "copy", 2 * bytes, event);
}
