/* An OpenCL layer that keeps what the compiler says of every program it builds: the loader ocl-icd
 * puts it between a program and the drivers if OPENCL_LAYERS names its file. EBB_BUILD_LOG names
 * the file that it appends to. NVIDIA's compiler is asked for its report of registers and spills.
 * The device's extensions come first.
 *
 * A program's lines are written at once, so that several processes may share the file. Rejected: an
 * option of the library, which would carry what only a survey of a device needs.
 */
#include <CL/cl_icd.h>
#include <CL/cl_layer.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const cl_icd_dispatch *driver;
static struct _cl_icd_dispatch layer;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static char *read_log(cl_program program, cl_device_id device) {
  size_t size = 0;
  driver->clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
  char *log = calloc(1, size + 1);
  if (log) driver->clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log, NULL);
  return log;
}

static char *read_text(cl_device_id device, cl_device_info what) {
  size_t size = 0;
  driver->clGetDeviceInfo(device, what, 0, NULL, &size);
  char *text = calloc(1, size + 1);
  if (text) driver->clGetDeviceInfo(device, what, size, text, NULL);
  return text;
}

static void append(const char *text, size_t size) {
  const char *path = getenv("EBB_BUILD_LOG");
  int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
  if (file < 0) return;
  if (write(file, text, size) < 0) perror(path);
  close(file);
}

/* Once a process. */
static void put_device(const char *name, const char *extensions) {
  static int told;
  char line[8192];
  int length = snprintf(line, sizeof line, "== device %s: extensions %s\n", name, extensions);
  if (!told++ && length < (int)sizeof line) append(line, (size_t)length);
}

/* The options, with the wish for a report where there is one. NULL: no memory. */
static char *options_for(cl_device_id device, const char *options) {
  static const char wish[] = " -cl-nv-verbose";
  char *extensions = read_text(device, CL_DEVICE_EXTENSIONS),
       *name = read_text(device, CL_DEVICE_NAME);
  char *all = extensions && name ? calloc(1, strlen(options) + sizeof wish) : NULL;
  if (all) {
    bool has_report = strstr(extensions, "cl_nv_compiler_options");
    sprintf(all, "%s%s", options, has_report ? wish : "");
    put_device(name, extensions);
  }
  free(extensions);
  free(name);
  return all;
}

static void put_kernel(FILE *out, cl_kernel kernel, const char *name, cl_device_id device) {
  size_t most = 0, group[3] = {0};
  cl_ulong local = 0, private = 0;
  driver->clGetKernelWorkGroupInfo(kernel, device, CL_KERNEL_WORK_GROUP_SIZE, sizeof most, &most,
                                   NULL);
  driver->clGetKernelWorkGroupInfo(kernel, device, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof group,
                                   group, NULL);
  driver->clGetKernelWorkGroupInfo(kernel, device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof local, &local,
                                   NULL);
  driver->clGetKernelWorkGroupInfo(kernel, device, CL_KERNEL_PRIVATE_MEM_SIZE, sizeof private,
                                   &private, NULL);
  fprintf(out, "kernel %s group %zu most %zu local %llu private %llu\n", name,
          group[0] * group[1] * group[2], most, (unsigned long long)local,
          (unsigned long long)private);
}

/* By their names, as the library makes them. */
static void put_kernels(FILE *out, cl_program program, cl_device_id device) {
  char names[1024] = "", *rest = names;
  driver->clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, sizeof names - 1, names, NULL);
  for (char *name; (name = strtok_r(rest, ";", &rest));) {
    cl_int error;
    cl_kernel kernel = driver->clCreateKernel(program, name, &error);
    if (!kernel) continue;
    put_kernel(out, kernel, name, device);
    driver->clReleaseKernel(kernel);
  }
}

static void keep(cl_program program, cl_device_id device, cl_int error, double seconds,
                 const char *options) {
  char *text = NULL, *log = read_log(program, device);
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out) {
    fprintf(out, "== built %d seconds %.3f options %s\n", (int)error, seconds, options);
    if (error == CL_SUCCESS) put_kernels(out, program, device);
    if (log && *log) fprintf(out, "%s\n", log);
    if (fclose(out) == 0) append(text, size);
  }
  free(text);
  free(log);
}

static cl_int CL_API_CALL build(cl_program program, cl_uint count, const cl_device_id *devices,
                                const char *options, void(CL_CALLBACK *done)(cl_program, void *),
                                void *user) {
  char *all = count == 1 && !done ? options_for(devices[0], options ? options : "") : NULL;
  if (!all) return driver->clBuildProgram(program, count, devices, options, done, user);
  double start = now();
  cl_int error = driver->clBuildProgram(program, count, devices, all, NULL, user);
  keep(program, devices[0], error, now() - start, all);
  free(all);
  return error;
}

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info name, size_t size, void *value,
                                               size_t *size_out) {
  const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
  if (name != CL_LAYER_API_VERSION) return CL_INVALID_VALUE;
  if (value && size < sizeof version) return CL_INVALID_VALUE;
  if (value) *(cl_layer_api_version *)value = version;
  if (size_out) *size_out = sizeof version;
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint count, const cl_icd_dispatch *target,
                                            cl_uint *own_count, const cl_icd_dispatch **own) {
  if (!target || !own_count || !own) return CL_INVALID_VALUE;
  size_t bytes = count * sizeof(void *);
  driver = target;
  memcpy(&layer, target, bytes < sizeof layer ? bytes : sizeof layer);
  layer.clBuildProgram = build;
  *own_count = count;
  *own = &layer;
  return CL_SUCCESS;
}
