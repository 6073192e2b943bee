/* The largest errors of the elementary functions of kernels/elementary.h, in ulp against libm in
 * double precision, at every vector width, over all classes of float32.
 *
 * Verify's bounds are wide enough for any OpenCL; the header promises narrower ones, which this
 * test checks. Samples are every 4099th bit pattern (2046 in each power of two), a fine grid where
 * the functions bend, and hand-picked edges.
 */
#include "test_support.h"

#include <ebb/opencl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 4099, PATTERNS = (int)(0xffffffffu / STEP) + 1, GRID = 1 << 18, BLOCK = 256 };

/* Each is used with both signs. */
static const float edges[] = {
    0,     0x1p-149f,  0x1p-126f, 0x1p-24f, 0.34657359f, 0.70710677f,   0.70710683f, 0.99999994f,
    1,     1.4142135f, 9.01f,     9.02f,    9.03f,       17.5f,         18,          18.1f,
    86.9f, 87.3f,      87.33f,    87.4f,    88.376259f,  88.376266f,    88.722832f,  88.722839f,
    89,    89.000008f, 103.9f,    104,      3.4e38f,     3.4028235e38f, INFINITY,    NAN};
enum {
  EDGES = sizeof edges / sizeof *edges,
  SAMPLES = (PATTERNS + GRID + 2 * EDGES + BLOCK - 1) / BLOCK * BLOCK
};

static double normal_cdf(double x) {
  return 0.5 * erfc(-x / sqrt(2));
}

static double gelu_slope(double x) {
  double density = exp(-x * x / 2) * 0.39894228040143268;
  return normal_cdf(x) + (density > 0 ? x * density : 0); /* avoids Inf times 0 */
}

/* The functions by their numbers in the kernel: the promised error, the domain, the limit below
 * which the result may be 0, the scale of the error where it is not the value's own ulp, and
 * whether the last operation is a division. */
static const struct {
  const char *name;
  double (*exact)(double);
  double ulps, from, to, flushed, unit;
  bool divides;
} functions[] = {
    {"exp", exp, 1.25, -INFINITY, INFINITY, 0x1.6a1p-126, 0, false},
    {"expm1", expm1, 1.75, -INFINITY, INFINITY, 0x1p-126, 0, false},
    {"log", log, 1, 0x1p-126, INFINITY, 0x1p-126, 0, false},
    {"log1p", log1p, 1.25, 0, 1, 0x1p-126, 0, false},
    {"tanh", tanh, 2.75, -INFINITY, INFINITY, 0x1p-126, 0, true},
    {"normal_cdf", normal_cdf, 1.5, -INFINITY, INFINITY, 0x1p-126, 0x1p-24, false},
    {"gelu_slope", gelu_slope, 2, -INFINITY, INFINITY, 0x1p-126, 0x1p-24, false},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static const char source[] =
    "#include \"elementary.h\"\n"
    "#define CASE(number, name)                                                 \\\n"
    "  if (function == number) {                                                \\\n"
    "    for (int i = 0; i < BLOCK / WIDTH; i++)                                \\\n"
    "      store_vec(name##_vec(load_vec(i, x)), i, y);                         \\\n"
    "    for (int i = 0; i < BLOCK; i++) lanes[i] = name##_float(x[i]);         \\\n"
    "  }\n"
    "__kernel GROUP(1, 1)\n"
    "void evaluate(__global float *y, __global float *lanes, __global const float *x,\n"
    "              int function) {\n"
    "  x += get_group_id(0) * BLOCK, y += get_group_id(0) * BLOCK;\n"
    "  lanes += get_group_id(0) * BLOCK;\n"
    "  CASE(0, exp) CASE(1, expm1) CASE(2, log) CASE(3, log1p) CASE(4, tanh)\n"
    "  CASE(5, normal_cdf) CASE(6, gelu_slope)\n"
    "}\n";

/* A program for one width, and the samples on the device. */
typedef struct evaluator {
  cl_command_queue queue;
  cl_program program;
  cl_kernel kernel;
  cl_mem x, y, lanes;
  double division_ulps; /* of the device's division; 0.5 if correctly rounded */
} evaluator;

static void fill_samples(float *x) {
  size_t count = 0;
  for (uint32_t i = 0; i < PATTERNS; i++) {
    uint32_t bits = i * STEP;
    memcpy(&x[count++], &bits, sizeof bits);
  }
  for (int i = 0; i < GRID; i++) x[count++] = 24.0f * (float)i / GRID - 12.0f;
  while (count < SAMPLES) {
    x[count] = count % 2 ? edges[count / 2 % EDGES] : -edges[count / 2 % EDGES];
    count++;
  }
}

static void open_evaluator(evaluator *e, ebb_device *device, unsigned width, const float *x) {
  cl_int error;
  cl_context context = ebb_device_cl_context(device);
  const char *text = source;
  char options[600], log[4096] = "";
  cl_device_id id;
  e->queue = ebb_device_cl_queue(device);
  assert_int_equal(clGetCommandQueueInfo(e->queue, CL_QUEUE_DEVICE, sizeof id, &id, NULL), 0);
  e->program = clCreateProgramWithSource(context, 1, &text, NULL, &error);
  assert_int_equal(error, CL_SUCCESS);
  cl_device_fp_config config = 0;
  clGetDeviceInfo(id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof config, &config, NULL);
  e->division_ulps = config & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT ? 0.5 : 2.5;
  snprintf(options, sizeof options, "-cl-std=CL1.2 -DWIDTH=%u -DBLOCK=%d -I%s/kernels%s", width,
           BLOCK, EBB_SOURCE_DIR,
           e->division_ulps > 0.5 ? "" : " -cl-fp32-correctly-rounded-divide-sqrt");
  if (clBuildProgram(e->program, 1, &id, options, NULL, NULL) != CL_SUCCESS) {
    clGetProgramBuildInfo(e->program, id, CL_PROGRAM_BUILD_LOG, sizeof log - 1, log, NULL);
    fail_msg("width %u: %s", width, log);
  }
  e->kernel = clCreateKernel(e->program, "evaluate", &error);
  assert_int_equal(error, CL_SUCCESS);
  size_t bytes = SAMPLES * sizeof *x;
  e->x = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &error);
  e->y = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &error);
  e->lanes = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &error);
  assert_int_equal(error, CL_SUCCESS);
  assert_int_equal(clEnqueueWriteBuffer(e->queue, e->x, CL_TRUE, 0, bytes, x, 0, NULL, NULL), 0);
}

static void close_evaluator(evaluator *e) {
  clReleaseMemObject(e->x);
  clReleaseMemObject(e->y);
  clReleaseMemObject(e->lanes);
  clReleaseKernel(e->kernel);
  clReleaseProgram(e->program);
}

static void evaluate(float *y, float *lanes, const evaluator *e, cl_int function) {
  size_t items = SAMPLES / BLOCK, group = 1, bytes = SAMPLES * sizeof *y;
  assert_int_equal(clSetKernelArg(e->kernel, 0, sizeof e->y, &e->y), 0);
  assert_int_equal(clSetKernelArg(e->kernel, 1, sizeof e->lanes, &e->lanes), 0);
  assert_int_equal(clSetKernelArg(e->kernel, 2, sizeof e->x, &e->x), 0);
  assert_int_equal(clSetKernelArg(e->kernel, 3, sizeof function, &function), 0);
  assert_int_equal(
      clEnqueueNDRangeKernel(e->queue, e->kernel, 1, NULL, &items, &group, 0, NULL, NULL), 0);
  assert_int_equal(clEnqueueReadBuffer(e->queue, e->y, CL_TRUE, 0, bytes, y, 0, NULL, NULL), 0);
  assert_int_equal(clEnqueueReadBuffer(e->queue, e->lanes, CL_TRUE, 0, bytes, lanes, 0, NULL, NULL),
                   0);
}

/* The distance between neighbouring float32 numbers at y. */
static double ulp(double y) {
  int exponent;
  frexp(y, &exponent);
  return ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

/* The error of one value in ulp; infinite for a wrong NaN or Inf. */
static double error_of(size_t f, float x, float y) {
  double exact = functions[f].exact((double)x), found = (double)y;
  if (isnan(x)) return isnan(y) ? 0 : INFINITY;
  if (isnan(y)) return INFINITY;
  if (fabs(exact) < functions[f].flushed && y == 0) return 0;
  if ((float)exact == y) return isinf(y) ? 0 : fabs(found - exact) / ulp(exact);
  if (isinf(y) || isinf(exact)) return INFINITY;
  return fabs(found - exact) / (functions[f].unit > 0 ? functions[f].unit : ulp(exact));
}

static void check_function(size_t f, unsigned width, double ulps, const float *x, const float *y,
                           const float *lanes) {
  double worst = 0;
  size_t at = 0, compared = 0;
  for (size_t i = 0; i < SAMPLES; i++) {
    if ((double)x[i] < functions[f].from || (double)x[i] > functions[f].to) continue;
    double error = error_of(f, x[i], y[i]);
    if (error > worst) worst = error, at = i;
    compared++;
    if (memcmp(&y[i], &lanes[i], sizeof *y) != 0 && !isnan(y[i]))
      fail_msg("%s(%a) is %a in a vector of %u and %a alone", functions[f].name, (double)x[i],
               (double)y[i], width, (double)lanes[i]);
  }
  assert_true(compared > PATTERNS / 8);
  print_message("%-10s by %2u: %.3f ulp at %a of %zu values\n", functions[f].name, width, worst,
                (double)x[at], compared);
  if (!(worst <= ulps))
    fail_msg("%s(%a) is %a, %g ulp off, more than %g", functions[f].name, (double)x[at],
             (double)y[at], worst, ulps);
}

static void errors_are_as_promised(void **state) {
  float *x = malloc(SAMPLES * sizeof *x), *y = malloc(SAMPLES * sizeof *y);
  float *lanes = malloc(SAMPLES * sizeof *lanes);
  assert_true(x && y && lanes);
  fill_samples(x);
  for (unsigned width = 4; width <= 16; width *= 2) {
    evaluator e;
    open_evaluator(&e, *state, width, x);
    for (size_t f = 0; f < FUNCTIONS; f++) {
      evaluate(y, lanes, &e, (cl_int)f);
      double ulps = functions[f].ulps;
      if (functions[f].divides) ulps += e.division_ulps - 0.5;
      check_function(f, width, ulps, x, y, lanes);
    }
    close_evaluator(&e);
  }
  free(x);
  free(y);
  free(lanes);
}

/* tanh(-0) is -0, which a comparison of values would not show. */
static void tanh_keeps_the_sign_of_zero(void **state) {
  static float x[SAMPLES], y[SAMPLES], lanes[SAMPLES];
  evaluator e;
  for (int i = 0; i < SAMPLES; i++) x[i] = i % 2 ? -0.0f : 0.0f;
  open_evaluator(&e, *state, 8, x);
  evaluate(y, lanes, &e, 4);
  assert_memory_equal(x, y, sizeof x);
  close_evaluator(&e);
}

/* The measure itself finds a wrong value, a wrong NaN and a wrong Inf. */
static void wrong_values_are_seen(void **state) {
  (void)state;
  assert_true(error_of(0, 1, (float)exp(1)) <= 0.5);
  assert_true(error_of(0, 1, nextafterf((float)exp(1), 3)) > 0.5);
  assert_true(error_of(0, 1, NAN) > 1e6 && error_of(0, NAN, 1) > 1e6);
  assert_true(error_of(0, 89, 0x1.fffffep127f) > 1e6 && error_of(0, 1, INFINITY) > 1e6);
  assert_true(error_of(0, -88, 0) == 0 && error_of(0, -80, 0) > 1e6);
  assert_true(error_of(5, -1, 0.1586552f + 0x1p-22f) > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wrong_values_are_seen),
      cmocka_unit_test(errors_are_as_promised),
      cmocka_unit_test(tanh_keeps_the_sign_of_zero),
  };
  return cmocka_run_group_tests_name("elementary", tests, open_test_device, close_test_device);
}
