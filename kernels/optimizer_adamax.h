/* Adamax: equation (O3) of docs/backprop.md.
 *
 * m += (1 - beta1)(g - m);  u = max(beta2 u, |g| + epsilon);  p -= rate / (1 - beta1^step) m / u.
 * `first` is m, `second` is u, which stays 0 until a gradient is not 0: padding stays 0. The
 * constants as host/ops/optimizers/adamax.c has them; 1 - beta1^step as in Adam.
 */
typedef struct {
  float rate1, rest1, beta2, epsilon, weight_decay;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  const float rest1 = constants.s0, log_beta1 = constants.s1;
  const float rate1 = rate / -expm1(step * log_beta1);
  return (update_rule){rate1, rest1, constants.s2, constants.s3, constants.s4};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  const vec g = gradient + rule->weight_decay * p;
  const vec m0 = aligned_vec(moments->first, i), m = m0 + rule->rest1 * (g - m0);
  const vec u0 = aligned_vec(moments->second, i), zero = (vec)(0.0f);
  const vec u = fmax(rule->beta2 * u0, fabs(g) + rule->epsilon);
  aligned_vec(moments->first, i) = m;
  aligned_vec(moments->second, i) = select(u, zero, (g == zero) & (u0 == zero));
  *moment = u;
  return p - rule->rate1 * (m / u);
}
