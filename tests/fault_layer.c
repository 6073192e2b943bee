/* An OpenCL layer that injects faults: the loader ocl-icd puts it between a program and the drivers
 * if OPENCL_LAYERS names its file. A call of one function misbehaves, or all calls after it as
 * well; devices report false sizes; objects that are made and never released are counted.
 * fault_plan.h lists the variables.
 *
 * The calls are rows of lists: what a call returns or does determines how it can go wrong. All
 * other behaviour, and calls without a row, go to the driver unchanged.
 */
#include "fault_plan.h"

#include <CL/cl_icd.h>
#include <CL/cl_layer.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const cl_icd_dispatch *driver;
static struct _cl_icd_dispatch layer;

static cl_int note_event(cl_int error, const cl_event *event) {
  if (error == CL_SUCCESS && event) note_made(EVENT, *event);
  return error;
}

/* ---- commands that begin late ---- */

enum { WAITS_MAX = 64 };

static void *let_go(void *gate) {
  sleep_as_planned();
  driver->clSetUserEventStatus(gate, CL_COMPLETE);
  driver->clReleaseEvent(gate);
  return NULL;
}

/* Adds an event to the wait list, copied to `list`, that ends when the time has passed. */
static void hold_back(cl_command_queue queue, cl_event list[WAITS_MAX], cl_uint *count,
                      const cl_event **waits) {
  cl_context context;
  pthread_t thread;
  if (*count == WAITS_MAX || driver->clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context,
                                                           &context, NULL) != CL_SUCCESS)
    return;
  cl_event gate = driver->clCreateUserEvent(context, NULL);
  if (!gate) return;
  driver->clRetainEvent(gate); /* for the thread */
  for (cl_uint i = 0; i < *count; i++) list[i] = (*waits)[i];
  list[(*count)++] = gate;
  *waits = list;
  if (pthread_create(&thread, NULL, let_go, gate) == 0) pthread_detach(thread);
}

/* ---- the layer's calls ---- */

#define PLAIN_CALL(name, parameters, arguments)                                                    \
  static cl_int CL_API_CALL layer_##name parameters {                                              \
    verdict how = judge(CALL_##name, true);                                                        \
    if (how == ERROR) return planned_error();                                                      \
    return how == LIE ? CL_SUCCESS : driver->name arguments;                                       \
  }
PLAIN_LIST(PLAIN_CALL)

#define QUERY_CALL(name, parameters, arguments)                                                    \
  static cl_int CL_API_CALL layer_##name parameters {                                              \
    verdict how = judge(CALL_##name, is_wanted_info(what));                                        \
    if (how == ERROR) return planned_error();                                                      \
    cl_int error = how == LIE ? CL_SUCCESS : driver->name arguments;                               \
    if (CALL_##name == CALL_clGetDeviceInfo && error == CL_SUCCESS) spoof(what, value);            \
    return error;                                                                                  \
  }
QUERY_LIST(QUERY_CALL)

#define MAKER_CALL(name, kind, type, parameters, arguments)                                        \
  static type CL_API_CALL layer_##name parameters {                                                \
    verdict how = judge(CALL_##name, true);                                                        \
    if (how == ERROR || how == LIE) {                                                              \
      if (error) *error = how == LIE ? CL_SUCCESS : planned_error();                               \
      return NULL;                                                                                 \
    }                                                                                              \
    type object = driver->name arguments;                                                          \
    note_made(kind, object);                                                                       \
    return object;                                                                                 \
  }
MAKER_LIST(MAKER_CALL)

/* Replaces an omitted command by a marker, so that its event ends in order. */
#define LEAVE_OUT driver->clEnqueueMarkerWithWaitList(queue, count, waits, event)
#define ENQUEUE_CALL(name, parameters, arguments)                                                  \
  static cl_int CL_API_CALL layer_##name parameters {                                              \
    cl_event list[WAITS_MAX];                                                                      \
    verdict how = judge(CALL_##name, true);                                                        \
    if (how == ERROR) return planned_error();                                                      \
    if (how == STALL) hold_back(queue, list, &count, &waits);                                      \
    return note_event(how == LIE ? LEAVE_OUT : driver->name arguments, event);                     \
  }
ENQUEUE_LIST(ENQUEUE_CALL)

#define READ_CALL(name, parameters, arguments, bytes)                                              \
  static cl_int CL_API_CALL layer_##name parameters {                                              \
    cl_event list[WAITS_MAX];                                                                      \
    verdict how = judge(CALL_##name, true);                                                        \
    if (how == ERROR) return planned_error();                                                      \
    if (how == STALL) hold_back(queue, list, &count, &waits);                                      \
    if (how == CORRUPT) block = CL_TRUE;                                                           \
    cl_int error = note_event(how == LIE ? LEAVE_OUT : driver->name arguments, event);             \
    if (how == CORRUPT && error == CL_SUCCESS) flip(host, bytes);                                  \
    return error;                                                                                  \
  }
READ_LIST(READ_CALL)

#define WRITE_CALL(name, parameters, arguments, bytes)                                             \
  static cl_int CL_API_CALL layer_##name parameters {                                              \
    cl_event list[WAITS_MAX];                                                                      \
    verdict how = judge(CALL_##name, true);                                                        \
    if (how == ERROR) return planned_error();                                                      \
    if (how == STALL) hold_back(queue, list, &count, &waits);                                      \
    void *copy = how == CORRUPT ? flipped_copy(host, bytes) : NULL;                                \
    if (copy) {                                                                                    \
      block = CL_TRUE;                                                                             \
      host = copy;                                                                                 \
    }                                                                                              \
    cl_int error = note_event(how == LIE ? LEAVE_OUT : driver->name arguments, event);             \
    free(copy);                                                                                    \
    return error;                                                                                  \
  }
WRITE_LIST(WRITE_CALL)

static void *CL_API_CALL layer_clEnqueueMapBuffer(cl_command_queue queue, cl_mem m, cl_bool block,
                                                  cl_map_flags flags, size_t at, size_t n, WAITS,
                                                  cl_int *error) {
  cl_event list[WAITS_MAX];
  verdict how = judge(CALL_clEnqueueMapBuffer, true);
  if (how == ERROR || how == LIE) {
    if (error) *error = how == LIE ? CL_SUCCESS : planned_error();
    return NULL;
  }
  if (how == STALL) hold_back(queue, list, &count, &waits);
  void *mapped =
      driver->clEnqueueMapBuffer(queue, m, block, flags, at, n, count, waits, event, error);
  if (mapped) note_event(CL_SUCCESS, event);
  return mapped;
}

#define OBJECT_CALLS(name, kind, type)                                                             \
  static cl_int CL_API_CALL layer_clRetain##name(type object) {                                    \
    note_held(kind, 1);                                                                            \
    return driver->clRetain##name(object);                                                         \
  }                                                                                                \
  static cl_int CL_API_CALL layer_clRelease##name(type object) {                                   \
    note_held(kind, -1);                                                                           \
    return driver->clRelease##name(object);                                                        \
  }
OBJECT_LIST(OBJECT_CALLS)

/* ---- command buffers: which queue they use, and the driver's own calls ---- */

static cl_command_queue buffer_queue;
static ebbi_command_calls real;

static ebbi_command_buffer CL_API_CALL layer_create(cl_uint n, const cl_command_queue *queues,
                                                    const cl_ulong *properties, cl_int *error) {
  verdict how = judge(CALL_clCreateCommandBufferKHR, true);
  if (how == ERROR || how == LIE) {
    *error = how == LIE ? CL_SUCCESS : planned_error();
    return NULL;
  }
  ebbi_command_buffer buffer = real.create(n, queues, properties, error);
  buffer_queue = queues[0];
  note_made(BUFFER, buffer);
  return buffer;
}

static cl_int CL_API_CALL layer_launch(ebbi_command_buffer b, cl_command_queue q, const cl_ulong *p,
                                       cl_kernel k, cl_uint d, const size_t *o, const size_t *g,
                                       const size_t *l, cl_uint n, const cl_uint *points,
                                       cl_uint *point, void **handle) {
  verdict how = judge(CALL_clCommandNDRangeKernelKHR, true);
  if (how == ERROR) return planned_error();
  return how == LIE ? CL_SUCCESS : real.launch(b, q, p, k, d, o, g, l, n, points, point, handle);
}

static cl_int CL_API_CALL layer_finalize(ebbi_command_buffer b) {
  verdict how = judge(CALL_clFinalizeCommandBufferKHR, true);
  if (how == ERROR) return planned_error();
  return how == LIE ? CL_SUCCESS : real.finalize(b);
}

static cl_int CL_API_CALL layer_enqueue(cl_uint n, cl_command_queue *queues, ebbi_command_buffer b,
                                        WAITS) {
  cl_command_queue queue = buffer_queue;
  cl_event list[WAITS_MAX];
  verdict how = judge(CALL_clEnqueueCommandBufferKHR, true);
  if (how == ERROR) return planned_error();
  if (how == STALL) hold_back(queue, list, &count, &waits);
  return note_event(how == LIE ? LEAVE_OUT : real.enqueue(n, queues, b, count, waits, event),
                    event);
}

static cl_int CL_API_CALL layer_release(ebbi_command_buffer b) {
  judge(CALL_clReleaseCommandBufferKHR, false);
  note_held(BUFFER, -1);
  return real.release(b);
}

/* Returns the layer's call for an extension function, and keeps the driver's. */
static void *CL_API_CALL find_extension(cl_platform_id platform, const char *name) {
  void *found = driver->clGetExtensionFunctionAddressForPlatform(platform, name);
  static const ebbi_command_calls own = {layer_create, layer_launch, layer_finalize, layer_enqueue,
                                         layer_release};
#define SWAP(call, member)                                                                         \
  if (found && strcmp(name, #call) == 0) {                                                         \
    memcpy(&real.member, &found, sizeof found);                                                    \
    memcpy(&found, &own.member, sizeof found);                                                     \
    return found;                                                                                  \
  }
  BUFFER_LIST(SWAP)
  return found;
}

/* ---- entry points for the loader ---- */

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *value,
                                               size_t *needed) {
  static const char name[] = "fault";
  const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
  bool is_name = what == CL_LAYER_NAME;
  if (!is_name && what != CL_LAYER_API_VERSION) return CL_INVALID_VALUE;
  size_t length = is_name ? sizeof name : sizeof version;
  if (value && size < length) return CL_INVALID_VALUE;
  if (value) memcpy(value, is_name ? (const void *)name : &version, length);
  if (needed) *needed = length;
  return CL_SUCCESS;
}

static void set_calls(void) {
#define SET_CALL(name, ...) layer.name = layer_##name;
  PLAIN_LIST(SET_CALL)
  QUERY_LIST(SET_CALL)
  MAKER_LIST(SET_CALL)
  ENQUEUE_LIST(SET_CALL)
  READ_LIST(SET_CALL)
  WRITE_LIST(SET_CALL)
  SET_CALL(clEnqueueMapBuffer, )
#define SET_OBJECT_CALLS(name, kind, type)                                                         \
  layer.clRetain##name = layer_clRetain##name;                                                     \
  layer.clRelease##name = layer_clRelease##name;
  OBJECT_LIST(SET_OBJECT_CALLS)
  layer.clGetExtensionFunctionAddressForPlatform = find_extension;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint count, const cl_icd_dispatch *target,
                                            cl_uint *own_count, const cl_icd_dispatch **own) {
  if (!target || !own_count || !own) return CL_INVALID_VALUE;
  size_t bytes = count * sizeof(void *);
  driver = target;
  memcpy(&layer, target, bytes < sizeof layer ? bytes : sizeof layer);
  set_calls();
  plan_begin();
  *own_count = count;
  *own = &layer;
  return CL_SUCCESS;
}
