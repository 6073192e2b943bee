/* OpenCL inside the device layer: the structs behind its handles. watch.h has the macros for
 * calls. */
#ifndef EBBI_CL_H
#define EBBI_CL_H

#include "base/error.h"
#include "base/hash.h"
#include "device.h"
#include "watch.h"

#include <ebb/cache.h>

/* A kernel built with one set of options. It is wanted while it has neither a kernel nor a
 * failure. */
typedef struct ebbi_program ebbi_program;
struct ebbi_program {
  ebbi_program *next;
  ebbi_kernel_id id;
  char *options;
  cl_program program;
  cl_kernel kernel; /* for launches queued directly */
  bool refused;     /* refused by the compiler, which would refuse it again */
  bool may_fail;    /* others take its place if it does */
  bool judged;      /* `service` is known */
  ebbi_service service;
  char *failure; /* the compiler's message */
};

/* Command buffers: the functions of cl_khr_command_buffer that ebb needs; all NULL: not used. They
 * are declared here because headers hide the extension or lack it. */
typedef struct _cl_command_buffer_khr *ebbi_command_buffer;

typedef struct ebbi_command_calls {
  ebbi_command_buffer(CL_API_CALL *create)(cl_uint, const cl_command_queue *, const cl_ulong *,
                                           cl_int *);
  cl_int(CL_API_CALL *launch)(ebbi_command_buffer, cl_command_queue, const cl_ulong *, cl_kernel,
                              cl_uint, const size_t *, const size_t *, const size_t *, cl_uint,
                              const cl_uint *, cl_uint *, void **);
  cl_int(CL_API_CALL *finalize)(ebbi_command_buffer);
  cl_int(CL_API_CALL *enqueue)(cl_uint, cl_command_queue *, ebbi_command_buffer, cl_uint,
                               const cl_event *, cl_event *);
  cl_int(CL_API_CALL *release)(ebbi_command_buffer);
} ebbi_command_calls;

/* Decided by EBB_COMMAND_BUFFER and the device's extensions.
 * Errors: EBB_ERR_ARGUMENT (an unknown word), EBB_ERR_UNSUPPORTED (on, but the device has none). */
ebb_status ebbi_command_calls_choose(ebb_device *device);

typedef struct ebbi_profiling ebbi_profiling;

struct ebb_device {
  cl_context context;
  cl_device_id id;
  cl_command_queue queue;
  cl_command_queue upload_queue; /* NULL until the first staged upload */
  ebb_device_info info;
  char reason[160];
  size_t alignment;
  ebbi_exec exec; /* the default */
  ebb_cache_mode cache;
  ebb_counters counters;
  ebbi_program *programs;
  bool planning; /* launches only register the programs they need */
  ebb_compile_callback compiling;
  void *compiling_user;
  ebbi_buffer *workspace;
  ebbi_sequence *recording; /* NULL: launches are queued directly */
  ebbi_command_calls command_calls;
  ebbi_watch watch;
  void *transfer;            /* host memory for transfers of buffers: transfer.c */
  size_t transfer_size;      /* of each half */
  bool clblast;              /* CLBlast holds programs of the context */
  bool timing;               /* each command gets an event */
  ebbi_profiling *profiling; /* NULL: no profile was ever begun */
  uint32_t unserved[EBBI_UNSERVED_WORDS];
};

struct ebbi_buffer {
  ebb_device *device;
  ebbi_buffer *smaller; /* of workspaces: the previous, smaller one */
  cl_mem memory;
  size_t bytes; /* counted in the device's account; 0 for views */
  size_t size;
};

typedef struct ebbi_platform_device {
  cl_platform_id platform;
  cl_device_id device;
  ebb_device_info info;
} ebbi_platform_device;

/* All devices of all platforms in a stable order. The caller frees *list, also after a failure. */
ebb_status ebbi_devices_list(ebbi_platform_device **list, size_t *count);
void ebbi_device_read_info(ebb_device_info *info, cl_platform_id platform, cl_device_id device);

/* Reads only the sizes of memory and groups.
 * Errors: EBB_ERR_DEVICE (a query fails or gives an impossible value). */
ebb_status ebbi_device_read_sizes(ebb_device_info *info, cl_device_id device);

/* Index of the device that the selector names, and the reason for ebb_device_reason. */
ebb_status ebbi_devices_select(size_t *index, char *reason, size_t reason_size,
                               const ebbi_platform_device *list, size_t count,
                               const char *selector);

/* Returns true if `text` contains `part`, in upper or lower case. */
bool ebbi_contains(const char *text, const char *part);

void ebbi_device_free_workspaces(ebb_device *device);

/* Blocks. Errors: as ebbi_buffer_upload. */
ebb_status ebbi_buffer_write_zeros(ebbi_buffer *buffer);
void ebbi_transfer_free(ebb_device *device);

/* The vector width that the device reports; the row of device parameters at a width, false if there
 * is none; and the options that pass it to the kernels. */
unsigned ebbi_params_width(const ebb_device_info *info);
bool ebbi_params_choose(ebbi_device_params *params, const ebb_device_info *info, unsigned width);
void ebbi_params_options(char *options, size_t size, const ebbi_device_params *params);

/* The text of a program that holds a kernel and what its file includes; the caller frees it. */
ebb_status ebbi_program_source(char **text, const char *file, const char *kernel,
                               const char *options);

/* The text of a file in the folder EBB_KERNEL_DIR; the caller frees it. NULL: the variable is not
 * set, or the folder has no such file.
 * Errors: EBB_ERR_ARGUMENT (no such folder; folder or file belongs to another user or is writable
 * by others), EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_kernel_folder_read(char **text, const char *name);

/* Notes that the kernel `id` will be needed with these options. */
ebb_status ebbi_program_want(ebb_device *device, const ebbi_exec *exec, ebbi_kernel_id id,
                             const char *options);

/* The kernel `id` with these options, built if need be. */
ebb_status ebbi_program_kernel(cl_kernel *kernel, ebb_device *device, const ebbi_exec *exec,
                               ebbi_kernel_id id, const char *options);
/* A kernel object of its own, for a recorded launch; the caller releases it. */
ebb_status ebbi_program_new_kernel(cl_kernel *kernel, ebb_device *device, const ebbi_exec *exec,
                                   ebbi_kernel_id id, const char *options);
void ebbi_programs_free(ebb_device *device);

/* The key of a program in the kernel cache, loading a built program by its key, and storing one. If
 * they fail, nothing has changed. */
bool ebbi_program_key(ebbi_hash *key, ebb_device *device, const char *text, const char *options);
bool ebbi_program_load(cl_program *program, ebb_device *device, const ebbi_hash *key,
                       const char *options);
void ebbi_program_keep(cl_program program, ebb_device *device, const ebbi_hash *key);
const char *ebbi_kernel_name(ebbi_kernel_id id);

/* A launch with its arguments set. */
typedef struct ebbi_entry {
  ebbi_kernel_id id;
  cl_kernel kernel; /* NULL: the CLBlast call `gemm` */
  size_t global[2], local[2];
  ebbi_work work;
  ebbi_gemm gemm;
} ebbi_entry;

/* Appends a launch, or a CLBlast call, to the sequence being recorded. */
ebb_status ebbi_sequence_add(ebbi_sequence *sequence, const ebbi_entry *entry);

/* Queues one launch and counts it. */
ebb_status ebbi_enqueue(ebb_device *device, const ebbi_entry *entry);

/* Frees CLBlast's caches, of all devices, if it was used on this device. Otherwise CLBlast would do
 * so at exit, when a driver may be gone. */
void ebbi_clblast_clear(const ebb_device *device);

/* Takes ownership of a command's event, and of the preceding marker's event or NULL. They go to the
 * profile, or are released if nothing is timed. `event` NULL does nothing, so this can follow every
 * enqueue call. */
ebb_status ebbi_profiling_add(ebb_device *device, const char *name, const ebbi_work *work,
                              cl_event before, cl_event event);

/* The start time for ebb_profile_phase; 0 without a profile. */
double ebbi_profiling_clock(const ebb_device *device);
void ebbi_profiling_free(ebb_device *device);

/* The name of an OpenCL error code, such as "CL_OUT_OF_RESOURCES", or "unknown". */
const char *ebbi_cl_error_name(cl_int error);

#endif
