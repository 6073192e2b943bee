/* What a device must make of normalised lines, at sampled elements. Bounds: norm_lines.c. */
#include "check/norm_lines.h"

#include "base/error.h"
#include "check/bounds.h"
#include "check/spread.h"

#include <float.h>
#include <math.h>

#define u EBBI_ROUNDOFF

/* x^ of element i of a line, given what the device may make of its moments. */
static ebbi_estimate normal_at(const double *x, size_t i, const ebbi_norm_moments *m) {
  double d = x[i] - m->mean, normal = d * m->rate;
  double d_error = 2 * u * (fabs(d) + m->pivot_error) + m->shift_error + (double)FLT_MIN;
  double error = m->rate * d_error * (1 + m->rate_error) + fabs(normal) * (m->rate_error + 2 * u);
  return (ebbi_estimate){isfinite(normal) ? normal : NAN, error + (double)FLT_MIN};
}

/* Some lines of a node on the device, one after the other, and its vectors. */
typedef struct operands {
  ebbi_norm_layout l;
  double epsilon, *x, *dz, *vectors[EBBI_NODE_PARAMETERS];
} operands;

/* Reads the picked lines: rows, or columns. */
static ebb_status read_lines(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                             const operands *o, const ebbi_picks *picks) {
  return o->l.columns ? ebbi_read_cols(out, c, tensor, picks)
                      : ebbi_read_rows(out, c, tensor, picks);
}

static ebb_status read_operands(operands *o, ebbi_comparison *c, const ebbi_step_tensors *t,
                                size_t node, ebbi_lines kind, const ebbi_picks *picks) {
  const ebb_tensor *x = t->value[t->spec->nodes[node].inputs[0]], *dz = t->dvalue[node + 1];
  ebbi_picks first = {1, {0}};
  *o = (operands){.l = ebbi_norm_lines_of(t->spec, node, x->rows, t->live, kind),
                  .epsilon = ebbi_norm_epsilon(t->spec, node)};
  for (size_t p = 0; p < EBBI_NODE_PARAMETERS && t->parameter[node][p]; p++)
    TRY(ebbi_read_rows(&o->vectors[p], c, t->parameter[node][p], &first));
  if (!picks) return EBB_OK;
  TRY(read_lines(&o->x, c, x, o, picks));
  return dz ? read_lines(&o->dz, c, dz, o, picks) : EBB_OK;
}

/* The moments of a line that begins at x; `number`: of all lines. */
static ebbi_norm_moments moments_at(const operands *o, const double *x, size_t number) {
  if (o->l.columns && o->l.live < 2)
    return ebbi_norm_running(o->vectors[2][number], o->vectors[3][number], o->epsilon);
  return ebbi_norm_moments_of(x, o->l.live, 1, o->epsilon, o->l.centred);
}

ebb_status ebbi_norm_lines_expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                    size_t node, ebbi_lines kind) {
  operands o;
  bool columns = kind == EBBI_LINES_COLUMNS;
  const ebbi_picks *picks = columns ? &s->cols : &s->rows, *others = columns ? &s->rows : &s->cols;
  TRY(read_operands(&o, c, t, node, kind, picks));
  for (size_t k = 0; k < picks->count; k++) {
    const double *x = o.x + k * o.l.length;
    ebbi_norm_moments m = moments_at(&o, x, picks->index[k]);
    for (size_t i = 0; i < others->count; i++) {
      size_t element = others->index[i],
             at = columns ? i * picks->count + k : k * others->count + i;
      size_t wi = columns ? picks->index[k] : element;
      ebbi_estimate normal = normal_at(x, element, &m);
      double w = o.vectors[0][wi], product = normal.value * w;
      double bias = o.l.centred ? o.vectors[1][wi] : 0;
      s->at[at] = (ebbi_estimate){product + bias, fabs(w) * normal.error * (1 + u) +
                                                      3 * u * (fabs(product) + fabs(bias)) +
                                                      (double)FLT_MIN};
    }
  }
  return EBB_OK;
}

/* The means of g = w dz and of g x^ over line `number`, with their errors. */
static void means_of(ebbi_estimate *mean, ebbi_estimate *along, const operands *o, size_t k,
                     size_t number, const ebbi_norm_moments *m) {
  double B = ebbi_bound_sum(o->l.live) + 8 * u, sum = 0, product = 0, by_normal = 0;
  double count = (double)o->l.live;
  *mean = *along = (ebbi_estimate){0, 0};
  if (m->fixed) return;
  for (size_t i = 0; i < o->l.live; i++) {
    ebbi_estimate normal = normal_at(o->x + k * o->l.length, i, m);
    double g = o->vectors[0][o->l.columns ? number : i] * o->dz[k * o->l.length + i];
    mean->value += g / count;
    along->value += g * normal.value / count;
    sum += fabs(g) / count;
    product += fabs(g * normal.value) / count;
    by_normal += fabs(g) * normal.error / count;
  }
  if (sum * count > (double)FLT_MAX / 2) mean->value = NAN;
  if (product * count > (double)FLT_MAX / 2) along->value = NAN;
  mean->error = B * sum + (double)FLT_MIN;
  along->error = B * (product + by_normal) + by_normal + (double)FLT_MIN;
  if (!o->l.centred) *mean = (ebbi_estimate){0, 0};
}

/* dx of an element, with the error of a device. */
static ebbi_estimate dx_at(double g, ebbi_estimate normal, ebbi_estimate mean, ebbi_estimate along,
                           const ebbi_norm_moments *m) {
  double part = normal.value * along.value, value = m->rate * (g - mean.value - part);
  double error = mean.error + fabs(normal.value) * along.error +
                 normal.error * (fabs(along.value) + along.error) +
                 6 * u * (fabs(g) + fabs(mean.value) + fabs(part)) + (double)FLT_MIN;
  return (ebbi_estimate){value, m->rate * (1 + m->rate_error) * error +
                                    fabs(value) * (m->rate_error + 3 * u)};
}

ebb_status ebbi_norm_lines_expect_dx(ebbi_samples *s, ebbi_comparison *c,
                                     const ebbi_step_tensors *t, size_t node, ebbi_lines kind) {
  operands o;
  bool columns = kind == EBBI_LINES_COLUMNS;
  const ebbi_picks *picks = columns ? &s->cols : &s->rows, *others = columns ? &s->rows : &s->cols;
  TRY(read_operands(&o, c, t, node, kind, picks));
  for (size_t k = 0; k < picks->count; k++) {
    const double *x = o.x + k * o.l.length;
    ebbi_norm_moments m = moments_at(&o, x, picks->index[k]);
    ebbi_estimate mean, along;
    means_of(&mean, &along, &o, k, picks->index[k], &m);
    for (size_t i = 0; i < others->count; i++) {
      size_t element = others->index[i],
             at = columns ? i * picks->count + k : k * others->count + i;
      double w = o.vectors[0][columns ? picks->index[k] : element];
      double g = w * o.dz[k * o.l.length + element];
      s->at[at] = dx_at(g, normal_at(x, element, &m), mean, along, &m);
      if (element >= o.l.live) s->at[at] = (ebbi_estimate){0, 0};
    }
  }
  return EBB_OK;
}

/* dw and db at sampled columns: sums over the batch. */
ebb_status ebbi_norm_lines_compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t,
                                             size_t node, ebbi_lines kind) {
  const ebb_tensor *above = t->dvalue[node + 1], *from = t->value[t->spec->nodes[node].inputs[0]];
  size_t batch = above->rows;
  ebbi_picks picks = ebbi_pick(c, above->cols, c->watched ? c->watched->col : SIZE_MAX);
  ebbi_picks first = {1, {0}};
  double *x, *dz, *found, *found_bias, B = ebbi_bound_sum(batch);
  operands o;
  TRY(read_operands(&o, c, t, node, kind, NULL));
  TRY(o.l.columns ? ebbi_read_cols(&x, c, from, &picks) : ebbi_read_range(&x, c, from, 0, batch));
  TRY(ebbi_read_cols(&dz, c, above, &picks));
  TRY(ebbi_read_rows(&found, c, t->dparameter[node][0], &first));
  if (o.l.centred) TRY(ebbi_read_rows(&found_bias, c, t->dparameter[node][1], &first));
  size_t count = o.l.columns ? picks.count : batch;
  ebbi_norm_moments *m;
  TRY(ebbi_fixture_bytes(&m, &c->fixture, count, sizeof *m));
  for (size_t k = 0; k < count; k++)
    m[k] = moments_at(&o, x + k * o.l.length, o.l.columns ? picks.index[k] : k);
  for (size_t j = 0; j < picks.count; j++) {
    size_t col = picks.index[j], rows = o.l.columns ? o.l.live : batch;
    ebbi_estimate dw = {0, 0}, db = {0, 0};
    for (size_t r = 0; r < rows; r++) {
      size_t k = o.l.columns ? j : r;
      ebbi_estimate normal = normal_at(x + k * o.l.length, o.l.columns ? r : col, &m[k]);
      double d = dz[j * batch + r];
      dw.value += d * normal.value;
      dw.error += B * fabs(d * normal.value) + (1 + B) * fabs(d) * normal.error + (double)FLT_MIN;
      db.value += d;
      db.error += B * fabs(d) + (double)FLT_MIN;
    }
    if (dw.error > (double)FLT_MAX * B / 2 || db.error > (double)FLT_MAX * B / 2)
      dw.value = db.value = NAN;
    ebbi_compare(c, "dw", 0, col, found[col], dw.value, dw.error);
    if (o.l.centred) ebbi_compare(c, "db", 0, col, found_bias[col], db.value, db.error);
  }
  return EBB_OK;
}
