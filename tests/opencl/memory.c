/* Buffers: host memory that begins as zeros, and views into them.
 */
#include "checker.h"

#include <stdlib.h>
#include <string.h>

static uint64_t used; /* bytes of all buffers */

static void end_memory(object *o) {
  memory *m = (memory *)o;
  if (m->maps) violation(0, "clReleaseMemObject", "a buffer of %zu bytes is still mapped", m->size);
  if (m->parent) {
    drop(&m->parent->object);
    return;
  }
  used -= m->size;
  free(m->bytes);
}

static cl_int check_flags(const char *call, cl_mem_flags flags) {
  const cl_mem_flags access = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY,
                     known = access | CL_MEM_ALLOC_HOST_PTR;
  cl_mem_flags wanted = flags & access;
  if ((flags & ~known) || (wanted & (wanted - 1)))
    return violation(CL_INVALID_VALUE, call, "flags 0x%llx", (unsigned long long)flags);
  return CL_SUCCESS;
}

static cl_int check_size(const char *call, size_t size) {
  const profile *p = the_profile();
  if (size == 0) return violation(CL_INVALID_BUFFER_SIZE, call, "a buffer of 0 bytes");
  if (size > p->allocation_bytes)
    return violation(CL_INVALID_BUFFER_SIZE, call, "a buffer of %zu bytes; at most %llu", size,
                     (unsigned long long)p->allocation_bytes);
  if (used + size > p->global_bytes)
    return violation(CL_MEM_OBJECT_ALLOCATION_FAILURE, call,
                     "%zu bytes where %llu of %llu are used", size, (unsigned long long)used,
                     (unsigned long long)p->global_bytes);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_mem CL_API_CALL clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size,
                                               void *host, cl_int *error) {
  cl_int status =
      is_live(__func__, context, CONTEXT) ? check_flags(__func__, flags) : CL_INVALID_CONTEXT;
  if (!status) status = check_size(__func__, size);
  if (!status && host)
    status = violation(CL_INVALID_HOST_PTR, __func__, "host memory without a flag for it");
  unsigned char *bytes = status ? NULL : calloc(1, size);
  if (!status && !bytes) status = CL_OUT_OF_HOST_MEMORY;
  if (error) *error = status;
  if (status) return NULL;
  memory *m = make_object(MEMORY, sizeof *m, (object *)context, end_memory);
  m->bytes = bytes;
  m->size = size;
  m->flags = flags;
  used += size;
  return (cl_mem)m;
}

static cl_int check_region(const char *call, const memory *parent, const cl_buffer_region *region) {
  size_t alignment = the_profile()->alignment_bits / 8;
  if (parent->parent) return violation(CL_INVALID_MEM_OBJECT, call, "a sub-buffer of a sub-buffer");
  if (region->size == 0) return violation(CL_INVALID_BUFFER_SIZE, call, "a sub-buffer of 0 bytes");
  if (region->origin > parent->size || region->size > parent->size - region->origin)
    return violation(CL_INVALID_VALUE, call, "bytes %zu to %zu of a buffer of %zu", region->origin,
                     region->origin + region->size, parent->size);
  if (region->origin % alignment)
    return violation(CL_MISALIGNED_SUB_BUFFER_OFFSET, call,
                     "begins at byte %zu, which is no multiple of %zu", region->origin, alignment);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_mem CL_API_CALL clCreateSubBuffer(cl_mem handle, cl_mem_flags flags,
                                                  cl_buffer_create_type how, const void *info,
                                                  cl_int *error) {
  cl_int status =
      is_live(__func__, handle, MEMORY) ? check_flags(__func__, flags) : CL_INVALID_MEM_OBJECT;
  memory *parent = (memory *)handle;
  const cl_buffer_region *region = info;
  if (!status && (how != CL_BUFFER_CREATE_TYPE_REGION || !region))
    status = violation(CL_INVALID_VALUE, __func__, "no region");
  if (!status) status = check_region(__func__, parent, region);
  if (error) *error = status;
  if (status) return NULL;
  memory *m = make_object(MEMORY, sizeof *m, parent->object.context, end_memory);
  hold(&parent->object);
  m->parent = parent;
  m->bytes = parent->bytes + region->origin;
  m->origin = region->origin;
  m->size = region->size;
  m->flags = flags;
  return (cl_mem)m;
}

CL_API_ENTRY cl_int CL_API_CALL clRetainMemObject(cl_mem handle) {
  return retain(__func__, handle, MEMORY, CL_INVALID_MEM_OBJECT);
}

CL_API_ENTRY cl_int CL_API_CALL clReleaseMemObject(cl_mem handle) {
  return release(__func__, handle, MEMORY, CL_INVALID_MEM_OBJECT);
}

CL_API_ENTRY cl_int CL_API_CALL clGetMemObjectInfo(cl_mem handle, cl_mem_info what, size_t size,
                                                   void *value, size_t *needed) {
  if (!is_live(__func__, handle, MEMORY)) return CL_INVALID_MEM_OBJECT;
  const memory *m = (const memory *)handle;
  switch (what) {
  case CL_MEM_SIZE:
    return answer(size, value, needed, &m->size, sizeof m->size);
  case CL_MEM_OFFSET:
    return answer(size, value, needed, &m->origin, sizeof m->origin);
  case CL_MEM_CONTEXT:
    return answer(size, value, needed, &m->object.context, sizeof m->object.context);
  default:
    return CL_INVALID_VALUE;
  }
}
