/* Calls of the driver, and what is known of them: which one is under way since when, the launches
 * that were queued last, whether the device still gets on with its work. Included by cl.h. */
#ifndef EBBI_WATCH_H
#define EBBI_WATCH_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <ebb/device.h>
#include <stdatomic.h>

/* Wakes a waiting thread when an event ends: wait.c. */
typedef struct ebbi_alarm ebbi_alarm;

/* A launch whose end shows that the device makes progress. */
typedef struct ebbi_pulse {
  cl_event event;
  uint64_t launch; /* its number, from 1 */
} ebbi_pulse;

enum { EBBI_RECENT = 8, EBBI_PULSES = 64 };

/* What the thread that uses the device writes and another may read is atomic: one value at a time,
 * so the reader may find names that do not quite belong together. */
typedef struct ebbi_watch {
  double timeout;         /* seconds without progress; 0: no limit */
  char lost[800];         /* the message of a lost device; "": it is not */
  ebbi_alarm *alarm;      /* NULL: there has been no wait */
  _Atomic(int64_t) since; /* nanoseconds; 0: in no call */
  _Atomic(const char *) call;
  struct {
    _Atomic(const char *) kernel;
    atomic_uint times; /* in a row */
  } recent[EBBI_RECENT];
  atomic_uint newest; /* place in `recent`, modulo its length */
  ebbi_pulse pulses[EBBI_PULSES];
  size_t pulse_count;
  uint64_t pulse_gap, next_pulse, done; /* launches between; the next with one; known to be done */
} ebbi_watch;

/* Calls the driver for `device`, unless the device is lost: then nothing is called, and the result
 * is EBBI_LOST. */
#define EBBI_LOST (-9999)
#define CALL_CL(device, call, ...)                                                                 \
  (ebbi_call_begin(device, #call) ? ebbi_call_end(device, call(__VA_ARGS__)) : EBBI_LOST)

bool ebbi_call_begin(ebb_device *device, const char *call);
cl_int ebbi_call_end(ebb_device *device, cl_int error);

/* Calls the driver and fails with the call's name and OpenCL's error if there is one. */
#define TRY_CL(device, where, call, ...)                                                           \
  do {                                                                                             \
    cl_int try_error = CALL_CL(device, call, __VA_ARGS__);                                         \
    if (try_error != CL_SUCCESS) return ebbi_cl_fail(device, where, #call, try_error);             \
  } while (0)

/* The same for a call that returns an object and whose last argument is for the error. On failure
 * `object` is NULL. */
#define TRY_MAKE(object, device, where, call, ...)                                                 \
  do {                                                                                             \
    cl_int try_error = EBBI_LOST;                                                                  \
    object = ebbi_call_begin(device, #call) ? call(__VA_ARGS__, &try_error) : NULL;                \
    ebbi_call_end(device, try_error);                                                              \
    if (try_error != CL_SUCCESS) object = NULL;                                                    \
    if (!object) return ebbi_cl_fail(device, where, #call, try_error);                             \
  } while (0)

/* The failure of a call; that of a lost device is why it was lost. */
ebb_status ebbi_cl_fail(const ebb_device *device, const char *where, const char *call,
                        cl_int error);

/* Whether nothing is to be had from the device any more: it hangs, or this process is a fork of the
 * one that opened it. Then the driver's objects are left to the driver. */
bool ebbi_device_is_lost(const ebb_device *device);
ebb_status ebbi_device_lost(const ebb_device *device);

/* From now on nothing is to be had from the device; `why` begins the message. */
ebb_status ebbi_device_lose(ebb_device *device, const char *why);

ebb_status ebbi_watch_begin(ebb_device *device);
void ebbi_watch_end(ebb_device *device);

/* ---- launches ---- */

/* Counts and names a launch, before the call that queues it, in which a driver may hang. */
void ebbi_launch_note(ebb_device *device, const char *kernel);

/* What the call of the launches noted last is to be given for its event: `event`, or NULL where
 * nobody wants one; *event is NULL then and before the call. */
cl_event *ebbi_launch_event(ebb_device *device, cl_event *event);

/* Takes the event for a sign of progress, if it is time for one. The caller keeps its reference. */
void ebbi_pulse_add(ebb_device *device, cl_event event);

/* Forgets the pulses that have ended. *progress: there were some. Returns the error of one that
 * failed, or CL_SUCCESS. */
cl_int ebbi_pulse_look(ebb_device *device, bool *progress);

/* ---- waiting ---- */

/* Flushes the queue, unless it is NULL, and blocks until the command in it has ended; `what` is for
 * messages, a literal. Gives up when the device has made no progress for the time limit: it is lost
 * then, and what the command reads and writes must never be freed.
 * Errors: EBB_ERR_DEVICE, EBB_ERR_MEMORY (the command's). */
ebb_status ebbi_wait(ebb_device *device, cl_command_queue queue, cl_event event, const char *what);

/* Blocks until all of the queue's commands have ended; a queue that is NULL has none. */
ebb_status ebbi_wait_for_queue(ebb_device *device, cl_command_queue queue);

/* Tells other threads that the wait that is under way has been without progress for so long. */
void ebbi_call_idle(ebb_device *device, double seconds);

/* CL_COMPLETE, more while the command is under way, less if it failed; returns the query's error.
 */
cl_int ebbi_event_state(cl_int *state, cl_event event);

ebb_status ebbi_alarm_create(ebbi_alarm **out);
void ebbi_alarm_free(ebbi_alarm *alarm);

/* Memory of a command that a wait has given up: it is freed when the driver calls back after all,
 * and else never. */
void ebbi_alarm_keep(ebbi_alarm *alarm, void *memory);

/* ---- the process ---- */

/* Drivers are not to be trusted when two threads look for devices, open or close them at once: that
 * is done under one lock. It cannot be had in a fork of a process that has used OpenCL already.
 * Errors: EBB_ERR_DEVICE. */
ebb_status ebbi_driver_lock(void);
void ebbi_driver_unlock(void);

/* Whether this process is a fork of one that has used OpenCL. */
bool ebbi_is_fork(void);

#endif
