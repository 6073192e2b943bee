/* The OpenCL driver that checks every call (tests/opencl) sees what it is there to see: each fault
 * is made once, and the call must report a violation and fail. Runs through the loader, under that
 * driver.
 */
#define CL_TARGET_OPENCL_VERSION 120
#include "test_support.h"

#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char source[] =
    "#define GROUP(x) __attribute__((reqd_work_group_size(x, 1, 1)))\n"
    "#if ITEMS > 64\n#error \"too many\"\n#endif\n"
    "typedef struct { int a; float4 b[2]; } pair;\n"
    "__kernel GROUP(ITEMS)\n"
    "void add(__global float *restrict y, __global const pair *x, __local uint *room, int n,\n"
    "         float8 p) {\n"
    "  __local float sums[2 * ITEMS + 4], more[4][4] __attribute__((aligned(16)));\n"
    "  __local float *at = sums;\n"
    "  y[get_global_id(0)] = at[n];\n"
    "}\n"
    "__kernel void free_of(__constant int *x) {}\n";

/* What a case may use. */
typedef struct rig {
  cl_platform_id platform;
  cl_device_id device;
  cl_context context;
  cl_command_queue queue;
  cl_mem buffer, read_only; /* 4096 bytes each */
  cl_program program;
  cl_kernel kernel;
} rig;

static const size_t one_group[2] = {64, 1}, group[2] = {64, 1};

static cl_int set_arguments(cl_kernel kernel, cl_mem buffer) {
  const cl_int n = 1;
  const float p[8] = {0};
  return clSetKernelArg(kernel, 0, sizeof buffer, &buffer) ||
         clSetKernelArg(kernel, 1, sizeof buffer, &buffer) ||
         clSetKernelArg(kernel, 2, 256, NULL) || clSetKernelArg(kernel, 3, sizeof n, &n) ||
         clSetKernelArg(kernel, 4, sizeof p, p);
}

static void begin(rig *r) {
  const char *text = source;
  cl_int error;
  assert_int_equal(clGetPlatformIDs(1, &r->platform, NULL), CL_SUCCESS);
  assert_int_equal(clGetDeviceIDs(r->platform, CL_DEVICE_TYPE_GPU, 1, &r->device, NULL), 0);
  r->context = clCreateContext(NULL, 1, &r->device, NULL, NULL, &error);
  r->queue = clCreateCommandQueue(r->context, r->device, 0, &error);
  r->buffer = clCreateBuffer(r->context, CL_MEM_READ_WRITE, 4096, NULL, &error);
  r->read_only = clCreateBuffer(r->context, CL_MEM_READ_ONLY, 4096, NULL, &error);
  r->program = clCreateProgramWithSource(r->context, 1, &text, NULL, &error);
  assert_int_equal(clBuildProgram(r->program, 1, &r->device, "-DITEMS=64 -w", NULL, NULL), 0);
  r->kernel = clCreateKernel(r->program, "add", &error);
  assert_non_null(r->kernel);
  assert_int_equal(set_arguments(r->kernel, r->buffer), CL_SUCCESS);
}

static void end(rig *r) {
  clReleaseKernel(r->kernel);
  clReleaseProgram(r->program);
  clReleaseMemObject(r->read_only);
  clReleaseMemObject(r->buffer);
  clReleaseCommandQueue(r->queue);
  clReleaseContext(r->context);
}

static cl_int launch(const rig *r, size_t x, size_t y, size_t items) {
  const size_t global[2] = {x, y}, local[2] = {items, 1};
  return clEnqueueNDRangeKernel(r->queue, r->kernel, 2, NULL, global, local, 0, NULL, NULL);
}

/* ---- the faults ---- */

static cl_int create(const rig *r, cl_mem_flags flags, size_t size) {
  cl_int error;
  (void)clCreateBuffer(r->context, flags, size, NULL, &error);
  return error;
}

static cl_int view(const rig *r, size_t origin, size_t size) {
  const cl_buffer_region region = {origin, size};
  cl_int error;
  (void)clCreateSubBuffer(r->buffer, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region,
                          &error);
  return error;
}

static cl_int nothing_long(rig *r) {
  return create(r, CL_MEM_READ_WRITE, 0);
}
static cl_int too_long(rig *r) {
  return create(r, CL_MEM_READ_WRITE, (size_t)36 << 30);
}
static cl_int two_accesses(rig *r) {
  return create(r, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, 4);
}
static cl_int misaligned(rig *r) {
  return view(r, 128, 64);
}
static cl_int view_outside(rig *r) {
  return view(r, 3584, 1024);
}
static cl_int view_of_view(rig *r) {
  const cl_buffer_region region = {0, 512};
  cl_int error;
  cl_mem first = clCreateSubBuffer(r->buffer, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &error);
  (void)clCreateSubBuffer(first, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &error);
  clReleaseMemObject(first);
  return error;
}

static char host[8192];

static cl_int read_outside(rig *r) {
  return clEnqueueReadBuffer(r->queue, r->buffer, CL_TRUE, 4000, 200, host, 0, NULL, NULL);
}
static cl_int read_nothing(rig *r) {
  return clEnqueueReadBuffer(r->queue, r->buffer, CL_TRUE, 0, 0, host, 0, NULL, NULL);
}
static cl_int read_to_null(rig *r) {
  return clEnqueueReadBuffer(r->queue, r->buffer, CL_TRUE, 0, 4, NULL, 0, NULL, NULL);
}
static cl_int write_outside(rig *r) {
  return clEnqueueWriteBuffer(r->queue, r->buffer, CL_TRUE, (size_t)-4, 8, host, 0, NULL, NULL);
}
static cl_int copy_onto_itself(rig *r) {
  return clEnqueueCopyBuffer(r->queue, r->buffer, r->buffer, 0, 100, 200, 0, NULL, NULL);
}
static cl_int fill_by_three(rig *r) {
  return clEnqueueFillBuffer(r->queue, r->buffer, host, 3, 0, 9, 0, NULL, NULL);
}
static cl_int rows_overlap(rig *r) {
  const size_t origin[3] = {0}, region[3] = {16, 4, 1};
  return clEnqueueReadBufferRect(r->queue, r->buffer, CL_TRUE, origin, origin, region, 8, 0, 0, 0,
                                 host, 0, NULL, NULL);
}
static cl_int last_row_outside(rig *r) {
  const size_t origin[3] = {0, 60, 0}, zero[3] = {0}, region[3] = {64, 5, 1};
  return clEnqueueWriteBufferRect(r->queue, r->buffer, CL_TRUE, origin, zero, region, 64, 0, 0, 0,
                                  host, 0, NULL, NULL);
}
static cl_int unmap_unmapped(rig *r) {
  return clEnqueueUnmapMemObject(r->queue, r->buffer, host, 0, NULL, NULL);
}
static cl_int events_without_list(rig *r) {
  return clEnqueueMarkerWithWaitList(r->queue, 1, NULL, NULL);
}
static cl_int profile_unprofiled(rig *r) {
  cl_event event;
  cl_ulong time;
  assert_int_equal(clEnqueueMarkerWithWaitList(r->queue, 0, NULL, &event), CL_SUCCESS);
  cl_int error =
      clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof time, &time, NULL);
  clReleaseEvent(event);
  return error;
}

static cl_int argument(rig *r, cl_uint i, size_t size, const void *value) {
  return clSetKernelArg(r->kernel, i, size, value);
}
static cl_int argument_behind_last(rig *r) {
  return argument(r, 5, 4, host);
}
static cl_int value_of_other_size(rig *r) {
  return argument(r, 3, 8, host);
}
static cl_int vector_of_other_size(rig *r) {
  return argument(r, 4, 16, host);
}
static cl_int value_without_one(rig *r) {
  return argument(r, 3, 4, NULL);
}
static cl_int buffer_of_four_bytes(rig *r) {
  return argument(r, 0, 4, host);
}
static cl_int local_with_value(rig *r) {
  return argument(r, 2, 8, host);
}
static cl_int local_of_nothing(rig *r) {
  return argument(r, 2, 0, NULL);
}
static cl_int writes_read_only(rig *r) {
  return argument(r, 0, sizeof r->read_only, &r->read_only);
}
static cl_int argument_not_set(rig *r) {
  cl_int error;
  cl_kernel kernel = clCreateKernel(r->program, "add", &error);
  error = clEnqueueNDRangeKernel(r->queue, kernel, 2, NULL, one_group, group, 0, NULL, NULL);
  clReleaseKernel(kernel);
  return error;
}
static cl_int buffer_released(rig *r) {
  cl_int error;
  cl_mem gone = clCreateBuffer(r->context, CL_MEM_READ_WRITE, 64, NULL, &error);
  assert_int_equal(argument(r, 0, sizeof gone, &gone), CL_SUCCESS);
  clReleaseMemObject(gone);
  return launch(r, 64, 1, 64);
}

static cl_int another_group(rig *r) {
  return launch(r, 64, 1, 32);
}
static cl_int no_multiple(rig *r) {
  return launch(r, 96, 1, 64);
}
static cl_int no_items(rig *r) {
  return launch(r, 0, 1, 64);
}
static cl_int too_many_rows(rig *r) {
  return launch(r, 64, 65536, 64);
}
static cl_int too_much_local(rig *r) {
  assert_int_equal(argument(r, 2, 48 << 10, NULL), CL_SUCCESS);
  return launch(r, 64, 1, 64);
}
static cl_int four_dimensions(rig *r) {
  return clEnqueueNDRangeKernel(r->queue, r->kernel, 4, NULL, one_group, group, 0, NULL, NULL);
}
static cl_int large_group(rig *r) {
  const size_t items = 2048;
  cl_int error;
  cl_kernel kernel = clCreateKernel(r->program, "free_of", &error);
  clSetKernelArg(kernel, 0, sizeof r->buffer, &r->buffer);
  error = clEnqueueNDRangeKernel(r->queue, kernel, 1, NULL, &items, &items, 0, NULL, NULL);
  clReleaseKernel(kernel);
  return error;
}

static cl_int unknown_option(rig *r) {
  return clBuildProgram(r->program, 1, &r->device, "-O3", NULL, NULL);
}
static cl_int kernel_of_unbuilt(rig *r) {
  const char *text = source;
  cl_int error;
  cl_program program = clCreateProgramWithSource(r->context, 1, &text, NULL, &error);
  (void)clCreateKernel(program, "add", &error);
  clReleaseProgram(program);
  return error;
}
static cl_int unreadable(rig *r) {
  const char *text = "__kernel void strange(unheard_of x) {}\n";
  cl_int error;
  cl_program program = clCreateProgramWithSource(r->context, 1, &text, NULL, &error);
  error = clBuildProgram(program, 1, &r->device, "", NULL, NULL);
  clReleaseProgram(program);
  return error;
}
static cl_int released_twice(rig *r) {
  cl_int error;
  cl_mem gone = clCreateBuffer(r->context, CL_MEM_READ_WRITE, 64, NULL, &error);
  clReleaseMemObject(gone);
  return clReleaseMemObject(gone);
}
static cl_int another_kind(rig *r) {
  return clReleaseKernel((cl_kernel)(void *)r->buffer);
}
static cl_int map_left(rig *r) {
  cl_int error;
  cl_mem mapped = clCreateBuffer(r->context, CL_MEM_READ_WRITE, 64, NULL, &error);
  (void)clEnqueueMapBuffer(r->queue, mapped, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &error);
  clReleaseMemObject(mapped);
  return CL_INVALID_VALUE; /* the release itself succeeds */
}

#define FAULT(name) {#name, name}
static const struct {
  const char *name;
  cl_int (*make)(rig *r);
} faults[] = {FAULT(nothing_long),        FAULT(too_long),
              FAULT(two_accesses),        FAULT(misaligned),
              FAULT(view_outside),        FAULT(view_of_view),
              FAULT(read_outside),        FAULT(read_nothing),
              FAULT(read_to_null),        FAULT(write_outside),
              FAULT(copy_onto_itself),    FAULT(fill_by_three),
              FAULT(rows_overlap),        FAULT(last_row_outside),
              FAULT(unmap_unmapped),      FAULT(events_without_list),
              FAULT(profile_unprofiled),  FAULT(argument_behind_last),
              FAULT(value_of_other_size), FAULT(vector_of_other_size),
              FAULT(value_without_one),   FAULT(buffer_of_four_bytes),
              FAULT(local_with_value),    FAULT(local_of_nothing),
              FAULT(writes_read_only),    FAULT(argument_not_set),
              FAULT(buffer_released),     FAULT(another_group),
              FAULT(no_multiple),         FAULT(no_items),
              FAULT(too_many_rows),       FAULT(too_much_local),
              FAULT(four_dimensions),     FAULT(large_group),
              FAULT(unknown_option),      FAULT(kernel_of_unbuilt),
              FAULT(unreadable),          FAULT(released_twice),
              FAULT(another_kind),        FAULT(map_left)};

/* Violations in the report so far. */
static size_t violations(void) {
  FILE *file = fopen(getenv("CHECKER_REPORT"), "r");
  char line[2048];
  size_t count = 0;
  while (file && fgets(line, sizeof line, file)) count += strncmp(line, "violation ", 10) == 0;
  if (file) fclose(file);
  return count;
}

static void test_faults_are_seen(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    rig r;
    begin(&r);
    size_t before = violations();
    cl_int error = faults[i].make(&r);
    size_t seen = violations() - before;
    if (error == CL_SUCCESS || seen != 1)
      fail_msg("%s: error %d, %zu violations", faults[i].name, error, seen);
    end(&r);
  }
}

static void test_right_calls_pass(void **state) {
  (void)state;
  rig r;
  cl_ulong local;
  size_t items[3];
  size_t before = violations();
  begin(&r);
  assert_int_equal(launch(&r, 64 * 70000, 65535, 64), CL_SUCCESS);
  assert_int_equal(clGetKernelWorkGroupInfo(r.kernel, r.device, CL_KERNEL_LOCAL_MEM_SIZE,
                                            sizeof local, &local, NULL),
                   CL_SUCCESS);
  assert_int_equal(local, 4 * (2 * 64 + 4) + 4 * 16 + 256);
  assert_int_equal(clGetKernelWorkGroupInfo(r.kernel, r.device, CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
                                            sizeof items, items, NULL),
                   CL_SUCCESS);
  assert_true(items[0] == 64 && items[1] == 1 && items[2] == 1);
  assert_int_equal(clBuildProgram(r.program, 1, &r.device, "-DITEMS=65", NULL, NULL),
                   CL_BUILD_PROGRAM_FAILURE); /* #error, which is no violation */
  end(&r);
  assert_int_equal(violations(), before);
}

int main(void) {
  (void)remove(getenv("CHECKER_REPORT"));
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_faults_are_seen),
                                     cmocka_unit_test(test_right_calls_pass)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
