/* Normalised lines in double precision: z = x^ w + b, x^ = (x - m) / sqrt(v + eps). A line is a
 * row, or the live rows of a column; the others are normalised like them and take no part in
 * moments.
 *
 * Bounds. A device takes a pivot p near m, deviations d = x - p, their mean c, x^ = (d - c) r. The
 * pivot is off by at most D = B mean|x|, where B is the bound of a sum. So the deviations have a
 * mean magnitude of at most mean|x - m| + D, which bounds the error of c, and a mean square of at
 * most (sqrt(v) + D)^2, which bounds that of v = mean(d^2) - c^2. Each formula below then adds its
 * own roundings, 13 u of them for r: a square root of 3 ulp, a division of 2.5 ulp, two sums.
 */
#include "check/norm_lines.h"

#include "base/error.h"
#include "check/bounds.h"
#include "check/spread.h"

#include <float.h>
#include <math.h>

#define u EBBI_ROUNDOFF

ebbi_norm_layout ebbi_norm_lines_of(const ebb_spec *spec, size_t node, size_t batch, size_t live,
                                    ebbi_lines kind) {
  size_t cols = spec->nodes[node].units;
  bool centred = kind != EBBI_LINES_ROOTS;
  if (kind == EBBI_LINES_COLUMNS)
    return (ebbi_norm_layout){cols, 1, batch, cols, live, 1, 0, cols, true, true};
  return (ebbi_norm_layout){batch, cols, cols, 1, cols, 0, 1, cols, centred, false};
}

ebbi_norm_layout ebbi_norm_lines_of_node(const ebbi_node_arrays *n, ebbi_lines kind) {
  return ebbi_norm_lines_of(n->spec, n->node, n->batch, n->live, kind);
}

static double mean_of(const double *x, size_t count, size_t along, double from, int power) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    double d = fabs(x[i * along] - from);
    sum += power == 2 ? d * d : d;
  }
  return sum / (double)count;
}

ebbi_norm_moments ebbi_norm_moments_of(const double *x, size_t count, size_t along, double epsilon,
                                       bool centred) {
  double sum = 0, B = ebbi_bound_sum(count) + 6 * u;
  for (size_t i = 0; centred && i < count; i++) sum += x[i * along];
  ebbi_norm_moments m = {.mean = sum / (double)count};
  double variance = mean_of(x, count, along, m.mean, 2), D = 0, c_error = 0;
  m.deviation = mean_of(x, count, along, m.mean, 1);
  if (centred) {
    D = B * mean_of(x, count, along, 0, 1) + (double)FLT_MIN;
    c_error = (B + u) * (m.deviation + D) + (double)FLT_MIN;
  }
  double square_error = (B + 6 * u) * ebbi_square(sqrt(variance) + D) +
                        2 * (D + c_error) * c_error + 4 * u * ebbi_square(D + c_error) +
                        (double)FLT_MIN;
  bool fits = (mean_of(x, count, along, 0, 1) + ebbi_square(sqrt(variance) + D)) * (double)count <
              (double)FLT_MAX / 2; /* else the device may find NaN */
  m.rate = fits ? 1 / sqrt(variance + epsilon) : NAN;
  m.pivot_error = D;
  m.shift_error = c_error;
  m.rate_error = square_error * ebbi_square(m.rate) + 13 * u;
  return m;
}

/* The running statistics of a column, in place of moments. */
ebbi_norm_moments ebbi_norm_running(double mean, double variance, double epsilon) {
  return (ebbi_norm_moments){
      .mean = mean, .rate = 1 / sqrt(variance + epsilon), .rate_error = 13 * u, .fixed = true};
}

double ebbi_norm_epsilon(const ebb_spec *spec, size_t node) {
  return spec->nodes[node].settings[0];
}

/* The moments of a line of a node's input. A column of one row has none. */
ebbi_norm_moments ebbi_norm_line(const ebbi_node_arrays *n, const ebbi_norm_layout *l,
                                 size_t line) {
  double epsilon = ebbi_norm_epsilon(n->spec, n->node);
  const double *mean = n->parameters + 2 * l->weights, *variance = mean + l->weights;
  if (l->columns && l->live < 2) return ebbi_norm_running(mean[line], variance[line], epsilon);
  return ebbi_norm_moments_of(n->x[0] + line * l->across, l->live, l->along, epsilon, l->centred);
}

/* ---- the reference ---- */

void ebbi_norm_lines_forward(const ebbi_node_arrays *n, ebbi_lines kind) {
  ebbi_norm_layout l = ebbi_norm_lines_of_node(n, kind);
  const double *w = n->parameters, *b = w + l.weights;
  for (size_t line = 0; line < l.count; line++) {
    ebbi_norm_moments m = ebbi_norm_line(n, &l, line);
    for (size_t i = 0; i < l.length; i++) {
      size_t at = line * l.across + i * l.along, wi = line * l.w_across + i * l.w_along;
      n->z[at] = (n->x[0][at] - m.mean) * m.rate * w[wi] + (l.centred ? b[wi] : 0);
    }
  }
}

void ebbi_norm_clear(double *gradients, const ebbi_norm_layout *l) {
  size_t vectors = l->columns ? 4 : l->centred ? 2 : 1;
  for (size_t i = 0; gradients && i < vectors * l->weights; i++) gradients[i] = 0;
}

void ebbi_norm_lines_backward(const ebbi_node_arrays *n, ebbi_lines kind) {
  ebbi_norm_layout l = ebbi_norm_lines_of_node(n, kind);
  ebbi_norm_clear(n->gradients, &l);
  for (size_t line = 0; line < l.count; line++) {
    ebbi_norm_moments m = ebbi_norm_line(n, &l, line);
    double sum = 0, along = 0, part = m.fixed ? 0 : 1 / (double)l.live;
    for (size_t i = 0; i < l.live; i++) {
      size_t at = line * l.across + i * l.along, wi = line * l.w_across + i * l.w_along;
      double dz = n->dz[at], g = n->parameters[wi] * dz, normal = (n->x[0][at] - m.mean) * m.rate;
      sum += part * g;
      along += part * g * normal;
      if (n->gradients) n->gradients[wi] += dz * normal;
      if (n->gradients && l.centred) n->gradients[l.weights + wi] += dz;
    }
    for (size_t i = 0; n->dx[0] && i < l.live; i++) {
      size_t at = line * l.across + i * l.along, wi = line * l.w_across + i * l.w_along;
      n->dx[0][at] += m.rate * (n->parameters[wi] * n->dz[at] - (l.centred ? sum : 0) -
                                (n->x[0][at] - m.mean) * m.rate * along);
    }
  }
}
