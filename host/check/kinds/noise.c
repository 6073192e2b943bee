/* z = x + deviation n with standard normal n: noise's reference. n is drawn from the same Philox
 * words by the host's generator, whose bits are the device's.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"
#include "base/rng.h"

#include <math.h>

/* A node's noise in a step. */
typedef struct source {
  double deviation;
  uint64_t key;
} source;

static source source_of(const ebb_spec *spec, size_t node, uint64_t seed, uint64_t step) {
  uint32_t words[4];
  ebbi_philox(words, seed, EBBI_RNG_NOISE, (uint32_t)node, step);
  return (source){spec->nodes[node].settings[0], (uint64_t)words[1] << 32 | words[0]};
}

/* What is added to one element. */
static double noise_at(source s, size_t row, size_t col) {
  uint32_t words[4];
  ebbi_philox(words, s.key, EBBI_RNG_NOISE, 0, (uint64_t)row << 32 | col / 4);
  return s.deviation * (double)ebbi_normal(words[col % 4]);
}

static void forward(const ebbi_node_arrays *n) {
  size_t cols = n->spec->nodes[n->node].units;
  source s = source_of(n->spec, n->node, n->seed, n->step);
  for (size_t i = 0; i < ebbi_node_count(n); i++)
    n->z[i] = n->x[0][i] + noise_at(s, i / cols, i % cols);
}

static void backward(const ebbi_node_arrays *n) {
  for (size_t i = 0; n->dx[0] && i < ebbi_node_count(n); i++) n->dx[0][i] += n->dz[i];
}

/* Roundings: the deviation, the product, the sum. */
static double roundings(double x, double noise) {
  return EBBI_ROUNDOFF * (fabs(x) + 3 * fabs(noise));
}

static void spread_forward(const ebbi_node_spread *s) {
  const ebbi_node_arrays *n = &s->value;
  for (size_t i = 0; i < ebbi_node_count(n); i++)
    s->variance.z[i] = (s->variance.x[0] ? s->variance.x[0][i] : 0) +
                       ebbi_square(roundings(n->x[0][i], n->z[i] - n->x[0][i]));
}

static void spread_backward(const ebbi_node_spread *s) {
  for (size_t i = 0; s->variance.dx[0] && i < ebbi_node_count(&s->value); i++)
    s->variance.dx[0][i] = s->variance.dz[i];
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  source from = source_of(t->spec, node, t->seed, t->step);
  double *x;
  TRY(ebbi_read_samples(&x, c, t->value[t->spec->nodes[node].inputs[0]], s));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      size_t at = i * s->cols.count + j;
      double noise = noise_at(from, s->rows.index[i], s->cols.index[j]);
      s->at[at] = (ebbi_estimate){x[at] + noise, roundings(x[at], noise)};
    }
  return EBB_OK;
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  (void)input;
  double *dz;
  TRY(ebbi_read_samples(&dz, c, t->dvalue[node + 1], s));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++) s->at[i] = (ebbi_estimate){dz[i], 0};
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_noise = {.label = " (noise)",
                                               .y = "y",
                                               .dx = {"dx"},
                                               .network = "13-noise0.3-37gelu-noise0.5-7",
                                               .forward = forward,
                                               .backward = backward,
                                               .spread_forward = spread_forward,
                                               .spread_backward = spread_backward,
                                               .expect_z = expect_z,
                                               .expect_dx = expect_dx};
