/* NAdam: equation (O4) of docs/backprop.md.
 *
 * m and v as in Adam. The momentum of step s is mu(s) = beta1 (1 - 0.96^(s decay) / 2), and P(s) is
 * the product of the momenta up to s:
 *
 * p -= rate ((1 - mu(s)) / (1 - P(s)) g + mu(s + 1) / (1 - P(s + 1)) m) / (sqrt(v / c2) + epsilon)
 *
 * P comes from its logarithm, in closed form, so that a step needs no earlier one. The constants as
 * host/ops/optimizers/nadam.c has them.
 */
typedef struct {
  float rate_g, rate_m, scale2, rest1, beta2, rest2, epsilon, decay_g, keep_p;
} update_rule;

/* The sum over s = 1 ... step of log(1 - r^s / 2), by the series of the logarithm:
 * -sum over k of 2^-k / k times r^k + r^2k + ... + r^(step k). These inner sums fall with k, so
 * that the terms left out are 2^(1 - TERMS) / TERMS of the whole at most, a third of a rounding.
 * They are r^k (1 - r^(step k)) / (1 - r^k), where 1 - r^k grows by additions from 1 - r: nothing
 * cancels. */
static inline float log_halves(float log_r, float step) {
  enum { TERMS = 22 };
  const float r = exp(log_r), rest = -expm1(log_r);
  const float last = exp(step * log_r), rest_last = -expm1(step * log_r);
  float r_k = r, rest_k = rest, last_k = last, rest_last_k = rest_last, sum = 0.0f, part = 1.0f;
  if (rest == 0.0f) return -M_LN2_F * step;
  for (int k = 1; k <= TERMS; k++) {
    part *= 0.5f;
    sum += part / (float)k * (r_k * (rest_last_k / rest_k));
    rest_k += r_k * rest, rest_last_k += last_k * rest_last;
    r_k *= r, last_k *= last;
  }
  return -sum;
}

static inline update_rule make_rule(float8 constants, float rate, float step) {
  const float rest1 = constants.s0, log_beta1 = constants.s1, log_beta2 = constants.s3;
  const float log_r = constants.s7, beta1 = exp(log_beta1);
  const float part = 0.5f * exp(step * log_r), part_next = 0.5f * exp((step + 1.0f) * log_r);
  const float log_p = step * log_beta1 + log_halves(log_r, step);
  const float log_next = log_p + (log_beta1 + log1p(-part_next));
  const float rate_g = rate * (rest1 + beta1 * part) / -expm1(log_p);
  const float rate_m = rate * (beta1 * (1.0f - part_next)) / -expm1(log_next);
  const float scale2 = 1.0f / sqrt(-expm1(step * log_beta2));
  const float keep_p = 1.0f - rate * constants.s6;
  return (update_rule){rate_g,       rate_m,       scale2, rest1, constants.s2, -expm1(log_beta2),
                       constants.s4, constants.s5, keep_p};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  const vec g = gradient + rule->decay_g * p;
  const vec m0 = aligned_vec(moments->first, i), m = m0 + rule->rest1 * (g - m0);
  const vec v = rule->beta2 * aligned_vec(moments->second, i) + rule->rest2 * g * g;
  aligned_vec(moments->first, i) = m;
  aligned_vec(moments->second, i) = v;
  *moment = v;
  return rule->keep_p * p -
         (rule->rate_g * g + rule->rate_m * m) / (sqrt(v) * rule->scale2 + rule->epsilon);
}
