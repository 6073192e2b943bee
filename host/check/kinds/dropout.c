/* z = x * m, where m is 0 with probability `rate` and 1 / (1 - rate) otherwise: dropout's
 * reference.
 *
 * The mask is a pure function of seed, node, step, row and column. The reference draws it from the
 * same Philox words with the host's generator, and does not round 1 / (1 - rate) to float32. It
 * rounds a rate that fades, since the rate decides which elements are 0.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"
#include "base/rng.h"

#include <float.h>
#include <math.h>

/* A node's masks in a step. */
typedef struct mask {
  float rate;
  double scale; /* of what stays */
  uint64_t key;
} mask;

/* What a rate has faded to in a step of a training of `span` steps: its product with the polynomial
 * t^2 (3 - 2 t) of the part t of the second half that is left, in 65536ths. It is rounded once. */
static float faded(float rate, uint64_t step, uint64_t span) {
  uint64_t done = step - 1;
  if (done <= span / 2) return rate;
  uint64_t gone = ((2 * done - span) << 16) / span;
  uint64_t t = 65536 - (gone < 65536 ? gone : 65536), part = t * t * (3 * 65536 - 2 * t);
  uint64_t whole = (part >> 32) + ((part & 0xffffffff) != 0); /* the kernel rounds 1 - part down */
  return rate * ((float)whole / 65536);
}

static mask mask_of(const ebb_spec *spec, size_t node, uint64_t seed, uint64_t step,
                    uint64_t span) {
  uint32_t words[4];
  ebbi_philox(words, seed, EBBI_RNG_DROPOUT, (uint32_t)node, step);
  uint64_t key = (uint64_t)words[1] << 32 | words[0];
  const double *settings = spec->nodes[node].settings;
  if (settings[1] == 0 || span == 0) return (mask){(float)settings[0], 1 / (1 - settings[0]), key};
  float rate = faded((float)settings[0], step, span);
  return (mask){rate, 1 / (1 - (double)rate), key};
}

/* m of one element. */
static double factor(mask m, size_t row, size_t col) {
  uint32_t words[4];
  uint64_t call = col / 64 * 16 + col % 16; /* serves four columns that are 16 apart */
  ebbi_philox(words, m.key, EBBI_RNG_DROPOUT, 0, (uint64_t)row << 32 | call);
  return ebbi_uniform(words[col % 64 / 16]) < m.rate ? 0 : m.scale;
}

/* Puts m * from into `to`, or adds it. */
static void apply(double *to, const double *from, const ebbi_node_arrays *n, bool add) {
  size_t cols = n->spec->nodes[n->node].units;
  mask m = mask_of(n->spec, n->node, n->seed, n->step, n->span);
  for (size_t i = 0; i < n->batch * cols; i++)
    to[i] = (add ? to[i] : 0) + factor(m, i / cols, i % cols) * from[i];
}

static void forward(const ebbi_node_arrays *n) {
  apply(n->z, n->x[0], n, false);
}

static void backward(const ebbi_node_arrays *n) {
  if (n->dx[0]) apply(n->dx[0], n->dz, n, true);
}

/* Roundings on the device of a rate that fades: 1 - rate, and a quotient of 2.5 ulp. */
static double fading(const ebb_spec *spec, size_t node) {
  return spec->nodes[node].settings[1] != 0 ? 5 : 0;
}

/* Roundings: 1 / (1 - rate), the product, and the product with a fused f'. */
static void spread(double *out, const double *from, const double *variance,
                   const ebbi_node_arrays *n) {
  size_t cols = n->spec->nodes[n->node].units;
  mask m = mask_of(n->spec, n->node, n->seed, n->step, n->span);
  for (size_t i = 0; i < n->batch * cols; i++) {
    double f = factor(m, i / cols, i % cols);
    out[i] = ebbi_square(f) * (variance ? variance[i] : 0) +
             ebbi_square((4 + fading(n->spec, n->node)) * EBBI_ROUNDOFF * f * from[i]) +
             ebbi_square((double)FLT_MIN);
  }
}

static void spread_forward(const ebbi_node_spread *s) {
  spread(s->variance.z, s->value.x[0], s->variance.x[0], &s->value);
}

static void spread_backward(const ebbi_node_spread *s) {
  if (s->variance.dx[0]) spread(s->variance.dx[0], s->value.dz, s->variance.dz, &s->value);
}

static ebb_status expect(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                         size_t node, const ebb_tensor *from) {
  mask m = mask_of(t->spec, node, t->seed, t->step, t->span);
  double *x;
  TRY(ebbi_read_samples(&x, c, from, s));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      size_t at = i * s->cols.count + j;
      double value = factor(m, s->rows.index[i], s->cols.index[j]) * x[at];
      s->at[at] = (ebbi_estimate){value, (3 + fading(t->spec, node)) * EBBI_ROUNDOFF * fabs(value)};
    }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_dropout = {.label = " (dropout)",
                                                 .y = "y",
                                                 .dx = {"dx"},
                                                 .network =
                                                     "13-37gelu-drop0.3-19relu-drop0.5:fade-7",
                                                 .settings = {{0}, {0, 1}},
                                                 .forward = forward,
                                                 .backward = backward,
                                                 .spread_forward = spread_forward,
                                                 .spread_backward = spread_backward,
                                                 .expect = expect};
