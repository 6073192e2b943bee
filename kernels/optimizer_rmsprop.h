/* RMSprop: equation (17) of docs/backprop.md.
 *
 * v = alpha v + (1 - alpha) g^2;  q = g / (sqrt(v) + epsilon);  p -= rate q, or with momentum
 * m = momentum m + q;  p -= rate m. `first` is v; `second` is m, or NULL without momentum. The
 * constants as host/ops/optimizers/rmsprop.c has them.
 */
typedef struct {
  float rate, alpha, rest, epsilon, weight_decay, momentum;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  return (update_rule){rate, constants.s0, constants.s1, constants.s2, constants.s3, constants.s4};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  const vec g = gradient + rule->weight_decay * p;
  const vec v = rule->alpha * aligned_vec(moments->first, i) + rule->rest * g * g;
  vec m = g / (sqrt(v) + rule->epsilon);
  aligned_vec(moments->first, i) = v;
  if (moments->second) {
    m = rule->momentum * aligned_vec(moments->second, i) + m;
    aligned_vec(moments->second, i) = m;
  }
  *moment = v;
  return p - rule->rate * m;
}
