/* z = a f(b), halves of the columns: the references of glu (f the sigmoid) and swiglu (f silu).
 *
 * Bounds, in ulps: s = 1 / (1 + e) 6 as in check/activations.c, b s half more. f' is s (1 - s) or
 * s (1 + b (1 - s)): 6 of s for each s, and 6.5 of 1 - s times b, with three roundings: 10 + 10 |b|
 * cover both, since f and f' are at most 1.1 there. Each product adds a rounding.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/rounding.h"
#include "check/spread.h"

#include "base/error.h"

#include <float.h>
#include <math.h>

/* f of the node, its value and its slope from b, anew from the formulas. */
static double gate(const ebb_node *node, double b) {
  double s = 1 / (1 + exp(-b));
  return node->kind == EBB_KIND_GLU ? s : b * s;
}

static double slope(const ebb_node *node, double b) {
  double s = 1 / (1 + exp(-b)), below = s / (1 + exp(b)); /* s' */
  return node->kind == EBB_KIND_GLU ? below : s + b * below;
}

static double gate_error(const ebb_node *node, double b) {
  return 7 * EBBI_ULP * fabs(gate(node, b));
}

static double slope_error(double b) {
  return EBBI_ULP * (10 + 10 * fabs(b));
}

/* A product that overflows float32 has no expected value. */
static ebbi_estimate expected(double value, double error) {
  return (ebbi_estimate){fabs(value) < (double)FLT_MAX / 2 ? value : NAN, error};
}

static const ebb_node *node_of(const ebbi_node_arrays *n) {
  return &n->spec->nodes[n->node];
}

/* Where a, and `units` further b, belong to element i of z. */
static size_t half_of(const ebbi_node_arrays *n, size_t i) {
  size_t units = node_of(n)->units;
  return i / units * 2 * units + i % units;
}

/* ---- the reference ---- */

static void forward(const ebbi_node_arrays *n) {
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    const double *a = n->x[0] + half_of(n, i), *b = a + node_of(n)->units;
    n->z[i] = *a * gate(node_of(n), *b);
  }
}

static void backward(const ebbi_node_arrays *n) {
  size_t units = node_of(n)->units;
  for (size_t i = 0; n->dx[0] && i < ebbi_node_count(n); i++) {
    size_t at = half_of(n, i);
    double a = n->x[0][at], b = n->x[0][at + units];
    n->dx[0][at] += n->dz[i] * gate(node_of(n), b);
    n->dx[0][at + units] += n->dz[i] * a * slope(node_of(n), b);
  }
}

/* ---- rounding errors ---- */

/* The largest |f'| within the error of b: |f''| is at most 1/2. */
static double steepest(const ebb_node *node, double b, double variance) {
  return fabs(slope(node, b)) + EBBI_DEVIATIONS * sqrt(variance) / 2;
}

static void spread_forward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t units = node_of(n)->units;
  const double *variance = s->variance.x[0];
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    size_t at = half_of(n, i);
    double a = n->x[0][at], b = n->x[0][at + units];
    double of_a = variance ? variance[at] : 0, of_b = variance ? variance[at + units] : 0;
    s->variance.z[i] = ebbi_square(gate(node_of(n), b)) * of_a +
                       ebbi_square(a * steepest(node_of(n), b, of_b)) * of_b +
                       ebbi_square(a * gate_error(node_of(n), b)) +
                       ebbi_square(EBBI_ROUNDOFF * n->z[i]) +
                       ebbi_square((double)FLT_MIN * (2 + fabs(a) + fabs(b)));
  }
}

static void spread_backward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t units = node_of(n)->units;
  const double *variance = s->variance.x[0];
  if (!s->variance.dx[0]) return;
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    size_t at = half_of(n, i);
    double a = n->x[0][at], b = n->x[0][at + units], dz = n->dz[i], of_dz = s->variance.dz[i];
    double of_a = variance ? variance[at] : 0, of_b = variance ? variance[at + units] : 0;
    double f = gate(node_of(n), b), f1 = steepest(node_of(n), b, of_b);
    double flushed = ebbi_square((double)FLT_MIN * (2 + fabs(a) + fabs(b) + fabs(dz)));
    s->variance.dx[0][at] = ebbi_square(f) * of_dz + ebbi_square(dz * f1) * of_b +
                            ebbi_square(dz * gate_error(node_of(n), b)) +
                            ebbi_square(EBBI_ROUNDOFF * dz * f) + flushed;
    s->variance.dx[0][at + units] = ebbi_square(a * f1) * of_dz + ebbi_square(dz * f1) * of_a +
                                    ebbi_square(dz * a / 2) * of_b +
                                    ebbi_square(dz * a * slope_error(b)) +
                                    ebbi_square(2 * EBBI_ROUNDOFF * dz * a * f1) + flushed;
  }
}

/* ---- expected results of a device ---- */

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  const ebb_node *n = &t->spec->nodes[node];
  double *x;
  TRY(ebbi_read_rows(&x, c, t->value[n->inputs[0]], &s->rows));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      const double *a = x + i * 2 * n->units + s->cols.index[j], *b = a + n->units;
      double value = *a * gate(n, *b);
      double error = fabs(*a) * gate_error(n, *b) + 2 * EBBI_ROUNDOFF * fabs(value);
      s->at[i * s->cols.count + j] =
          expected(value, error + (double)FLT_MIN * (1 + fabs(*a) + fabs(*b)));
    }
  return EBB_OK;
}

/* da or db, by the column. */
static ebbi_estimate expect_half(const ebb_node *node, double a, double b, double dz, bool first) {
  double value = dz * (first ? gate(node, b) : a * slope(node, b));
  double error = fabs(dz) * (first ? gate_error(node, b) : fabs(a) * slope_error(b));
  return expected(value, error + 3 * EBBI_ROUNDOFF * fabs(value) +
                             (double)FLT_MIN * (1 + fabs(a) + fabs(b) + fabs(dz)));
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  const ebb_node *n = &t->spec->nodes[node];
  size_t units = n->units;
  double *x, *dz;
  TRY(ebbi_read_rows(&x, c, t->value[n->inputs[input]], &s->rows));
  TRY(ebbi_read_rows(&dz, c, t->dvalue[node + 1], &s->rows));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      size_t col = s->cols.index[j] % units;
      const double *a = x + i * 2 * units + col;
      s->at[i * s->cols.count + j] =
          expect_half(n, a[0], a[units], dz[i * units + col], s->cols.index[j] < units);
    }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_glu = {.label = " (glu)",
                                             .y = "y",
                                             .dx = {"dx"},
                                             .network = "13-38-glu-10gelu-glu-7",
                                             .multiple = 2,
                                             .forward = forward,
                                             .backward = backward,
                                             .spread_forward = spread_forward,
                                             .spread_backward = spread_backward,
                                             .expect_z = expect_z,
                                             .expect_dx = expect_dx};

const ebbi_kind_check ebbi_kind_check_swiglu = {.label = " (swiglu)",
                                                .y = "y",
                                                .dx = {"dx"},
                                                .network = "13-38-swiglu-10gelu-swiglu-7",
                                                .multiple = 2,
                                                .forward = forward,
                                                .backward = backward,
                                                .spread_forward = spread_forward,
                                                .spread_backward = spread_backward,
                                                .expect_z = expect_z,
                                                .expect_dx = expect_dx};
