/* Normalised rows in double precision: z = x^ w + b, x^ = (x - m) / sqrt(v + eps).
 *
 * Bounds. A device takes a pivot p near m, deviations d = x - p, their mean c, x^ = (d - c) r. The
 * pivot is off by at most D = B mean|x|, where B is the bound of a sum. So the deviations have a
 * mean magnitude of at most mean|x - m| + D, which bounds the error of c, and a mean square of at
 * most (sqrt(v) + D)^2, which bounds that of v = mean(d^2) - c^2. Each formula below then adds its
 * own roundings, 13 u of them for r: a square root of 3 ulp, a division of 2.5 ulp, two sums.
 *
 * In the spread of a network's errors, the derivative of x^_i by x_j is r (1[i = j] - (1 + x^_i
 * x^_j) / n), without the 1 if there is no mean. Its negative terms on the diagonal are left out,
 * and errors with a common cause add as deviations.
 */
#include "check/row_norm.h"

#include "base/error.h"
#include "check/bounds.h"
#include "check/spread.h"

#include <float.h>
#include <math.h>

static const double u = EBBI_ROUNDOFF;

/* A row's mean, variance and rate; on a device, how far c is off, and r, relative to itself. */
typedef struct moments {
  double mean, rate, deviation; /* deviation: mean of |x - m| */
  double pivot_error, shift_error, rate_error;
} moments;

static double mean_of(const double *x, size_t cols, double from, int power) {
  double sum = 0;
  for (size_t i = 0; i < cols; i++) {
    double d = fabs(x[i] - from);
    sum += power == 2 ? d * d : d;
  }
  return sum / (double)cols;
}

static moments moments_of(const double *x, size_t cols, double epsilon, bool centred) {
  double sum = 0, B = ebbi_bound_sum(cols) + 6 * u;
  for (size_t i = 0; centred && i < cols; i++) sum += x[i];
  moments m = {.mean = sum / (double)cols};
  double variance = mean_of(x, cols, m.mean, 2), D = 0, c_error = 0;
  m.deviation = mean_of(x, cols, m.mean, 1);
  if (centred) {
    D = B * mean_of(x, cols, 0, 1) + (double)FLT_MIN;
    c_error = (B + u) * (m.deviation + D) + (double)FLT_MIN;
  }
  double square_error = (B + 6 * u) * ebbi_square(sqrt(variance) + D) +
                        2 * (D + c_error) * c_error + 4 * u * ebbi_square(D + c_error) +
                        (double)FLT_MIN;
  bool fits = (mean_of(x, cols, 0, 1) + ebbi_square(sqrt(variance) + D)) * (double)cols <
              (double)FLT_MAX / 2; /* else the device may find NaN */
  m.rate = fits ? 1 / sqrt(variance + epsilon) : NAN;
  m.pivot_error = D;
  m.shift_error = c_error;
  m.rate_error = square_error * ebbi_square(m.rate) + 13 * u;
  return m;
}

static double epsilon_of(const ebb_spec *spec, size_t node) {
  return spec->nodes[node].settings[0];
}

/* The moments of a row of a node's input. */
static moments row_of(const ebbi_node_arrays *n, size_t row, bool centred) {
  size_t cols = n->spec->nodes[n->node].units;
  return moments_of(n->x[0] + row * cols, cols, epsilon_of(n->spec, n->node), centred);
}

/* ---- the reference ---- */

void ebbi_row_norm_forward(const ebbi_node_arrays *n, bool centred) {
  size_t cols = n->spec->nodes[n->node].units;
  const double *w = n->parameters, *b = w + cols;
  for (size_t row = 0; row < n->batch; row++) {
    moments m = row_of(n, row, centred);
    for (size_t i = 0; i < cols; i++)
      n->z[row * cols + i] =
          (n->x[0][row * cols + i] - m.mean) * m.rate * w[i] + (centred ? b[i] : 0);
  }
}

void ebbi_row_norm_backward(const ebbi_node_arrays *n, bool centred) {
  size_t cols = n->spec->nodes[n->node].units;
  for (size_t i = 0; n->gradients && i < (centred ? 2 : 1) * cols; i++) n->gradients[i] = 0;
  for (size_t row = 0; row < n->batch; row++) {
    moments m = row_of(n, row, centred);
    const double *x = n->x[0] + row * cols, *dz = n->dz + row * cols, *w = n->parameters;
    double sum = 0, along = 0;
    for (size_t i = 0; i < cols; i++) {
      double normal = (x[i] - m.mean) * m.rate;
      sum += w[i] * dz[i] / (double)cols;
      along += w[i] * dz[i] * normal / (double)cols;
      if (n->gradients) n->gradients[i] += dz[i] * normal;
      if (n->gradients && centred) n->gradients[cols + i] += dz[i];
    }
    for (size_t i = 0; n->dx[0] && i < cols; i++)
      n->dx[0][row * cols + i] +=
          m.rate * (w[i] * dz[i] - (centred ? sum : 0) - (x[i] - m.mean) * m.rate * along);
  }
}

/* ---- rounding errors ---- */

/* What the columns of a row have in common. */
typedef struct row_spread {
  moments m;
  double sums[3];      /* of variances of x times powers of x^ */
  double own, rate;    /* variances by own roundings: of (d - c) r; of r, relative */
  double mean, along;  /* means of g and of g x^ */
  double dz_sums[3];   /* of variances of g times powers of x^ */
  double along_spread; /* variance of the mean of g x^, by the errors of x^ */
} row_spread;

/* The variance of x^. */
static double normal_variance(const row_spread *r, double normal, double variance, double count,
                              bool centred) {
  double common = (centred ? r->sums[0] : 0) + 2 * (centred ? normal * r->sums[1] : 0) +
                  ebbi_square(normal) * r->sums[2];
  return ebbi_spread_add(ebbi_square(r->m.rate) * variance,
                         ebbi_square(r->m.rate) * fmax(common, 0) / ebbi_square(count)) +
         r->own + ebbi_square(normal) * r->rate;
}

static row_spread spread_row(const ebbi_node_spread *s, size_t row, bool centred) {
  const ebbi_node_arrays *n = &s->value;
  size_t cols = n->spec->nodes[n->node].units, at = row * cols;
  double count = (double)cols;
  const double *x = n->x[0] + at, *variance = s->variance.x[0], *w = n->parameters;
  row_spread r = {.m = row_of(n, row, centred)};
  r.rate = (count + 64) * ebbi_square(u);
  r.own =
      r.rate * ebbi_square(r.m.deviation * r.m.rate) + ebbi_square(r.m.rate) * 4 * (double)FLT_MIN;
  for (size_t i = 0; i < cols; i++) {
    double normal = (x[i] - r.m.mean) * r.m.rate, v = variance ? variance[at + i] : 0;
    r.sums[0] += v, r.sums[1] += normal * v, r.sums[2] += ebbi_square(normal) * v;
  }
  for (size_t i = 0; n->dz && i < cols; i++) {
    double normal = (x[i] - r.m.mean) * r.m.rate, g = w[i] * n->dz[at + i];
    double v = ebbi_square(w[i]) * s->variance.dz[at + i] + ebbi_square(2 * u * g);
    r.mean += g / count, r.along += g * normal / count;
    r.dz_sums[0] += v, r.dz_sums[1] += normal * v, r.dz_sums[2] += ebbi_square(normal) * v;
    double of_normal = normal_variance(&r, normal, variance ? variance[at + i] : 0, count, centred);
    r.along_spread =
        ebbi_spread_add(r.along_spread, ebbi_square(g / count) * of_normal +
                                            (count + 8) * ebbi_square(u * g * normal / count));
  }
  return r;
}

void ebbi_row_norm_spread_forward(const ebbi_node_spread *s, bool centred) {
  const ebbi_node_arrays *n = &s->value;
  size_t cols = n->spec->nodes[n->node].units;
  const double *w = n->parameters, *variance = s->variance.x[0];
  ebbi_node_spread forward = *s;
  forward.value.dz = NULL;
  for (size_t row = 0; row < n->batch; row++) {
    row_spread r = spread_row(&forward, row, centred);
    for (size_t i = 0; i < cols; i++) {
      size_t at = row * cols + i;
      double normal = (n->x[0][at] - r.m.mean) * r.m.rate;
      double v = normal_variance(&r, normal, variance ? variance[at] : 0, (double)cols, centred);
      s->variance.z[at] =
          ebbi_square(w[i]) * v + ebbi_square(3 * u * normal * w[i]) + ebbi_square(u * n->z[at]);
    }
  }
}

/* The variance of dx: by the errors of g, of x^ and of r. */
static double dx_variance(const row_spread *r, double g_variance, double normal, double v,
                          double dx, double count, bool centred) {
  double common = (centred ? r->dz_sums[0] + 2 * normal * r->dz_sums[1] : 0) +
                  ebbi_square(normal) * r->dz_sums[2];
  double by_g = ebbi_spread_add(g_variance, fmax(common, 0) / ebbi_square(count));
  double by_normal =
      ebbi_spread_add(ebbi_square(r->along) * v, ebbi_square(normal) * r->along_spread);
  double rate = r->rate + ebbi_square(r->m.rate) * r->sums[2] / ebbi_square(count);
  double rounded = ebbi_square(4 * u) * (ebbi_square(r->mean) + ebbi_square(normal * r->along)) +
                   (count + 8) * ebbi_square(u) * ebbi_square(r->mean);
  return ebbi_spread_add(ebbi_square(r->m.rate) *
                             (ebbi_spread_add(by_g, by_normal) + rounded + (double)FLT_MIN),
                         ebbi_square(dx) * rate);
}

void ebbi_row_norm_spread_backward(const ebbi_node_spread *s, bool centred) {
  const ebbi_node_arrays *n = &s->value;
  size_t cols = n->spec->nodes[n->node].units;
  double count = (double)cols, rows = (double)(n->batch + 8), *dw = s->variance.gradients;
  for (size_t i = 0; dw && i < (centred ? 2 : 1) * cols; i++) dw[i] = 0;
  for (size_t row = 0; row < n->batch; row++) {
    row_spread r = spread_row(s, row, centred);
    for (size_t i = 0; i < cols; i++) {
      size_t at = row * cols + i;
      double normal = (n->x[0][at] - r.m.mean) * r.m.rate, dz = n->dz[at];
      double x_variance = s->variance.x[0] ? s->variance.x[0][at] : 0;
      double v = normal_variance(&r, normal, x_variance, count, centred);
      double dz_variance = s->variance.dz[at], w = n->parameters[i];
      if (dw) /* rounding: a sum's magnitude squared is at most rows times the sum of squares */
        dw[i] = ebbi_spread_add(dw[i], ebbi_square(normal) * dz_variance + ebbi_square(dz) * v +
                                           rows * ebbi_square(u * dz * normal));
      if (dw && centred)
        dw[cols + i] = ebbi_spread_add(dw[cols + i], dz_variance + rows * ebbi_square(u * dz));
      if (!s->variance.dx[0]) continue;
      double g = w * dz, dx = r.m.rate * (g - (centred ? r.mean : 0) - normal * r.along);
      s->variance.dx[0][at] = dx_variance(&r, ebbi_square(w) * dz_variance + ebbi_square(2 * u * g),
                                          normal, v, dx, count, centred);
    }
  }
}

/* ---- expected results of a device ---- */

/* A sampled row's x^ at column i, given what the device may make of its moments. */
static ebbi_estimate normal_at(const double *x, size_t i, const moments *m) {
  double d = x[i] - m->mean, normal = d * m->rate;
  double d_error = 2 * u * (fabs(d) + m->pivot_error) + m->shift_error + (double)FLT_MIN;
  double error = m->rate * d_error * (1 + m->rate_error) + fabs(normal) * (m->rate_error + 2 * u);
  return (ebbi_estimate){isfinite(normal) ? normal : NAN, error + (double)FLT_MIN};
}

/* The node's operands on the device. */
static ebb_status read_operands(double **x, double **w, double **b, ebbi_comparison *c,
                                const ebbi_step_tensors *t, size_t node, const ebbi_picks *rows) {
  ebbi_picks first = {1, {0}};
  TRY(ebbi_read_rows(x, c, t->value[t->spec->nodes[node].inputs[0]], rows));
  TRY(ebbi_read_rows(w, c, t->parameter[node][0], &first));
  return b ? ebbi_read_rows(b, c, t->parameter[node][1], &first) : EBB_OK;
}

ebb_status ebbi_row_norm_expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                  size_t node, bool centred) {
  size_t cols = t->spec->nodes[node].units;
  double *x, *w, *b;
  TRY(read_operands(&x, &w, centred ? &b : NULL, c, t, node, &s->rows));
  for (size_t i = 0; i < s->rows.count; i++) {
    moments m = moments_of(x + i * cols, cols, epsilon_of(t->spec, node), centred);
    for (size_t j = 0; j < s->cols.count; j++) {
      size_t col = s->cols.index[j];
      ebbi_estimate normal = normal_at(x + i * cols, col, &m);
      double product = normal.value * w[col], bias = centred ? b[col] : 0;
      s->at[i * s->cols.count + j] = (ebbi_estimate){
          product + bias, fabs(w[col]) * normal.error * (1 + u) +
                              3 * u * (fabs(product) + fabs(bias)) + (double)FLT_MIN};
    }
  }
  return EBB_OK;
}

/* The means of g = w dz and of g x^ over a row, with their errors. */
static void means_of(ebbi_estimate *mean, ebbi_estimate *along, const double *x, const double *dz,
                     const double *w, size_t cols, const moments *m) {
  double B = ebbi_bound_sum(cols) + 8 * u, sum = 0, product = 0, by_normal = 0;
  *mean = *along = (ebbi_estimate){0, 0};
  for (size_t i = 0; i < cols; i++) {
    ebbi_estimate normal = normal_at(x, i, m);
    double g = w[i] * dz[i];
    mean->value += g / (double)cols;
    along->value += g * normal.value / (double)cols;
    sum += fabs(g) / (double)cols;
    product += fabs(g * normal.value) / (double)cols;
    by_normal += fabs(g) * normal.error / (double)cols;
  }
  if (sum * (double)cols > (double)FLT_MAX / 2) mean->value = NAN;
  if (product * (double)cols > (double)FLT_MAX / 2) along->value = NAN;
  mean->error = B * sum + (double)FLT_MIN;
  along->error = B * (product + by_normal) + by_normal + (double)FLT_MIN;
}

ebb_status ebbi_row_norm_expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                   size_t node, bool centred) {
  size_t cols = t->spec->nodes[node].units;
  double *x, *w, *dz;
  TRY(read_operands(&x, &w, NULL, c, t, node, &s->rows));
  TRY(ebbi_read_rows(&dz, c, t->dvalue[node + 1], &s->rows));
  for (size_t i = 0; i < s->rows.count; i++) {
    const double *row = x + i * cols;
    moments m = moments_of(row, cols, epsilon_of(t->spec, node), centred);
    ebbi_estimate mean, along;
    means_of(&mean, &along, row, dz + i * cols, w, cols, &m);
    if (!centred) mean = (ebbi_estimate){0, 0};
    for (size_t j = 0; j < s->cols.count; j++) {
      size_t col = s->cols.index[j];
      ebbi_estimate normal = normal_at(row, col, &m);
      double g = w[col] * dz[i * cols + col], part = normal.value * along.value;
      double value = m.rate * (g - mean.value - part);
      double error = mean.error + fabs(normal.value) * along.error +
                     normal.error * (fabs(along.value) + along.error) +
                     4 * u * (fabs(g) + fabs(mean.value) + fabs(part)) + (double)FLT_MIN;
      s->at[i * s->cols.count + j] = (ebbi_estimate){
          value, m.rate * (1 + m.rate_error) * error + fabs(value) * (m.rate_error + 2 * u)};
    }
  }
  return EBB_OK;
}

/* dw and db at sampled columns: sums over all rows. */
ebb_status ebbi_row_norm_compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t,
                                           size_t node, bool centred) {
  const ebb_tensor *above = t->dvalue[node + 1];
  size_t cols = above->cols, batch = above->rows;
  ebbi_picks picks = ebbi_pick(c, cols, c->watched ? c->watched->col : SIZE_MAX), first = {1, {0}};
  double *x, *dz, *found, *found_bias, B = ebbi_bound_sum(batch);
  ebbi_estimate dw[EBBI_PICKS] = {{0, 0}}, db[EBBI_PICKS] = {{0, 0}};
  TRY(ebbi_read_range(&x, c, t->value[t->spec->nodes[node].inputs[0]], 0, batch));
  TRY(ebbi_read_cols(&dz, c, above, &picks));
  TRY(ebbi_read_rows(&found, c, t->dparameter[node][0], &first));
  if (centred) TRY(ebbi_read_rows(&found_bias, c, t->dparameter[node][1], &first));
  for (size_t r = 0; r < batch; r++) {
    moments m = moments_of(x + r * cols, cols, epsilon_of(t->spec, node), centred);
    for (size_t j = 0; j < picks.count; j++) {
      ebbi_estimate normal = normal_at(x + r * cols, picks.index[j], &m);
      double d = dz[j * batch + r];
      dw[j].value += d * normal.value;
      dw[j].error +=
          B * fabs(d * normal.value) + (1 + B) * fabs(d) * normal.error + (double)FLT_MIN;
      db[j].value += d;
      db[j].error += B * fabs(d) + (double)FLT_MIN;
    }
  }
  for (size_t j = 0; j < picks.count; j++) {
    size_t col = picks.index[j];
    bool fits = dw[j].error < (double)FLT_MAX * B / 2 && db[j].error < (double)FLT_MAX * B / 2;
    if (!fits) dw[j].value = db[j].value = NAN;
    ebbi_compare(c, "dw", 0, col, found[col], dw[j].value, dw[j].error);
    if (centred) ebbi_compare(c, "db", 0, col, found_bias[col], db[j].value, db[j].error);
  }
  return EBB_OK;
}
