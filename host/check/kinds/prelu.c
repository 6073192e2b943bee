/* z = x where x > 0, else w x with a slope w for each column: the reference of prelu.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/rounding.h"
#include "check/spread.h"

#include "base/error.h"

#include <float.h>
#include <math.h>

static size_t cols_of(const ebbi_node_arrays *n) {
  return n->spec->nodes[n->node].units;
}

/* ---- the reference ---- */

/* Of x, or of its gradient, what z, or the gradient, has. */
static double slope(const ebbi_node_arrays *n, size_t i) {
  return n->x[0][i] > 0 ? 1 : n->parameters[i % cols_of(n)];
}

static void forward(const ebbi_node_arrays *n) {
  for (size_t i = 0; i < ebbi_node_count(n); i++) n->z[i] = n->x[0][i] * slope(n, i);
}

static void backward(const ebbi_node_arrays *n) {
  size_t cols = cols_of(n);
  for (size_t c = 0; n->gradients && c < cols; c++) n->gradients[c] = 0;
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    if (n->gradients && !(n->x[0][i] > 0)) n->gradients[i % cols] += n->dz[i] * n->x[0][i];
    if (n->dx[0]) n->dx[0][i] += n->dz[i] * slope(n, i);
  }
}

/* ---- rounding errors ---- */

/* How far from 1 the slope is on the other side, if the error of x may have taken it there. */
static double turn_of(const ebbi_node_spread *s, size_t i) {
  const ebbi_node_arrays *n = &s->value;
  double variance = s->variance.x[0] ? s->variance.x[0][i] : 0;
  bool may = fabs(n->x[0][i]) <= EBBI_DEVIATIONS * sqrt(variance);
  return may ? 1 - n->parameters[i % cols_of(n)] : 0;
}

/* One product. z has no jump where x is 0; the steeper side holds for both. */
static void spread_forward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    double steep = fabs(slope(n, i)) + fabs(turn_of(s, i));
    s->variance.z[i] = ebbi_square(steep) * (s->variance.x[0] ? s->variance.x[0][i] : 0) +
                       ebbi_square(EBBI_ROUNDOFF * n->z[i]) + ebbi_square((double)FLT_MIN);
  }
}

/* dw has no jump either: x is 0 there. */
static void spread_gradients(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t cols = cols_of(n);
  for (size_t c = 0; c < cols; c++) {
    double magnitude = 0, *out = &s->variance.gradients[c];
    *out = 0;
    for (size_t i = c; i < ebbi_node_count(n); i += cols) {
      if (n->x[0][i] > 0 && turn_of(s, i) == 0) continue;
      magnitude += fabs(n->dz[i] * n->x[0][i]);
      *out += ebbi_square(n->x[0][i]) * s->variance.dz[i];
      if (s->variance.x[0]) *out += ebbi_square(n->dz[i]) * s->variance.x[0][i];
    }
    *out += (double)(n->batch + 8) * ebbi_square(EBBI_ROUNDOFF * magnitude);
  }
}

/* The product, and the one with f' that may follow. */
static void spread_backward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  if (s->variance.gradients) spread_gradients(s);
  for (size_t i = 0; s->variance.dx[0] && i < ebbi_node_count(n); i++) {
    double steep = fabs(slope(n, i)) + fabs(turn_of(s, i));
    s->variance.dx[0][i] =
        ebbi_square(steep) * s->variance.dz[i] + ebbi_square(turn_of(s, i) * n->dz[i]) +
        ebbi_square(2 * EBBI_ROUNDOFF * steep * n->dz[i]) + ebbi_square((double)FLT_MIN);
  }
}

/* ---- what a device must leave ---- */

static ebb_status expect(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                         size_t node, const ebb_tensor *from) {
  ebbi_picks first = {1, {0}};
  double *value, *x, *w;
  TRY(ebbi_read_samples(&value, c, from, s));
  TRY(ebbi_read_samples(&x, c, t->value[t->spec->nodes[node].inputs[0]], s));
  TRY(ebbi_read_rows(&w, c, t->parameter[node][0], &first));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++) {
    double at = x[i] > 0 ? value[i] : value[i] * w[s->cols.index[i % s->cols.count]];
    s->at[i] = (ebbi_estimate){at, x[i] > 0 ? 0 : EBBI_ROUNDOFF * fabs(at)};
  }
  return EBB_OK;
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  ebbi_picks first = {1, {0}};
  ebbi_picks cols = ebbi_pick(c, from->cols, c->watched ? c->watched->col : SIZE_MAX);
  double *x, *dy, *dw;
  TRY(ebbi_read_cols(&x, c, from, &cols));
  TRY(ebbi_read_cols(&dy, c, t->dvalue[node + 1], &cols));
  TRY(ebbi_read_rows(&dw, c, t->dparameter[node][0], &first));
  for (size_t j = 0; j < cols.count; j++) {
    size_t batch = from->rows;
    for (size_t i = j * batch; i < (j + 1) * batch; i++) x[i] = x[i] > 0 ? 0 : x[i];
    ebbi_estimate e = ebbi_estimate_dot(EBB_PRECISION_FP32, x + j * batch, dy + j * batch, batch);
    ebbi_compare(c, "dw", 0, cols.index[j], dw[cols.index[j]], e.value, e.error);
  }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_prelu = {.label = " (prelu)",
                                               .y = "y",
                                               .dx = {"dx"},
                                               .network = "13-scale-16gelu-scale-res(prelu)-7",
                                               .forward = forward,
                                               .backward = backward,
                                               .spread_forward = spread_forward,
                                               .spread_backward = spread_backward,
                                               .expect = expect,
                                               .compare_gradients = compare_gradients};
