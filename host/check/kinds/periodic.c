/* z = [x[:, columns:], for each j below columns: x[:, j] and the sums over f of mix[j, o, f] cos(2
 * pi w[j, f] x[:, j] + b[j, f]) + shift[j, o]]: the reference of periodic embeddings.
 *
 * Bounds: 2 pi and its product with x have a rounding each, the angle one more: 3 u |2 pi w x| + u
 * |angle|, which sin and cos take over; they have 4 ulp themselves (OpenCL 1.2 specification, 7.4).
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

#define TWO_PI 6.283185307179586

/* A node's sizes. */
typedef struct sizes {
  size_t columns, frequencies, mixes, inputs, units, kept;
} sizes;

static sizes sizes_of(const ebb_spec *spec, size_t node) {
  const ebb_node *n = &spec->nodes[node];
  size_t inputs = ebb_spec_cols(spec, n->inputs[0]), columns = (size_t)n->settings[0];
  return (sizes){columns,  (size_t)n->settings[1], (size_t)n->settings[2] - 1, inputs,
                 n->units, inputs - columns};
}

/* The flat parameters of one column, and its gradients. */
typedef struct column {
  const double *w, *b, *mix, *shift;
  double *dw, *db, *dmix, *dshift;
} column;

static double *at(double *values, size_t index) {
  return values ? values + index : NULL;
}

static column column_of(const double *parameters, double *gradients, sizes s, size_t j) {
  size_t w = j * s.frequencies, b = (s.columns + j) * s.frequencies;
  size_t mix = (2 * s.columns + j * s.mixes) * s.frequencies;
  size_t shift = (2 + s.mixes) * s.columns * s.frequencies + j * s.mixes;
  return (column){parameters + w,   parameters + b,   parameters + mix,   parameters + shift,
                  at(gradients, w), at(gradients, b), at(gradients, mix), at(gradients, shift)};
}

/* ---- the reference ---- */

static void forward(const ebbi_node_arrays *n) {
  sizes s = sizes_of(n->spec, n->node);
  for (size_t r = 0; r < n->batch; r++) {
    const double *x = n->x[0] + r * s.inputs;
    double *z = n->z + r * s.units;
    for (size_t i = 0; i < s.kept; i++) z[i] = x[s.columns + i];
    for (size_t j = 0; j < s.columns; j++) {
      column c = column_of(n->parameters, NULL, s, j);
      double *to = z + s.kept + j * (1 + s.mixes);
      to[0] = x[j];
      for (size_t o = 0; o < s.mixes; o++) {
        to[1 + o] = c.shift[o];
        for (size_t f = 0; f < s.frequencies; f++)
          to[1 + o] += c.mix[o * s.frequencies + f] * cos(TWO_PI * c.w[f] * x[j] + c.b[f]);
      }
    }
  }
}

/* One number's share of the gradients. */
static void backward_number(const column *c, sizes s, double x, const double *dz, double *dx) {
  if (dx) *dx += dz[0];
  for (size_t o = 0; o < s.mixes && c->dshift; o++) c->dshift[o] += dz[1 + o];
  for (size_t f = 0; f < s.frequencies; f++) {
    double angle = TWO_PI * c->w[f] * x + c->b[f], up = 0;
    for (size_t o = 0; o < s.mixes; o++) {
      up += dz[1 + o] * c->mix[o * s.frequencies + f];
      if (c->dmix) c->dmix[o * s.frequencies + f] += dz[1 + o] * cos(angle);
    }
    double of_angle = -sin(angle) * up;
    if (c->db) c->db[f] += of_angle;
    if (c->dw) c->dw[f] += of_angle * TWO_PI * x;
    if (dx) *dx += of_angle * TWO_PI * c->w[f];
  }
}

static void backward(const ebbi_node_arrays *n) {
  sizes s = sizes_of(n->spec, n->node);
  size_t count = s.columns * ((2 + s.mixes) * s.frequencies + s.mixes);
  for (size_t i = 0; i < count && n->gradients; i++) n->gradients[i] = 0;
  for (size_t r = 0; r < n->batch; r++) {
    const double *dz = n->dz + r * s.units;
    double *dx = n->dx[0] ? n->dx[0] + r * s.inputs : NULL;
    for (size_t i = 0; dx && i < s.kept; i++) dx[s.columns + i] += dz[i];
    for (size_t j = 0; j < s.columns; j++) {
      column c = column_of(n->parameters, n->gradients, s, j);
      backward_number(&c, s, n->x[0][r * s.inputs + j], dz + s.kept + j * (1 + s.mixes), at(dx, j));
    }
  }
}

/* ---- rounding errors ---- */

/* The error of sin or cos of an angle: of the angle, and of the function. */
static double wave_error(double w, double b, double x) {
  double turn = fabs(TWO_PI * w * x);
  return EBBI_ROUNDOFF * (3 * turn + turn + fabs(b)) + 4 * EBBI_ULP;
}

/* Variances of a number's results; `variance`: of x. */
static void spread_number(double *out, const column *c, sizes s, double x, double variance) {
  out[0] = variance;
  for (size_t o = 0; o < s.mixes; o++) {
    double magnitude = fabs(c->shift[o]), sum = 0;
    for (size_t f = 0; f < s.frequencies; f++) {
      double m = c->mix[o * s.frequencies + f];
      magnitude += fabs(m);
      sum += ebbi_square(m) * (ebbi_square(TWO_PI * c->w[f]) * variance +
                               ebbi_square(wave_error(c->w[f], c->b[f], x)));
    }
    out[1 + o] = sum + (double)(s.frequencies + 8) * ebbi_square(EBBI_ROUNDOFF * magnitude) +
                 ebbi_square((double)FLT_MIN * (1 + (double)s.frequencies));
  }
}

static void spread_forward(const ebbi_node_spread *spread) {
  const ebbi_node_arrays *n = &spread->value;
  sizes s = sizes_of(n->spec, n->node);
  for (size_t r = 0; r < n->batch; r++) {
    const double *x = n->x[0] + r * s.inputs;
    const double *variance = spread->variance.x[0] ? spread->variance.x[0] + r * s.inputs : NULL;
    double *z = spread->variance.z + r * s.units;
    for (size_t i = 0; i < s.kept; i++) z[i] = variance ? variance[s.columns + i] : 0;
    for (size_t j = 0; j < s.columns; j++) {
      column c = column_of(n->parameters, NULL, s, j);
      spread_number(z + s.kept + j * (1 + s.mixes), &c, s, x[j], variance ? variance[j] : 0);
    }
  }
}

/* Variances of a number's share of the gradients. A sum over the batch rounds each share up to
 * `roundings` times. */
static void spread_share(const column *c, sizes s, double x, double x_variance, const double *dz,
                         const double *dz_variance, double *dx, double roundings) {
  double u = roundings * EBBI_ROUNDOFF, least = ebbi_square((double)FLT_MIN * roundings);
  if (dx) *dx += dz_variance[0];
  for (size_t o = 0; o < s.mixes && c->dshift; o++)
    c->dshift[o] += dz_variance[1 + o] + ebbi_square(u * dz[1 + o]) + least;
  for (size_t f = 0; f < s.frequencies; f++) {
    double error = wave_error(c->w[f], c->b[f], x), turn = TWO_PI * c->w[f];
    double wave = ebbi_square(error) + ebbi_square(turn) * x_variance;
    double up = 0, magnitude = 0, up_variance = 0;
    for (size_t o = 0; o < s.mixes; o++) {
      double m = c->mix[o * s.frequencies + f];
      up += dz[1 + o] * m;
      magnitude += fabs(dz[1 + o] * m);
      up_variance += ebbi_square(m) * dz_variance[1 + o];
      if (c->dmix)
        c->dmix[o * s.frequencies + f] +=
            dz_variance[1 + o] + ebbi_square(dz[1 + o]) * wave + ebbi_square(u * dz[1 + o]) + least;
    }
    up_variance += (double)(s.mixes + 8) * ebbi_square(EBBI_ROUNDOFF * magnitude);
    double of_angle = up_variance + ebbi_square(up) * (wave + ebbi_square(u)) + least;
    if (c->db) c->db[f] += of_angle;
    if (c->dw)
      c->dw[f] += ebbi_square(TWO_PI * x) * of_angle + ebbi_square(TWO_PI * up) * x_variance +
                  ebbi_square(2 * EBBI_ROUNDOFF * TWO_PI * x * up);
    if (dx) *dx += ebbi_square(turn) * of_angle + ebbi_square(4 * EBBI_ROUNDOFF * turn * up);
  }
}

static void spread_backward(const ebbi_node_spread *spread) {
  const ebbi_node_arrays *n = &spread->value, *v = &spread->variance;
  sizes s = sizes_of(n->spec, n->node);
  size_t count = s.columns * ((2 + s.mixes) * s.frequencies + s.mixes);
  double roundings = (double)(n->batch + s.frequencies + 8);
  for (size_t i = 0; i < count && v->gradients; i++) v->gradients[i] = 0;
  for (size_t r = 0; r < n->batch; r++) {
    double *dx = v->dx[0] ? v->dx[0] + r * s.inputs : NULL;
    for (size_t i = 0; dx && i < s.kept; i++) dx[s.columns + i] = v->dz[r * s.units + i];
    for (size_t j = 0; j < s.columns; j++) {
      column c = column_of(n->parameters, v->gradients, s, j);
      size_t first = r * s.units + s.kept + j * (1 + s.mixes);
      spread_share(&c, s, n->x[0][r * s.inputs + j], v->x[0] ? v->x[0][r * s.inputs + j] : 0,
                   n->dz + first, v->dz + first, at(dx, j), roundings);
    }
  }
}

/* ---- expected results of a device ---- */

/* The parameters of column j on the device, as `column` has them. */
static ebb_status read_column(column *out, ebbi_comparison *c, const ebbi_step_tensors *t,
                              size_t node, sizes s, size_t j) {
  double *w, *b, *mix, *shift;
  TRY(ebbi_read_range(&w, c, t->parameter[node][0], j, 1));
  TRY(ebbi_read_range(&b, c, t->parameter[node][1], j, 1));
  TRY(ebbi_read_range(&mix, c, t->parameter[node][2], j * s.mixes, s.mixes));
  TRY(ebbi_read_range(&shift, c, t->parameter[node][3], j, 1));
  *out = (column){.w = w, .b = b, .mix = mix, .shift = shift};
  return EBB_OK;
}

static double fitting(double value, double magnitude) {
  return magnitude < (double)FLT_MAX / 2 ? value : NAN;
}

static ebbi_estimate expect_mix(const column *c, sizes s, double x, size_t o) {
  double sum = c->shift[o], magnitude = fabs(sum), error = 0;
  for (size_t f = 0; f < s.frequencies; f++) {
    double m = c->mix[o * s.frequencies + f];
    sum += m * cos(TWO_PI * c->w[f] * x + c->b[f]);
    magnitude += fabs(m);
    error += fabs(m) * wave_error(c->w[f], c->b[f], x);
  }
  error += ebbi_bound_sum(s.frequencies) * (magnitude + error) +
           (double)FLT_MIN * (1 + (double)s.frequencies + magnitude);
  return (ebbi_estimate){fitting(sum, magnitude + fabs(x)), error};
}

static ebb_status expect_z(ebbi_samples *samples, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  sizes s = sizes_of(t->spec, node);
  column col = {0};
  size_t read = SIZE_MAX; /* the column whose parameters have been read */
  double *x;
  TRY(ebbi_read_rows(&x, c, t->value[t->spec->nodes[node].inputs[0]], &samples->rows));
  for (size_t k = 0; k < samples->cols.count; k++) {
    size_t index = samples->cols.index[k], after = index < s.kept ? 0 : index - s.kept;
    size_t j = after / (1 + s.mixes), o = after % (1 + s.mixes);
    if (o > 0 && j != read) TRY(read_column(&col, c, t, node, s, read = j));
    for (size_t i = 0; i < samples->rows.count; i++) {
      const double *row = x + i * s.inputs;
      ebbi_estimate *e = &samples->at[i * samples->cols.count + k];
      *e = (ebbi_estimate){index < s.kept ? row[s.columns + index] : row[j], 0};
      if (o > 0) *e = expect_mix(&col, s, row[j], o - 1);
    }
  }
  return EBB_OK;
}

/* The gradient of an angle and its error: -sin(angle) times the sum of dz mix. */
static ebbi_estimate expect_angle(const column *c, sizes s, double x, const double *dz, size_t f) {
  double up = 0, magnitude = 0, error = wave_error(c->w[f], c->b[f], x);
  for (size_t o = 0; o < s.mixes; o++) {
    up += dz[1 + o] * c->mix[o * s.frequencies + f];
    magnitude += fabs(dz[1 + o] * c->mix[o * s.frequencies + f]);
  }
  return (ebbi_estimate){fitting(-sin(TWO_PI * c->w[f] * x + c->b[f]) * up, magnitude + fabs(x)),
                         error * magnitude +
                             (ebbi_bound_sum(s.mixes) + 2 * EBBI_ROUNDOFF) * magnitude +
                             (double)FLT_MIN * (double)(2 + s.mixes)};
}

static ebb_status expect_dx(ebbi_samples *samples, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  sizes s = sizes_of(t->spec, node);
  double *x, *dz;
  TRY(ebbi_read_rows(&x, c, t->value[t->spec->nodes[node].inputs[input]], &samples->rows));
  TRY(ebbi_read_rows(&dz, c, t->dvalue[node + 1], &samples->rows));
  for (size_t k = 0; k < samples->cols.count; k++) {
    size_t j = samples->cols.index[k];
    column col = {0};
    if (j < s.columns) TRY(read_column(&col, c, t, node, s, j));
    for (size_t i = 0; i < samples->rows.count; i++) {
      const double *up =
          dz + i * s.units + (j < s.columns ? s.kept + j * (1 + s.mixes) : j - s.columns);
      double sum = up[0], magnitude = fabs(sum), error = 0;
      for (size_t f = 0; j < s.columns && f < s.frequencies; f++) {
        ebbi_estimate of = expect_angle(&col, s, x[i * s.inputs + j], up, f);
        double turn = TWO_PI * col.w[f];
        sum += turn * of.value;
        magnitude += fabs(turn * of.value);
        error += fabs(turn) * of.error + (double)FLT_MIN * (1 + fabs(turn));
      }
      error += ebbi_bound_sum(s.frequencies + 2) * (magnitude + error);
      samples->at[i * samples->cols.count + k] =
          (ebbi_estimate){fitting(sum, magnitude), j < s.columns ? error : 0};
    }
  }
  return EBB_OK;
}

/* Compares frequency f of column j: sums over the batch, given its x and dz. */
static ebb_status compare_frequency(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node,
                                    const column *col, sizes s, size_t j, size_t f, const double *x,
                                    const double *dz) {
  size_t batch = t->dvalue[node + 1]->rows;
  double sums[3] = {0}, magnitudes[3] = {0}, errors[3] = {0}, *found[3];
  for (size_t r = 0; r < batch; r++) {
    const double *up = dz + r * (1 + s.mixes);
    ebbi_estimate of = expect_angle(col, s, x[r], up, f);
    double wave = cos(TWO_PI * col->w[f] * x[r] + col->b[f]);
    double terms[3] = {of.value * TWO_PI * x[r], of.value, up[1] * wave};
    double off[3] = {of.error * fabs(TWO_PI * x[r]), of.error,
                     fabs(up[1]) * wave_error(col->w[f], col->b[f], x[r])};
    for (size_t p = 0; p < 3; p++) {
      sums[p] += terms[p];
      magnitudes[p] += fabs(terms[p]) + off[p];
      errors[p] += off[p] + (double)FLT_MIN * (2 + fabs(x[r]));
    }
  }
  static const char *const names[] = {"dfrequency", "dphase", "dmix"};
  for (size_t p = 0; p < 3; p++) {
    size_t row = p < 2 ? j : j * s.mixes;
    TRY(ebbi_read_range(&found[p], c, t->dparameter[node][p], row, 1));
    ebbi_compare(c, names[p], row, f, found[p][f], fitting(sums[p], magnitudes[p]),
                 errors[p] + ebbi_bound_sum(batch + 2) * magnitudes[p]);
  }
  return EBB_OK;
}

/* Some columns and frequencies, the first mix of each, and all shifts of these columns. */
static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  sizes s = sizes_of(t->spec, node);
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]], *above = t->dvalue[node + 1];
  ebbi_picks columns = ebbi_pick(c, s.columns, c->watched ? c->watched->row : SIZE_MAX);
  ebbi_picks frequencies = ebbi_pick(c, s.frequencies, c->watched ? c->watched->col : SIZE_MAX);
  for (size_t i = 0; i < columns.count && i < 4; i++) {
    size_t j = columns.index[i];
    ebbi_picks own = {1, {j}};
    column col;
    double *x, *part, *dz, *shift;
    TRY(read_column(&col, c, t, node, s, j));
    TRY(ebbi_read_cols(&x, c, from, &own));
    TRY(ebbi_fixture_array(&dz, &c->fixture, above->rows * (1 + s.mixes)));
    TRY(ebbi_read_range(&shift, c, t->dparameter[node][3], j, 1));
    for (size_t o = 0; o <= s.mixes; o++) {
      double sum = 0, magnitude = 0;
      own.index[0] = s.kept + j * (1 + s.mixes) + o;
      TRY(ebbi_read_cols(&part, c, above, &own));
      for (size_t r = 0; r < above->rows; r++) {
        dz[r * (1 + s.mixes) + o] = part[r];
        sum += part[r];
        magnitude += fabs(part[r]);
      }
      if (o > 0)
        ebbi_compare(c, "dshift", j, o - 1, shift[o - 1], fitting(sum, magnitude),
                     ebbi_bound_sum(above->rows) * magnitude +
                         (double)FLT_MIN * (double)above->rows);
    }
    for (size_t k = 0; k < frequencies.count; k++)
      TRY(compare_frequency(c, t, node, &col, s, j, frequencies.index[k], x, dz));
  }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_periodic = {.label = " (periodic)",
                                                  .y = "y",
                                                  .dx = {"dx"},
                                                  .network =
                                                      "9-periodic3x16x4-periodic2x5x3-16gelu-7",
                                                  .multiple = 3,
                                                  .settings = {{1, 1, 2}, {2, 5, 3}, {3, 17, 4}},
                                                  .forward = forward,
                                                  .backward = backward,
                                                  .spread_forward = spread_forward,
                                                  .spread_backward = spread_backward,
                                                  .expect_z = expect_z,
                                                  .expect_dx = expect_dx,
                                                  .compare_gradients = compare_gradients};
