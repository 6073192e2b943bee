/* Cases of Muon's updates of a matrix. The iteration is checked a step at a time, each from the
 * device's numbers: a bound of five steps would be far larger than their result.
 */
#include "check/bounds.h"
#include "check/update_run.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include "gemm/muon.h"
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

/* ---- the iteration ---- */

/* A matrix of numbers and of bounds of their errors. */
typedef struct bounded {
  double *values, *errors;
  size_t rows, cols;
} bounded;

static ebb_status make_bounded(bounded *out, ebbi_fixture *fixture, size_t rows, size_t cols) {
  *out = (bounded){.rows = rows, .cols = cols};
  TRY(ebbi_fixture_array(&out->values, fixture, rows * cols));
  return ebbi_fixture_array(&out->errors, fixture, rows * cols);
}

/* out = a b or, transposed, a b^T: errors of the sum, and those of the factors. */
static ebb_status multiply(bounded *out, ebbi_fixture *fixture, const bounded *a, const bounded *b,
                           bool transposed) {
  size_t cols = transposed ? b->rows : b->cols;
  double sum_bound = ebbi_bound_sum(a->cols);
  TRY(make_bounded(out, fixture, a->rows, cols));
  for (size_t i = 0; i < a->rows; i++)
    for (size_t j = 0; j < cols; j++) {
      double sum = 0, error = 0;
      for (size_t k = 0; k < a->cols; k++) {
        size_t at = i * a->cols + k, bt = transposed ? j * b->cols + k : k * cols + j;
        double x = a->values[at], y = b->values[bt];
        sum += x * y;
        error += sum_bound * fabs(x * y) + fabs(x) * b->errors[bt] + fabs(y) * a->errors[at] +
                 a->errors[at] * b->errors[bt];
      }
      out->values[i * cols + j] = sum;
      out->errors[i * cols + j] = error;
    }
  return EBB_OK;
}

/* y = a x + b y: two constants, two products and a sum are rounded. */
static void combine(bounded *y, const bounded *x, double a, double b) {
  for (size_t i = 0; i < y->rows * y->cols; i++) {
    double first = a * x->values[i], second = b * y->values[i];
    y->errors[i] = fabs(a) * x->errors[i] + fabs(b) * y->errors[i] +
                   4 * EBBI_ROUNDOFF * (fabs(first) + fabs(second)) + 0x1p-126;
    y->values[i] = first + second;
  }
}

/* (O10) of a matrix that is not higher than wide. */
static ebb_status iterate(bounded *x, ebbi_fixture *fixture) {
  bounded gram, square, product;
  TRY(multiply(&gram, fixture, x, x, true));
  TRY(multiply(&square, fixture, &gram, &gram, false));
  combine(&gram, &square, EBBI_MUON_C, EBBI_MUON_B);
  TRY(multiply(&product, fixture, &gram, x, false));
  combine(x, &product, 1, EBBI_MUON_A);
  return EBB_OK;
}

static void transpose(double *out, const double *in, size_t rows, size_t cols) {
  for (size_t i = 0; i < rows * cols; i++) out[i % cols * rows + i / cols] = in[i];
}

static ebb_status make_scratch(ebbi_muon_scratch *out, ebbi_fixture *fixture, size_t rows,
                               size_t cols) {
  size_t d = rows < cols ? rows : cols;
  TRY(ebbi_fixture_output(&out->gram, fixture, d, d));
  TRY(ebbi_fixture_output(&out->square, fixture, d, d));
  TRY(ebbi_fixture_output(&out->product, fixture, rows, cols));
  return ebbi_fixture_tensor(&out->sums, fixture, EBB_F32, EBBI_NORM_GROUPS, 2, true, NULL);
}

/* One step from the device's x, which becomes the next one. */
static ebb_status run_iteration(ebbi_fixture *fixture, const ebbi_exec *exec, ebb_tensor *x,
                                const ebbi_muon_scratch *scratch) {
  size_t rows = x->rows, cols = x->cols;
  bool high = rows > cols;
  double *before, *expected, *scale;
  bounded b;
  TRY(ebbi_fixture_read(&before, fixture, x));
  TRY(make_bounded(&b, fixture, high ? cols : rows, high ? rows : cols));
  TRY(ebbi_fixture_array(&expected, fixture, rows * cols));
  TRY(ebbi_fixture_array(&scale, fixture, rows * cols));
  if (high)
    transpose(b.values, before, rows, cols);
  else
    memcpy(b.values, before, rows * cols * sizeof *before);
  TRY(iterate(&b, fixture));
  for (size_t i = 0; i < rows * cols; i++) b.errors[i] /= EBBI_ROUNDOFF;
  if (high) transpose(expected, b.values, cols, rows), transpose(scale, b.errors, cols, rows);
  TRY(ebbi_muon_iterate(exec, x, scratch));
  return ebbi_fixture_compare(fixture, x, high ? expected : b.values, high ? scale : b.errors,
                              EBBI_ROUNDOFF);
}

/* The first, which have small singular values, and the last, which have them near 1. Products of
 * the largest shapes are checked elsewhere. */
ebb_status ebbi_case_muon_iteration(ebbi_fixture *fixture, ebbi_shape shape) {
  enum { LARGEST = 1 << 16 };
  size_t rows = shape.rows, cols = shape.cols;
  ebbi_exec exec = *fixture->exec;
  ebbi_muon_scratch scratch;
  ebb_tensor *x;
  double *values;
  if (rows * cols > LARGEST) return EBB_OK;
  exec.mma = (ebbi_mma_state){.precision = EBB_PRECISION_FP32};
  ebbi_tally_case(&fixture->tally, "%zux%zu", rows, cols);
  TRY(ebbi_fixture_random(&x, &values, fixture, rows, cols, 1));
  TRY(make_scratch(&scratch, fixture, rows, cols));
  TRY(ebbi_muon_scale(&exec, x, &scratch));
  for (int step = 0; step < EBBI_MUON_STEPS; step++)
    TRY(run_iteration(fixture, &exec, x, &scratch));
  return EBB_OK;
}

/* ---- momentum, norm, step ---- */

enum { CLIP = 2 };
static const ebbi_update_group treatment = {.rate = 1, .clip_value = CLIP, .apart = true};

typedef struct muon_case {
  ebbi_fixture *fixture;
  ebbi_muon_place at;
  ebbi_update_groups groups;
  ebb_tensor *state;
  double *p, *m, *g; /* before the step */
  size_t count;
} muon_case;

static ebb_status make_case(muon_case *c, size_t count, double spread, bool frozen) {
  const ebb_optimizer muon = ebb_optimizer_default(EBB_OPT_MUON);
  ebbi_fixture *fixture = c->fixture;
  ebb_state state = ebb_state_default(1, 3, 0.25f);
  ebb_tensor *gradients;
  double *direction;
  state.frozen = frozen;
  c->count = count;
  ebbi_update_segment all = ebbi_update_segment_of(fixture->exec, count, &treatment, &muon);
  TRY(ebbi_update_groups_create(&c->groups, fixture->device, &all, 1, false));
  TRY(ebbi_fixture_keep(fixture, c->groups.segments));
  TRY(ebbi_fixture_state(&c->state, fixture, &state));
  TRY(ebbi_fixture_random(&c->at.parameters, &c->p, fixture, 1, count, 1));
  TRY(ebbi_fixture_random(&c->at.momentum, &c->m, fixture, 1, count, spread));
  TRY(ebbi_fixture_random(&c->at.direction, &direction, fixture, 1, count, 1));
  TRY(ebbi_fixture_normal(&c->g, fixture, count, spread));
  TRY(ebbi_fixture_input(&gradients, fixture, 1, count, c->g));
  c->at.gradients = gradients;
  c->at.state = c->state;
  c->at.groups = &c->groups;
  c->at.to = count;
  return EBB_OK;
}

/* Settings are rounded, one each, 1 - rest once more; differences, products and sums. */
static ebb_status check_momentum(muon_case *c, double rest) {
  enum { ROUNDINGS = 10 };
  ebbi_fixture *fixture = c->fixture;
  double *m, *direction, *scale;
  TRY(ebbi_fixture_array(&m, fixture, c->count));
  TRY(ebbi_fixture_array(&direction, fixture, c->count));
  TRY(ebbi_fixture_array(&scale, fixture, c->count));
  for (size_t i = 0; i < c->count; i++) {
    double g = fmin(fmax(c->g[i], -CLIP), CLIP);
    m[i] = (1 - rest) * c->m[i] + rest * g;
    direction[i] = rest * g + (1 - rest) * m[i];
    scale[i] = fabs(c->m[i]) + 2 * fabs(g);
  }
  TRY(ebbi_muon_momentum(fixture->exec, &c->at, rest));
  TRY(ebbi_fixture_compare(fixture, c->at.momentum, m, scale, ROUNDINGS * EBBI_ROUNDOFF));
  return ebbi_fixture_compare(fixture, c->at.direction, direction, scale,
                              ROUNDINGS * EBBI_ROUNDOFF);
}

/* A root of 3 ulp, a quotient of 2.5 ulp, two factors. */
static ebb_status check_scale(muon_case *c) {
  enum { ROUNDINGS = 14 };
  ebbi_fixture *fixture = c->fixture;
  ebbi_muon_scratch scratch = {0};
  double *x, *scale, sum = 0;
  TRY(ebbi_fixture_tensor(&scratch.sums, fixture, EBB_F32, EBBI_NORM_GROUPS, 2, true, NULL));
  TRY(ebbi_fixture_read(&x, fixture, c->at.direction));
  for (size_t i = 0; i < c->count; i++) sum += x[i] * x[i];
  for (size_t i = 0; i < c->count; i++) x[i] /= fmax(sqrt(sum), 1e-7);
  TRY(ebbi_fixture_magnitudes(&scale, fixture, x, c->count));
  TRY(ebbi_muon_scale(fixture->exec, c->at.direction, &scratch));
  return ebbi_fixture_compare(fixture, c->at.direction, x, scale,
                              ebbi_bound_norm(fixture->exec, c->count) + ROUNDINGS * EBBI_ROUNDOFF);
}

/* Settings are rounded, one each; rate decay 2, the difference 1, the product 1, the step 3, the
 * difference 1. A number that is not finite stays, and is reported. */
static ebb_status check_apply(muon_case *c, bool frozen) {
  enum { ROUNDINGS = 12 };
  const double rate = 0.25 * 0.5, factor = 0.7, decay = 0.1;
  ebbi_fixture *fixture = c->fixture;
  ebb_state state;
  size_t bad = c->count / 2;
  double *direction, *expected, *scale;
  TRY(ebbi_fixture_read(&direction, fixture, c->at.direction));
  TRY(ebbi_fixture_array(&expected, fixture, c->count));
  TRY(ebbi_fixture_array(&scale, fixture, c->count));
  direction[bad] = NAN;
  TRY(ebbi_fixture_upload(c->at.direction, fixture, direction));
  for (size_t i = 0; i < c->count; i++) {
    bool stays = frozen || i == bad;
    expected[i] = stays ? c->p[i] : (1 - rate * decay) * c->p[i] - rate * factor * direction[i];
    scale[i] = stays ? 0 : fabs(c->p[i]) + fabs(rate * factor * direction[i]);
  }
  TRY(ebbi_muon_apply(fixture->exec, &c->at, 0.5, factor, decay));
  TRY(ebb_tensor_download(&state, c->state));
  ebbi_tally_add(&fixture->tally, state.bad_parameter, frozen ? EBB_STATE_NONE : (double)bad, 1, 0);
  return ebbi_fixture_compare(fixture, c->at.parameters, expected, scale,
                              ROUNDINGS * EBBI_ROUNDOFF);
}

/* Gradients of common, tiny and huge size, and a frozen step. */
ebb_status ebbi_case_muon_update(ebbi_fixture *fixture, ebbi_shape shape) {
  static const double spreads[] = {1, 1e-12, 1e30};
  size_t count = shape.rows * shape.cols;
  for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
    muon_case c = {.fixture = fixture};
    ebbi_tally_case(&fixture->tally, "%zu, gradients of about %g", count, spreads[i]);
    TRY(make_case(&c, count, spreads[i], false));
    TRY(check_momentum(&c, 0.05));
    TRY(check_scale(&c));
    TRY(check_apply(&c, false));
    ebbi_fixture_clear(fixture);
  }
  muon_case c = {.fixture = fixture};
  ebbi_tally_case(&fixture->tally, "%zu, frozen", count);
  TRY(make_case(&c, count, 1, true));
  TRY(ebbi_muon_momentum(fixture->exec, &c.at, 0.05));
  TRY(ebbi_fixture_compare(fixture, c.at.momentum, c.m, NULL, 0));
  return check_apply(&c, true);
}
