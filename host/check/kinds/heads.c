/* z = x.w + b with a member's own w and b: the reference of heads. Row r is of member r % members,
 * whose weights are the rows of its outputs. */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

/* Parameters lie as the weights [members * outputs, inputs], then the biases. */
typedef struct layout {
  size_t members, outputs, inputs;
} layout;

static layout layout_of(const ebb_spec *spec, size_t node) {
  const ebb_node *n = &spec->nodes[node];
  return (layout){n->members, n->units, ebb_spec_cols(spec, n->inputs[0])};
}

/* The row of the weights that makes element i of z; it is the bias's place, too. */
static size_t unit_of(layout l, size_t i) {
  return i / l.outputs % l.members * l.outputs + i % l.outputs;
}

/* ---- the reference ---- */

static void forward(const ebbi_node_arrays *n) {
  layout l = layout_of(n->spec, n->node);
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    size_t unit = unit_of(l, i);
    double sum = n->parameters[l.members * l.outputs * l.inputs + unit];
    for (size_t k = 0; k < l.inputs; k++)
      sum += n->x[0][i / l.outputs * l.inputs + k] * n->parameters[unit * l.inputs + k];
    n->z[i] = sum;
  }
}

static void backward(const ebbi_node_arrays *n) {
  layout l = layout_of(n->spec, n->node);
  size_t units = l.members * l.outputs, weights = units * l.inputs;
  for (size_t i = 0; n->gradients && i < weights + units; i++) n->gradients[i] = 0;
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    size_t unit = unit_of(l, i), row = i / l.outputs * l.inputs;
    if (n->gradients) n->gradients[weights + unit] += n->dz[i];
    for (size_t k = 0; k < l.inputs; k++) {
      if (n->gradients) n->gradients[unit * l.inputs + k] += n->dz[i] * n->x[0][row + k];
      if (n->dx[0]) n->dx[0][row + k] += n->dz[i] * n->parameters[unit * l.inputs + k];
    }
  }
}

/* ---- rounding errors ---- */

/* The variance of a sum of `count` terms by its own rounding. */
static double rounded(size_t count, double magnitude) {
  double terms = (double)(count + 8);
  return terms * ebbi_square(EBBI_ROUNDOFF * magnitude) + ebbi_square(terms * (double)FLT_MIN);
}

static void spread_forward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  layout l = layout_of(n->spec, n->node);
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    size_t unit = unit_of(l, i), row = i / l.outputs * l.inputs;
    double magnitude = fabs(n->parameters[l.members * l.outputs * l.inputs + unit]);
    double *out = &s->variance.z[i];
    *out = 0;
    for (size_t k = 0; k < l.inputs; k++) {
      double w = n->parameters[unit * l.inputs + k];
      magnitude += fabs(n->x[0][row + k] * w);
      if (s->variance.x[0]) *out += ebbi_square(w) * s->variance.x[0][row + k];
    }
    *out += rounded(l.inputs, magnitude);
  }
}

static void spread_weight(const ebbi_node_spread *s, layout l, size_t unit, size_t k) {
  const ebbi_node_arrays *n = &s->value;
  double magnitude = 0, *out = &s->variance.gradients[unit * l.inputs + k];
  *out = 0;
  for (size_t i = unit; i < ebbi_node_count(n); i += l.members * l.outputs) {
    size_t at = i / l.outputs * l.inputs + k;
    magnitude += fabs(n->dz[i] * n->x[0][at]);
    *out += ebbi_square(n->x[0][at]) * s->variance.dz[i];
    if (s->variance.x[0]) *out += ebbi_square(n->dz[i]) * s->variance.x[0][at];
  }
  *out += rounded(n->batch / l.members, magnitude);
}

static void spread_gradients(const ebbi_node_spread *s, layout l) {
  const ebbi_node_arrays *n = &s->value;
  size_t units = l.members * l.outputs;
  for (size_t unit = 0; unit < units; unit++) {
    double magnitude = 0, *db = &s->variance.gradients[units * l.inputs + unit];
    for (size_t k = 0; k < l.inputs; k++) spread_weight(s, l, unit, k);
    *db = 0;
    for (size_t i = unit; i < ebbi_node_count(n); i += units) {
      magnitude += fabs(n->dz[i]);
      *db += s->variance.dz[i];
    }
    *db += rounded(n->batch / l.members, magnitude);
  }
}

/* The product with f' that may follow is rounded, too: within the 8 of `rounded`. */
static void spread_backward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  layout l = layout_of(n->spec, n->node);
  if (s->variance.gradients) spread_gradients(s, l);
  for (size_t at = 0; s->variance.dx[0] && at < n->batch * l.inputs; at++) {
    size_t row = at / l.inputs, k = at % l.inputs;
    double magnitude = 0, *out = &s->variance.dx[0][at];
    *out = 0;
    for (size_t i = row * l.outputs; i < (row + 1) * l.outputs; i++) {
      double w = n->parameters[unit_of(l, i) * l.inputs + k];
      magnitude += fabs(n->dz[i] * w);
      *out += ebbi_square(w) * s->variance.dz[i];
    }
    *out += rounded(l.outputs, magnitude);
  }
}

/* ---- what a device must leave ---- */

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  layout l = layout_of(t->spec, node);
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  double *x, *w, *b;
  TRY(ebbi_read_rows(&x, c, from, &s->rows));
  for (size_t i = 0; i < s->rows.count; i++) {
    size_t m = s->rows.index[i] % l.members;
    ebbi_picks units = s->cols;
    for (size_t j = 0; j < units.count; j++) units.index[j] += m * l.outputs;
    TRY(ebbi_read_range(&b, c, t->parameter[node][1], m, 1));
    TRY(ebbi_read_rows(&w, c, t->parameter[node][0], &units));
    for (size_t j = 0; j < units.count; j++) {
      const double *row = x + i * l.inputs;
      ebbi_estimate sum = ebbi_estimate_dot(EBB_PRECISION_FP32, row, w + j * l.inputs, l.inputs);
      ebbi_estimate bias = {b[s->cols.index[j]], 0};
      s->at[i * units.count + j] = ebbi_estimate_add(sum, bias);
    }
  }
  return EBB_OK;
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  layout l = layout_of(t->spec, node);
  double *dz, *w, *column;
  (void)input;
  TRY(ebbi_fixture_array(&column, &c->fixture, l.outputs));
  TRY(ebbi_read_rows(&dz, c, t->dvalue[node + 1], &s->rows));
  for (size_t i = 0; i < s->rows.count; i++) {
    size_t m = s->rows.index[i] % l.members;
    TRY(ebbi_read_range(&w, c, t->parameter[node][0], m * l.outputs, l.outputs));
    for (size_t j = 0; j < s->cols.count; j++) {
      for (size_t o = 0; o < l.outputs; o++) column[o] = w[o * l.inputs + s->cols.index[j]];
      s->at[i * s->cols.count + j] =
          ebbi_estimate_dot(EBB_PRECISION_FP32, dz + i * l.outputs, column, l.outputs);
    }
  }
  return EBB_OK;
}

/* dw and db of one unit; x holds columns. */
static ebb_status compare_unit(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node,
                               size_t unit, const ebbi_picks *cols, const double *x) {
  layout l = layout_of(t->spec, node);
  const ebb_tensor *above = t->dvalue[node + 1];
  size_t rows = above->rows, count = rows / l.members, m = unit / l.outputs, o = unit % l.outputs;
  ebbi_picks output = {1, {o}};
  double *all, *dz, *own, *ones, *dw, *db;
  TRY(ebbi_fixture_array(&dz, &c->fixture, count));
  TRY(ebbi_fixture_array(&own, &c->fixture, count));
  TRY(ebbi_fixture_array(&ones, &c->fixture, count));
  for (size_t i = 0; i < count; i++) ones[i] = 1;
  TRY(ebbi_read_cols(&all, c, above, &output));
  TRY(ebbi_read_range(&dw, c, t->dparameter[node][0], unit, 1));
  TRY(ebbi_read_range(&db, c, t->dparameter[node][1], m, 1));
  (void)ebbi_member_rows(dz, all, rows, l.members, m);
  for (size_t j = 0; j < cols->count; j++) {
    (void)ebbi_member_rows(own, x + j * rows, rows, l.members, m);
    ebbi_estimate e = ebbi_estimate_dot(EBB_PRECISION_FP32, own, dz, count);
    ebbi_compare(c, "dw", unit, cols->index[j], dw[cols->index[j]], e.value, e.error);
  }
  ebbi_estimate e = ebbi_estimate_dot(EBB_PRECISION_FP32, ones, dz, count);
  ebbi_compare(c, "db", m, o, db[o], e.value, e.error);
  return EBB_OK;
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  size_t units = t->dparameter[node][0]->rows;
  ebbi_picks cols = ebbi_pick(c, from->cols, c->watched ? c->watched->col : SIZE_MAX);
  ebbi_picks some = ebbi_pick(c, units, c->watched ? c->watched->row : SIZE_MAX);
  double *x;
  TRY(ebbi_read_cols(&x, c, from, &cols));
  for (size_t i = 0; i < some.count; i++) TRY(compare_unit(c, t, node, some.index[i], &cols, x));
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_heads = {
    .label = " (heads)",
    .y = "y",
    .dx = {"dx"},
    .network = "13-members4-adapter:signs-17gelu-heads18-mean:softmax",
    .members = 3,
    .settings = {{2}, {1}, {19}},
    .forward = forward,
    .backward = backward,
    .spread_forward = spread_forward,
    .spread_backward = spread_backward,
    .expect_z = expect_z,
    .expect_dx = expect_dx,
    .compare_gradients = compare_gradients};
