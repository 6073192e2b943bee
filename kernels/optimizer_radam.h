/* RAdam: equation (O5) of docs/backprop.md.
 *
 * m and v as in Adam, c = 1 - beta^step. rho(s) is the number of independent squares in v, of which
 * there are enough from 5 on:
 *
 * p -= rate / c1 m rect sqrt(c2) / (sqrt(v) + epsilon), rect by rho(s), or before p -= rate / c1 m.
 *
 * The constants as host/ops/optimizers/radam.c has them.
 */
typedef struct {
  float rate, rest1, beta2, rest2, epsilon, decay_g, keep_p;
  int rectified;
} update_rule;

/* 1 - coth x + 1 / x for x >= 0, which falls from 1 to 0. The series of the small x, whose next
 * term is below 2^-27. */
static inline float falling(float x) {
  const float q = x * x;
  const float series = 1.0f / 45 + q * (-2.0f / 945 + q * (1.0f / 4725 + q * (-2.0f / 93555)));
  return x < 0.5f ? 1.0f + x * (-1.0f / 3 + q * series) : 1.0f / x - 2.0f / expm1(2.0f * x);
}

/* rho(s) = rho(oo) - 2 s beta2^s / (1 - beta2^s) is a difference of large numbers. With a = -log
 * beta2 it is also 1 - falling(a / 2) + s falling(s a / 2), where nothing cancels. */
static inline float squares_in(float log_beta2, float step) {
  const float x = -0.5f * log_beta2;
  return 1.0f - falling(x) + step * falling(step * x);
}

static inline update_rule make_rule(float8 constants, float rate, float step) {
  const float rest1 = constants.s0, log_beta1 = constants.s1, beta2 = constants.s2;
  const float rest2 = constants.s3, log_beta2 = constants.s4, epsilon = constants.s5;
  const float all = 2.0f / rest2 - 1.0f, rho = squares_in(log_beta2, step);
  const float rect = (rho - 4.0f) / (all - 4.0f) * ((rho - 2.0f) / (all - 2.0f)) * (all / rho);
  const float rate1 = rate / -expm1(step * log_beta1);
  const int rectified = rho > 5.0f;
  const float adapted = rate1 * sqrt(rect * -expm1(step * log_beta2));
  const float keep_p = 1.0f - rate * constants.s7;
  return (update_rule){
      rectified ? adapted : rate1, rest1, beta2, rest2, epsilon, constants.s6, keep_p, rectified};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  const vec g = gradient + rule->decay_g * p;
  const vec m0 = aligned_vec(moments->first, i), m = m0 + rule->rest1 * (g - m0);
  const vec v = rule->beta2 * aligned_vec(moments->second, i) + rule->rest2 * g * g;
  aligned_vec(moments->first, i) = m;
  aligned_vec(moments->second, i) = v;
  *moment = v;
  return rule->keep_p * p - rule->rate * (rule->rectified ? m / (sqrt(v) + rule->epsilon) : m);
}
