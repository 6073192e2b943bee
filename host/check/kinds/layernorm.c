/* The twin of layernorm: rows normalised, see row_norm.c.
 */
#include "check/row_norm.h"

static void forward(const ebbi_node_arrays *n) {
  ebbi_row_norm_forward(n, true);
}

static void backward(const ebbi_node_arrays *n) {
  ebbi_row_norm_backward(n, true);
}

static void spread_forward(const ebbi_node_spread *s) {
  ebbi_row_norm_spread_forward(s, true);
}

static void spread_backward(const ebbi_node_spread *s) {
  ebbi_row_norm_spread_backward(s, true);
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  return ebbi_row_norm_expect_z(s, c, t, node, true);
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  (void)input;
  return ebbi_row_norm_expect_dx(s, c, t, node, true);
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  return ebbi_row_norm_compare_gradients(c, t, node, true);
}

const ebbi_kind_check ebbi_kind_check_layernorm = {
    .label = " (layernorm)",
    .y = "y",
    .dx = {"dx"},
    .network = "13-37-layernormgelu-drop0.3-19-layernorm0.01relu-7",
    .forward = forward,
    .backward = backward,
    .spread_forward = spread_forward,
    .spread_backward = spread_backward,
    .expect_z = expect_z,
    .expect_dx = expect_dx,
    .compare_gradients = compare_gradients};
