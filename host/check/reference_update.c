/* The reference's updates, through the rows of check/optimizers/, and their bounds. Also what a
 * training starts from: initial weights and the order of the rows.
 */
#include "check/bounds.h"
#include "check/update_check.h"

#include "base/rng.h"
#include <float.h>
#include <math.h>

static const ebbi_update_check *const checks[] = {
#define CHECK_ROW(name, text, formula) &ebbi_update_check_##text,
    EBB_OPTIMIZER_LIST(CHECK_ROW)};

const ebbi_update_check *ebbi_update_check_of(ebb_optimizer_kind kind) {
  return checks[kind];
}

double ebbi_bound_update(ebb_optimizer_kind kind) {
  return checks[kind]->update * EBBI_ROUNDOFF;
}

double ebbi_bound_moment(ebb_optimizer_kind kind) {
  return checks[kind]->moment * EBBI_ROUNDOFF;
}

double ebbi_update_underflow(double terms, double v, double c, double epsilon) {
  const double off = 2 * (double)FLT_MIN;
  double low = sqrt(fmax(v - off, 0) / c) + epsilon, high = sqrt((v + off) / c) + epsilon;
  return (terms + off) * (1 / low - 1 / high) + off / low;
}

void ebbi_reference_sum_slices(double *sum, const double *slices, size_t rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float total = (float)slices[i];
    for (size_t r = 1; r < rows; r++) total += (float)slices[r * count + i];
    sum[i] = (double)total;
  }
}

double ebbi_reference_norm(const float *norms) {
  double sum = 0;
  for (size_t i = 0; i < EBBI_NORM_GROUPS; i++)
    sum += (double)norms[2 * i] + (double)norms[2 * i + 1] * 0x1p160;
  return sqrt(sum);
}

double ebbi_reference_clip(const ebbi_update_group *group, const float *norms) {
  double most = (double)(float)group->clip_norm,
         norm = norms ? ebbi_reference_norm(norms) + 1e-6 : 0;
  return isfinite(norm) && norm > most ? most / norm : 1;
}

double ebbi_reference_max_norm_factor(const float *weights, size_t count, size_t stride,
                                      double most) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += (double)weights[i * stride] * (double)weights[i * stride];
  double norm = sqrt(sum) + 1e-7, limit = (double)(float)most;
  return norm > limit ? limit / norm : 1;
}

double ebbi_reference_shape(double g, double p, const ebbi_update_group *group, double clip) {
  double limit = (double)(float)group->clip_value;
  g *= clip;
  if (limit > 0 && fabs(g) > limit) g = copysign(limit, g);
  g += (double)(float)group->l2 * p;
  return p == 0 ? g : g + copysign((double)(float)group->l1, p);
}

void ebbi_reference_update(double *parameters, double *const *moments, const double *gradients,
                           size_t count, const ebb_optimizer *optimizer, double learning_rate,
                           uint64_t step) {
  size_t kept = ebb_optimizer_moments(optimizer);
  for (size_t i = 0; i < count; i++) {
    double own[EBB_OPTIMIZER_MOMENTS] = {0};
    for (size_t m = 0; m < kept; m++) own[m] = moments[m][i];
    checks[optimizer->kind]->step(&parameters[i], own, gradients[i], optimizer, learning_rate,
                                  step);
    for (size_t m = 0; m < kept; m++) moments[m][i] = own[m];
  }
}

void ebbi_reference_order(uint32_t *order, size_t count, bool shuffle, uint64_t seed,
                          uint32_t epoch) {
  uint32_t keys[EBBI_PERMUTE_ROUNDS];
  ebbi_permute_keys(keys, seed, EBBI_RNG_SHUFFLE, epoch);
  for (uint32_t place = 0; place < count; place++)
    order[place] = shuffle ? ebbi_permute(place, (uint32_t)count, keys) : place;
}

/* Variance gain / fan: Glorot and Bengio 2010 (xavier), He et al. 2015, LeCun et al. 1998. */
typedef struct init_rule {
  double gain;
  int fan; /* 1: fan-in; 2: mean of fan-in and fan-out */
  bool normal;
} init_rule;

static const init_rule init_rules[EBB_INIT_COUNT] = {
#define INIT_RULE(name, text, gain, fan, normal) [EBB_INIT_##name] = {gain, fan, normal},
    EBB_INIT_LIST(INIT_RULE)
#undef INIT_RULE
};

void ebbi_reference_init(float *w, size_t inputs, size_t outputs, ebb_init init, uint64_t seed,
                         uint32_t stream) {
  init_rule rule = init_rules[init];
  double fan = rule.fan == 1 ? (double)inputs : ((double)inputs + (double)outputs) / 2;
  double variance = rule.gain / fan;
  /* A uniform distribution on [-limit, limit] has the variance limit^2 / 3. */
  float scale = (float)sqrt(rule.normal ? variance : 3 * variance);
  for (size_t e = 0; e < inputs * outputs; e++) {
    uint32_t block[4];
    ebbi_philox(block, seed, EBBI_RNG_WEIGHTS, stream, e / 4);
    uint32_t bits = block[e % 4];
    float number = rule.normal ? ebbi_normal(bits) : fmaf(2, ebbi_uniform(bits), -1);
    w[e] = scale * number;
  }
}
