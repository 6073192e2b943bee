/* z = x.w + b: the dense node's reference. A node without bias has weights only.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

/* Fan-in and fan-out. */
static size_t fan_in(const ebbi_node_arrays *n) {
  return ebb_spec_cols(n->spec, n->spec->nodes[n->node].inputs[0]);
}
static size_t fan_out(const ebbi_node_arrays *n) {
  return n->spec->nodes[n->node].units;
}

static bool has_bias(const ebbi_node_arrays *n) {
  return n->spec->nodes[n->node].settings[0] == 0;
}

/* ---- the reference ---- */

static void forward(const ebbi_node_arrays *n) {
  size_t inputs = fan_in(n), outputs = fan_out(n);
  const double *b = has_bias(n) ? n->parameters + inputs * outputs : NULL;
  ebbi_reference_forward(n->z, n->x[0], n->parameters, b, n->batch, inputs, outputs);
}

/* dx = dz.w^T (8). */
static void backward(const ebbi_node_arrays *n) {
  size_t inputs = fan_in(n), outputs = fan_out(n);
  double *db = n->gradients && has_bias(n) ? n->gradients + inputs * outputs : NULL;
  if (n->gradients)
    ebbi_reference_weight_gradient(n->gradients, db, n->x[0], n->dz, n->batch, inputs, outputs);
  if (!n->dx[0]) return;
  for (size_t row = 0; row < n->batch; row++)
    for (size_t i = 0; i < inputs; i++) {
      double sum = 0;
      for (size_t o = 0; o < outputs; o++)
        sum += n->dz[row * outputs + o] * n->parameters[i * outputs + o];
      n->dx[0][row * inputs + i] += sum;
    }
}

/* ---- rounding errors ---- */

static void spread_forward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t inputs = fan_in(n), outputs = fan_out(n);
  const double *w = n->parameters, *b = has_bias(n) ? w + inputs * outputs : NULL;
  ebbi_spread_product(s, s->variance.z, (ebbi_factor){n->x[0], s->variance.x[0], false},
                      (ebbi_factor){w, NULL, false}, n->batch, outputs, inputs);
  for (size_t i = 0; b && i < n->batch * outputs; i++)
    s->variance.z[i] += (double)(inputs + 8) * ebbi_square(EBBI_ROUNDOFF * b[i % outputs]);
}

static void spread_bias_gradient(const ebbi_node_spread *s, double *db) {
  size_t batch = s->value.batch, outputs = fan_out(&s->value);
  for (size_t col = 0; col < outputs; col++) {
    double magnitude = 0;
    db[col] = 0;
    for (size_t i = col; i < batch * outputs; i += outputs) {
      magnitude += fabs(s->value.dz[i]);
      db[col] += s->variance.dz[i];
    }
    db[col] += (double)(batch + 8) * ebbi_square(EBBI_ROUNDOFF * magnitude);
  }
}

static void spread_backward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t inputs = fan_in(n), outputs = fan_out(n);
  ebbi_factor dz = {n->dz, s->variance.dz, false};
  if (s->variance.gradients) {
    ebbi_factor x = {n->x[0], s->variance.x[0], true};
    ebbi_spread_product(s, s->variance.gradients, x, dz, inputs, outputs, n->batch);
    if (has_bias(n)) spread_bias_gradient(s, s->variance.gradients + inputs * outputs);
  }
  if (s->variance.dx[0])
    ebbi_spread_product(s, s->variance.dx[0], dz, (ebbi_factor){n->parameters, NULL, true},
                        n->batch, inputs, outputs);
}

/* ---- expected results of a device ---- */

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  ebb_precision precision = c->fixture.exec->mma.precision;
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  size_t depth = from->cols;
  ebbi_picks first = {1, {0}};
  const ebb_tensor *biases = t->parameter[node][1]; /* NULL: none */
  double *x, *w, *b = NULL;
  TRY(ebbi_read_rows(&x, c, from, &s->rows));
  TRY(ebbi_read_cols(&w, c, t->parameter[node][0], &s->cols));
  if (biases) TRY(ebbi_read_rows(&b, c, biases, &first));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      double bias = b ? b[s->cols.index[j]] : 0;
      ebbi_estimate *e = &s->at[i * s->cols.count + j];
      *e = ebbi_estimate_dot(precision, x + i * depth, w + j * depth, depth);
      e->value += bias;
      e->error += ebbi_bound_sum(depth) * fabs(bias);
    }
  return EBB_OK;
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  (void)input;
  ebb_precision precision = c->fixture.exec->mma.precision;
  size_t depth = t->dvalue[node + 1]->cols;
  double *dz, *w;
  TRY(ebbi_read_rows(&dz, c, t->dvalue[node + 1], &s->rows));
  TRY(ebbi_read_rows(&w, c, t->parameter[node][0], &s->cols));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++)
      s->at[i * s->cols.count + j] =
          ebbi_estimate_dot(precision, dz + i * depth, w + j * depth, depth);
  return EBB_OK;
}

/* db [1, O]: sums over the batch of the picked columns of dz. */
static ebb_status compare_biases(ebbi_comparison *c, const ebb_tensor *found,
                                 const ebbi_picks *cols, const double *dz, size_t batch) {
  ebbi_picks first = {1, {0}};
  double *db;
  TRY(ebbi_read_rows(&db, c, found, &first));
  for (size_t j = 0; j < cols->count; j++) {
    double sum = 0, magnitude = 0;
    for (size_t r = 0; r < batch; r++) {
      sum += dz[j * batch + r];
      magnitude += fabs(dz[j * batch + r]);
    }
    ebbi_compare(c, "db", 0, cols->index[j], db[cols->index[j]],
                 magnitude < (double)FLT_MAX / 2 ? sum : NAN,
                 ebbi_bound_sum(batch) * magnitude + (double)FLT_MIN * (double)batch);
  }
  return EBB_OK;
}

/* dw [I, O], sums over the batch. */
static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  ebb_precision precision = c->fixture.exec->mma.precision;
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  const ebb_tensor *to = t->dparameter[node][0], *above = t->dvalue[node + 1];
  size_t batch = above->rows;
  ebbi_picks cols = ebbi_pick(c, above->cols, c->watched ? c->watched->col : SIZE_MAX);
  double *dz, *x, *dw;
  TRY(ebbi_read_cols(&dz, c, above, &cols));
  if (t->dparameter[node][1]) TRY(compare_biases(c, t->dparameter[node][1], &cols, dz, batch));
  ebbi_picks rows = ebbi_pick(c, to->rows, c->watched ? c->watched->row : SIZE_MAX);
  TRY(ebbi_read_cols(&x, c, from, &rows));
  TRY(ebbi_read_rows(&dw, c, to, &rows));
  for (size_t i = 0; i < rows.count; i++)
    for (size_t j = 0; j < cols.count; j++) {
      ebbi_estimate e = ebbi_estimate_dot(precision, x + i * batch, dz + j * batch, batch);
      e = ebbi_estimate_keep(e, to);
      ebbi_compare(c, "dw", rows.index[i], cols.index[j], dw[i * to->cols + cols.index[j]], e.value,
                   e.error);
    }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_dense = {.label = "",
                                               .y = "a",
                                               .dx = {"dz_below"},
                                               .network = "13-37gelu:nobias-19relu-7:nobias",
                                               .by_products = true,
                                               .forward = forward,
                                               .backward = backward,
                                               .spread_forward = spread_forward,
                                               .spread_backward = spread_backward,
                                               .expect_z = expect_z,
                                               .expect_dx = expect_dx,
                                               .compare_gradients = compare_gradients};
