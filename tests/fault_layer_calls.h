/* The calls that the fault layer intercepts, as lists of rows: X(name, parameters, arguments) and
 * whatever else a list's comment names. The calls of one list can go wrong in the same ways.
 */
#ifndef EBB_FAULT_LAYER_CALLS_H
#define EBB_FAULT_LAYER_CALLS_H

/* Calls that query, wait or set something. */
#define PLAIN_LIST(X)                                                                              \
  X(clGetPlatformIDs, (cl_uint n, cl_platform_id * ids, cl_uint * count), (n, ids, count))         \
  X(clGetDeviceIDs,                                                                                \
    (cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id * ids, cl_uint * count),          \
    (p, t, n, ids, count))                                                                         \
  X(clBuildProgram,                                                                                \
    (cl_program p, cl_uint n, const cl_device_id *d, const char *o,                                \
     void(CL_CALLBACK * f)(cl_program, void *), void *user),                                       \
    (p, n, d, o, f, user))                                                                         \
  X(clSetKernelArg, (cl_kernel k, cl_uint i, size_t n, const void *v), (k, i, n, v))               \
  X(clFinish, (cl_command_queue q), (q))                                                           \
  X(clFlush, (cl_command_queue q), (q))                                                            \
  X(clWaitForEvents, (cl_uint n, const cl_event *e), (n, e))                                       \
  X(clSetEventCallback,                                                                            \
    (cl_event e, cl_int t, void(CL_CALLBACK * f)(cl_event, cl_int, void *), void *user),           \
    (e, t, f, user))

/* X(name, parameters before the four of every query, their arguments) */
#define QUERY_LIST(X)                                                                              \
  X(clGetPlatformInfo, (cl_platform_id p, QUERY), (p, what, size, value, needed))                  \
  X(clGetDeviceInfo, (cl_device_id d, QUERY), (d, what, size, value, needed))                      \
  X(clGetProgramInfo, (cl_program p, QUERY), (p, what, size, value, needed))                       \
  X(clGetProgramBuildInfo, (cl_program p, cl_device_id d, QUERY),                                  \
    (p, d, what, size, value, needed))                                                             \
  X(clGetKernelInfo, (cl_kernel k, QUERY), (k, what, size, value, needed))                         \
  X(clGetKernelArgInfo, (cl_kernel k, cl_uint i, QUERY), (k, i, what, size, value, needed))        \
  X(clGetKernelWorkGroupInfo, (cl_kernel k, cl_device_id d, QUERY),                                \
    (k, d, what, size, value, needed))                                                             \
  X(clGetEventInfo, (cl_event e, QUERY), (e, what, size, value, needed))                           \
  X(clGetEventProfilingInfo, (cl_event e, QUERY), (e, what, size, value, needed))                  \
  X(clGetCommandQueueInfo, (cl_command_queue q, QUERY), (q, what, size, value, needed))            \
  X(clGetContextInfo, (cl_context c, QUERY), (c, what, size, value, needed))                       \
  X(clGetMemObjectInfo, (cl_mem m, QUERY), (m, what, size, value, needed))
#define QUERY cl_uint what, size_t size, void *value, size_t *needed

/* Calls that make an object: X(name, kind, type, parameters, arguments) */
#define MAKER_LIST(X)                                                                              \
  X(clCreateContext, CONTEXT, cl_context,                                                          \
    (const cl_context_properties *p, cl_uint n, const cl_device_id *d,                             \
     void(CL_CALLBACK * f)(const char *, const void *, size_t, void *), void *user,                \
     cl_int *error),                                                                               \
    (p, n, d, f, user, error))                                                                     \
  X(clCreateCommandQueue, QUEUE, cl_command_queue,                                                 \
    (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int * error),                 \
    (c, d, p, error))                                                                              \
  X(clCreateBuffer, MEMORY, cl_mem,                                                                \
    (cl_context c, cl_mem_flags f, size_t n, void *host, cl_int *error), (c, f, n, host, error))   \
  X(clCreateSubBuffer, MEMORY, cl_mem,                                                             \
    (cl_mem m, cl_mem_flags f, cl_buffer_create_type t, const void *i, cl_int *error),             \
    (m, f, t, i, error))                                                                           \
  X(clCreateProgramWithSource, PROGRAM, cl_program,                                                \
    (cl_context c, cl_uint n, const char **s, const size_t *l, cl_int *error),                     \
    (c, n, s, l, error))                                                                           \
  X(clCreateProgramWithBinary, PROGRAM, cl_program,                                                \
    (cl_context c, cl_uint n, const cl_device_id *d, const size_t *l, const unsigned char **b,     \
     cl_int *s, cl_int *error),                                                                    \
    (c, n, d, l, b, s, error))                                                                     \
  X(clCreateKernel, KERNEL, cl_kernel, (cl_program p, const char *name, cl_int *error),            \
    (p, name, error))                                                                              \
  X(clCreateUserEvent, EVENT, cl_event, (cl_context c, cl_int * error), (c, error))

/* Calls that queue a command. A transfer has its bytes and host memory, which can be corrupted. */
#define WAITS cl_uint count, const cl_event *waits, cl_event *event
#define ENQUEUE_LIST(X)                                                                            \
  X(clEnqueueNDRangeKernel,                                                                        \
    (cl_command_queue queue, cl_kernel k, cl_uint d, const size_t *o, const size_t *g,             \
     const size_t *l, WAITS),                                                                      \
    (queue, k, d, o, g, l, count, waits, event))                                                   \
  X(clEnqueueCopyBuffer,                                                                           \
    (cl_command_queue queue, cl_mem a, cl_mem b, size_t from, size_t to, size_t n, WAITS),         \
    (queue, a, b, from, to, n, count, waits, event))                                               \
  X(clEnqueueFillBuffer,                                                                           \
    (cl_command_queue queue, cl_mem m, const void *p, size_t s, size_t at, size_t n, WAITS),       \
    (queue, m, p, s, at, n, count, waits, event))                                                  \
  X(clEnqueueUnmapMemObject, (cl_command_queue queue, cl_mem m, void *p, WAITS),                   \
    (queue, m, p, count, waits, event))                                                            \
  X(clEnqueueMarkerWithWaitList, (cl_command_queue queue, WAITS), (queue, count, waits, event))    \
  X(clEnqueueBarrierWithWaitList, (cl_command_queue queue, WAITS), (queue, count, waits, event))

#define RECT                                                                                       \
  const size_t *at, const size_t *host_at, const size_t *region, size_t row, size_t slice,         \
      size_t host_row, size_t host_slice
#define READ_LIST(X)                                                                               \
  X(clEnqueueReadBuffer,                                                                           \
    (cl_command_queue queue, cl_mem m, cl_bool block, size_t at, size_t n, void *host, WAITS),     \
    (queue, m, block, at, n, host, count, waits, event), n)                                        \
  X(clEnqueueReadBufferRect,                                                                       \
    (cl_command_queue queue, cl_mem m, cl_bool block, RECT, void *host, WAITS),                    \
    (queue, m, block, at, host_at, region, row, slice, host_row, host_slice, host, count, waits,   \
     event),                                                                                       \
    (region[0] * region[1]))
#define WRITE_LIST(X)                                                                              \
  X(clEnqueueWriteBuffer,                                                                          \
    (cl_command_queue queue, cl_mem m, cl_bool block, size_t at, size_t n, const void *host,       \
     WAITS),                                                                                       \
    (queue, m, block, at, n, host, count, waits, event), n)                                        \
  X(clEnqueueWriteBufferRect,                                                                      \
    (cl_command_queue queue, cl_mem m, cl_bool block, RECT, const void *host, WAITS),              \
    (queue, m, block, at, host_at, region, row, slice, host_row, host_slice, host, count, waits,   \
     event),                                                                                       \
    (region[0] * region[1]))

/* Objects: X(end of the calls' names, kind, type) */
#define OBJECT_LIST(X)                                                                             \
  X(Context, CONTEXT, cl_context)                                                                  \
  X(CommandQueue, QUEUE, cl_command_queue)                                                         \
  X(MemObject, MEMORY, cl_mem)                                                                     \
  X(Program, PROGRAM, cl_program)                                                                  \
  X(Kernel, KERNEL, cl_kernel)                                                                     \
  X(Event, EVENT, cl_event)

/* Calls of the command buffer extension, found by name: X(name, member of ebbi_command_calls that
 * gives the type) */
#define BUFFER_LIST(X)                                                                             \
  X(clCreateCommandBufferKHR, create)                                                              \
  X(clCommandNDRangeKernelKHR, launch)                                                             \
  X(clFinalizeCommandBufferKHR, finalize)                                                          \
  X(clEnqueueCommandBufferKHR, enqueue)                                                            \
  X(clReleaseCommandBufferKHR, release)

#define EACH_CALL(X)                                                                               \
  PLAIN_LIST(X)                                                                                    \
  QUERY_LIST(X)                                                                                    \
  MAKER_LIST(X) ENQUEUE_LIST(X) READ_LIST(X) WRITE_LIST(X) X(clEnqueueMapBuffer, ) BUFFER_LIST(X)

#endif
