/* Gradient descent with momentum: equations (11), (12) of docs/backprop.md.
 *
 * m = momentum m + g;  p -= rate m, or with Nesterov p -= rate (g + momentum m). Without momentum
 * `first` is NULL and m is g. The constants as host/ops/optimizers/sgd.c has them.
 */
typedef struct {
  float rate, momentum, weight_decay;
  int nesterov;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  return (update_rule){rate, constants.s0, constants.s2, constants.s1 != 0.0f};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  const vec g = gradient + rule->weight_decay * p;
  vec m = g;
  if (moments->first) {
    m = rule->momentum * aligned_vec(moments->first, i) + g;
    aligned_vec(moments->first, i) = m;
  }
  *moment = m;
  return p - rule->rate * (rule->nesterov ? g + rule->momentum * m : m);
}
