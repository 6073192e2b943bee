/* Adam and AdamW: equations (13), (14) of docs/backprop.md.
 *
 * m += (1 - beta1)(g - m);  v = beta2 v + (1 - beta2) g^2;
 * p -= rate / c1 * m / (sqrt(v / c2) + epsilon) with c = 1 - beta^step. Weight decay goes into g
 * (Adam) or off p (AdamW): the constants have one for each, as host/ops/optimizers/adam.h has them.
 * c comes from expm1(step log beta): 1 - pow would lose its digits. With a third moment, the
 * largest v so far, that one stands for v in the root (AMSGrad).
 */
typedef struct {
  float rate1, scale2, rest1, beta2, rest2, epsilon, decay_g, keep_p;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  const float rest1 = constants.s0, log_beta1 = constants.s1, beta2 = constants.s2;
  const float rest2 = constants.s3, log_beta2 = constants.s4, epsilon = constants.s5;
  const float rate1 = rate / -expm1(step * log_beta1);
  const float scale2 = 1.0f / sqrt(-expm1(step * log_beta2));
  const float keep_p = 1.0f - rate * constants.s7;
  return (update_rule){rate1, scale2, rest1, beta2, rest2, epsilon, constants.s6, keep_p};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  const vec g = gradient + rule->decay_g * p;
  const vec m0 = aligned_vec(moments->first, i), m = m0 + rule->rest1 * (g - m0);
  const vec v = rule->beta2 * aligned_vec(moments->second, i) + rule->rest2 * g * g;
  aligned_vec(moments->first, i) = m;
  aligned_vec(moments->second, i) = v;
  *moment = v;
  vec most = v;
  if (moments->third) {
    most = fmax(aligned_vec(moments->third, i), v);
    aligned_vec(moments->third, i) = most;
  }
  return rule->keep_p * p - rule->rate1 * m / (sqrt(most) * rule->scale2 + rule->epsilon);
}
