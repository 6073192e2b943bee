/* How rounding errors spread through normalised lines.
 *
 * The derivative of x^_i by x_j is r (1[i = j] - (1 + x^_i
 * x^_j) / n), without the 1 if there is no mean. Its negative terms on the diagonal are left out,
 * and errors with a common cause add as deviations.
 */
#include "check/norm_lines.h"

#include "base/error.h"
#include "check/bounds.h"
#include "check/spread.h"

#include <float.h>
#include <math.h>

#define u EBBI_ROUNDOFF

/* What the elements of a line have in common. */
typedef struct line_spread {
  ebbi_norm_moments m;
  double count;        /* of elements with moments; infinite if these are fixed */
  double sums[3];      /* of variances of x times powers of x^ */
  double own, rate;    /* variances by own roundings: of (d - c) r; of r, relative */
  double mean, along;  /* means of g and of g x^ */
  double dz_sums[3];   /* of variances of g times powers of x^ */
  double along_spread; /* variance of the mean of g x^, by the errors of x^ */
} line_spread;

/* The variance of x^. */
static double normal_variance(const line_spread *r, double normal, double variance, bool centred) {
  double common = (centred ? r->sums[0] : 0) + 2 * (centred ? normal * r->sums[1] : 0) +
                  ebbi_square(normal) * r->sums[2];
  return ebbi_spread_add(ebbi_square(r->m.rate) * variance,
                         ebbi_square(r->m.rate) * fmax(common, 0) / ebbi_square(r->count)) +
         r->own + ebbi_square(normal) * r->rate;
}

static double variance_at(const ebbi_node_spread *s, size_t at) {
  return s->variance.x[0] ? s->variance.x[0][at] : 0;
}

/* Adds the means over the line of what backward needs. */
static void spread_means(line_spread *r, const ebbi_node_spread *s, const ebbi_norm_layout *l,
                         size_t line) {
  const ebbi_node_arrays *n = &s->value;
  for (size_t i = 0; i < l->live; i++) {
    size_t at = line * l->across + i * l->along;
    double normal = (n->x[0][at] - r->m.mean) * r->m.rate;
    double w = n->parameters[line * l->w_across + i * l->w_along], g = w * n->dz[at];
    double v = ebbi_square(w) * s->variance.dz[at] + ebbi_square(2 * u * g);
    r->mean += g / r->count, r->along += g * normal / r->count;
    r->dz_sums[0] += v, r->dz_sums[1] += normal * v, r->dz_sums[2] += ebbi_square(normal) * v;
    double of_normal = normal_variance(r, normal, variance_at(s, at), l->centred);
    double own = ((double)l->live + 8) * ebbi_square(u * g * normal / r->count);
    r->along_spread = ebbi_spread_add(r->along_spread, ebbi_square(g / r->count) * of_normal + own);
  }
}

static line_spread spread_line(const ebbi_node_spread *s, const ebbi_norm_layout *l, size_t line) {
  const ebbi_node_arrays *n = &s->value;
  line_spread r = {.m = ebbi_norm_line(n, l, line)};
  r.count = r.m.fixed ? INFINITY : (double)l->live;
  r.rate = ((double)l->live + 64) * ebbi_square(u);
  r.own =
      r.rate * ebbi_square(r.m.deviation * r.m.rate) + ebbi_square(r.m.rate) * 4 * (double)FLT_MIN;
  for (size_t i = 0; i < l->live; i++) {
    size_t at = line * l->across + i * l->along;
    double normal = (n->x[0][at] - r.m.mean) * r.m.rate, v = variance_at(s, at);
    r.sums[0] += v, r.sums[1] += normal * v, r.sums[2] += ebbi_square(normal) * v;
  }
  return r;
}

void ebbi_norm_lines_spread_forward(const ebbi_node_spread *s, ebbi_lines kind) {
  const ebbi_node_arrays *n = &s->value;
  ebbi_norm_layout l = ebbi_norm_lines_of_node(n, kind);
  for (size_t line = 0; line < l.count; line++) {
    line_spread r = spread_line(s, &l, line);
    for (size_t i = 0; i < l.length; i++) {
      size_t at = line * l.across + i * l.along;
      double w = n->parameters[line * l.w_across + i * l.w_along];
      double normal = (n->x[0][at] - r.m.mean) * r.m.rate;
      double v = normal_variance(&r, normal, variance_at(s, at), l.centred);
      s->variance.z[at] =
          ebbi_square(w) * v + ebbi_square(3 * u * normal * w) + ebbi_square(u * n->z[at]);
    }
  }
}

/* The variance of dx: by the errors of g, of x^ and of r. */
static double dx_variance(const line_spread *r, double g_variance, double normal, double v,
                          double dx, bool centred) {
  double common = (centred ? r->dz_sums[0] + 2 * normal * r->dz_sums[1] : 0) +
                  ebbi_square(normal) * r->dz_sums[2];
  double by_g = ebbi_spread_add(g_variance, fmax(common, 0) / ebbi_square(r->count));
  double by_normal =
      ebbi_spread_add(ebbi_square(r->along) * v, ebbi_square(normal) * r->along_spread);
  double rate = r->rate + ebbi_square(r->m.rate) * r->sums[2] / ebbi_square(r->count);
  double rounded = ebbi_square(4 * u) * (ebbi_square(r->mean) + ebbi_square(normal * r->along)) +
                   r->rate * ebbi_square(r->mean);
  return ebbi_spread_add(ebbi_square(r->m.rate) *
                             (ebbi_spread_add(by_g, by_normal) + rounded + (double)FLT_MIN),
                         ebbi_square(dx) * rate);
}

void ebbi_norm_lines_spread_backward(const ebbi_node_spread *s, ebbi_lines kind) {
  const ebbi_node_arrays *n = &s->value;
  ebbi_norm_layout l = ebbi_norm_lines_of_node(n, kind);
  double rows = (double)(n->batch + 8), *dw = s->variance.gradients, *dx = s->variance.dx[0];
  ebbi_norm_clear(dw, &l);
  for (size_t line = 0; line < l.count; line++) {
    line_spread r = spread_line(s, &l, line);
    spread_means(&r, s, &l, line);
    for (size_t i = 0; i < l.live; i++) {
      size_t at = line * l.across + i * l.along, wi = line * l.w_across + i * l.w_along;
      double normal = (n->x[0][at] - r.m.mean) * r.m.rate, dz = n->dz[at], w = n->parameters[wi];
      double v = normal_variance(&r, normal, variance_at(s, at), l.centred);
      double dz_variance = s->variance.dz[at], g = w * dz;
      if (dw) /* rounding: a sum's magnitude squared is at most rows times the sum of squares */
        dw[wi] = ebbi_spread_add(dw[wi], ebbi_square(normal) * dz_variance + ebbi_square(dz) * v +
                                             rows * ebbi_square(u * dz * normal));
      if (dw && l.centred)
        dw[l.weights + wi] =
            ebbi_spread_add(dw[l.weights + wi], dz_variance + rows * ebbi_square(u * dz));
      if (dx)
        dx[at] =
            dx_variance(&r, ebbi_square(w) * dz_variance + ebbi_square(2 * u * g), normal, v,
                        r.m.rate * (g - (l.centred ? r.mean : 0) - normal * r.along), l.centred);
    }
  }
}
