/* Recorded sequences: launches with their arguments set, to be queued again and again.
 *
 * A training step is recorded once. Running it is a loop of enqueue calls, or a single call if the
 * device has command buffers: the driver already knows all launches and submits them at once. The
 * loop always works. It is used if the sequence has a CLBlast call, which has no kernel object to
 * record, if a driver refuses a launch, and while the device is profiled, since a command buffer
 * has only one event for all its launches. Both queue the same kernels in the same order, so
 * results agree bit for bit.
 */
#include "cl.h"

#include <stdlib.h>

struct ebbi_sequence {
  ebb_device *device;
  ebbi_entry *entries;
  size_t count, capacity;
  ebbi_command_buffer buffer; /* of all entries; NULL: they are queued one by one */
};

ebb_status ebbi_sequence_begin(ebbi_sequence **out, ebb_device *device) {
  REQUIRE(!device->recording, EBB_ERR_ARGUMENT, "recording: another one is in progress");
  ebbi_sequence *sequence = calloc(1, sizeof *sequence);
  REQUIRE(sequence, EBB_ERR_MEMORY, "recording: no memory");
  sequence->device = device;
  device->recording = sequence;
  *out = sequence;
  return EBB_OK;
}

static ebb_status make(ebbi_command_buffer *out, ebb_device *device, const cl_command_queue *queue,
                       const cl_ulong *properties) {
  TRY_MAKE(*out, device, "recording", device->command_calls.create, 1, queue, properties);
  return EBB_OK;
}

/* Records all entries as one command buffer. Returns false if one of them cannot be in it. The
 * buffer may be queued again while it is running. */
static bool record(ebbi_command_buffer *out, const ebbi_sequence *sequence) {
  enum { COMMAND_BUFFER_FLAGS = 0x1293, SIMULTANEOUS_USE = 1 };
  const cl_ulong properties[] = {COMMAND_BUFFER_FLAGS, SIMULTANEOUS_USE, 0};
  ebb_device *device = sequence->device;
  const ebbi_command_calls *calls = &device->command_calls;
  cl_command_queue queue = device->queue;
  if (make(out, device, &queue, properties) != EBB_OK) return false;
  for (size_t i = 0; i < sequence->count; i++) {
    const ebbi_entry *e = &sequence->entries[i];
    if (!e->kernel || CALL_CL(device, calls->launch, *out, NULL, NULL, e->kernel, 2, NULL,
                              e->global, e->local, 0, NULL, NULL, NULL) != CL_SUCCESS)
      return false;
  }
  return CALL_CL(device, calls->finalize, *out) == CL_SUCCESS;
}

/* A single launch gains nothing. */
static void make_buffer(ebbi_sequence *sequence) {
  ebb_device *device = sequence->device;
  if (!device->command_calls.create || sequence->count < 2) return;
  bool recorded = record(&sequence->buffer, sequence);
  if (recorded || !sequence->buffer) return;
  (void)CALL_CL(device, device->command_calls.release, sequence->buffer);
  sequence->buffer = NULL;
}

void ebbi_sequence_end(ebbi_sequence *sequence) {
  if (sequence->device->recording != sequence) return;
  sequence->device->recording = NULL;
  make_buffer(sequence);
}

ebb_status ebbi_sequence_add(ebbi_sequence *sequence, const ebbi_entry *entry) {
  if (sequence->count == sequence->capacity) {
    size_t capacity = sequence->capacity ? 2 * sequence->capacity : 16;
    ebbi_entry *larger = realloc(sequence->entries, capacity * sizeof *larger);
    REQUIRE(larger, EBB_ERR_MEMORY, "recording: no memory for %zu launches", capacity);
    sequence->entries = larger;
    sequence->capacity = capacity;
  }
  sequence->entries[sequence->count++] = *entry;
  return EBB_OK;
}

static ebb_status run_buffer(const ebbi_sequence *sequence) {
  ebb_device *device = sequence->device;
  cl_event event;
  for (size_t i = 0; i < sequence->count; i++)
    ebbi_launch_note(device, ebbi_kernel_name(sequence->entries[i].id));
  TRY_CL(device, ebbi_kernel_name(sequence->entries[0].id), device->command_calls.enqueue, 0, NULL,
         sequence->buffer, 0, NULL, ebbi_launch_event(device, &event));
  ebbi_pulse_add(device, event);
  if (event) (void)CALL_CL(device, clReleaseEvent, event);
  return EBB_OK;
}

ebb_status ebbi_sequence_run(const ebbi_sequence *sequence) {
  ebb_device *device = sequence->device;
  REQUIRE(!device->recording, EBB_ERR_ARGUMENT,
          "recording: a recorded sequence cannot run while another is being recorded");
  if (sequence->buffer && !device->timing) return run_buffer(sequence);
  for (size_t i = 0; i < sequence->count; i++) {
    const ebbi_entry *e = &sequence->entries[i];
    TRY(e->kernel ? ebbi_enqueue(device, e) : ebbi_clblast_run(device, &e->gemm));
  }
  return EBB_OK;
}

bool ebbi_sequence_is_buffered(const ebbi_sequence *sequence) {
  return sequence->buffer != NULL;
}

size_t ebbi_sequence_launches(const ebbi_sequence *sequence) {
  return sequence->count;
}

void ebbi_sequence_free(ebbi_sequence *sequence) {
  if (!sequence) return;
  ebb_device *device = sequence->device;
  if (device->recording == sequence) device->recording = NULL;
  if (sequence->buffer) (void)CALL_CL(device, device->command_calls.release, sequence->buffer);
  for (size_t i = 0; i < sequence->count; i++)
    if (sequence->entries[i].kernel)
      (void)CALL_CL(device, clReleaseKernel, sequence->entries[i].kernel);
  free(sequence->entries);
  free(sequence);
}
