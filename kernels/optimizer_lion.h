/* Lion: equation (O6) of docs/backprop.md.
 *
 * p -= rate (sign(beta1 m + (1 - beta1) g) + weight_decay p);  m = beta2 m + (1 - beta2) g. `first`
 * is m. The constants as host/ops/optimizers/lion.c has them.
 */
typedef struct {
  float rate, beta1, rest1, beta2, rest2, keep_p;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  const float keep_p = 1.0f - rate * constants.s4;
  return (update_rule){rate, constants.s0, constants.s1, constants.s2, constants.s3, keep_p};
}

/* The sign of NaN is 0: m, which is NaN too, tells. */
static inline vec next_vector(const update_rule *rule, vec p, vec g, const moment_slabs *moments,
                              int i, vec *moment) {
  const vec m0 = aligned_vec(moments->first, i), m = rule->beta2 * m0 + rule->rest2 * g;
  aligned_vec(moments->first, i) = m;
  *moment = m;
  return rule->keep_p * p - rule->rate * sign(rule->beta1 * m0 + rule->rest1 * g);
}
