/* z = x w + b with a member's own w and b: the reference of adapter. Row r is of member r %
 * members. */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

/* Parameters lie as the factors of all members, then their biases. */
typedef struct layout {
  size_t members, cols;
  bool bias;
} layout;

static layout layout_of(const ebb_spec *spec, size_t node) {
  const ebb_node *n = &spec->nodes[node];
  return (layout){n->members, n->units, n->settings[0] == 0};
}

/* The factor of element i. */
static size_t own_of(layout l, size_t i) {
  return i / l.cols % l.members * l.cols + i % l.cols;
}

/* ---- the reference ---- */

static void forward(const ebbi_node_arrays *n) {
  layout l = layout_of(n->spec, n->node);
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    size_t own = own_of(l, i);
    n->z[i] = n->x[0][i] * n->parameters[own];
    if (l.bias) n->z[i] += n->parameters[l.members * l.cols + own];
  }
}

static void backward(const ebbi_node_arrays *n) {
  layout l = layout_of(n->spec, n->node);
  size_t factors = l.members * l.cols;
  for (size_t i = 0; n->gradients && i < (l.bias ? 2 : 1) * factors; i++) n->gradients[i] = 0;
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    size_t own = own_of(l, i);
    if (n->gradients) n->gradients[own] += n->dz[i] * n->x[0][i];
    if (n->gradients && l.bias) n->gradients[factors + own] += n->dz[i];
    if (n->dx[0]) n->dx[0][i] += n->dz[i] * n->parameters[own];
  }
}

/* ---- rounding errors ---- */

/* The product and the sum are rounded. */
static void spread_forward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  layout l = layout_of(n->spec, n->node);
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    double factor = n->parameters[own_of(l, i)], product = factor * n->x[0][i];
    s->variance.z[i] = ebbi_square(factor) * (s->variance.x[0] ? s->variance.x[0][i] : 0) +
                       ebbi_square(EBBI_ROUNDOFF * product) + ebbi_square(EBBI_ROUNDOFF * n->z[i]) +
                       ebbi_square((double)FLT_MIN);
  }
}

static void spread_gradients(const ebbi_node_spread *s, layout l) {
  const ebbi_node_arrays *n = &s->value;
  size_t factors = l.members * l.cols;
  double terms = (double)(n->batch / l.members + 8);
  for (size_t own = 0; own < factors; own++) {
    double along = 0, sum = 0, *dw = &s->variance.gradients[own], *db = dw + factors;
    double dw_variance = 0, db_variance = 0;
    for (size_t i = own; i < ebbi_node_count(n); i += factors) {
      along += fabs(n->dz[i] * n->x[0][i]);
      sum += fabs(n->dz[i]);
      dw_variance += ebbi_square(n->x[0][i]) * s->variance.dz[i];
      if (s->variance.x[0]) dw_variance += ebbi_square(n->dz[i]) * s->variance.x[0][i];
      db_variance += s->variance.dz[i];
    }
    double flushed = ebbi_square(terms * (double)FLT_MIN);
    *dw = dw_variance + terms * ebbi_square(EBBI_ROUNDOFF * along) + flushed;
    if (l.bias) *db = db_variance + terms * ebbi_square(EBBI_ROUNDOFF * sum) + flushed;
  }
}

static void spread_backward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  layout l = layout_of(n->spec, n->node);
  if (s->variance.gradients) spread_gradients(s, l);
  for (size_t i = 0; s->variance.dx[0] && i < ebbi_node_count(n); i++) {
    double factor = n->parameters[own_of(l, i)];
    s->variance.dx[0][i] = ebbi_square(factor) * s->variance.dz[i] +
                           ebbi_square(2 * EBBI_ROUNDOFF * factor * n->dz[i]) +
                           ebbi_square((double)FLT_MIN);
  }
}

/* ---- what a device must leave ---- */

/* A parameter at the samples: the rows of their members. */
static ebb_status read_own(double **out, ebbi_samples *s, ebbi_comparison *c,
                           const ebb_tensor *parameter) {
  ebbi_samples own = {.rows = s->rows, .cols = s->cols};
  for (size_t i = 0; i < s->rows.count; i++) own.rows.index[i] %= parameter->rows;
  return ebbi_read_samples(out, c, parameter, &own);
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  double *x, *w, *b = NULL;
  TRY(ebbi_read_samples(&x, c, t->value[t->spec->nodes[node].inputs[0]], s));
  TRY(read_own(&w, s, c, t->parameter[node][0]));
  if (t->parameter[node][1]) TRY(read_own(&b, s, c, t->parameter[node][1]));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++) {
    ebbi_estimate product = {x[i] * w[i], EBBI_ROUNDOFF * fabs(x[i] * w[i]) + (double)FLT_MIN};
    s->at[i] = b ? ebbi_estimate_add(product, (ebbi_estimate){b[i], 0}) : product;
  }
  return EBB_OK;
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  double *dz, *w;
  (void)input;
  TRY(ebbi_read_samples(&dz, c, t->dvalue[node + 1], s));
  TRY(read_own(&w, s, c, t->parameter[node][0]));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++)
    s->at[i] = (ebbi_estimate){dz[i] * w[i], EBBI_ROUNDOFF * fabs(dz[i] * w[i])};
  return EBB_OK;
}

/* dw and db of a member at these columns; x and dz [columns][rows]. */
static ebb_status compare_member(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node,
                                 size_t m, const ebbi_picks *cols, const double *x,
                                 const double *dz) {
  size_t rows = t->dvalue[node + 1]->rows, members = t->dparameter[node][0]->rows;
  const ebb_tensor *bias = t->dparameter[node][1];
  double *own_x, *own_dz, *ones, *dw, *db = NULL;
  TRY(ebbi_fixture_array(&own_x, &c->fixture, rows));
  TRY(ebbi_fixture_array(&own_dz, &c->fixture, rows));
  TRY(ebbi_fixture_array(&ones, &c->fixture, rows));
  for (size_t i = 0; i < rows; i++) ones[i] = 1;
  TRY(ebbi_read_range(&dw, c, t->dparameter[node][0], m, 1));
  if (bias) TRY(ebbi_read_range(&db, c, bias, m, 1));
  for (size_t j = 0; j < cols->count; j++) {
    size_t col = cols->index[j];
    size_t count = ebbi_member_rows(own_x, x + j * rows, rows, members, m);
    (void)ebbi_member_rows(own_dz, dz + j * rows, rows, members, m);
    ebbi_estimate e = ebbi_estimate_dot(EBB_PRECISION_FP32, own_x, own_dz, count);
    ebbi_compare(c, "dw", m, col, dw[col], e.value, e.error);
    if (!db) continue;
    e = ebbi_estimate_dot(EBB_PRECISION_FP32, ones, own_dz, count);
    ebbi_compare(c, "db", m, col, db[col], e.value, e.error);
  }
  return EBB_OK;
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  size_t members = t->dparameter[node][0]->rows;
  ebbi_picks cols = ebbi_pick(c, from->cols, c->watched ? c->watched->col : SIZE_MAX);
  size_t some[] = {0, members - 1, ebbi_pick_one(c, members),
                   c->watched && c->watched->row < members ? c->watched->row : 0};
  double *x, *dz;
  TRY(ebbi_read_cols(&x, c, from, &cols));
  TRY(ebbi_read_cols(&dz, c, t->dvalue[node + 1], &cols));
  for (size_t i = 0; i < sizeof some / sizeof *some; i++)
    TRY(compare_member(c, t, node, some[i], &cols, x, dz));
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_adapter = {
    .label = " (adapter)",
    .y = "a",
    .dx = {"dx"},
    .network = "13-members3-adapter:nobias:signs-19-adaptergelu-drop0.3-adaptergelu-heads5-"
               "mean:softmax",
    .members = 3,
    .settings = {{0, 0}, {1, 1}, {0, 1}},
    .forward = forward,
    .backward = backward,
    .spread_forward = spread_forward,
    .spread_backward = spread_backward,
    .expect_z = expect_z,
    .expect_dx = expect_dx,
    .compare_gradients = compare_gradients};
