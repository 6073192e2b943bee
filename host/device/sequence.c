/* Recorded sequences: launches with their arguments set, queued again and again.
 *
 * A training step is recorded once; running it is a loop of enqueues. CLBlast has no kernel object
 * to keep, so its calls are recorded as their arguments. Command buffers would do the same where a
 * driver has them; on PoCL they gain nothing.
 */
#include "cl.h"

#include <stdlib.h>

typedef struct entry {
  ebbi_kernel_id id;
  cl_kernel kernel; /* NULL: the CLBlast call `gemm` */
  size_t global[2], local[2];
  ebbi_gemm gemm;
} entry;

struct ebbi_sequence {
  ebb_device *device;
  entry *entries;
  size_t count, capacity;
};

ebb_status ebbi_sequence_begin(ebbi_sequence **out, ebb_device *device) {
  REQUIRE(!device->recording, EBB_ERR_ARGUMENT, "recording: one is under way already");
  ebbi_sequence *sequence = calloc(1, sizeof *sequence);
  REQUIRE(sequence, EBB_ERR_MEMORY, "recording: no memory");
  sequence->device = device;
  device->recording = sequence;
  *out = sequence;
  return EBB_OK;
}

void ebbi_sequence_end(ebbi_sequence *sequence) {
  if (sequence->device->recording == sequence) sequence->device->recording = NULL;
}

static ebb_status add(ebbi_sequence *sequence, const entry *new_entry) {
  if (sequence->count == sequence->capacity) {
    size_t capacity = sequence->capacity ? 2 * sequence->capacity : 16;
    entry *larger = realloc(sequence->entries, capacity * sizeof *larger);
    REQUIRE(larger, EBB_ERR_MEMORY, "recording: no memory for %zu launches", capacity);
    sequence->entries = larger;
    sequence->capacity = capacity;
  }
  sequence->entries[sequence->count++] = *new_entry;
  return EBB_OK;
}

ebb_status ebbi_sequence_add_kernel(ebbi_sequence *sequence, ebbi_kernel_id id, cl_kernel kernel,
                                    const size_t global[2], const size_t local[2]) {
  entry e = {
      .id = id, .kernel = kernel, .global = {global[0], global[1]}, .local = {local[0], local[1]}};
  return add(sequence, &e);
}

ebb_status ebbi_sequence_add_gemm(ebbi_sequence *sequence, const ebbi_gemm *gemm) {
  entry e = {.gemm = *gemm};
  return add(sequence, &e);
}

ebb_status ebbi_sequence_run(const ebbi_sequence *sequence) {
  REQUIRE(!sequence->device->recording, EBB_ERR_ARGUMENT,
          "recording: a recorded sequence cannot run while another is being recorded");
  for (size_t i = 0; i < sequence->count; i++) {
    const entry *e = &sequence->entries[i];
    if (e->kernel)
      TRY(ebbi_enqueue(sequence->device, e->id, e->kernel, e->global, e->local));
    else
      TRY(ebbi_clblast_run(sequence->device, &e->gemm));
  }
  return EBB_OK;
}

size_t ebbi_sequence_launches(const ebbi_sequence *sequence) {
  return sequence->count;
}

void ebbi_sequence_free(ebbi_sequence *sequence) {
  if (!sequence) return;
  ebbi_sequence_end(sequence);
  for (size_t i = 0; i < sequence->count; i++)
    if (sequence->entries[i].kernel) clReleaseKernel(sequence->entries[i].kernel);
  free(sequence->entries);
  free(sequence);
}
