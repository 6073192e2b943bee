/* z = x, each row once for each member: the reference of members. Copies are exact; only the
 * gradient of x is a sum. */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

static size_t members_of(const ebb_spec *spec, size_t node) {
  return (size_t)spec->nodes[node].settings[0];
}

/* The element of x that element i of z repeats. */
static size_t origin_of(const ebbi_node_arrays *n, size_t i) {
  size_t cols = n->spec->nodes[n->node].units;
  return i / cols / members_of(n->spec, n->node) * cols + i % cols;
}

static void forward(const ebbi_node_arrays *n) {
  for (size_t i = 0; i < ebbi_node_count(n); i++) n->z[i] = n->x[0][origin_of(n, i)];
}

static void backward(const ebbi_node_arrays *n) {
  for (size_t i = 0; n->dx[0] && i < ebbi_node_count(n); i++) n->dx[0][origin_of(n, i)] += n->dz[i];
}

static void spread_forward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  for (size_t i = 0; i < ebbi_node_count(n); i++)
    s->variance.z[i] = s->variance.x[0] ? s->variance.x[0][origin_of(n, i)] : 0;
}

/* Members share the errors of what they read and of their weights, so deviations are added. Each
 * sum is rounded: a term with every later one. */
static void spread_backward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  double *out = s->variance.dx[0], members = (double)members_of(n->spec, n->node);
  for (size_t i = 0; out && i < ebbi_node_count(n); i++) {
    double term = sqrt(s->variance.dz[i]) + members * EBBI_ROUNDOFF * fabs(n->dz[i]);
    out[origin_of(n, i)] = ebbi_spread_add(out[origin_of(n, i)], ebbi_square(term));
  }
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  ebbi_samples from = {.rows = s->rows, .cols = s->cols};
  double *x;
  for (size_t i = 0; i < s->rows.count; i++) from.rows.index[i] /= members_of(t->spec, node);
  TRY(ebbi_read_samples(&x, c, t->value[t->spec->nodes[node].inputs[0]], &from));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++) s->at[i] = (ebbi_estimate){x[i], 0};
  return EBB_OK;
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  size_t members = members_of(t->spec, node);
  const ebb_tensor *dy = t->dvalue[node + 1];
  double *rows, *column, *ones;
  (void)input;
  TRY(ebbi_fixture_array(&column, &c->fixture, members));
  TRY(ebbi_fixture_array(&ones, &c->fixture, members));
  for (size_t m = 0; m < members; m++) ones[m] = 1;
  for (size_t i = 0; i < s->rows.count; i++) {
    TRY(ebbi_read_range(&rows, c, dy, s->rows.index[i] * members, members));
    for (size_t j = 0; j < s->cols.count; j++) {
      for (size_t m = 0; m < members; m++) column[m] = rows[m * dy->cols + s->cols.index[j]];
      s->at[i * s->cols.count + j] = ebbi_estimate_dot(EBB_PRECISION_FP32, column, ones, members);
    }
  }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_members = {
    .label = " (members)",
    .y = "y",
    .dx = {"dx"},
    .network = "13-16gelu-members5-adapter:signs-res(adapter:nobias-16:nobias-adaptergelu)-"
               "heads7-mean:softmax",
    .settings = {{3}, {2}, {5}},
    .forward = forward,
    .backward = backward,
    .spread_forward = spread_forward,
    .spread_backward = spread_backward,
    .expect_z = expect_z,
    .expect_dx = expect_dx};
