/* z = [x[0], x[1]]: the reference of the wide node, which puts two values side by side.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"

/* The element of an input that element i of z is. */
typedef struct source {
  size_t input, at;
} source;

static source source_of(const ebb_spec *spec, size_t node, size_t row, size_t col) {
  size_t first = ebb_spec_cols(spec, spec->nodes[node].inputs[0]);
  size_t second = ebb_spec_cols(spec, spec->nodes[node].inputs[1]);
  return col < first ? (source){0, row * first + col} : (source){1, row * second + col - first};
}

static source source_at(const ebbi_node_arrays *n, size_t i) {
  size_t units = n->spec->nodes[n->node].units;
  return source_of(n->spec, n->node, i / units, i % units);
}

static void forward(const ebbi_node_arrays *n) {
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    source from = source_at(n, i);
    n->z[i] = n->x[from.input][from.at];
  }
}

static void backward(const ebbi_node_arrays *n) {
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    source to = source_at(n, i);
    if (n->dx[to.input]) n->dx[to.input][to.at] += n->dz[i];
  }
}

/* Copies are exact. */
static void spread_forward(const ebbi_node_spread *s) {
  for (size_t i = 0; i < ebbi_node_count(&s->value); i++) {
    source from = source_at(&s->value, i);
    const double *variance = s->variance.x[from.input];
    s->variance.z[i] = variance ? variance[from.at] : 0;
  }
}

static void spread_backward(const ebbi_node_spread *s) {
  for (size_t i = 0; i < ebbi_node_count(&s->value); i++) {
    source to = source_at(&s->value, i);
    if (s->variance.dx[to.input]) s->variance.dx[to.input][to.at] = s->variance.dz[i];
  }
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  const size_t *inputs = t->spec->nodes[node].inputs;
  double *x[2];
  for (size_t i = 0; i < 2; i++) TRY(ebbi_read_rows(&x[i], c, t->value[inputs[i]], &s->rows));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      source from = source_of(t->spec, node, i, s->cols.index[j]);
      s->at[i * s->cols.count + j] = (ebbi_estimate){x[from.input][from.at], 0};
    }
  return EBB_OK;
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  const ebb_node *n = &t->spec->nodes[node];
  size_t first = input > 0 ? ebb_spec_cols(t->spec, n->inputs[0]) : 0;
  double *dz;
  TRY(ebbi_read_rows(&dz, c, t->dvalue[node + 1], &s->rows));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++)
      s->at[i * s->cols.count + j] =
          (ebbi_estimate){dz[i * n->units + first + s->cols.index[j]], 0};
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_wide = {
    .label = " (wide)",
    .y = "y",
    .dx = {"dx of the branch", "dx of the value beside it"},
    .network = "13-wide(16gelu)-9-wide(21relu-wide(5tanh-11softplus))-7",
    .forward = forward,
    .backward = backward,
    .spread_forward = spread_forward,
    .spread_backward = spread_backward,
    .expect_z = expect_z,
    .expect_dx = expect_dx};
