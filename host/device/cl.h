/* OpenCL inside the device layer: the structs behind its handles, and TRY_CL. */
#ifndef EBBI_CL_H
#define EBBI_CL_H

#define CL_TARGET_OPENCL_VERSION 120
#include "base/error.h"
#include "base/hash.h"
#include "device.h"

#include <CL/cl.h>
#include <ebb/cache.h>

/* A program built with one set of options, and its kernels as far as they have been asked for. */
typedef struct ebbi_program ebbi_program;
struct ebbi_program {
  ebbi_program *next;
  ebbi_program_id id;
  char *options;
  cl_program program;
  cl_kernel kernels[EBBI_KERNEL_COUNT];
};

struct ebb_device {
  cl_context context;
  cl_device_id id;
  cl_command_queue queue;
  ebb_device_info info;
  char reason[160];
  size_t alignment;
  ebbi_profile profile;
  char options[512]; /* the profile as -D, for every program */
  ebb_engine engine;
  ebb_cache_mode cache;
  ebb_counters counters;
  ebbi_program *programs;
  ebbi_buffer *workspace;
  ebbi_sequence *recording; /* NULL: launches are queued at once */
};

struct ebbi_buffer {
  ebb_device *device;
  ebbi_buffer *smaller; /* of workspaces: the one before */
  cl_mem memory;
  size_t bytes; /* counted in the device's account; 0 for views */
  size_t size;
};

typedef struct ebbi_platform_device {
  cl_platform_id platform;
  cl_device_id device;
  ebb_device_info info;
} ebbi_platform_device;

/* All devices of all platforms in a stable order; the caller frees *list. */
ebb_status ebbi_devices_list(ebbi_platform_device **list, size_t *count);
void ebbi_device_read_info(ebb_device_info *info, cl_platform_id platform, cl_device_id device);

/* Index of the device that the selector names, and why, for ebb_device_reason. */
ebb_status ebbi_devices_select(size_t *index, char *reason, size_t reason_size,
                               const ebbi_platform_device *list, size_t count,
                               const char *selector);

void ebbi_device_free_workspaces(ebb_device *device);

/* Floats a vector by what the device says of itself; the row of numbers for a device at a width,
 * false if there is none; and the options that hand it to the kernels. */
unsigned ebbi_profile_width(const ebb_device_info *info);
bool ebbi_profile_choose(ebbi_profile *profile, const ebb_device_info *info, unsigned width);
void ebbi_profile_options(char *options, size_t size, const ebbi_profile *profile);

/* The kernel `id` of a program with these options, built if need be. */
ebb_status ebbi_program_kernel(cl_kernel *kernel, ebb_device *device, ebbi_kernel_id id,
                               const char *options);
/* A kernel object of its own, for a recorded launch; the caller releases it. */
ebb_status ebbi_program_new_kernel(cl_kernel *kernel, ebb_device *device, ebbi_kernel_id id,
                                   const char *options);
void ebbi_programs_free(ebb_device *device);

/* The kernel cache's key of a program; a program by its key, built; keeping one. Where they fail,
 * nothing has happened. */
bool ebbi_program_key(ebbi_hash *key, const ebb_device *device, const char *text,
                      const char *options);
bool ebbi_program_load(cl_program *program, const ebb_device *device, const ebbi_hash *key,
                       const char *options);
void ebbi_program_keep(cl_program program, const ebb_device *device, const ebbi_hash *key);
const char *ebbi_kernel_name(ebbi_kernel_id id);

/* Appends a launch, or a CLBlast call, to the sequence being recorded. */
ebb_status ebbi_sequence_add_kernel(ebbi_sequence *sequence, ebbi_kernel_id id, cl_kernel kernel,
                                    const size_t global[2], const size_t local[2]);
ebb_status ebbi_sequence_add_gemm(ebbi_sequence *sequence, const ebbi_gemm *gemm);

/* Queues one launch and counts it. */
ebb_status ebbi_enqueue(ebb_device *device, ebbi_kernel_id id, cl_kernel kernel,
                        const size_t global[2], const size_t local[2]);

/* "CL_OUT_OF_RESOURCES" and the like, or "unknown". */
const char *ebbi_cl_error_name(cl_int error);

/* Fails with the call's name and OpenCL's error if `error` is one. */
#define TRY_CL(error, where, call)                                                                 \
  do {                                                                                             \
    cl_int try_error = (error);                                                                    \
    if (try_error != CL_SUCCESS)                                                                   \
      return ebbi_fail(                                                                            \
          try_error == CL_MEM_OBJECT_ALLOCATION_FAILURE || try_error == CL_OUT_OF_HOST_MEMORY      \
              ? EBB_ERR_MEMORY                                                                     \
              : EBB_ERR_DEVICE,                                                                    \
          "%s: %s failed: %s (%d)", where, call, ebbi_cl_error_name(try_error), try_error);        \
  } while (0)

#endif
