/* Profiling: how long each command ran on the device, by the device's own clock.
 *
 * Between ebb_profile_begin and ebb_profile_end every launch and transfer is timed by an OpenCL
 * event. Events are read some thousand at a time, so a profiled run may wait where another does
 * not; a device that is not being profiled makes no event at all. Command buffers rest meanwhile.
 */
#ifndef EBB_PROFILE_H
#define EBB_PROFILE_H

#include <ebb/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All commands of one kind: a kernel with one shape, CLBlast's product with one shape, or all
 * uploads, downloads or copies. */
typedef struct ebb_profile_row {
  const char *name; /* "matmul_nn_cpu", "clblast_sgemm", "upload"; "other" beyond 255 kinds */
  size_t shape[3];  /* as in kernels/README.md: a product's rows, cols, depth; 0: no such size */
  uint64_t launches;
  double seconds;      /* in all; of CLBlast, which queues several kernels a call, from the end of
                        * what was queued before to the end of the call's last kernel */
  double flops, bytes; /* in all, by the formulas of kernels/README.md; 0: none or not known */
} ebb_profile_row;

/* wall = busy + idle + first_use, in seconds of the device's clock. */
typedef struct ebb_profile_totals {
  double wall; /* from ebb_profile_begin or _restart to _end, or to the last command timed so far */
  double busy; /* some command ran */
  double idle; /* none did */
  double first_use; /* none did, before the first command of its kind: drivers compile there */
  uint64_t commands;
  uint64_t traced, left_out; /* commands and host phases that the trace keeps; that had no room */
} ebb_profile_totals;

/* ebb_device_open, with a queue that times its commands: that is fixed when a queue is made.
 * Errors: as ebb_device_open. */
ebb_status ebb_device_open_profiled(ebb_device **out, const char *selector);

/* Begins to time, with an empty table and an empty trace that keeps the first `trace_limit`
 * commands (72 bytes each; 0: no trace) and as many host phases at most. Blocks.
 * Errors: EBB_ERR_UNSUPPORTED (the queue does not time: open the device by
 * ebb_device_open_profiled, or give ebb_device_open_opencl a queue that does), EBB_ERR_MEMORY. */
ebb_status ebb_profile_begin(ebb_device *device, size_t trace_limit);

/* Empties the table and goes on: for leaving out what comes before the steps. The trace keeps what
 * it has. Blocks.
 * Errors: EBB_ERR_ARGUMENT (not begun). */
ebb_status ebb_profile_restart(ebb_device *device);

/* Ends the timing. Table and trace stay until the next begin, or until the device is freed. Blocks.
 * Errors: EBB_ERR_ARGUMENT (not begun). */
ebb_status ebb_profile_end(ebb_device *device);

/* The table, the most time first: `count` rows, valid until the next call with this device; NULL
 * and 0 where nothing has been timed. */
const ebb_profile_row *ebb_profile_rows(size_t *count, ebb_device *device);
ebb_profile_totals ebb_profile_sums(const ebb_device *device);

/* Notes in the trace that the host has been busy with `name` from `start`, a time in seconds of
 * CLOCK_MONOTONIC, until now. Does nothing where no profile with a trace has been begun. Does not
 * block. */
void ebb_profile_phase(ebb_device *device, const char *name, double start);

/* Writes the trace, of a profile that has ended, as JSON in Chrome's trace-event format, which
 * Perfetto and chrome://tracing show: commands on one track, host phases on another. An old file
 * at `path` is replaced when the new one is complete.
 * Errors: EBB_ERR_ARGUMENT (no trace, or not ended), EBB_ERR_OUTPUT. */
ebb_status ebb_profile_write_trace(const ebb_device *device, const char *path);

#ifdef __cplusplus
}
#endif
#endif
