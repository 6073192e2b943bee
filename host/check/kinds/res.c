/* z = x[0] + x[1]: the residual node's reference. Both inputs get its gradient unchanged.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/spread.h"

#include "base/error.h"

static void forward(const ebbi_node_arrays *n) {
  for (size_t i = 0; i < ebbi_node_count(n); i++) n->z[i] = n->x[0][i] + n->x[1][i];
}

static void backward(const ebbi_node_arrays *n) {
  for (size_t input = 0; input < 2; input++)
    for (size_t i = 0; n->dx[input] && i < ebbi_node_count(n); i++) n->dx[input][i] += n->dz[i];
}

/* The errors of both inputs may have a common cause: the skipped value. */
static void spread_forward(const ebbi_node_spread *s) {
  const double *const *x = s->variance.x;
  for (size_t i = 0; i < ebbi_node_count(&s->value); i++)
    s->variance.z[i] = ebbi_spread_add(x[0] ? x[0][i] : 0, x[1] ? x[1][i] : 0) +
                       ebbi_square(EBBI_ROUNDOFF * s->value.z[i]);
}

static void spread_backward(const ebbi_node_spread *s) {
  for (size_t input = 0; input < 2; input++)
    for (size_t i = 0; s->variance.dx[input] && i < ebbi_node_count(&s->value); i++)
      s->variance.dx[input][i] = s->variance.dz[i];
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  const size_t *inputs = t->spec->nodes[node].inputs;
  double *branch, *skip;
  TRY(ebbi_read_samples(&branch, c, t->value[inputs[0]], s));
  TRY(ebbi_read_samples(&skip, c, t->value[inputs[1]], s));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++)
    s->at[i] = ebbi_estimate_add((ebbi_estimate){branch[i], 0}, (ebbi_estimate){skip[i], 0});
  return EBB_OK;
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  (void)input;
  double *dz;
  TRY(ebbi_read_samples(&dz, c, t->dvalue[node + 1], s));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++) s->at[i] = (ebbi_estimate){dz[i], 0};
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_res = {
    .label = " (res)",
    .y = "y",
    .dx = {"dx of the branch", "dx of the skip"},
    .network = "13-16gelu-res(21relu-16)-res(16tanh-16softplus)-7",
    .forward = forward,
    .backward = backward,
    .spread_forward = spread_forward,
    .spread_backward = spread_backward,
    .expect_z = expect_z,
    .expect_dx = expect_dx};
