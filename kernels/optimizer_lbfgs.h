/* L-BFGS without a history: a step along the gradient, (O18) of docs/backprop.md. Trainings search
 * their steps on the host (host/train/lbfgs.c) and end with this one where a number is not finite.
 * The constants as host/ops/optimizers/lbfgs.c has them.
 */
typedef struct {
  float rate, weight_decay;
} update_rule;

static inline update_rule make_rule(float8 constants, float rate, float step) {
  return (update_rule){rate, constants.s0};
}

static inline vec next_vector(const update_rule *rule, vec p, vec gradient,
                              const moment_slabs *moments, int i, vec *moment) {
  *moment = gradient + rule->weight_decay * p;
  return p - rule->rate * *moment;
}
