/* Records which driver call is in progress, since when, and after which launches; and marks devices
 * as lost.
 *
 * A hanging driver reports nothing. So each call is recorded where another thread can read it,
 * together with the names of the launches: the last one queued is the most likely to hang. If a
 * wait is given up, the device is lost for good. Its driver may still be at work, so nothing is
 * called, and nothing that the driver may hold is released or freed. OpenCL 1.2 has no way to reset
 * a device.
 */
#include "base/clock.h"
#include "cl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_GAP = 16 };
static const double DEFAULT_TIMEOUT = 120;

ebb_status ebbi_watch_begin(ebb_device *device) {
  device->watch =
      (ebbi_watch){.timeout = DEFAULT_TIMEOUT, .pulse_gap = FIRST_GAP, .next_pulse = FIRST_GAP};
  return ebbi_alarm_create(&device->watch.alarm);
}

ebb_status ebb_device_set_timeout(ebb_device *device, double seconds) {
  REQUIRE(device, EBB_ERR_ARGUMENT, "ebb_device_set_timeout: device is NULL");
  REQUIRE(seconds >= 0, EBB_ERR_ARGUMENT, "ebb_device_set_timeout: %g seconds: must be 0 or more",
          seconds);
  device->watch.timeout = isinf(seconds) ? 0 : seconds;
  return EBB_OK;
}

/* ---- calls ---- */

bool ebbi_call_begin(ebb_device *device, const char *call) {
  ebbi_watch *watch = &device->watch;
  if (ebbi_device_is_lost(device)) return false;
  atomic_store_explicit(&watch->call, call, memory_order_relaxed);
  atomic_store_explicit(&watch->since, ebbi_nanoseconds_coarse(), memory_order_relaxed);
  return true;
}

cl_int ebbi_call_end(ebb_device *device, cl_int error) {
  atomic_store_explicit(&device->watch.since, 0, memory_order_relaxed);
  return error;
}

void ebbi_call_idle(ebb_device *device, double seconds) {
  int64_t since = ebbi_nanoseconds_coarse() - (int64_t)(1e9 * seconds);
  atomic_store_explicit(&device->watch.since, since, memory_order_relaxed);
}

ebb_status ebbi_cl_fail(const ebb_device *device, const char *where, const char *call,
                        cl_int error) {
  if (ebbi_device_is_lost(device)) return ebbi_device_lost(device);
  REQUIRE(error != CL_SUCCESS, EBB_ERR_DEVICE, "%s: %s succeeded and gave nothing", where, call);
  bool is_memory = error == CL_MEM_OBJECT_ALLOCATION_FAILURE || error == CL_OUT_OF_HOST_MEMORY;
  return ebbi_fail(is_memory ? EBB_ERR_MEMORY : EBB_ERR_DEVICE, "%s: %s failed: %s (%d)", where,
                   call, ebbi_cl_error_name(error), error);
}

/* ---- lost devices ---- */

bool ebbi_device_is_lost(const ebb_device *device) {
  return device->watch.lost[0] || ebbi_is_fork();
}

ebb_status ebbi_device_lost(const ebb_device *device) {
  REQUIRE(!ebbi_is_fork(), EBB_ERR_DEVICE,
          "device \"%s\": it was opened by the process that this one was forked from, and works "
          "only there; open devices in the process that uses them",
          device->info.name);
  return ebbi_fail(EBB_ERR_DEVICE, "%s", device->watch.lost);
}

/* "gather, update_adam x3": the launches queued last, newest at the end. */
static void list_recent(char *text, size_t size, const ebb_device *device) {
  const ebbi_watch *watch = &device->watch;
  unsigned newest = atomic_load_explicit(&watch->newest, memory_order_relaxed);
  size_t used = 0;
  snprintf(text, size, "none");
  for (unsigned i = 1; i <= EBBI_RECENT && used < size; i++) {
    unsigned place = (newest + i) % EBBI_RECENT;
    const char *kernel = atomic_load_explicit(&watch->recent[place].kernel, memory_order_relaxed);
    unsigned times = atomic_load_explicit(&watch->recent[place].times, memory_order_relaxed);
    if (!kernel) continue;
    used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", kernel);
    if (times > 1 && used < size) used += (size_t)snprintf(text + used, size - used, " x%u", times);
  }
}

ebb_status ebbi_device_lose(ebb_device *device, const char *why) {
  char recent[256];
  list_recent(recent, sizeof recent, device);
  snprintf(device->watch.lost, sizeof device->watch.lost,
           "device \"%s\": %s; of %llu launches %llu are known to be done; last launches: %s; the "
           "device or its driver hangs: start again, on another device if it hangs again; if it is "
           "only slow, set a longer time limit (--device-timeout, ebb_device_set_timeout)",
           device->info.name, why, (unsigned long long)device->counters.launches,
           (unsigned long long)device->watch.done, recent);
  return ebbi_device_lost(device);
}

double ebb_device_stuck(const ebb_device *device, char *what, size_t size) {
  const ebbi_watch *watch = &device->watch;
  int64_t since = atomic_load_explicit(&watch->since, memory_order_relaxed);
  const char *call = atomic_load_explicit(&watch->call, memory_order_relaxed);
  char recent[256];
  if (what && size) what[0] = '\0';
  if (since == 0 || ebbi_is_fork()) return 0;
  list_recent(recent, sizeof recent, device);
  if (what) snprintf(what, size, "%s; last launches: %s", call, recent);
  double seconds = 1e-9 * (double)(ebbi_nanoseconds_coarse() - since);
  return seconds > 0 ? seconds : 0;
}

/* ---- launches ---- */

void ebbi_launch_note(ebb_device *device, const char *kernel) {
  ebbi_watch *watch = &device->watch;
  unsigned newest = atomic_load_explicit(&watch->newest, memory_order_relaxed);
  unsigned place = newest % EBBI_RECENT, times = 0;
  device->counters.launches++;
  if (atomic_load_explicit(&watch->recent[place].kernel, memory_order_relaxed) == kernel) {
    times = atomic_load_explicit(&watch->recent[place].times, memory_order_relaxed);
  } else {
    place = ++newest % EBBI_RECENT;
    atomic_store_explicit(&watch->recent[place].kernel, kernel, memory_order_relaxed);
    atomic_store_explicit(&watch->newest, newest, memory_order_relaxed);
  }
  atomic_store_explicit(&watch->recent[place].times, times + 1, memory_order_relaxed);
}

cl_event *ebbi_launch_event(ebb_device *device, cl_event *event) {
  *event = NULL;
  bool due = device->counters.launches >= device->watch.next_pulse;
  return device->timing || due ? event : NULL;
}

/* Drops every other pulse: for a long queue a few, further apart, are enough. */
static void thin_out(ebb_device *device) {
  ebbi_watch *watch = &device->watch;
  for (size_t i = 0; i < EBBI_PULSES; i += 2) {
    (void)CALL_CL(device, clReleaseEvent, watch->pulses[i].event);
    watch->pulses[i / 2] = watch->pulses[i + 1];
  }
  watch->pulse_count = EBBI_PULSES / 2;
  watch->pulse_gap *= 2;
}

void ebbi_pulse_add(ebb_device *device, cl_event event) {
  ebbi_watch *watch = &device->watch;
  bool progress;
  if (!event || device->counters.launches < watch->next_pulse) return;
  if (watch->pulse_count == EBBI_PULSES) (void)ebbi_pulses_poll(device, &progress);
  if (watch->pulse_count == EBBI_PULSES) thin_out(device);
  watch->next_pulse = device->counters.launches + watch->pulse_gap;
  if (CALL_CL(device, clRetainEvent, event) != CL_SUCCESS) return;
  watch->pulses[watch->pulse_count++] = (ebbi_pulse){event, device->counters.launches};
}

cl_int ebbi_pulses_poll(ebb_device *device, bool *progress) {
  ebbi_watch *watch = &device->watch;
  size_t ended = 0;
  cl_int state = CL_COMPLETE;
  while (ended < watch->pulse_count &&
         ebbi_event_state(&state, watch->pulses[ended].event) == CL_SUCCESS &&
         state <= CL_COMPLETE) {
    watch->done = watch->pulses[ended].launch;
    clReleaseEvent(watch->pulses[ended++].event);
    if (state < 0) break;
  }
  watch->pulse_count -= ended;
  memmove(watch->pulses, watch->pulses + ended, watch->pulse_count * sizeof *watch->pulses);
  if (watch->pulse_count == 0) watch->pulse_gap = FIRST_GAP;
  *progress = ended > 0;
  return state < 0 ? state : CL_SUCCESS;
}

void ebbi_watch_end(ebb_device *device) {
  ebbi_watch *watch = &device->watch;
  for (size_t i = 0; i < watch->pulse_count; i++)
    (void)CALL_CL(device, clReleaseEvent, watch->pulses[i].event);
  watch->pulse_count = 0;
  if (!ebbi_is_fork()) ebbi_alarm_free(watch->alarm);
  watch->alarm = NULL;
}
