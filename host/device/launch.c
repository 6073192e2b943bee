/* Launches: arguments set one by one, then queued or recorded.
 *
 * The launch keeps its first error, so an operation reads as a straight sequence of calls. The
 * group size is declared once, in the kernel (GROUP), and read back from it. While a sequence is
 * recorded, each launch has its own kernel object, which keeps its arguments. Otherwise one object
 * serves all launches, since arguments are copied when a launch is queued.
 */
#include "cl.h"

#include <limits.h>

ebbi_launch ebbi_launch_begin(ebb_device *device, const ebbi_exec *exec, ebbi_kernel_id id,
                              const char *options) {
  ebbi_launch launch = {.device = device, .id = id};
  cl_kernel kernel = NULL;
  launch.status = device->planning    ? ebbi_program_want(device, exec, id, options)
                  : device->recording ? ebbi_program_new_kernel(&kernel, device, exec, id, options)
                                      : ebbi_program_kernel(&kernel, device, exec, id, options);
  launch.kernel = kernel;
  return launch;
}

static ebb_status set_argument(ebbi_launch *launch, size_t size, const void *value) {
  TRY_CL(launch->device, ebbi_kernel_name(launch->id), clSetKernelArg, launch->kernel,
         launch->arguments, size, value);
  return EBB_OK;
}

static void add_argument(ebbi_launch *launch, size_t size, const void *value) {
  if (launch->status == EBB_OK && launch->kernel)
    launch->status = set_argument(launch, size, value);
  launch->arguments++;
}

void ebbi_launch_buffer(ebbi_launch *launch, const ebbi_buffer *buffer) {
  cl_mem memory = buffer ? buffer->memory : NULL;
  add_argument(launch, sizeof memory, &memory);
}

void ebbi_launch_local(ebbi_launch *launch, size_t bytes) {
  add_argument(launch, bytes, NULL);
}

void ebbi_launch_int(ebbi_launch *launch, size_t value) {
  cl_int narrow = (cl_int)value;
  if (launch->status == EBB_OK && value > INT_MAX)
    launch->status = ebbi_fail(EBB_ERR_ARGUMENT, "%s: size %zu does not fit 31 bits",
                               ebbi_kernel_name(launch->id), value);
  add_argument(launch, sizeof narrow, &narrow);
}

void ebbi_launch_float(ebbi_launch *launch, double value) {
  cl_float narrow = (cl_float)value;
  add_argument(launch, sizeof narrow, &narrow);
}

void ebbi_launch_floats(ebbi_launch *launch, const float *values, size_t count) {
  add_argument(launch, count * sizeof *values, values);
}

void ebbi_launch_uint(ebbi_launch *launch, uint32_t value) {
  cl_uint word = value;
  add_argument(launch, sizeof word, &word);
}

void ebbi_launch_ulong(ebbi_launch *launch, uint64_t value) {
  cl_ulong word = value;
  add_argument(launch, sizeof word, &word);
}

ebb_status ebbi_enqueue(ebb_device *device, const ebbi_entry *entry) {
  const char *name = ebbi_kernel_name(entry->id);
  cl_event event;
  ebbi_launch_note(device, name);
  TRY_CL(device, name, clEnqueueNDRangeKernel, device->queue, entry->kernel, 2, NULL, entry->global,
         entry->local, 0, NULL, ebbi_launch_event(device, &event));
  ebbi_pulse_add(device, event);
  return ebbi_profiling_add(device, name, &entry->work, NULL, event);
}

/* Groups of a GPU's grid in its second dimension: NVIDIA's limit; others have more. */
enum { MOST_GROUPS_Y = 65535 };

static ebb_status run(ebbi_launch *launch, size_t groups_x, size_t groups_y) {
  ebb_device *device = launch->device;
  size_t group[3] = {0};
  TRY(launch->status);
  REQUIRE(groups_y <= MOST_GROUPS_Y || device->info.type == EBB_DEVICE_CPU, EBB_ERR_UNSUPPORTED,
          "%s: %zu groups in the second dimension, a GPU has at most %d; use fewer rows at a time",
          ebbi_kernel_name(launch->id), groups_y, MOST_GROUPS_Y);
  if (device->planning) return EBB_OK;
  TRY_CL(device, ebbi_kernel_name(launch->id), clGetKernelWorkGroupInfo, launch->kernel, device->id,
         CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof group, group, NULL);
  REQUIRE(group[0] > 0 && group[1] > 0, EBB_ERR_DEVICE, /* it would do nothing */
          "%s: the driver reports groups of %zux%zu and is broken; choose another device",
          ebbi_kernel_name(launch->id), group[0], group[1]);
  const ebbi_entry entry = {.id = launch->id,
                            .kernel = launch->kernel,
                            .global = {groups_x * group[0], groups_y * group[1]},
                            .local = {group[0], group[1]},
                            .work = launch->work};
  if (!device->recording) return ebbi_enqueue(device, &entry);
  TRY(ebbi_sequence_add(device->recording, &entry));
  launch->kernel = NULL; /* now owned by the sequence */
  return EBB_OK;
}

ebb_status ebbi_launch_run(ebbi_launch *launch, size_t groups_x, size_t groups_y) {
  ebb_status status = run(launch, groups_x, groups_y);
  if (launch->device->recording && launch->kernel)
    (void)CALL_CL(launch->device, clReleaseKernel, launch->kernel);
  return status;
}
