/* Staged uploads: pinned host memory, a second queue, and the events that order the two queues.
 *
 * An upload begins when the launches that read the buffers' old contents are done, as signalled by
 * an event on the device. It is read back right after, and the host compares before it queues
 * launches that use it: a flipped bit would give another model, and in a label an index out of
 * bounds. Uploads are sent one block ahead (double buffering), so launches on the previous block
 * keep the device busy. A failed upload shows at the comparison, or in ebbi_staging_wait, as the
 * event's status. A second thread with blocking uploads was rejected: a device belongs to one
 * thread. Staging memory is host memory and not in the device's account.
 */
#include "cl.h"

#include "base/size.h"
#include <stdlib.h>
#include <string.h>

struct ebbi_staging {
  ebb_device *device;
  ebbi_buffer *to[EBBI_STAGED];
  void *parts[EBBI_STAGED];      /* of the memory */
  cl_mem pinned;                 /* NULL: the memory comes from malloc */
  void *memory;                  /* mapped, or from malloc */
  cl_event arrived[EBBI_STAGED]; /* end of the upload; NULL: nothing to wait for */
  unsigned char *back;           /* the memory's second half: the data read back */
  size_t sent[EBBI_STAGED];      /* bytes */
  cl_event checked;              /* end of reading back; NULL: nothing to compare */
  cl_event left;                 /* end of the launches that read the buffers; NULL: none */
};

static const char where[] = "staging";

static ebb_status require_queue(ebb_device *device) {
  cl_command_queue_properties properties = 0;
  if (device->upload_queue) return EBB_OK;
  TRY_CL(device, where, clGetCommandQueueInfo, device->queue, CL_QUEUE_PROPERTIES,
         sizeof properties, &properties, NULL);
  properties &= CL_QUEUE_PROFILING_ENABLE; /* both queues are timed, or neither */
  TRY_MAKE(device->upload_queue, device, where, clCreateCommandQueue, device->context, device->id,
           properties);
  return EBB_OK;
}

/* Unmaps mapped memory, which is released with its object. */
static void unpin_memory(ebbi_staging *staging) {
  ebb_device *device = staging->device;
  if (staging->pinned && staging->memory)
    (void)CALL_CL(device, clEnqueueUnmapMemObject, device->upload_queue, staging->pinned,
                  staging->memory, 0, NULL, NULL);
  if (staging->pinned) (void)CALL_CL(device, clReleaseMemObject, staging->pinned);
  staging->pinned = NULL;
  staging->memory = NULL;
}

static ebb_status pin_memory(ebbi_staging *staging, size_t bytes) {
  ebb_device *device = staging->device;
  cl_event event;
  TRY_MAKE(staging->pinned, device, where, clCreateBuffer, device->context,
           CL_MEM_READ_ONLY | CL_MEM_ALLOC_HOST_PTR, bytes, NULL);
  TRY_MAKE(staging->memory, device, where, clEnqueueMapBuffer, device->upload_queue,
           staging->pinned, CL_FALSE, CL_MAP_READ | CL_MAP_WRITE, 0, bytes, 0, NULL, &event);
  ebb_status status = ebbi_wait(device, device->upload_queue, event, "map of staging memory");
  (void)CALL_CL(device, clReleaseEvent, event);
  return status;
}

/* Pinned memory. Without it plain memory works as well, only more slowly. */
static ebb_status make_memory(ebbi_staging *staging, size_t bytes) {
  ebb_device *device = staging->device;
  if (pin_memory(staging, bytes) == EBB_OK) return EBB_OK;
  if (ebbi_device_is_lost(device)) return ebbi_device_lost(device);
  unpin_memory(staging);
  staging->memory = malloc(bytes);
  REQUIRE(staging->memory, EBB_ERR_MEMORY, "%s: no host memory for %zu bytes", where, bytes);
  return EBB_OK;
}

static ebb_status build(ebbi_staging *staging) {
  size_t bytes = 0, offsets[EBBI_STAGED];
  for (size_t i = 0; i < EBBI_STAGED; i++) {
    offsets[i] = bytes;
    REQUIRE(staging->to[i]->size < SIZE_MAX / 8 &&
                ebbi_size_add(&bytes, bytes, ebbi_round_up(staging->to[i]->size, 128)),
            EBB_ERR_MEMORY, "%s: its size overflows", where);
  }
  TRY(require_queue(staging->device));
  TRY(make_memory(staging, 2 * bytes));
  staging->back = (unsigned char *)staging->memory + bytes;
  for (size_t i = 0; i < EBBI_STAGED; i++)
    staging->parts[i] = (unsigned char *)staging->memory + offsets[i];
  return EBB_OK;
}

ebb_status ebbi_staging_create(ebbi_staging **out, ebbi_buffer *const to[EBBI_STAGED]) {
  ebbi_staging *staging = calloc(1, sizeof *staging);
  REQUIRE(staging, EBB_ERR_MEMORY, "%s: no host memory", where);
  staging->device = to[0]->device;
  for (size_t i = 0; i < EBBI_STAGED; i++) staging->to[i] = to[i];
  ebb_status status = build(staging);
  if (status != EBB_OK) {
    ebbi_staging_free(staging);
    return status;
  }
  *out = staging;
  return EBB_OK;
}

static void forget(ebb_device *device, cl_event *event) {
  if (*event) (void)CALL_CL(device, clReleaseEvent, *event);
  *event = NULL;
}

/* A lost device's memory is leaked: the driver may be reading it. */
void ebbi_staging_free(ebbi_staging *staging) {
  if (!staging) return;
  ebb_device *device = staging->device;
  (void)ebbi_wait_for_queue(device, device->upload_queue);
  for (size_t i = 0; i < EBBI_STAGED; i++) forget(device, &staging->arrived[i]);
  forget(device, &staging->left);
  forget(device, &staging->checked);
  if (staging->pinned)
    unpin_memory(staging);
  else if (!ebbi_device_is_lost(device))
    free(staging->memory);
  free(staging);
}

static ebb_status wait_for(ebb_device *device, cl_event event) {
  static const char what[] = "upload";
  cl_int state;
  if (ebbi_event_state(&state, event) != CL_SUCCESS)
    state = CL_QUEUED; /* waiting queries the state
                        * again */
  if (state == CL_COMPLETE) return EBB_OK;
  device->counters.waits++;
  return state < 0 ? ebbi_cl_fail(device, what, "clEnqueueWriteBuffer", state)
                   : ebbi_wait(device, NULL, event, what);
}

ebb_status ebbi_staging_wait(ebbi_staging *staging) {
  ebb_status first = EBB_OK;
  for (size_t i = 0; i < EBBI_STAGED; i++) {
    ebb_status status =
        staging->arrived[i] ? wait_for(staging->device, staging->arrived[i]) : EBB_OK;
    forget(staging->device, &staging->arrived[i]);
    if (first == EBB_OK) first = status;
  }
  return first;
}

/* Where a part was read back to. */
static unsigned char *back_of(const ebbi_staging *staging, size_t part) {
  size_t offset = (size_t)((char *)staging->parts[part] - (char *)staging->memory);
  return staging->back + offset;
}

static ebb_status queue_reads(ebbi_staging *staging) {
  ebb_device *device = staging->device;
  for (size_t i = 0; i < EBBI_STAGED; i++) {
    back_of(staging, i)[0] = (unsigned char)~((unsigned char *)staging->parts[i])[0];
    TRY_CL(device, "check of an upload", clEnqueueReadBuffer, device->upload_queue,
           staging->to[i]->memory, CL_FALSE, 0, staging->sent[i], back_of(staging, i), 0, NULL,
           i + 1 == EBBI_STAGED ? &staging->checked : NULL);
  }
  return EBB_OK;
}

/* Compares the uploads, once they have arrived, with what was sent. */
static ebb_status compare(ebbi_staging *staging) {
  if (!staging->checked) return EBB_OK;
  ebb_status status = wait_for(staging->device, staging->checked);
  forget(staging->device, &staging->checked);
  TRY(status);
  for (size_t i = 0; i < EBBI_STAGED; i++)
    REQUIRE(memcmp(staging->parts[i], back_of(staging, i), staging->sent[i]) == 0, EBB_ERR_DEVICE,
            "upload: a block of %zu bytes differs when it is read back; the device's memory, its "
            "bus or its driver is at fault: run `ebb verify`, and use another device",
            staging->sent[i]);
  return EBB_OK;
}

ebb_status ebbi_staging_fill(void *memory[EBBI_STAGED], ebbi_staging *staging) {
  TRY(ebbi_staging_wait(staging));
  TRY(compare(staging));
  for (size_t i = 0; i < EBBI_STAGED; i++) memory[i] = staging->parts[i];
  return EBB_OK;
}

/* Adds the uploads to a profile; it releases the events passed to it. */
static ebb_status profile(ebbi_staging *staging, const size_t bytes[EBBI_STAGED]) {
  ebb_device *device = staging->device;
  for (size_t i = 0; i < EBBI_STAGED && device->timing; i++) {
    const ebbi_work work = {.bytes = (double)bytes[i]};
    TRY_CL(device, where, clRetainEvent, staging->arrived[i]);
    TRY(ebbi_profiling_add(device, "upload of a block", &work, NULL, staging->arrived[i]));
  }
  return EBB_OK;
}

ebb_status ebbi_staging_send(ebbi_staging *staging, const size_t bytes[EBBI_STAGED]) {
  ebb_device *device = staging->device;
  for (size_t i = 0; i < EBBI_STAGED; i++) {
    bool after = i == 0 && staging->left; /* the queue is in order: the first upload waits for
                                           * all */
    REQUIRE(bytes[i] <= staging->to[i]->size, EBB_ERR_ARGUMENT, "%s: %zu bytes for a buffer of %zu",
            where, bytes[i], staging->to[i]->size);
    TRY_CL(device, "upload", clEnqueueWriteBuffer, device->upload_queue, staging->to[i]->memory,
           CL_FALSE, 0, bytes[i], staging->parts[i], after, after ? &staging->left : NULL,
           &staging->arrived[i]);
    device->counters.uploads++;
    device->counters.uploaded_bytes += bytes[i];
    staging->sent[i] = bytes[i];
  }
  TRY(queue_reads(staging));
  TRY_CL(device, "upload", clFlush, device->upload_queue);
  return profile(staging, bytes);
}

ebb_status ebbi_staging_enter(ebbi_staging *staging) {
  TRY(ebbi_staging_wait(staging));
  return compare(staging);
}

ebb_status ebbi_staging_leave(ebbi_staging *staging) {
  ebb_device *device = staging->device;
  forget(device, &staging->left);
  TRY_CL(device, where, clEnqueueMarkerWithWaitList, device->queue, 0, NULL, &staging->left);
  return ebbi_device_flush(device); /* so that an upload waiting for the event can start at once */
}
