/* Events and the order of commands: each command has ended when its call returns.
 */
#include "checker.h"

#include <time.h>

typedef struct event {
  object object;
  queue *queue;
  cl_command_type type;
  cl_ulong start, end;
} event;

static cl_ulong now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (cl_ulong)t.tv_sec * 1000000000u + (cl_ulong)t.tv_nsec;
}

static void end_event(object *o) {
  drop(&((event *)o)->queue->object);
}

void make_event(cl_event *out, cl_command_queue handle, cl_command_type type) {
  if (!out) return;
  queue *q = (queue *)handle;
  event *e = make_object(EVENT, sizeof *e, q->object.context, end_event);
  hold(&q->object);
  e->queue = q;
  e->type = type;
  e->start = now();
  e->end = e->start + 1000;
  *out = (cl_event)e;
}

static cl_int check_list(const char *call, cl_uint count, const cl_event *events) {
  if ((count == 0) != !events)
    return violation(CL_INVALID_EVENT_WAIT_LIST, call, "%u events and a list that is %s", count,
                     events ? "not NULL" : "NULL");
  for (cl_uint i = 0; i < count; i++)
    if (!is_live(call, events[i], EVENT)) return CL_INVALID_EVENT_WAIT_LIST;
  return CL_SUCCESS;
}

cl_int check_queue(const char *call, cl_command_queue handle, cl_uint count,
                   const cl_event *events) {
  return is_live(call, handle, QUEUE) ? check_list(call, count, events) : CL_INVALID_COMMAND_QUEUE;
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueMarkerWithWaitList(cl_command_queue handle, cl_uint count,
                                                            const cl_event *events, cl_event *out) {
  cl_int status = check_queue(__func__, handle, count, events);
  if (!status) make_event(out, handle, CL_COMMAND_MARKER);
  return status;
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueBarrierWithWaitList(cl_command_queue handle, cl_uint count,
                                                             const cl_event *events,
                                                             cl_event *out) {
  cl_int status = check_queue(__func__, handle, count, events);
  if (!status) make_event(out, handle, CL_COMMAND_BARRIER);
  return status;
}

CL_API_ENTRY cl_int CL_API_CALL clFlush(cl_command_queue handle) {
  return check_queue(__func__, handle, 0, NULL);
}

CL_API_ENTRY cl_int CL_API_CALL clFinish(cl_command_queue handle) {
  return check_queue(__func__, handle, 0, NULL);
}

CL_API_ENTRY cl_int CL_API_CALL clWaitForEvents(cl_uint count, const cl_event *events) {
  if (count == 0) return violation(CL_INVALID_VALUE, __func__, "no events");
  return check_list(__func__, count, events) ? CL_INVALID_EVENT : CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clRetainEvent(cl_event handle) {
  return retain(__func__, handle, EVENT, CL_INVALID_EVENT);
}

CL_API_ENTRY cl_int CL_API_CALL clReleaseEvent(cl_event handle) {
  return release(__func__, handle, EVENT, CL_INVALID_EVENT);
}

CL_API_ENTRY cl_int CL_API_CALL clGetEventInfo(cl_event handle, cl_event_info what, size_t size,
                                               void *value, size_t *needed) {
  if (!is_live(__func__, handle, EVENT)) return CL_INVALID_EVENT;
  const event *e = (const event *)handle;
  cl_int state = CL_COMPLETE;
  switch (what) {
  case CL_EVENT_COMMAND_EXECUTION_STATUS:
    return answer(size, value, needed, &state, sizeof state);
  case CL_EVENT_COMMAND_TYPE:
    return answer(size, value, needed, &e->type, sizeof e->type);
  case CL_EVENT_CONTEXT:
    return answer(size, value, needed, &e->object.context, sizeof e->object.context);
  default:
    return CL_INVALID_VALUE;
  }
}

CL_API_ENTRY cl_int CL_API_CALL clSetEventCallback(cl_event handle, cl_int state,
                                                   void(CL_CALLBACK *notify)(cl_event, cl_int,
                                                                             void *),
                                                   void *user) {
  if (!is_live(__func__, handle, EVENT)) return CL_INVALID_EVENT;
  if (!notify || state < CL_COMPLETE || state > CL_SUBMITTED)
    return violation(CL_INVALID_VALUE, __func__, "state %d", state);
  notify(handle, CL_COMPLETE, user);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clGetEventProfilingInfo(cl_event handle, cl_profiling_info what,
                                                        size_t size, void *value, size_t *needed) {
  if (!is_live(__func__, handle, EVENT)) return CL_INVALID_EVENT;
  const event *e = (const event *)handle;
  if (!(e->queue->properties & CL_QUEUE_PROFILING_ENABLE))
    return violation(CL_PROFILING_INFO_NOT_AVAILABLE, __func__, "the queue is not profiled");
  bool last = what == CL_PROFILING_COMMAND_END;
  return answer(size, value, needed, last ? &e->end : &e->start, sizeof e->start);
}
