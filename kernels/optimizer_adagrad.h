/* Adagrad: equation (O1) of docs/backprop.md.
 *
 * v += g^2;  p -= rate / (1 + (step - 1) lr_decay) g / (sqrt(v) + epsilon). `first` is v. The
 * constants as host/ops/optimizers/adagrad.c has them.
 */
typedef struct {
  float rate, epsilon, weight_decay;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  const float lr_decay = constants.s0;
  return (update_rule){rate / (1.0f + (step - 1.0f) * lr_decay), constants.s1, constants.s2};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  const vec g = gradient + rule->weight_decay * p;
  const vec v = aligned_vec(moments->first, i) + g * g;
  aligned_vec(moments->first, i) = v;
  *moment = v;
  return p - rule->rate * (g / (sqrt(v) + rule->epsilon));
}
