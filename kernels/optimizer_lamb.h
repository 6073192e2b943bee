/* LAMB: equation (O8) of docs/backprop.md.
 *
 * AdamW's update, by a rate that trust_ratio.cl multiplies for each weight tensor. The constants as
 * host/ops/optimizers/lamb.c has them.
 */
#include "optimizer_adam.h"

/* What AdamW would take off p at the rate 1, which `rule` must have; the moments stay. */
static inline vec step_of(const update_rule *rule, float8 constants, vec p, vec g,
                          const moment_slabs *moments, int i) {
  const vec m0 = aligned_vec(moments->first, i), m = m0 + rule->rest1 * (g - m0);
  const vec v = rule->beta2 * aligned_vec(moments->second, i) + rule->rest2 * g * g;
  return rule->rate1 * m / (sqrt(v) * rule->scale2 + rule->epsilon) + constants.s7 * p;
}
