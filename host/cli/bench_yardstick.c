/* The yardsticks, and the head of all results.
 *
 * A yardstick's result is checked before it measures anything. The recurrence and the sum are
 * easily computed here in double precision, without the library's reference.
 */
#include "bench.h"

#include "output.h"

#include <ebb/tool.h>

#include <math.h>
#include <stdlib.h>

/* Multiply-adds per element in a launch, and elements per compute unit: enough groups for an even
 * load, little enough memory for the caches. */
enum { FMA_STEPS = 4096, FMA_ELEMENTS = 24576 };

static const float FMA_SCALE = 0.999f, FMA_SHIFT = 0.0015f, TRIAD_SCALE = 1.7f;

/* Elements sampled by a check, including the first and the last. */
enum { CHECKED = 64 };

/* One round of a 64-bit mix (the finaliser of MurmurHash3), so that neighbours get unrelated
 * numbers. */
float bench_value(uint64_t series, size_t i) {
  uint64_t x = (series << 48) + i + 1;
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
  return (float)((x ^ (x >> 33)) >> 40) * 0x1p-23f - 1;
}

int bench_make_tensor(ebb_tensor **out, ebb_device *device, ebb_dtype dtype, size_t rows,
                      size_t cols, uint64_t series, float spread) {
  int code = fail_status(ebb_tensor_create(out, device, dtype, rows, cols));
  if (code != EXIT_GOOD) return code;
  float *values = calloc(rows * cols, sizeof *values);
  if (!values) return fail(EXIT_FAILED, "no memory for %zu numbers", rows * cols);
  for (size_t i = 0; i < rows * cols; i++) values[i] = spread * bench_value(series, i);
  code = fail_status(ebb_tensor_upload_floats(*out, values));
  free(values);
  return code;
}

/* The expected value of element i of a yardstick's result, and the allowed deviation. */
typedef double (*expectation)(double *bound, size_t i);

static double expect_fma(double *bound, size_t i) {
  double value = (double)bench_value(1, i), scale = (double)FMA_SCALE, shift = (double)FMA_SHIFT;
  double power = pow(scale, FMA_STEPS);
  /* Each step rounds by 2^-24 of at most 1.5, the fixed point, and later steps damp the error. */
  *bound = 1.5 * 0x1p-24 * (1 - power) / (1 - scale);
  return power * value + shift * (1 - power) / (1 - scale);
}

static double expect_triad(double *bound, size_t i) {
  double b = (double)bench_value(1, i), c = (double)TRIAD_SCALE * (double)bench_value(2, i);
  *bound = 0x1p-23 * (fabs(b) + fabs(c));
  return b + c;
}

/* Runs the yardstick once and checks its result. */
static int check(bench *b, const char *name, expectation expect) {
  float *values = calloc(b->count, sizeof *values);
  if (!values) return fail(EXIT_FAILED, "no memory for %zu numbers", b->count);
  ebb_status status = b->yardstick.run(b, 1);
  if (status == EBB_OK) status = ebb_tensor_download(values, b->tensors[0]);
  int code = fail_status(status);
  for (size_t k = 0; k < CHECKED && code == EXIT_GOOD; k++) {
    size_t i = (b->count - 1) * k / (CHECKED - 1);
    double bound, expected = expect(&bound, i);
    if (!(fabs((double)values[i] - expected) <= bound))
      code = fail(EXIT_NUMBERS, "bench: the %s yardstick gives %.9g at %zu, %.9g is right", name,
                  (double)values[i], i, expected);
  }
  free(values);
  return code;
}

static ebb_status run_fma(void *context, size_t times) {
  const bench *b = context;
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < times && status == EBB_OK; i++)
    status = ebb_probe_fma(b->tensors[0], b->tensors[1], FMA_STEPS, FMA_SCALE, FMA_SHIFT);
  return status;
}

static ebb_status run_triad(void *context, size_t times) {
  const bench *b = context;
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < times && status == EBB_OK; i++)
    status = ebb_probe_triad(b->tensors[0], b->tensors[1], b->tensors[2], TRIAD_SCALE);
  return status;
}

/* Makes the first `operands` + 1 tensors: a result of zeros, and its operands. */
static int make_tensors(bench *b, size_t operands) {
  int code = fail_status(ebb_tensor_create(&b->tensors[0], b->device, EBB_F32, 1, b->count));
  for (size_t i = 1; i <= operands && code == EXIT_GOOD; i++)
    code = bench_make_tensor(&b->tensors[i], b->device, EBB_F32, 1, b->count, i, 1);
  return code;
}

int bench_make_fma(bench *b) {
  unsigned units = ebb_device_get_info(b->device)->compute_units;
  b->count = (size_t)FMA_ELEMENTS * (units ? units : 1);
  b->yardstick =
      (bench_case){.run = run_fma, .context = b, .work = 2.0 * FMA_STEPS * (double)b->count};
  int code = make_tensors(b, 1);
  return code == EXIT_GOOD ? check(b, "FMA", expect_fma) : code;
}

int bench_make_triad(bench *b, size_t count) {
  b->count = count;
  b->yardstick = (bench_case){.run = run_triad, .context = b, .work = 12.0 * (double)count};
  int code = make_tensors(b, 2);
  return code == EXIT_GOOD ? check(b, "triad", expect_triad) : code;
}

json_t *bench_begin_json(const bench *b, const char *what) {
  json_t *object = json_pack("{s:s, s:s}", "bench", what, "version", ebb_version());
  put_device(object, b->device);
  put(object, "samples", json_integer((json_int_t)b->samples));
  return object;
}

void bench_print_device(const bench *b) {
  const ebb_device_info *info = ebb_device_get_info(b->device);
  const char *unit = ebb_device_matrix_unit(b->device);
  say("device   %s, %s, driver %s (%s)", info->name, info->platform, info->driver,
      ebb_device_reason(b->device));
  if (unit)
    say("products %s, matrix unit %s", ebb_precision_name(ebb_device_precision(b->device)), unit);
  fflush(stdout); /* the measurement takes time */
}

void bench_put_times(json_t *object, const char *prefix, const bench_case *c) {
  const struct {
    const char *name;
    double seconds;
  } times[] = {{"ms_median", c->median}, {"ms_p10", c->p10}, {"ms_p90", c->p90}};
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    char key[32];
    snprintf(key, sizeof key, "%s%s", prefix, times[i].name);
    put_number(object, key, 1e3 * times[i].seconds);
  }
}
