/* Calls of the driver, and what is known about them: the call in progress and its start, the
 * launches queued last, and whether the device makes progress. Included by cl.h. */
#ifndef EBBI_WATCH_H
#define EBBI_WATCH_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <ebb/device.h>
#include <stdatomic.h>

/* Wakes a waiting thread when an event ends: wait.c. */
typedef struct ebbi_alarm ebbi_alarm;

/* A launch whose end shows progress of the device. */
typedef struct ebbi_pulse {
  cl_event event;
  uint64_t launch; /* its number, from 1 */
} ebbi_pulse;

enum { EBBI_RECENT = 8, EBBI_PULSES = 64 };

/* Fields written by the device's thread and read by others are atomic, one value at a time, so a
 * reader may see names that do not quite belong together. */
typedef struct ebbi_watch {
  double timeout;         /* seconds without progress; 0: no limit */
  char lost[800];         /* message of a lost device; "": not lost */
  ebbi_alarm *alarm;      /* NULL: nothing has been waited for */
  _Atomic(int64_t) since; /* nanoseconds; 0: in no call */
  _Atomic(const char *) call;
  struct {
    _Atomic(const char *) kernel;
    atomic_uint times; /* consecutive launches */
  } recent[EBBI_RECENT];
  atomic_uint newest; /* index into `recent`, modulo its length */
  ebbi_pulse pulses[EBBI_PULSES];
  size_t pulse_count;
  uint64_t pulse_gap, next_pulse, done; /* launches between pulses; next launch with a pulse;
                                         * launches known to be done */
} ebbi_watch;

/* Calls the driver for `device`. For a lost device nothing is called and the result is
 * EBBI_LOST. */
#define EBBI_LOST (-9999)
#define CALL_CL(device, call, ...)                                                                 \
  (ebbi_call_begin(device, #call) ? ebbi_call_end(device, call(__VA_ARGS__)) : EBBI_LOST)

bool ebbi_call_begin(ebb_device *device, const char *call);
cl_int ebbi_call_end(ebb_device *device, cl_int error);

/* Calls the driver. If that fails, returns an error with the call's name and OpenCL's error. */
#define TRY_CL(device, where, call, ...)                                                           \
  do {                                                                                             \
    cl_int try_error = CALL_CL(device, call, __VA_ARGS__);                                         \
    if (try_error != CL_SUCCESS) return ebbi_cl_fail(device, where, #call, try_error);             \
  } while (0)

/* The same for a call that returns an object and takes the address of the error as its last
 * argument. On failure `object` is NULL. */
#define TRY_MAKE(object, device, where, call, ...)                                                 \
  do {                                                                                             \
    cl_int try_error = EBBI_LOST;                                                                  \
    object = ebbi_call_begin(device, #call) ? call(__VA_ARGS__, &try_error) : NULL;                \
    ebbi_call_end(device, try_error);                                                              \
    if (try_error != CL_SUCCESS) object = NULL;                                                    \
    if (!object) return ebbi_cl_fail(device, where, #call, try_error);                             \
  } while (0)

/* Returns the error of a failed call; for a lost device, the reason why it was lost. */
ebb_status ebbi_cl_fail(const ebb_device *device, const char *where, const char *call,
                        cl_int error);

/* Returns true if the device can no longer be used: it hangs, or this process is a fork of the
 * process that opened it. The driver's objects are then leaked. */
bool ebbi_device_is_lost(const ebb_device *device);
ebb_status ebbi_device_lost(const ebb_device *device);

/* Marks the device as lost; `why` begins the message. */
ebb_status ebbi_device_lose(ebb_device *device, const char *why);

ebb_status ebbi_watch_begin(ebb_device *device);
void ebbi_watch_end(ebb_device *device);

/* ---- launches ---- */

/* Counts and names a launch. Call it before the call that queues the launch, in which a driver may
 * hang. */
void ebbi_launch_note(ebb_device *device, const char *kernel);

/* The event argument for the call that queues the launches noted last: `event`, or NULL if nobody
 * needs it. *event is NULL then and before the call. */
cl_event *ebbi_launch_event(ebb_device *device, cl_event *event);

/* Uses the event as a pulse if one is due. The caller keeps its reference. */
void ebbi_pulse_add(ebb_device *device, cl_event event);

/* Drops pulses that have ended; *progress says whether there were any. Returns the error of a
 * failed pulse, or CL_SUCCESS. */
cl_int ebbi_pulses_poll(ebb_device *device, bool *progress);

/* ---- waiting ---- */

/* Flushes the queue, unless it is NULL, and blocks until the command in it has ended; `what`, a
 * literal, is for messages. Gives up when the device has made no progress within the time limit.
 * The device is then lost, and memory that the command reads or writes must never be freed.
 * Errors: EBB_ERR_DEVICE, EBB_ERR_MEMORY (the command's). */
ebb_status ebbi_wait(ebb_device *device, cl_command_queue queue, cl_event event, const char *what);

/* Blocks until all commands of the queue have ended; NULL is an empty queue. */
ebb_status ebbi_wait_for_queue(ebb_device *device, cl_command_queue queue);

/* Publishes for other threads how long the current wait has been without progress. */
void ebbi_call_idle(ebb_device *device, double seconds);

/* CL_COMPLETE, above it while the command is running, below it if it failed. Returns the query's
 * error. */
cl_int ebbi_event_state(cl_int *state, cl_event event);

ebb_status ebbi_alarm_create(ebbi_alarm **out);
void ebbi_alarm_free(ebbi_alarm *alarm);

/* Memory used by a command whose wait was given up: freed if the driver has called back or does so
 * later, otherwise never. */
void ebbi_alarm_keep(ebbi_alarm *alarm, void *memory);

/* ---- the process ---- */

/* Serialises discovery, opening and closing of devices, during which drivers are not thread-safe.
 * Fails in a fork of a process that has used OpenCL.
 * Errors: EBB_ERR_DEVICE. */
ebb_status ebbi_driver_lock(void);
void ebbi_driver_unlock(void);

/* Returns true if this process is a fork of one that has used OpenCL. */
bool ebbi_is_fork(void);

#endif
