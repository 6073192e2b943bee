/* Reads, writes, copies, fills and maps of buffers, each checked against the buffer's bytes.
 */
#include "checker.h"

#include <string.h>

/* A buffer and a range within it. */
static cl_int check_range(const char *call, cl_mem handle, size_t from, size_t bytes) {
  if (!is_live(call, handle, MEMORY)) return CL_INVALID_MEM_OBJECT;
  const memory *m = (const memory *)handle;
  if (bytes == 0) return violation(CL_INVALID_VALUE, call, "0 bytes");
  if (from > m->size || bytes > m->size - from)
    return violation(CL_INVALID_VALUE, call, "bytes %zu to %zu of a buffer of %zu", from,
                     from + bytes, m->size);
  return CL_SUCCESS;
}

static cl_int check_host(const char *call, const void *host) {
  return host ? CL_SUCCESS : violation(CL_INVALID_VALUE, call, "host memory is NULL");
}

static unsigned char *bytes_of(cl_mem handle) {
  return ((memory *)handle)->bytes;
}

/* The ends of all transfers: the checks that they share, then the event. */
static cl_int check_all(const char *call, cl_command_queue handle, cl_mem buffer, size_t from,
                        size_t bytes, const void *host, cl_uint count, const cl_event *events) {
  cl_int status = check_queue(call, handle, count, events);
  if (!status) status = check_range(call, buffer, from, bytes);
  return status ? status : check_host(call, host);
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueReadBuffer(cl_command_queue handle, cl_mem buffer,
                                                    cl_bool blocking, size_t from, size_t bytes,
                                                    void *host, cl_uint count,
                                                    const cl_event *events, cl_event *event) {
  (void)blocking;
  cl_int status = check_all(__func__, handle, buffer, from, bytes, host, count, events);
  if (status) return status;
  memcpy(host, bytes_of(buffer) + from, bytes);
  make_event(event, handle, CL_COMMAND_READ_BUFFER);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueWriteBuffer(cl_command_queue handle, cl_mem buffer,
                                                     cl_bool blocking, size_t from, size_t bytes,
                                                     const void *host, cl_uint count,
                                                     const cl_event *events, cl_event *event) {
  (void)blocking;
  cl_int status = check_all(__func__, handle, buffer, from, bytes, host, count, events);
  if (status) return status;
  memcpy(bytes_of(buffer) + from, host, bytes);
  make_event(event, handle, CL_COMMAND_WRITE_BUFFER);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueFillBuffer(cl_command_queue handle, cl_mem buffer,
                                                    const void *pattern, size_t pattern_bytes,
                                                    size_t from, size_t bytes, cl_uint count,
                                                    const cl_event *events, cl_event *event) {
  cl_int status = check_all(__func__, handle, buffer, from, bytes, pattern, count, events);
  if (status) return status;
  bool power = pattern_bytes && pattern_bytes <= 128 && !(pattern_bytes & (pattern_bytes - 1));
  if (!power || from % pattern_bytes || bytes % pattern_bytes)
    return violation(CL_INVALID_VALUE, __func__, "a pattern of %zu bytes from byte %zu for %zu",
                     pattern_bytes, from, bytes);
  for (size_t at = 0; at < bytes; at += pattern_bytes)
    memcpy(bytes_of(buffer) + from + at, pattern, pattern_bytes);
  make_event(event, handle, CL_COMMAND_FILL_BUFFER);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueCopyBuffer(cl_command_queue handle, cl_mem source,
                                                    cl_mem target, size_t from, size_t to,
                                                    size_t bytes, cl_uint count,
                                                    const cl_event *events, cl_event *event) {
  cl_int status = check_queue(__func__, handle, count, events);
  if (!status) status = check_range(__func__, source, from, bytes);
  if (!status) status = check_range(__func__, target, to, bytes);
  if (status) return status;
  const unsigned char *first = bytes_of(source) + from;
  unsigned char *second = bytes_of(target) + to;
  if (first < second + bytes && second < first + bytes)
    return violation(CL_MEM_COPY_OVERLAP, __func__, "%zu bytes onto themselves", bytes);
  memcpy(second, first, bytes);
  make_event(event, handle, CL_COMMAND_COPY_BUFFER);
  return CL_SUCCESS;
}

/* ---- rectangles ---- */

/* Rows of bytes in a buffer or in host memory: where the first begins, and their distances. */
typedef struct grid {
  size_t from, row, slice;
} grid;

static grid make_grid(const size_t origin[3], const size_t region[3], size_t row, size_t slice) {
  grid g = {.row = row ? row : region[0]};
  g.slice = slice ? slice : region[1] * g.row;
  g.from = origin[0] + origin[1] * g.row + origin[2] * g.slice;
  return g;
}

static cl_int check_grid(const char *call, const grid *g, const size_t region[3]) {
  if (!region[0] || !region[1] || !region[2])
    return violation(CL_INVALID_VALUE, call, "a region of %zux%zux%zu", region[0], region[1],
                     region[2]);
  if (g->row < region[0] || g->slice < region[1] * g->row || g->slice % g->row)
    return violation(CL_INVALID_VALUE, call, "rows %zu apart, slices %zu, for %zux%zu bytes",
                     g->row, g->slice, region[0], region[1]);
  return CL_SUCCESS;
}

static cl_int check_rect(const char *call, cl_command_queue handle, cl_mem buffer,
                         const grid *device, const grid *host, const size_t region[3],
                         const void *outside, cl_uint count, const cl_event *events) {
  cl_int status = check_queue(call, handle, count, events);
  if (!status) status = check_grid(call, device, region);
  if (!status) status = check_grid(call, host, region);
  size_t bytes = (region[2] - 1) * device->slice + (region[1] - 1) * device->row + region[0];
  if (!status) status = check_range(call, buffer, device->from, bytes);
  return status ? status : check_host(call, outside);
}

static void copy_rect(unsigned char *to, const grid *to_grid, const unsigned char *from,
                      const grid *from_grid, const size_t region[3]) {
  for (size_t z = 0; z < region[2]; z++)
    for (size_t y = 0; y < region[1]; y++)
      memcpy(to + to_grid->from + z * to_grid->slice + y * to_grid->row,
             from + from_grid->from + z * from_grid->slice + y * from_grid->row, region[0]);
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueReadBufferRect(
    cl_command_queue handle, cl_mem buffer, cl_bool blocking, const size_t *buffer_origin,
    const size_t *host_origin, const size_t *region, size_t buffer_row, size_t buffer_slice,
    size_t host_row, size_t host_slice, void *host, cl_uint count, const cl_event *events,
    cl_event *event) {
  (void)blocking;
  grid device = make_grid(buffer_origin, region, buffer_row, buffer_slice),
       outside = make_grid(host_origin, region, host_row, host_slice);
  cl_int status =
      check_rect(__func__, handle, buffer, &device, &outside, region, host, count, events);
  if (status) return status;
  copy_rect(host, &outside, bytes_of(buffer), &device, region);
  make_event(event, handle, CL_COMMAND_READ_BUFFER_RECT);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueWriteBufferRect(
    cl_command_queue handle, cl_mem buffer, cl_bool blocking, const size_t *buffer_origin,
    const size_t *host_origin, const size_t *region, size_t buffer_row, size_t buffer_slice,
    size_t host_row, size_t host_slice, const void *host, cl_uint count, const cl_event *events,
    cl_event *event) {
  (void)blocking;
  grid device = make_grid(buffer_origin, region, buffer_row, buffer_slice),
       outside = make_grid(host_origin, region, host_row, host_slice);
  cl_int status =
      check_rect(__func__, handle, buffer, &device, &outside, region, host, count, events);
  if (status) return status;
  copy_rect(bytes_of(buffer), &device, host, &outside, region);
  make_event(event, handle, CL_COMMAND_WRITE_BUFFER_RECT);
  return CL_SUCCESS;
}

/* ---- maps ---- */

CL_API_ENTRY void *CL_API_CALL clEnqueueMapBuffer(cl_command_queue handle, cl_mem buffer,
                                                  cl_bool blocking, cl_map_flags flags, size_t from,
                                                  size_t bytes, cl_uint count,
                                                  const cl_event *events, cl_event *event,
                                                  cl_int *error) {
  (void)blocking, (void)flags;
  cl_int status = check_queue(__func__, handle, count, events);
  if (!status) status = check_range(__func__, buffer, from, bytes);
  if (error) *error = status;
  if (status) return NULL;
  ((memory *)buffer)->maps++;
  make_event(event, handle, CL_COMMAND_MAP_BUFFER);
  return bytes_of(buffer) + from;
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueUnmapMemObject(cl_command_queue handle, cl_mem buffer,
                                                        void *mapped, cl_uint count,
                                                        const cl_event *events, cl_event *event) {
  cl_int status = check_queue(__func__, handle, count, events);
  if (!status && !is_live(__func__, buffer, MEMORY)) status = CL_INVALID_MEM_OBJECT;
  if (status) return status;
  memory *m = (memory *)buffer;
  unsigned char *at = mapped;
  if (!m->maps || at < m->bytes || at >= m->bytes + m->size)
    return violation(CL_INVALID_VALUE, __func__, "memory that is not mapped");
  m->maps--;
  make_event(event, handle, CL_COMMAND_UNMAP_MEM_OBJECT);
  return CL_SUCCESS;
}
