/* Tries one choice for one shape: checks that it is correct and measures its speed against the
 * default choice.
 *
 * The dense layer's pass with that layout is checked and timed, including its fused work or the
 * separate launches of engines that do not fuse. The check runs on the next smaller odd sizes,
 * which exercise the edges. It compares as many elements as 2^22 multiply-adds of the reference
 * allow, edges among them: a whole reference product of a large class would take longer than tuning
 * may. Timing alternates between the two choices, since a machine's speed drifts.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/rng.h"
#include "check/bounds.h"
#include "check/fixture.h"
#include "gemm/gemm.h"

#include <ebb/tune.h>
#include <math.h>
#include <stdlib.h>

enum { SAMPLES = 7, CHECKED_TERMS = 1 << 22, CHECKED_LEAST = 64, BURST = 10 };

/* A shorter sample would measure the clock and the start of the queue. */
static const double SAMPLE_SECONDS = 0.004;

/* A first sample slower than automatic's by this factor ends the comparison. */
static const double HOPELESS = 1.5;

static const ebb_activation ACTIVATION = EBB_ACT_RELU;

/* Operands and result of a pass in a precision. `extra` is the bias [1, cols] (NN) or a_below
 * [rows, cols] (NT), `sums` the bias gradient [1, cols] (TN). The arrays hold the device's
 * values. */
typedef struct operands {
  ebb_tune_shape shape;
  ebb_precision precision;
  ebb_tensor *c, *a, *b, *extra, *sums;
  float *a_values, *b_values, *extra_values;
} operands;

struct ebb_tuner {
  ebb_device *device;
  ebbi_exec exec; /* the device's, with the measured choice */
  unsigned class_index;
  operands timed, odd;
};

/* ---- operands ---- */

static void fill(float *values, size_t count, uint32_t stream) {
  uint32_t block[4];
  for (size_t i = 0; i < count; i++) {
    if (i % 4 == 0) ebbi_philox(block, 1, EBBI_RNG_TEST, stream, i / 4);
    values[i] = 2 * ebbi_uniform(block[i % 4]) - 1;
  }
}

static ebb_status make(ebb_tensor **out, float **values, ebb_device *device, size_t rows,
                       size_t cols, uint32_t stream) {
  *values = calloc(rows * cols, sizeof **values);
  REQUIRE(*values, EBB_ERR_MEMORY, "ebb_tuner_create: no memory for [%zu, %zu]", rows, cols);
  fill(*values, rows * cols, stream);
  return ebb_tensor_create(out, device, EBB_F32, rows, cols);
}

static ebb_status make_operands(operands *o, ebb_device *device, const ebb_tune_shape *s) {
  bool tn = s->layout == EBB_LAYOUT_TN, nt = s->layout == EBB_LAYOUT_NT;
  o->shape = *s;
  o->precision = ebb_device_precision(device);
  TRY(ebb_tensor_create(&o->c, device, EBB_F32, s->rows, s->cols));
  TRY(make(&o->a, &o->a_values, device, tn ? s->depth : s->rows, tn ? s->rows : s->depth, 1));
  TRY(ebb_tensor_upload(o->a, o->a_values));
  TRY(make(&o->b, &o->b_values, device, nt ? s->cols : s->depth, nt ? s->depth : s->cols, 2));
  TRY(ebb_tensor_upload(o->b, o->b_values));
  if (tn) return ebb_tensor_create(&o->sums, device, EBB_F32, 1, s->cols);
  size_t rows = nt ? s->rows : 1;
  TRY(make(&o->extra, &o->extra_values, device, rows, s->cols, 3));
  for (size_t i = 0; nt && i < rows * s->cols; i++) /* a_below is an output of the activation */
    o->extra_values[i] = fmaxf(o->extra_values[i], 0);
  return ebb_tensor_upload(o->extra, o->extra_values);
}

static void free_values(operands *o) {
  free(o->a_values);
  free(o->b_values);
  free(o->extra_values);
  o->a_values = o->b_values = o->extra_values = NULL;
}

static void free_operands(operands *o) {
  free_values(o);
  ebb_tensor_free(o->c);
  ebb_tensor_free(o->a);
  ebb_tensor_free(o->b);
  ebb_tensor_free(o->extra);
  ebb_tensor_free(o->sums);
}

static ebb_status run(const operands *o, const ebbi_exec *exec) {
  switch (o->shape.layout) {
  case EBB_LAYOUT_NN:
    return ebbi_dense_forward(exec, o->c, NULL, o->a, o->b, o->extra, ACTIVATION);
  case EBB_LAYOUT_NT:
    return ebbi_dense_input_gradient(exec, o->c, o->a, o->b, NULL, o->extra, ACTIVATION);
  default:
    return ebbi_dense_weight_gradient(exec, o->c, o->sums, o->a, o->b);
  }
}

/* ---- the check ---- */

/* Element (row, col) of the result, and the sum of its terms' magnitudes. */
static double expect(double *scale, const operands *o, size_t row, size_t col) {
  const ebb_tune_shape *s = &o->shape;
  double sum = 0, magnitudes = 0;
  for (size_t k = 0; k < s->depth; k++) {
    size_t a = s->layout == EBB_LAYOUT_TN ? k * s->rows + row : row * s->depth + k;
    size_t b = s->layout == EBB_LAYOUT_NT ? col * s->depth + k : k * s->cols + col;
    double term = ebbi_reference_round(o->precision, (double)o->a_values[a]) *
                  ebbi_reference_round(o->precision, (double)o->b_values[b]);
    sum += term;
    magnitudes += fabs(term);
  }
  *scale = magnitudes;
  if (s->layout == EBB_LAYOUT_TN) return sum;
  if (s->layout == EBB_LAYOUT_NT)
    return sum * ebbi_reference_slope(ACTIVATION, (double)o->extra_values[row * s->cols + col]);
  *scale += fabs((double)o->extra_values[col]);
  return ebbi_reference_activation(ACTIVATION, sum + (double)o->extra_values[col]);
}

static void check_element(ebbi_tally *tally, const operands *o, const float *c, size_t row,
                          size_t col) {
  double scale, expected = expect(&scale, o, row, col);
  ebbi_tally_case(tally, "[%zu, %zu]", row, col);
  ebbi_tally_add(tally, (double)c[row * o->shape.cols + col], expected, scale,
                 ebbi_bound_product(o->precision, o->shape.depth));
}

/* Checks all elements if that is cheap; else random elements, a fourth of them in the last row and
 * a fourth in the last column. */
static void check_product(ebbi_tally *tally, const operands *o, const float *c) {
  const ebb_tune_shape *s = &o->shape;
  size_t all = s->rows * s->cols, most = CHECKED_TERMS / s->depth;
  if (most < CHECKED_LEAST) most = CHECKED_LEAST;
  for (size_t i = 0; i < (all < most ? all : most); i++) {
    uint32_t random[4];
    ebbi_philox(random, 1, EBBI_RNG_TEST, 4, i);
    size_t row = i % 4 == 0 ? s->rows - 1 : random[0] % s->rows;
    size_t col = i % 4 == 1 ? s->cols - 1 : random[1] % s->cols;
    if (all <= most)
      check_element(tally, o, c, i / s->cols, i % s->cols);
    else
      check_element(tally, o, c, row, col);
  }
}

/* The bias gradient: sums of b's columns. */
static void check_sums(ebbi_tally *tally, const operands *o, const float *sums) {
  const ebb_tune_shape *s = &o->shape;
  for (size_t col = 0; col < s->cols; col++) {
    double sum = 0, scale = 0;
    for (size_t k = 0; k < s->depth; k++) {
      sum += (double)o->b_values[k * s->cols + col];
      scale += fabs((double)o->b_values[k * s->cols + col]);
    }
    ebbi_tally_case(tally, "bias gradient [%zu]", col);
    ebbi_tally_add(tally, (double)sums[col], sum, scale, ebbi_bound_sum(s->depth));
  }
}

/* Fills a result with NaN, so that elements that a kernel skips are found. */
static ebb_status spoil(ebb_tensor *tensor, float *values) {
  size_t count = ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor);
  for (size_t i = 0; i < count; i++) values[i] = NAN;
  return ebb_tensor_upload(tensor, values);
}

static ebb_status check_with(ebbi_tally *tally, const operands *o, const ebbi_exec *exec,
                             float *values) {
  TRY(spoil(o->c, values));
  if (o->sums) TRY(spoil(o->sums, values));
  TRY(run(o, exec));
  TRY(ebb_tensor_download(values, o->c));
  check_product(tally, o, values);
  if (!o->sums) return EBB_OK;
  TRY(ebb_tensor_download(values, o->sums));
  check_sums(tally, o, values);
  return EBB_OK;
}

static ebb_status check(const operands *o, const ebbi_exec *exec, int choice) {
  const ebb_tune_shape *s = &o->shape;
  ebbi_tally tally = {0};
  float *values = calloc(s->rows * s->cols, sizeof *values);
  REQUIRE(values, EBB_ERR_MEMORY, "ebb_tuner_measure: no memory for %zu values", s->rows * s->cols);
  ebb_status status = check_with(&tally, o, exec, values);
  free(values);
  TRY(status);
  REQUIRE(tally.error <= tally.bound, EBB_ERR_NUMBERS,
          "ebb_tuner_measure: %s: %s %zux%zux%zu %s: error %.3g, bound %.3g",
          ebb_matmul_choice_name(o->precision, choice), ebb_layout_name(s->layout), s->rows,
          s->cols, s->depth, tally.worst, tally.error, tally.bound);
  return EBB_OK;
}

/* ---- timing ---- */

/* A configuration is forced, so that it fails where an automatic choice would give way. */
static ebb_status set_choice(ebb_tuner *tuner, int choice) {
  int forced = choice >= 0 ? choice : ebbi_exec_config(ebbi_device_exec(tuner->device));
  TRY(ebbi_exec_set_choice(&tuner->exec, tuner->device, tuner->timed.shape.layout,
                           tuner->class_index, choice));
  return ebbi_exec_set_config(&tuner->exec, tuner->device, forced);
}

/* Seconds a run, from `runs` runs and the finish of the queue. */
static ebb_status time_runs(double *seconds, ebb_tuner *tuner, int choice, size_t runs) {
  TRY(set_choice(tuner, choice));
  double start = ebbi_seconds();
  for (size_t i = 0; i < runs; i++) TRY(run(&tuner->timed, &tuner->exec));
  TRY(ebb_device_finish(tuner->device));
  *seconds = (ebbi_seconds() - start) / (double)runs;
  return EBB_OK;
}

/* Finds how many runs a sample needs. The first run, which may compile, is not counted. */
static ebb_status calibrate(size_t *runs, ebb_tuner *tuner, int choice) {
  double seconds;
  *runs = 1;
  TRY(time_runs(&seconds, tuner, choice, 1));
  TRY(time_runs(&seconds, tuner, choice, 1));
  while (seconds * (double)*runs < SAMPLE_SECONDS) {
    double growth = 1.2 * SAMPLE_SECONDS / (seconds * (double)*runs + 1e-9);
    *runs = 1 + (size_t)((double)*runs * (growth < BURST ? growth : BURST));
    TRY(time_runs(&seconds, tuner, choice, *runs));
  }
  return EBB_OK;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *samples, size_t count) {
  qsort(samples, count, sizeof *samples, ascending);
  return samples[count / 2];
}

static ebb_status time_alone(double *seconds, ebb_tuner *tuner, int choice) {
  double samples[SAMPLES];
  size_t runs;
  TRY(calibrate(&runs, tuner, choice));
  for (size_t i = 0; i < SAMPLES; i++) TRY(time_runs(&samples[i], tuner, choice, runs));
  *seconds = median(samples, SAMPLES);
  return EBB_OK;
}

/* Alternates samples of the choice and of automatic. */
static ebb_status compare(double *seconds, double *auto_seconds, ebb_tuner *tuner, int choice) {
  double mine[SAMPLES], automatic[SAMPLES];
  size_t runs, auto_runs, count = 0;
  TRY(calibrate(&auto_runs, tuner, EBB_MATMUL_CONFIG_AUTO));
  TRY(calibrate(&runs, tuner, choice));
  bool hopeless = false;
  for (; count < SAMPLES && !hopeless; count++) {
    TRY(time_runs(&automatic[count], tuner, EBB_MATMUL_CONFIG_AUTO, auto_runs));
    TRY(time_runs(&mine[count], tuner, choice, runs));
    hopeless = count == 0 && mine[0] > HOPELESS * automatic[0];
  }
  *seconds = median(mine, count);
  *auto_seconds = median(automatic, count);
  return EBB_OK;
}

/* Refuses a choice that would have no effect. */
static ebb_status require_effect(ebb_tuner *tuner, int choice) {
  const ebb_tune_shape *s = &tuner->timed.shape;
  TRY(set_choice(tuner, choice));
  if (choice == EBB_MATMUL_CONFIG_AUTO) return EBB_OK;
  ebb_engine wanted = choice == EBB_MATMUL_CLBLAST ? EBB_ENGINE_CLBLAST : EBB_ENGINE_GPU;
  ebb_engine engine = ebbi_exec_engine(&tuner->exec, s->layout, s->rows, s->cols, s->depth);
  bool obeyed = engine == wanted &&
                (choice == EBB_MATMUL_CLBLAST ||
                 ebbi_exec_config(ebbi_device_exec(tuner->device)) == EBB_MATMUL_CONFIG_AUTO);
  REQUIRE(obeyed, EBB_ERR_UNSUPPORTED,
          "ebb_tuner_measure: \"%s\" has no effect on this device: its engine is %s%s",
          ebb_matmul_choice_name(tuner->timed.precision, choice), ebb_engine_name(engine),
          engine == wanted ? ", its configuration forced" : "");
  return EBB_OK;
}

static ebb_status require_precision(const ebb_tuner *tuner) {
  ebb_precision made = tuner->timed.precision, now = tuner->exec.mma.precision;
  REQUIRE(made == now, EBB_ERR_ARGUMENT,
          "ebb_tuner_measure: the tuner was made in %s and the device is in %s now; make another",
          ebb_precision_name(made), ebb_precision_name(now));
  return EBB_OK;
}

static ebb_status measure(double *seconds, double *auto_seconds, ebb_tuner *tuner, int choice) {
  TRY(require_precision(tuner));
  TRY(require_effect(tuner, choice));
  TRY(check(&tuner->odd, &tuner->exec, choice));
  if (auto_seconds && choice != EBB_MATMUL_CONFIG_AUTO)
    return compare(seconds, auto_seconds, tuner, choice);
  TRY(time_alone(seconds, tuner, choice));
  if (auto_seconds) *auto_seconds = *seconds;
  return EBB_OK;
}

ebb_status ebb_tuner_build(ebb_tuner *tuner, int choice) {
  REQUIRE(tuner, EBB_ERR_ARGUMENT, "ebb_tuner_build: tuner is NULL");
  tuner->exec = *ebbi_device_exec(tuner->device);
  TRY(require_precision(tuner));
  TRY(require_effect(tuner, choice));
  ebbi_programs_plan(tuner->device);
  ebb_status status = run(&tuner->odd, &tuner->exec);
  if (status == EBB_OK) status = run(&tuner->timed, &tuner->exec);
  return ebbi_programs_build(tuner->device, status);
}

ebb_status ebb_tuner_measure(double *seconds, double *auto_seconds, ebb_tuner *tuner, int choice) {
  REQUIRE(seconds && tuner, EBB_ERR_ARGUMENT, "ebb_tuner_measure: an argument is NULL");
  tuner->exec = *ebbi_device_exec(tuner->device);
  return measure(seconds, auto_seconds, tuner, choice);
}

/* ---- making ---- */

/* The next smaller odd size, which is in the same class because classes begin after even sizes. */
static size_t odd_below(size_t size) {
  return size % 2 == 1 ? size : size - 1;
}

static ebb_status build(ebb_tuner *tuner, const ebb_tune_shape *shape) {
  ebb_tune_shape odd = {shape->layout, odd_below(shape->rows), odd_below(shape->cols),
                        odd_below(shape->depth)};
  tuner->class_index = ebb_matmul_class(shape->rows, shape->cols, shape->depth);
  TRY(make_operands(&tuner->timed, tuner->device, shape));
  free_values(&tuner->timed);
  return make_operands(&tuner->odd, tuner->device, &odd);
}

ebb_status ebb_tuner_create(ebb_tuner **out, ebb_device *device, const ebb_tune_shape *shape) {
  static const char where[] = "ebb_tuner_create";
  REQUIRE(out && device && shape, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  REQUIRE((unsigned)shape->layout < EBB_LAYOUT_COUNT && shape->rows && shape->cols && shape->depth,
          EBB_ERR_ARGUMENT, "%s: layout %d, %zux%zux%zu is no product", where, (int)shape->layout,
          shape->rows, shape->cols, shape->depth);
  ebb_tuner *tuner = calloc(1, sizeof *tuner);
  REQUIRE(tuner, EBB_ERR_MEMORY, "%s: no memory", where);
  tuner->device = device;
  ebb_status status = build(tuner, shape);
  if (status == EBB_OK)
    *out = tuner;
  else
    ebb_tuner_free(tuner);
  return status;
}

void ebb_tuner_free(ebb_tuner *tuner) {
  if (!tuner) return;
  free_operands(&tuner->timed);
  free_operands(&tuner->odd);
  free(tuner);
}
