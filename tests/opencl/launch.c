/* Kernels, their arguments, and launches, checked against the kernel's declaration and the device's
 * limits.
 */
#include "checker.h"

#include <stdlib.h>
#include <string.h>

/* ---- kernels ---- */

static void end_kernel(object *o) {
  drop(&((kernel *)o)->program->object);
}

CL_API_ENTRY cl_kernel CL_API_CALL clCreateKernel(cl_program handle, const char *name,
                                                  cl_int *error) {
  cl_int status = is_live(__func__, handle, PROGRAM) ? CL_SUCCESS : CL_INVALID_PROGRAM;
  program *p = (program *)handle;
  if (!status && !p->built)
    status =
        violation(CL_INVALID_PROGRAM_EXECUTABLE, __func__, "%s: the program is not built", name);
  size_t i = 0;
  while (!status && i < p->count && strcmp(p->kernels[i].name, name) != 0) i++;
  if (!status && i == p->count) status = CL_INVALID_KERNEL_NAME;
  if (error) *error = status;
  if (status) return NULL;
  kernel *k = make_object(KERNEL, sizeof *k, p->object.context, end_kernel);
  hold(&p->object);
  k->program = p;
  k->signature = &p->kernels[i];
  return (cl_kernel)k;
}

CL_API_ENTRY cl_int CL_API_CALL clRetainKernel(cl_kernel handle) {
  return retain(__func__, handle, KERNEL, CL_INVALID_KERNEL);
}

CL_API_ENTRY cl_int CL_API_CALL clReleaseKernel(cl_kernel handle) {
  return release(__func__, handle, KERNEL, CL_INVALID_KERNEL);
}

CL_API_ENTRY cl_int CL_API_CALL clGetKernelInfo(cl_kernel handle, cl_kernel_info what, size_t size,
                                                void *value, size_t *needed) {
  if (!is_live(__func__, handle, KERNEL)) return CL_INVALID_KERNEL;
  const kernel *k = (const kernel *)handle;
  switch (what) {
  case CL_KERNEL_FUNCTION_NAME:
    return answer_text(size, value, needed, k->signature->name);
  case CL_KERNEL_NUM_ARGS:
    return answer(size, value, needed, &k->signature->count, sizeof k->signature->count);
  default:
    return CL_INVALID_VALUE;
  }
}

static size_t most_items(const kernel *k) {
  return plays(FAULT_GROUP, k->program->options) ? 32 : the_profile()->group;
}

static cl_ulong local_bytes(const kernel *k) {
  cl_ulong bytes = k->signature->local_bytes;
  for (unsigned i = 0; i < k->signature->count; i++) bytes += k->arguments[i].local_bytes;
  return bytes;
}

CL_API_ENTRY cl_int CL_API_CALL clGetKernelWorkGroupInfo(cl_kernel handle, cl_device_id device,
                                                         cl_kernel_work_group_info what,
                                                         size_t size, void *value, size_t *needed) {
  if (!is_live(__func__, handle, KERNEL)) return CL_INVALID_KERNEL;
  if (!is_live(__func__, device, DEVICE)) return CL_INVALID_DEVICE;
  const kernel *k = (const kernel *)handle;
  const char *options = k->program->options;
  static const size_t none[3];
  size_t items = most_items(k), multiple = 32;
  cl_ulong local = local_bytes(k), spilled = plays(FAULT_SPILL, options) ? 256 : 0;
  bool zero = k->program->from_binary && plays(FAULT_ZERO, options);
  switch (what) {
  case CL_KERNEL_COMPILE_WORK_GROUP_SIZE:
    return answer(size, value, needed, zero ? none : k->signature->group, sizeof none);
  case CL_KERNEL_WORK_GROUP_SIZE:
    return answer(size, value, needed, &items, sizeof items);
  case CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE:
    return answer(size, value, needed, &multiple, sizeof multiple);
  case CL_KERNEL_LOCAL_MEM_SIZE:
    return answer(size, value, needed, &local, sizeof local);
  case CL_KERNEL_PRIVATE_MEM_SIZE:
    return answer(size, value, needed, &spilled, sizeof spilled);
  default:
    return CL_INVALID_VALUE;
  }
}

/* ---- arguments ---- */

/* A pointer into global or constant memory: a buffer, or NULL for a kernel that checks it. */
static cl_int set_buffer(kernel *k, cl_uint i, size_t size, const void *value) {
  const char *name = k->signature->name;
  memory *m = NULL;
  if (size != sizeof m)
    return violation(CL_INVALID_ARG_SIZE, "clSetKernelArg",
                     "%s: argument %u, a buffer, of %zu bytes", name, i, size);
  if (value) memcpy(&m, value, sizeof m);
  if (m && !is_live("clSetKernelArg", m, MEMORY)) return CL_INVALID_MEM_OBJECT;
  if (m && m->object.context != k->object.context)
    return violation(CL_INVALID_MEM_OBJECT, "clSetKernelArg", "%s: argument %u of another context",
                     name, i);
  if (m && k->signature->arguments[i].writes && (m->flags & CL_MEM_READ_ONLY))
    return violation(CL_INVALID_ARG_VALUE, "clSetKernelArg",
                     "%s: argument %u may be written, its buffer not", name, i);
  k->arguments[i].memory = m;
  return CL_SUCCESS;
}

static cl_int set_local(kernel *k, cl_uint i, size_t size, const void *value) {
  if (value)
    return violation(CL_INVALID_ARG_VALUE, "clSetKernelArg",
                     "%s: argument %u is local memory and has a value", k->signature->name, i);
  if (size == 0)
    return violation(CL_INVALID_ARG_SIZE, "clSetKernelArg",
                     "%s: argument %u, 0 bytes of local memory", k->signature->name, i);
  k->arguments[i].local_bytes = size;
  return CL_SUCCESS;
}

static cl_int set_value(kernel *k, cl_uint i, size_t size, const void *value) {
  size_t expected = k->signature->arguments[i].size;
  if (!value)
    return violation(CL_INVALID_ARG_VALUE, "clSetKernelArg", "%s: argument %u without a value",
                     k->signature->name, i);
  if (size != expected)
    return violation(CL_INVALID_ARG_SIZE, "clSetKernelArg",
                     "%s: argument %u (%s) of %zu bytes where the kernel has %zu",
                     k->signature->name, i, k->signature->arguments[i].name, size, expected);
  memcpy(k->arguments[i].value, value, size < 8 ? size : 8);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clSetKernelArg(cl_kernel handle, cl_uint i, size_t size,
                                               const void *value) {
  if (!is_live(__func__, handle, KERNEL)) return CL_INVALID_KERNEL;
  kernel *k = (kernel *)handle;
  if (i >= k->signature->count)
    return violation(CL_INVALID_ARG_INDEX, __func__, "%s: argument %u of %u", k->signature->name, i,
                     k->signature->count);
  space where = k->signature->arguments[i].space;
  cl_int status = where == LOCAL      ? set_local(k, i, size, value)
                  : where == BY_VALUE ? set_value(k, i, size, value)
                                      : set_buffer(k, i, size, value);
  if (status == CL_SUCCESS) k->arguments[i].set = true;
  return status;
}

/* The argument of this name; -1: there is none. */
static int find_argument(const kernel *k, const char *name) {
  for (unsigned i = 0; i < k->signature->count; i++)
    if (strcmp(k->signature->arguments[i].name, name) == 0) return (int)i;
  return -1;
}

unsigned char *bytes_of_argument(const kernel *k, const char *name) {
  int i = find_argument(k, name);
  return i >= 0 && k->arguments[i].memory ? k->arguments[i].memory->bytes : NULL;
}

cl_int number_of_argument(const kernel *k, const char *name, cl_int otherwise) {
  int i = find_argument(k, name);
  cl_int value = otherwise;
  if (i >= 0) memcpy(&value, k->arguments[i].value, sizeof value);
  return value;
}

/* ---- launches ---- */

/* All arguments are set, their buffers live, and none of those that are written shares bytes with
 * another: kernels declare them restrict. */
static cl_int check_arguments(const char *call, const kernel *k) {
  const signature *s = k->signature;
  for (unsigned i = 0; i < s->count; i++) {
    const memory *m = k->arguments[i].memory;
    if (!k->arguments[i].set)
      return violation(CL_INVALID_KERNEL_ARGS, call, "%s: argument %u (%s) is not set", s->name, i,
                       s->arguments[i].name);
    if (m && !is_live(call, m, MEMORY)) return CL_INVALID_KERNEL_ARGS;
    if (m && s->arguments[i].space == CONSTANT && m->size > 65536)
      return violation(CL_OUT_OF_RESOURCES, call, "%s: argument %u, %zu bytes of constant memory",
                       s->name, i, m->size);
  }
  return CL_SUCCESS;
}

static cl_int check_group(const char *call, const kernel *k, cl_uint dimensions,
                          const size_t *local) {
  const signature *s = k->signature;
  const profile *p = the_profile();
  size_t items = 1;
  for (cl_uint d = 0; d < 3; d++) {
    size_t here = d < dimensions ? local[d] : 1;
    if (s->group[d] && here != s->group[d])
      return violation(CL_INVALID_WORK_GROUP_SIZE, call,
                       "%s: %zu items in dimension %u where the kernel requires %zu", s->name, here,
                       d, s->group[d]);
    if (here == 0 || here > p->items[d])
      return violation(CL_INVALID_WORK_ITEM_SIZE, call,
                       "%s: %zu items in dimension %u; at most %zu", s->name, here, d, p->items[d]);
    items *= here;
  }
  if (plays(FAULT_SPILL, k->program->options))
    return violation(CL_OUT_OF_RESOURCES, call, "%s: launched although it spills", s->name);
  if (items > most_items(k))
    return violation(CL_INVALID_WORK_GROUP_SIZE, call, "%s: groups of %zu items; at most %zu",
                     s->name, items, most_items(k));
  return CL_SUCCESS;
}

static cl_int check_grid(const char *call, const kernel *k, cl_uint dimensions,
                         const size_t *global, const size_t *local) {
  const char *name = k->signature->name;
  for (cl_uint d = 0; d < dimensions; d++) {
    if (global[d] == 0)
      return violation(CL_INVALID_GLOBAL_WORK_SIZE, call, "%s: nothing in dimension %u", name, d);
    if (global[d] % local[d])
      return violation(CL_INVALID_WORK_GROUP_SIZE, call,
                       "%s: %zu items in dimension %u are no multiple of groups of %zu", name,
                       global[d], d, local[d]);
    if (global[d] / local[d] > the_profile()->groups[d])
      return violation(CL_OUT_OF_RESOURCES, call, "%s: %zu groups in dimension %u; at most %llu",
                       name, global[d] / local[d], d, (unsigned long long)the_profile()->groups[d]);
  }
  return CL_SUCCESS;
}

cl_int check_launch(const char *call, const kernel *k, cl_uint dimensions, const size_t *offset,
                    const size_t *global, const size_t *local) {
  if (dimensions < 1 || dimensions > 3)
    return violation(CL_INVALID_WORK_DIMENSION, call, "%u dimensions", dimensions);
  if (!global || !local)
    return violation(CL_INVALID_WORK_GROUP_SIZE, call, "%s: no sizes", k->signature->name);
  if (offset) return violation(CL_INVALID_GLOBAL_OFFSET, call, "%s: an offset", k->signature->name);
  cl_int status = check_arguments(call, k);
  if (!status) status = check_group(call, k, dimensions, local);
  if (!status) status = check_grid(call, k, dimensions, global, local);
  if (!status && local_bytes(k) > the_profile()->local_bytes)
    status = violation(CL_OUT_OF_RESOURCES, call, "%s: %llu bytes of local memory; at most %llu",
                       k->signature->name, (unsigned long long)local_bytes(k),
                       (unsigned long long)the_profile()->local_bytes);
  return status;
}

CL_API_ENTRY cl_int CL_API_CALL clEnqueueNDRangeKernel(cl_command_queue handle, cl_kernel launched,
                                                       cl_uint dimensions, const size_t *offset,
                                                       const size_t *global, const size_t *local,
                                                       cl_uint count, const cl_event *events,
                                                       cl_event *event) {
  cl_int status = check_queue(__func__, handle, count, events);
  if (!status && !is_live(__func__, launched, KERNEL)) status = CL_INVALID_KERNEL;
  const kernel *k = (const kernel *)launched;
  if (!status) status = check_launch(__func__, k, dimensions, offset, global, local);
  if (status) return status;
  count_launch(k->signature->name);
  play_step(k);
  play_product(k);
  make_event(event, handle, CL_COMMAND_NDRANGE_KERNEL);
  return CL_SUCCESS;
}
