/* z = [x[:, columns:], table[x[:, j]] for each j below columns]: the embedding's reference. A code
 * that is no row of the table reads zeros. Copies are exact; only the table's gradient is a sum.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

static size_t setting(const ebb_spec *spec, size_t node, size_t index) {
  return (size_t)spec->nodes[node].settings[index];
}

/* Columns that are passed on. */
static size_t kept_of(const ebb_spec *spec, size_t node) {
  return ebb_spec_cols(spec, spec->nodes[node].inputs[0]) - setting(spec, node, 0);
}

/* The row of the table that a number names; SIZE_MAX: none. */
static size_t row_of(double code, size_t rows) {
  return code >= 0 && code < (double)rows ? (size_t)code : SIZE_MAX;
}

/* Where element `col` of a row of z comes from: a column of x, or a column of the table and the
 * column of x with its row. */
typedef struct origin {
  bool table;
  size_t x, col;
} origin;

static origin origin_of(const ebb_spec *spec, size_t node, size_t col) {
  size_t kept = kept_of(spec, node), units = setting(spec, node, 2);
  if (col < kept) return (origin){false, setting(spec, node, 0) + col, 0};
  return (origin){true, (col - kept) / units, (col - kept) % units};
}

/* The element of the table that element i of z is; SIZE_MAX: none. */
static size_t element_of(const ebbi_node_arrays *n, origin from, size_t row) {
  size_t inputs = ebb_spec_cols(n->spec, n->spec->nodes[n->node].inputs[0]);
  size_t k = row_of(n->x[0][row * inputs + from.x], setting(n->spec, n->node, 1));
  return k == SIZE_MAX ? k : k * setting(n->spec, n->node, 2) + from.col;
}

/* ---- the reference ---- */

static void forward(const ebbi_node_arrays *n) {
  size_t units = n->spec->nodes[n->node].units;
  size_t inputs = ebb_spec_cols(n->spec, n->spec->nodes[n->node].inputs[0]);
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    origin from = origin_of(n->spec, n->node, i % units);
    size_t at = from.table ? element_of(n, from, i / units) : i / units * inputs + from.x;
    const double *values = from.table ? n->parameters : n->x[0];
    n->z[i] = at == SIZE_MAX ? 0 : values[at];
  }
}

static void backward(const ebbi_node_arrays *n) {
  size_t units = n->spec->nodes[n->node].units;
  size_t inputs = ebb_spec_cols(n->spec, n->spec->nodes[n->node].inputs[0]);
  size_t count = setting(n->spec, n->node, 1) * setting(n->spec, n->node, 2);
  for (size_t i = 0; n->gradients && i < count; i++) n->gradients[i] = 0;
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    origin from = origin_of(n->spec, n->node, i % units);
    size_t at = from.table ? element_of(n, from, i / units) : i / units * inputs + from.x;
    double *to = from.table ? n->gradients : n->dx[0];
    if (to && at != SIZE_MAX) to[at] += n->dz[i];
  }
}

/* ---- rounding errors ---- */

static void spread_forward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t units = n->spec->nodes[n->node].units;
  size_t inputs = ebb_spec_cols(n->spec, n->spec->nodes[n->node].inputs[0]);
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    origin from = origin_of(n->spec, n->node, i % units);
    bool known = from.table || !s->variance.x[0];
    s->variance.z[i] = known ? 0 : s->variance.x[0][i / units * inputs + from.x];
  }
}

/* A sum of k terms: k + 8 roundings of the sum of their magnitudes, as a bias's gradient. */
static void spread_table(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t units = n->spec->nodes[n->node].units;
  size_t count = setting(n->spec, n->node, 1) * setting(n->spec, n->node, 2);
  for (size_t at = 0; at < count; at++) s->variance.gradients[at] = 0;
  for (size_t i = 0; i < ebbi_node_count(n); i++) {
    origin from = origin_of(n->spec, n->node, i % units);
    size_t at = from.table ? element_of(n, from, i / units) : SIZE_MAX;
    if (at == SIZE_MAX) continue;
    double terms = (double)(n->batch * setting(n->spec, n->node, 0));
    double term = terms * EBBI_ROUNDOFF * n->dz[i]; /* each is rounded with every later sum */
    s->variance.gradients[at] +=
        s->variance.dz[i] + ebbi_square(term) + ebbi_square((double)FLT_MIN);
  }
}

static void spread_backward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  size_t units = n->spec->nodes[n->node].units;
  size_t inputs = ebb_spec_cols(n->spec, n->spec->nodes[n->node].inputs[0]);
  if (s->variance.gradients) spread_table(s);
  for (size_t i = 0; s->variance.dx[0] && i < ebbi_node_count(n); i++) {
    origin from = origin_of(n->spec, n->node, i % units);
    if (!from.table) s->variance.dx[0][i / units * inputs + from.x] = s->variance.dz[i];
  }
}

/* ---- expected results of a device ---- */

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  const ebb_tensor *table = t->parameter[node][0];
  size_t row = SIZE_MAX; /* whose weights have been read */
  double *x, *weights = NULL;
  TRY(ebbi_read_rows(&x, c, from, &s->rows));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      origin at = origin_of(t->spec, node, s->cols.index[j]);
      double value = x[i * from->cols + at.x];
      size_t wanted = at.table ? row_of(value, table->rows) : SIZE_MAX;
      if (wanted != SIZE_MAX && wanted != row) TRY(ebbi_read_range(&weights, c, table, wanted, 1));
      if (wanted != SIZE_MAX) row = wanted;
      if (at.table) value = wanted == SIZE_MAX ? 0 : weights[at.col];
      s->at[i * s->cols.count + j] = (ebbi_estimate){value, 0};
    }
  return EBB_OK;
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  size_t codes = setting(t->spec, node, 0), units = t->spec->nodes[node].units;
  double *dz;
  (void)input;
  TRY(ebbi_read_rows(&dz, c, t->dvalue[node + 1], &s->rows));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      size_t col = s->cols.index[j];
      s->at[i * s->cols.count + j] =
          (ebbi_estimate){col < codes ? 0 : dz[i * units + col - codes], 0};
    }
  return EBB_OK;
}

/* Adds the terms of one column of codes to the sampled rows of the table. */
static ebb_status add_terms(ebbi_estimate *sums, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t code, const ebbi_picks *rows,
                            const ebbi_picks *cols) {
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]], *above = t->dvalue[node + 1];
  ebbi_picks column = {1, {code}};
  double *x, *dz;
  TRY(ebbi_read_cols(&x, c, from, &column));
  for (size_t j = 0; j < cols->count; j++) {
    column.index[0] = kept_of(t->spec, node) + code * setting(t->spec, node, 2) + cols->index[j];
    TRY(ebbi_read_cols(&dz, c, above, &column));
    for (size_t i = 0; i < rows->count; i++)
      for (size_t r = 0; r < from->rows; r++) {
        if (row_of(x[r], setting(t->spec, node, 1)) != rows->index[i]) continue;
        sums[i * cols->count + j].value += dz[r];
        sums[i * cols->count + j].error += fabs(dz[r]); /* the magnitude */
      }
  }
  return EBB_OK;
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  const ebb_tensor *to = t->dparameter[node][0];
  size_t codes = setting(t->spec, node, 0), terms = codes * t->dvalue[node + 1]->rows;
  ebbi_picks rows = ebbi_pick(c, to->rows, c->watched ? c->watched->row : SIZE_MAX);
  ebbi_picks cols = ebbi_pick(c, to->cols, c->watched ? c->watched->col : SIZE_MAX);
  ebbi_estimate sums[EBBI_PICKS * EBBI_PICKS] = {{0}};
  double *found;
  for (size_t code = 0; code < codes; code++) TRY(add_terms(sums, c, t, node, code, &rows, &cols));
  TRY(ebbi_read_rows(&found, c, to, &rows));
  for (size_t i = 0; i < rows.count; i++)
    for (size_t j = 0; j < cols.count; j++) {
      ebbi_estimate e = sums[i * cols.count + j];
      ebbi_compare(c, "dw", rows.index[i], cols.index[j], found[i * to->cols + cols.index[j]],
                   e.error < (double)FLT_MAX / 2 ? e.value : NAN,
                   ebbi_bound_sum(terms) * e.error + (double)FLT_MIN * (double)terms);
    }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_embed = {.label = " (embed)",
                                               .y = "y",
                                               .dx = {"dx"},
                                               .network = "13-embed3x2x5-embed2x3x17-16gelu-7",
                                               .multiple = 3,
                                               .settings = {{1, 1, 1}, {2, 5, 9}, {3, 40, 17}},
                                               .forward = forward,
                                               .backward = backward,
                                               .spread_forward = spread_forward,
                                               .spread_backward = spread_backward,
                                               .expect_z = expect_z,
                                               .expect_dx = expect_dx,
                                               .compare_gradients = compare_gradients};
