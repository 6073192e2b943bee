/* Transfers to and from buffers, through memory owned by the device.
 *
 * After a wait is given up, the driver may still access the memory it was given. This must not be
 * the caller's memory, which the caller will free. So all transfers go through a few megabytes
 * owned by the device, which are leaked with a lost device. The copy costs a few percent of a large
 * transfer. Large transfers are split, so that each part shows progress.
 *
 * Each transfer is verified by another read: of the uploaded data, or of the same data again. Data,
 * weights and results pass here only once, and nothing later could detect a flipped bit: it would
 * give another model or prediction. Both commands are queued together, so there is no additional
 * wait.
 */
#include "base/size.h"
#include "cl.h"

#include <ebb/profile.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 4 << 20 };

/* Rows that are dense on the host and `stride` bytes apart in the buffer; a single row needs no
 * stride. */
typedef struct piece {
  size_t at, rows, row_bytes, stride;
} piece;

/* Twice the size of a piece: the second half is for the data read back. */
static ebb_status require_memory(ebb_device *device, size_t bytes) {
  if (bytes > PIECE) bytes = PIECE;
  if (device->transfer_size >= bytes) return EBB_OK;
  void *larger = malloc(2 * bytes);
  REQUIRE(larger, EBB_ERR_MEMORY, "transfer: no host memory for %zu bytes", 2 * bytes);
  free(device->transfer);
  device->transfer = larger;
  device->transfer_size = bytes;
  return EBB_OK;
}

void ebbi_transfer_free(ebb_device *device) {
  if (device->watch.lost[0])
    ebbi_alarm_keep(device->watch.alarm, device->transfer);
  else
    free(device->transfer);
  device->transfer = NULL;
}

static ebb_status queue_write(cl_event *event, const ebbi_buffer *buffer, const piece *p) {
  ebb_device *device = buffer->device;
  const size_t host[3] = {0, 0, 0}, region[3] = {p->row_bytes, p->rows, 1};
  if (p->rows == 1) {
    TRY_CL(device, "upload", clEnqueueWriteBuffer, device->queue, buffer->memory, CL_FALSE, p->at,
           p->row_bytes, device->transfer, 0, NULL, event);
    return EBB_OK;
  }
  const size_t origin[3] = {p->at % p->stride, p->at / p->stride, 0};
  TRY_CL(device, "upload", clEnqueueWriteBufferRect, device->queue, buffer->memory, CL_FALSE,
         origin, host, region, p->stride, 0, p->row_bytes, 0, device->transfer, 0, NULL, event);
  return EBB_OK;
}

static ebb_status queue_read(cl_event *event, void *to, const ebbi_buffer *buffer, const piece *p) {
  ebb_device *device = buffer->device;
  const size_t host[3] = {0, 0, 0}, region[3] = {p->row_bytes, p->rows, 1};
  if (p->rows == 1) {
    TRY_CL(device, "download", clEnqueueReadBuffer, device->queue, buffer->memory, CL_FALSE, p->at,
           p->row_bytes, to, 0, NULL, event);
    return EBB_OK;
  }
  const size_t origin[3] = {p->at % p->stride, p->at / p->stride, 0};
  TRY_CL(device, "download", clEnqueueReadBufferRect, device->queue, buffer->memory, CL_FALSE,
         origin, host, region, p->stride, 0, p->row_bytes, 0, to, 0, NULL, event);
  return EBB_OK;
}

/* Waits for a piece and adds it to the profile if it is to be counted. */
static ebb_status finish(ebb_device *device, const char *name, const piece *p, cl_event event,
                         bool told) {
  const ebbi_work work = {.bytes = (double)p->rows * (double)p->row_bytes};
  ebb_status status = ebbi_wait(device, device->queue, event, name);
  if (status == EBB_OK && told) return ebbi_profiling_add(device, name, &work, NULL, event);
  (void)CALL_CL(device, clReleaseEvent, event);
  return status;
}

static unsigned char *half_of(const ebb_device *device, size_t half) {
  return (unsigned char *)device->transfer + half * device->transfer_size;
}

/* Waits for a transfer and for the verifying read into the second half; `queued` says whether the
 * read could be queued. The last command is waited for first: if that wait is given up, its
 * callback frees the memory, and the other command is done by then. */
static ebb_status finish_both(ebb_device *device, const char *name, const piece *p,
                              const cl_event events[2], ebb_status queued, bool told) {
  if (queued == EBB_OK) queued = finish(device, name, p, events[1], false);
  ebb_status ended = finish(device, name, p, events[0], told);
  return ended == EBB_OK ? queued : ended;
}

static ebb_status compare_halves(const ebb_device *device, const piece *p, const char *name) {
  const unsigned char *first = half_of(device, 0), *second = half_of(device, 1);
  size_t bytes = p->rows * p->row_bytes, at = 0;
  if (memcmp(first, second, bytes) == 0) return EBB_OK;
  while (first[at] == second[at]) at++;
  return ebbi_fail(EBB_ERR_DEVICE,
                   "%s: byte %zu of %zu is 0x%02x, and 0x%02x when it is read %s; the device's "
                   "memory, its bus or its driver is at fault: run `ebb verify`, and use another "
                   "device",
                   name, at, bytes, first[at], second[at], name[0] == 'u' ? "back" : "again");
}

/* `from` NULL: writes zeros. */
static ebb_status write_piece(const ebbi_buffer *buffer, const piece *p, const void *from) {
  ebb_device *device = buffer->device;
  unsigned char *sent = half_of(device, 0), *found = half_of(device, 1);
  cl_event events[2];
  if (from)
    memcpy(sent, from, p->rows * p->row_bytes);
  else
    memset(sent, 0, p->rows * p->row_bytes);
  found[0] = (unsigned char)~sent[0]; /* so that a read that does nothing fails the comparison */
  TRY(queue_write(&events[0], buffer, p));
  ebb_status queued = queue_read(&events[1], found, buffer, p);
  TRY(finish_both(device, "upload", p, events, queued, from != NULL));
  return compare_halves(device, p, "upload");
}

static ebb_status read_piece(void *to, const ebbi_buffer *buffer, const piece *p) {
  ebb_device *device = buffer->device;
  unsigned char *found = half_of(device, 0), *again = half_of(device, 1);
  cl_event events[2];
  found[0] = 0;
  again[0] = 0xff;
  TRY(queue_read(&events[0], found, buffer, p));
  ebb_status queued = queue_read(&events[1], again, buffer, p);
  TRY(finish_both(device, "download", p, events, queued, true));
  TRY(compare_halves(device, p, "download"));
  memcpy(to, found, p->rows * p->row_bytes);
  return EBB_OK;
}

/* Reads the whole of `of` into `to`, or, if `to` is NULL, writes the data at `from` there. Works on
 * several rows at a time, or on parts of a row that is longer than a piece. */
static ebb_status transfer(unsigned char *to, const ebbi_buffer *buffer, const unsigned char *from,
                           piece of) {
  TRY(require_memory(buffer->device, of.rows * of.row_bytes));
  bool is_dense = of.rows == 1 || of.stride == of.row_bytes;
  size_t length = is_dense ? of.rows * of.row_bytes : of.row_bytes, count = is_dense ? 1 : of.rows;
  size_t part = length < PIECE ? length : PIECE, at_once = part < length ? 1 : PIECE / part;
  for (size_t row = 0; row < count; row += at_once)
    for (size_t at = 0; at < length; at += part) {
      const piece p = {.at = of.at + row * of.stride + at,
                       .rows = count - row < at_once ? count - row : at_once,
                       .row_bytes = length - at < part ? length - at : part,
                       .stride = of.stride};
      size_t place = row * length + at;
      TRY(to ? read_piece(to + place, buffer, &p)
             : write_piece(buffer, &p, from ? from + place : NULL));
    }
  return EBB_OK;
}

ebb_status ebbi_buffer_write_zeros(ebbi_buffer *buffer) {
  return transfer(NULL, buffer, NULL, (piece){0, 1, buffer->size, buffer->size});
}

ebb_status ebbi_buffer_upload(ebbi_buffer *buffer, const void *values, size_t rows,
                              size_t row_bytes, size_t stride) {
  ebb_device *device = buffer->device;
  double start = ebbi_profiling_clock(device);
  device->counters.uploads++;
  device->counters.uploaded_bytes += rows * row_bytes;
  device->counters.waits++;
  TRY(transfer(NULL, buffer, values, (piece){0, rows, row_bytes, stride}));
  ebb_profile_phase(device, "upload", start);
  return EBB_OK;
}

ebb_status ebbi_buffer_download(void *values, const ebbi_buffer *buffer, size_t rows,
                                size_t row_bytes, size_t stride) {
  return ebbi_buffer_download_part(values, buffer, 0, rows, row_bytes, stride);
}

ebb_status ebbi_buffer_download_part(void *values, const ebbi_buffer *buffer, size_t from,
                                     size_t rows, size_t row_bytes, size_t stride) {
  ebb_device *device = buffer->device;
  double start = ebbi_profiling_clock(device);
  device->counters.downloads++;
  device->counters.downloaded_bytes += rows * row_bytes;
  device->counters.waits++;
  TRY(transfer(values, buffer, NULL, (piece){from, rows, row_bytes, stride}));
  ebb_profile_phase(device, "wait and download", start);
  return EBB_OK;
}
