/* Adadelta: equation (O2) of docs/backprop.md.
 *
 * v = alpha v + (1 - alpha) g^2;  d = g sqrt(u + epsilon) / sqrt(v + epsilon);  p -= rate d;
 * u = alpha u + (1 - alpha) d^2. `first` is v, `second` is u. The constants as
 * host/ops/optimizers/adadelta.c has them.
 */
typedef struct {
  float rate, alpha, rest, epsilon, weight_decay;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  return (update_rule){rate, constants.s0, constants.s1, constants.s2, constants.s3};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  const vec g = gradient + rule->weight_decay * p;
  const vec v = rule->alpha * aligned_vec(moments->first, i) + rule->rest * g * g;
  const vec u = aligned_vec(moments->second, i);
  const vec d = g * (sqrt(u + rule->epsilon) / sqrt(v + rule->epsilon));
  aligned_vec(moments->first, i) = v;
  aligned_vec(moments->second, i) = rule->alpha * u + rule->rest * d * d;
  *moment = v;
  return p - rule->rate * d;
}
