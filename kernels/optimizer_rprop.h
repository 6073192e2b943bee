/* Rprop: equation (O7) of docs/backprop.md.
 *
 * Where g has the sign of the gradient before, the parameter's own step d grows; where the sign has
 * turned, d shrinks and g counts as 0, here and as the next step's gradient before. p -= sign(g) d.
 * `first` is the gradient before. `second` is d; it is 0 until a gradient is not 0, and then the
 * learning rate, so that padding stays 0. The constants as host/ops/optimizers/rprop.c has them.
 */
typedef struct {
  float rate, eta_minus, eta_plus, step_min, step_max;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  return (update_rule){rate, constants.s0, constants.s1, constants.s2, constants.s3};
}

/* Signs are multiplied, since a product of gradients may underflow. The sign of NaN is 0: g, the
 * moment, tells. */
static inline vec next_vector(const update_rule *rule, vec p, vec g, const moment_slabs *moments,
                              int i, vec *moment) {
  const vec turn = sign(g) * sign(aligned_vec(moments->first, i));
  const vec d0 = aligned_vec(moments->second, i), zero = (vec)(0.0f);
  vec factor = select((vec)(1.0f), (vec)(rule->eta_plus), turn > zero);
  factor = select(factor, (vec)(rule->eta_minus), turn < zero);
  vec d = select(d0, (vec)(rule->rate), d0 == zero) * factor;
  d = fmin(fmax(d, (vec)(rule->step_min)), (vec)(rule->step_max));
  d = select(d, zero, (g == zero) & (d0 == zero));
  const vec kept = select(g, zero, turn < zero);
  aligned_vec(moments->first, i) = kept;
  aligned_vec(moments->second, i) = d;
  *moment = g;
  return p - sign(kept) * d;
}
