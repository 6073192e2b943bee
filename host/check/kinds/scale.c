/* z = x s, a factor for each column: the reference of scale.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"

#include <float.h>
#include <math.h>

static size_t cols_of(const ebbi_node_arrays *n) {
  return n->spec->nodes[n->node].units;
}

/* ---- the reference ---- */

static void forward(const ebbi_node_arrays *n) {
  for (size_t i = 0; i < ebbi_node_count(n); i++)
    n->z[i] = n->x[0][i] * n->parameters[i % cols_of(n)];
}

static void backward(const ebbi_node_arrays *n) {
  size_t cols = cols_of(n);
  for (size_t c = 0; n->gradients && c < cols; c++) n->gradients[c] = 0;
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    if (n->gradients) n->gradients[i % cols] += n->dz[i] * n->x[0][i];
    if (n->dx[0]) n->dx[0][i] += n->dz[i] * n->parameters[i % cols];
  }
}

/* ---- rounding errors ---- */

/* The product is rounded, and the product with f' that may follow. */
static void spread(double *out, const double *from, const double *variance,
                   const ebbi_node_arrays *n) {
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    double factor = n->parameters[i % cols_of(n)];
    out[i] = ebbi_square(factor) * (variance ? variance[i] : 0) +
             ebbi_square(2 * EBBI_ROUNDOFF * factor * from[i]) + ebbi_square((double)FLT_MIN);
  }
}

static void spread_forward(const ebbi_node_spread *s) {
  spread(s->variance.z, s->value.x[0], s->variance.x[0], &s->value);
}

static void spread_backward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t cols = cols_of(n);
  for (size_t c = 0; s->variance.gradients && c < cols; c++) {
    double magnitude = 0, *out = &s->variance.gradients[c];
    *out = 0;
    for (size_t i = c; i < ebbi_node_count(n); i += cols) {
      magnitude += fabs(n->dz[i] * n->x[0][i]);
      *out += ebbi_square(n->x[0][i]) * s->variance.dz[i];
      if (s->variance.x[0]) *out += ebbi_square(n->dz[i]) * s->variance.x[0][i];
    }
    *out += (double)(n->batch + 8) * ebbi_square(EBBI_ROUNDOFF * magnitude);
  }
  if (s->variance.dx[0]) spread(s->variance.dx[0], n->dz, s->variance.dz, n);
}

/* ---- what a device must leave ---- */

static ebb_status expect(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                         size_t node, const ebb_tensor *from) {
  ebbi_picks first = {1, {0}};
  double *x, *scale;
  TRY(ebbi_read_samples(&x, c, from, s));
  TRY(ebbi_read_rows(&scale, c, t->parameter[node][0], &first));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++) {
    double factor = scale[s->cols.index[i % s->cols.count]];
    s->at[i] = (ebbi_estimate){x[i] * factor, EBBI_ROUNDOFF * fabs(x[i] * factor)};
  }
  return EBB_OK;
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  ebbi_picks first = {1, {0}};
  ebbi_picks cols = ebbi_pick(c, from->cols, c->watched ? c->watched->col : SIZE_MAX);
  double *x, *dy, *ds;
  TRY(ebbi_read_cols(&x, c, from, &cols));
  TRY(ebbi_read_cols(&dy, c, t->dvalue[node + 1], &cols));
  TRY(ebbi_read_rows(&ds, c, t->dparameter[node][0], &first));
  for (size_t j = 0; j < cols.count; j++) {
    size_t batch = from->rows;
    ebbi_estimate e = ebbi_estimate_dot(EBB_PRECISION_FP32, x + j * batch, dy + j * batch, batch);
    ebbi_compare(c, "ds", 0, cols.index[j], ds[cols.index[j]], e.value, e.error);
  }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_scale = {.label = " (scale)",
                                               .y = "y",
                                               .dx = {"dx"},
                                               .network = "13-scale-16gelu-scale-res(scale)-7",
                                               .forward = forward,
                                               .backward = backward,
                                               .spread_forward = spread_forward,
                                               .spread_backward = spread_backward,
                                               .expect = expect,
                                               .compare_gradients = compare_gradients};
