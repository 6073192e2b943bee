/* Kernel programs: each builds one kernel and is kept while the device is open.
 *
 * Kernels that will be needed can be collected first (ebbi_programs_plan). The number of programs
 * is then known during the build, so users see its progress. A program that fails to build keeps
 * the compiler's message and fails with it at once when it is needed again.
 */
#include "base/clock.h"
#include "environment.h"

#include <ebb/profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Bytes of a program's options: those of a whole step contain up to four formulas. */
enum { MOST_OPTIONS = 64 << 10 };

static const struct {
  const char *name, *file;
} kernels[EBBI_KERNEL_COUNT] = {
#define KERNEL_ROW(name, file) {#name, file},
    EBBI_KERNEL_LIST(KERNEL_ROW)};

const char *ebbi_kernel_name(ebbi_kernel_id id) {
  return kernels[id].name;
}

/* Releases a program's OpenCL objects. */
static void release(ebb_device *device, ebbi_program *program) {
  if (program->kernel) (void)CALL_CL(device, clReleaseKernel, program->kernel);
  if (program->program) (void)CALL_CL(device, clReleaseProgram, program->program);
  program->kernel = NULL;
  program->program = NULL;
}

/* A compiler that cannot write its files does not report it, so the message mentions the limit. */
static const char *size_limit(void) {
  struct rlimit limit;
  bool limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return limited ? "; the limit on file sizes (ulimit -f) may be why" : "";
}

/* The message contains the compiler's whole log, which the reader needs. */
static ebb_status build_failed(ebb_device *device, const ebbi_program *program, cl_int error) {
  size_t size = 0;
  (void)CALL_CL(device, clGetProgramBuildInfo, program->program, device->id, CL_PROGRAM_BUILD_LOG,
                0, NULL, &size);
  char *log = calloc(1, size + 1);
  if (log)
    (void)CALL_CL(device, clGetProgramBuildInfo, program->program, device->id, CL_PROGRAM_BUILD_LOG,
                  size, log, NULL);
  ebb_finding closed = {.ok = true};
  if (strcmp(device->info.platform, ebbi_pocl_platform) == 0) (void)ebbi_pocl_cache_closed(&closed);
  ebb_status status =
      ebbi_fail(EBB_ERR_DEVICE, "kernel %s (%s) on \"%s\" does not build: %s (%d)%s%s%s%s%s:\n%s",
                kernels[program->id].name, program->options, device->info.name,
                ebbi_cl_error_name(error), error, size_limit(), closed.ok ? "" : "; ", closed.what,
                closed.ok ? "" : ": ", closed.advice, log ? log : "");
  free(log);
  return status;
}

static ebb_status create_kernel(cl_kernel *kernel, ebb_device *device,
                                const ebbi_program *program) {
  const char *name = kernels[program->id].name;
  cl_int error = CL_SUCCESS;
  *kernel = NULL;
  if (ebbi_call_begin(device, "clCreateKernel"))
    *kernel = clCreateKernel(program->program, name, &error);
  ebbi_call_end(device, error);
  REQUIRE(error != CL_INVALID_KERNEL_NAME, EBB_ERR_DEVICE,
          "%s: the compiler of \"%s\" left the kernel out of its program", name, device->info.name);
  if (error != CL_SUCCESS) *kernel = NULL;
  return *kernel ? EBB_OK : ebbi_cl_fail(device, name, "clCreateKernel", error);
}

static ebb_status build_source(ebb_device *device, ebbi_program *program, const char *text) {
  TRY_MAKE(program->program, device, kernels[program->id].name, clCreateProgramWithSource,
           device->context, 1, &text, NULL);
  cl_int error = CALL_CL(device, clBuildProgram, program->program, 1, &device->id, program->options,
                         NULL, NULL);
  program->refused = error == CL_BUILD_PROGRAM_FAILURE || error == CL_SUCCESS;
  if (error == EBBI_LOST) return ebbi_device_lost(device);
  if (error != CL_SUCCESS) return build_failed(device, program, error);
  TRY(create_kernel(&program->kernel, device, program)); /* otherwise this clears the kernel */
  program->refused = false;
  device->counters.programs_built++;
  return EBB_OK;
}

/* Items of the group that the kernel requires; 0: the driver does not know them. */
static size_t required_items(ebb_device *device, cl_kernel kernel) {
  size_t group[3] = {0};
  cl_int error = CALL_CL(device, clGetKernelWorkGroupInfo, kernel, device->id,
                         CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof group, group, NULL);
  return error == CL_SUCCESS ? group[0] * group[1] * group[2] : 0;
}

/* Loads the program from the kernel cache. Returns false, with nothing changed, if the cache has no
 * binary with this kernel, or one that has lost the size of its groups. */
static bool load(ebb_device *device, ebbi_program *program, const ebbi_hash *key) {
  if (!ebbi_program_load(&program->program, device, key, program->options)) return false;
  bool whole = create_kernel(&program->kernel, device, program) == EBB_OK &&
               required_items(device, program->kernel) > 0;
  if (whole) device->counters.programs_cached++;
  if (!whole) release(device, program);
  return whole;
}

static ebb_status load_or_build(ebb_device *device, ebbi_program *program) {
  char *text = NULL;
  ebbi_hash key;
  TRY(ebbi_program_source(&text, kernels[program->id].file, kernels[program->id].name,
                          program->options));
  bool keyed =
      device->cache != EBB_CACHE_OFF && ebbi_program_key(&key, device, text, program->options);
  ebb_status status = EBB_OK;
  if (!keyed || !load(device, program, &key)) {
    status = build_source(device, program, text);
    if (status == EBB_OK && keyed && device->cache == EBB_CACHE_RW)
      ebbi_program_keep(program->program, device, &key);
  }
  free(text);
  return status;
}

static ebb_status build(ebb_device *device, ebbi_program *program) {
  double start = ebbi_seconds();
  ebb_status status = load_or_build(device, program);
  device->counters.build_seconds += ebbi_seconds() - start;
  ebb_profile_phase(device, "compile", start);
  if (status == EBB_OK) return EBB_OK;
  release(device, program);
  if (program->refused) program->failure = strdup(ebb_error_message());
  return status;
}

/* The place in the device's list of the kernel's program with these options, or the end of the
 * list. */
static ebbi_program **find_place(ebb_device *device, ebbi_kernel_id id, const char *options) {
  ebbi_program **place = &device->programs;
  while (*place && ((*place)->id != id || strcmp((*place)->options, options) != 0))
    place = &(*place)->next;
  return place;
}

/* The kernel's program with the execution's options and these; if it is new, still to be built. */
static ebb_status find_program(ebbi_program **out, ebb_device *device, const ebbi_exec *exec,
                               ebbi_kernel_id id, const char *more) {
  char options[MOST_OPTIONS];
  int length = snprintf(options, sizeof options, "%s %s", exec->options, more);
  REQUIRE(length < (int)sizeof options, EBB_ERR_ARGUMENT, "kernel %s: %d characters of options",
          kernels[id].name, length);
  ebbi_program **place = find_place(device, id, options);
  if (!*place) {
    ebbi_program *program = calloc(1, sizeof *program);
    char *copy = strdup(options);
    if (!program || !copy) {
      free(program);
      free(copy);
      return ebbi_fail(EBB_ERR_MEMORY, "kernel %s: no memory", kernels[id].name);
    }
    *program = (ebbi_program){.id = id, .options = copy};
    *place = program; /* freed with the device, built or not */
  }
  *out = *place;
  return EBB_OK;
}

static bool is_wanted(const ebbi_program *program) {
  return !program->kernel && !program->failure;
}

static ebb_status require_built(ebb_device *device, ebbi_program *program) {
  REQUIRE(!program->failure, EBB_ERR_DEVICE, "%s", program->failure);
  return program->kernel ? EBB_OK : build(device, program);
}

ebb_status ebbi_program_want(ebb_device *device, const ebbi_exec *exec, ebbi_kernel_id id,
                             const char *options) {
  ebbi_program *program;
  return find_program(&program, device, exec, id, options);
}

ebb_status ebbi_program_kernel(cl_kernel *kernel, ebb_device *device, const ebbi_exec *exec,
                               ebbi_kernel_id id, const char *options) {
  ebbi_program *program;
  TRY(find_program(&program, device, exec, id, options));
  TRY(require_built(device, program));
  *kernel = program->kernel;
  return EBB_OK;
}

ebb_status ebbi_program_new_kernel(cl_kernel *kernel, ebb_device *device, const ebbi_exec *exec,
                                   ebbi_kernel_id id, const char *options) {
  ebbi_program *program;
  TRY(find_program(&program, device, exec, id, options));
  TRY(require_built(device, program));
  return create_kernel(kernel, device, program);
}

ebb_status ebbi_kernel_build(ebb_device *device, const ebbi_exec *exec, ebbi_kernel_id id,
                             const char *options) {
  cl_kernel kernel;
  return ebbi_program_kernel(&kernel, device, exec, id, options);
}

/* ---- judging ---- */

/* A CPU has no registers to run out of that it would report: all its private memory is memory. */
static ebbi_service judge(ebb_device *device, cl_kernel kernel) {
  size_t most = 0;
  cl_ulong spilled = 0;
  cl_int error = CALL_CL(device, clGetKernelWorkGroupInfo, kernel, device->id,
                         CL_KERNEL_WORK_GROUP_SIZE, sizeof most, &most, NULL);
  if (error == CL_SUCCESS && most > 0 && required_items(device, kernel) > most) return EBBI_FAILS;
  if (device->info.type == EBB_DEVICE_CPU) return EBBI_SERVES;
  error = CALL_CL(device, clGetKernelWorkGroupInfo, kernel, device->id, CL_KERNEL_PRIVATE_MEM_SIZE,
                  sizeof spilled, &spilled, NULL);
  return error == CL_SUCCESS && spilled > 0 ? EBBI_SPILLS : EBBI_SERVES;
}

ebb_status ebbi_kernel_judge(ebbi_service *service, ebb_device *device, const ebbi_exec *exec,
                             ebbi_kernel_id id, const char *options) {
  ebbi_program *program;
  *service = EBBI_SERVES;
  TRY(find_program(&program, device, exec, id, options));
  program->may_fail = true;
  if (device->planning) return EBB_OK;
  ebb_status status = require_built(device, program);
  if (status != EBB_OK && !program->failure) return status;
  if (!program->judged)
    program->service = status == EBB_OK ? judge(device, program->kernel) : EBBI_FAILS;
  program->judged = true;
  *service = program->service;
  return EBB_OK;
}

uint32_t ebbi_device_unserved(const ebb_device *device, size_t word) {
  return device->unserved[word];
}

void ebbi_device_mark_unserved(ebb_device *device, size_t word, unsigned bit) {
  device->unserved[word] |= (uint32_t)1 << bit;
}

/* ---- collecting ---- */

void ebb_device_on_compile(ebb_device *device, ebb_compile_callback callback, void *user) {
  device->compiling = callback;
  device->compiling_user = user;
}

static void report(const ebb_device *device, size_t done, size_t count) {
  if (device->compiling) device->compiling(done, count, device->compiling_user);
}

void ebbi_programs_plan(ebb_device *device) {
  device->planning = true;
}

static ebb_status build_wanted(ebb_device *device) {
  size_t count = 0, done = 0;
  for (const ebbi_program *p = device->programs; p; p = p->next) count += is_wanted(p);
  for (ebbi_program *p = device->programs; p; p = p->next) {
    if (!is_wanted(p)) continue;
    report(device, done++, count);
    ebb_status status = build(device, p);
    if (status != EBB_OK && !(p->may_fail && p->failure)) return status;
  }
  if (count > 0) report(device, count, count);
  return EBB_OK;
}

static void free_program(ebb_device *device, ebbi_program *program) {
  release(device, program);
  free(program->options);
  free(program->failure);
  free(program);
}

/* Forgets collected programs after a failure, so that the next collection does not build them. */
static void forget_wanted(ebb_device *device) {
  for (ebbi_program **place = &device->programs; *place;) {
    ebbi_program *program = *place;
    if (!is_wanted(program)) {
      place = &program->next;
      continue;
    }
    *place = program->next;
    free_program(device, program);
  }
}

ebb_status ebbi_programs_build(ebb_device *device, ebb_status planned) {
  device->planning = false;
  ebb_status status = planned == EBB_OK ? build_wanted(device) : planned;
  if (status != EBB_OK) forget_wanted(device);
  return status;
}

void ebbi_programs_free(ebb_device *device) {
  while (device->programs) {
    ebbi_program *program = device->programs;
    device->programs = program->next;
    free_program(device, program);
  }
}
