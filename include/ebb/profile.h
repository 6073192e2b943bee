/* Profiling: the time that each command takes on the device, by the device's own clock.
 *
 * Between ebb_profile_begin and ebb_profile_end every launch and transfer is timed by an OpenCL
 * event. Events are read in batches of some thousands, so a profiled run may wait where another run
 * does not. A device that is not being profiled creates no events. Command buffers are not used
 * while profiling.
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
  size_t shape[3];  /* as in kernels/README.md: rows, cols, depth of a product; 0: no such size */
  uint64_t launches;
  double seconds;      /* total. CLBlast queues several kernels a call: its time runs from the end
                        * of the previous command to the end of its last kernel */
  double flops, bytes; /* total, by the formulas of kernels/README.md; 0: none, or unknown */
} ebb_profile_row;

/* wall = busy + idle + first_use, in seconds of the device's clock. */
typedef struct ebb_profile_totals {
  double wall;      /* from ebb_profile_begin or _restart to _end, or to the last timed command */
  double busy;      /* a command was running */
  double idle;      /* no command was running */
  double first_use; /* no command was running before the first command of a kind: drivers compile
                     * there */
  uint64_t commands;
  uint64_t traced, left_out; /* commands and host phases in the trace, and those it had no room
                              * for */
} ebb_profile_totals;

/* Opens a device as ebb_device_open does, with a queue that times its commands. This property
 * cannot be changed later.
 * Errors: as ebb_device_open. */
ebb_status ebb_device_open_profiled(ebb_device **out, const char *selector);

/* Starts timing with an empty table and an empty trace. The trace keeps the first `trace_limit`
 * commands (72 bytes each; 0: no trace) and as many host phases. Blocks.
 * Errors: EBB_ERR_UNSUPPORTED (the queue does not time commands: open the device with
 * ebb_device_open_profiled, or give ebb_device_open_opencl a queue that does), EBB_ERR_MEMORY. */
ebb_status ebb_profile_begin(ebb_device *device, size_t trace_limit);

/* Empties the table and continues, to exclude everything before the steps. The trace is kept.
 * Blocks.
 * Errors: EBB_ERR_ARGUMENT (not begun). */
ebb_status ebb_profile_restart(ebb_device *device);

/* Stops timing. Table and trace stay until the next begin, or until the device is freed. Blocks.
 * Errors: EBB_ERR_ARGUMENT (not begun). */
ebb_status ebb_profile_end(ebb_device *device);

/* The table, sorted by time, longest first: `count` rows, valid until the next call with this
 * device; NULL and 0 if nothing has been timed. */
const ebb_profile_row *ebb_profile_rows(size_t *count, ebb_device *device);
ebb_profile_totals ebb_profile_sums(const ebb_device *device);

/* Records in the trace that the host was busy with `name` from `start` (seconds of CLOCK_MONOTONIC)
 * until now. Does nothing without a trace. Does not block. */
void ebb_profile_phase(ebb_device *device, const char *name, double start);

/* Writes the trace of a finished profile as JSON in Chrome's trace-event format, for Perfetto and
 * chrome://tracing: commands on one track, host phases on another. A file at `path` is replaced
 * when the new one is complete.
 * Errors: EBB_ERR_ARGUMENT (no trace, or not ended), EBB_ERR_OUTPUT. */
ebb_status ebb_profile_write_trace(const ebb_device *device, const char *path);

#ifdef __cplusplus
}
#endif
#endif
