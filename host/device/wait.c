/* Waiting for the device, with a time limit.
 *
 * A blocking call of a hanging driver never returns. So commands are queued without blocking, and
 * the thread sleeps until the driver calls back at the command's end. It also polls now and then:
 * some drivers forget a callback, and a long queue is not a hang as long as its launches end.
 * Polling all the time was rejected, since on a CPU it would take a core from the work. So was
 * polling once a millisecond, the duration of a small network's epoch. A callback costs as much as
 * a blocking call.
 */
#include "base/clock.h"
#include "cl.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Seconds between polls, with a pending callback and without. */
static const double POLL = 0.05, POLL_OFTEN = 0.001;

/* Held by the device and by each pending callback, which may come late. */
struct ebbi_alarm {
  pthread_mutex_t lock;
  pthread_cond_t bell;
  bool rung, is_set; /* is_set: the command waited for last calls back, or has called back */
  unsigned holders;
  void *kept; /* freed with the alarm */
};

ebb_status ebbi_alarm_create(ebbi_alarm **out) {
  ebbi_alarm *alarm = calloc(1, sizeof *alarm);
  pthread_condattr_t attributes;
  REQUIRE(alarm, EBB_ERR_MEMORY, "ebb_device_open: no memory");
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&alarm->bell, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&alarm->lock, NULL);
  alarm->holders = 1;
  *out = alarm;
  return EBB_OK;
}

void ebbi_alarm_free(ebbi_alarm *alarm) {
  if (!alarm) return;
  pthread_mutex_lock(&alarm->lock);
  bool is_last = --alarm->holders == 0;
  pthread_mutex_unlock(&alarm->lock);
  if (!is_last) return;
  pthread_cond_destroy(&alarm->bell);
  pthread_mutex_destroy(&alarm->lock);
  free(alarm->kept);
  free(alarm);
}

void ebbi_alarm_keep(ebbi_alarm *alarm, void *memory) {
  pthread_mutex_lock(&alarm->lock);
  bool is_pending = alarm->holders > 1;
  if (is_pending) alarm->kept = memory;
  pthread_mutex_unlock(&alarm->lock);
  if (!is_pending && alarm->is_set) free(memory);
}

static void CL_CALLBACK ring(cl_event event, cl_int state, void *user) {
  ebbi_alarm *alarm = user;
  (void)event;
  (void)state;
  pthread_mutex_lock(&alarm->lock);
  alarm->rung = true;
  pthread_cond_signal(&alarm->bell);
  pthread_mutex_unlock(&alarm->lock);
  ebbi_alarm_free(alarm);
}

/* is_set stays false if the driver will not call back. */
static void set_alarm(ebbi_alarm *alarm, cl_event event) {
  pthread_mutex_lock(&alarm->lock);
  alarm->holders++;
  pthread_mutex_unlock(&alarm->lock);
  alarm->is_set = clSetEventCallback(event, CL_COMPLETE, ring, alarm) == CL_SUCCESS;
  if (!alarm->is_set) ebbi_alarm_free(alarm);
}

/* Sleeps for that long or until the alarm rings. Returns the time slept, at most slightly more than
 * requested: a process that was stopped has not been waiting. */
static double sleep_until_rung(ebbi_alarm *alarm, double seconds) {
  double start = ebbi_seconds(), end = start + seconds;
  struct timespec until = {.tv_sec = (time_t)end};
  until.tv_nsec = (long)(1e9 * (end - (double)until.tv_sec));
  pthread_mutex_lock(&alarm->lock);
  while (!alarm->rung && pthread_cond_timedwait(&alarm->bell, &alarm->lock, &until) != ETIMEDOUT) {
  }
  alarm->rung = false;
  pthread_mutex_unlock(&alarm->lock);
  double slept = ebbi_seconds() - start;
  return slept < 2 * seconds ? slept : 2 * seconds;
}

cl_int ebbi_event_state(cl_int *state, cl_event event) {
  *state = CL_QUEUED; /* in case the driver returns success without writing a state */
  return clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof *state, state, NULL);
}

/* After a failed call the command may still be running, and nothing that it uses can ever be freed,
 * unless its end can be awaited in another way. */
static ebb_status fail_call(ebb_device *device, cl_event event, const char *what, const char *call,
                            cl_int error) {
  char why[128];
  cl_int ended = clWaitForEvents(1, &event);
  if (ended == CL_SUCCESS || ended == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
    return ebbi_cl_fail(device, what, call, error);
  snprintf(why, sizeof why, "%s: %s failed: %s (%d)", what, call, ebbi_cl_error_name(error), error);
  return ebbi_device_lose(device, why);
}

static ebb_status read_state(cl_int *state, ebb_device *device, cl_event event, const char *what) {
  cl_int error = ebbi_event_state(state, event);
  return error == CL_SUCCESS ? EBB_OK : fail_call(device, event, what, "clGetEventInfo", error);
}

/* Sleeps once, then updates the state of the queue. */
static ebb_status wait_on(ebb_device *device, double *idle, const char *what) {
  const ebbi_watch *watch = &device->watch;
  double interval = watch->alarm->is_set ? POLL : POLL_OFTEN;
  char why[128];
  bool progress;
  if (watch->timeout > 0 && watch->timeout < interval) interval = watch->timeout;
  *idle += sleep_until_rung(watch->alarm, interval);
  cl_int error = ebbi_pulses_poll(device, &progress);
  if (progress) *idle = 0;
  ebbi_call_idle(device, *idle);
  if (error == CL_SUCCESS) return EBB_OK;
  snprintf(why, sizeof why, "%s: a launch before it failed: %s (%d)", what,
           ebbi_cl_error_name(error), error);
  return ebbi_device_lose(device, why);
}

static ebb_status give_up(ebb_device *device, const char *what, double idle) {
  char why[128];
  snprintf(why, sizeof why, "%s: no progress for %.3g s", what, idle);
  return ebbi_device_lose(device, why);
}

static ebb_status wait_for(ebb_device *device, cl_command_queue queue, cl_event event,
                           const char *what) {
  const double limit = device->watch.timeout;
  device->watch.alarm->is_set = false;
  cl_int state, error = queue ? clFlush(queue) : CL_SUCCESS;
  if (error != CL_SUCCESS) return fail_call(device, event, what, "clFlush", error);
  TRY(read_state(&state, device, event, what));
  if (state > CL_COMPLETE) set_alarm(device->watch.alarm, event);
  for (double idle = 0; state > CL_COMPLETE;) {
    if (limit > 0 && idle >= limit) return give_up(device, what, idle);
    TRY(wait_on(device, &idle, what));
    TRY(read_state(&state, device, event, what));
  }
  return state == CL_COMPLETE ? EBB_OK : ebbi_cl_fail(device, what, "the command", state);
}

ebb_status ebbi_wait(ebb_device *device, cl_command_queue queue, cl_event event, const char *what) {
  if (!ebbi_call_begin(device, what)) return ebbi_device_lost(device);
  ebb_status status = wait_for(device, queue, event, what);
  ebbi_call_end(device, CL_SUCCESS);
  return status;
}

ebb_status ebbi_wait_for_queue(ebb_device *device, cl_command_queue queue) {
  cl_event marker;
  if (!queue) return EBB_OK;
  cl_int error = CALL_CL(device, clEnqueueMarkerWithWaitList, queue, 0, NULL, &marker);
  if (error != CL_SUCCESS) { /* the caller is about to free what the commands use */
    (void)CALL_CL(device, clFinish, queue);
    return ebbi_cl_fail(device, device->info.name, "clEnqueueMarkerWithWaitList", error);
  }
  ebb_status status = ebbi_wait(device, queue, marker, "wait for the queue");
  (void)CALL_CL(device, clReleaseEvent, marker);
  return status;
}
