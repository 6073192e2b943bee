/* The twin of rmsnorm: rows normalised without a mean, see row_norm.c.
 */
#include "check/row_norm.h"

static void forward(const ebbi_node_arrays *n) {
  ebbi_row_norm_forward(n, false);
}

static void backward(const ebbi_node_arrays *n) {
  ebbi_row_norm_backward(n, false);
}

static void spread_forward(const ebbi_node_spread *s) {
  ebbi_row_norm_spread_forward(s, false);
}

static void spread_backward(const ebbi_node_spread *s) {
  ebbi_row_norm_spread_backward(s, false);
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  return ebbi_row_norm_expect_z(s, c, t, node, false);
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  (void)input;
  return ebbi_row_norm_expect_dx(s, c, t, node, false);
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  return ebbi_row_norm_compare_gradients(c, t, node, false);
}

const ebbi_kind_check ebbi_kind_check_rmsnorm = {.label = " (rmsnorm)",
                                                 .y = "y",
                                                 .dx = {"dx"},
                                                 .network =
                                                     "13-37-rmsnormgelu-19tanh-rmsnorm0.01-7",
                                                 .forward = forward,
                                                 .backward = backward,
                                                 .spread_forward = spread_forward,
                                                 .spread_backward = spread_backward,
                                                 .expect_z = expect_z,
                                                 .expect_dx = expect_dx,
                                                 .compare_gradients = compare_gradients};
