/* The twin of batchnorm: columns normalised over the live rows, see norm_lines.c.
 */
#include "check/norm_lines.h"

static void forward(const ebbi_node_arrays *n) {
  ebbi_norm_lines_forward(n, EBBI_LINES_COLUMNS);
}

static void backward(const ebbi_node_arrays *n) {
  ebbi_norm_lines_backward(n, EBBI_LINES_COLUMNS);
}

static void spread_forward(const ebbi_node_spread *s) {
  ebbi_norm_lines_spread_forward(s, EBBI_LINES_COLUMNS);
}

static void spread_backward(const ebbi_node_spread *s) {
  ebbi_norm_lines_spread_backward(s, EBBI_LINES_COLUMNS);
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  return ebbi_norm_lines_expect_z(s, c, t, node, EBBI_LINES_COLUMNS);
}

static ebb_status expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                            size_t node, size_t input) {
  (void)input;
  return ebbi_norm_lines_expect_dx(s, c, t, node, EBBI_LINES_COLUMNS);
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  return ebbi_norm_lines_compare_gradients(c, t, node, EBBI_LINES_COLUMNS);
}

const ebbi_kind_check ebbi_kind_check_batchnorm = {
    .label = " (batchnorm)",
    .y = "y",
    .dx = {"dx"},
    .network = "13-37-batchnormgelu-19tanh-batchnorm0.01x0.3-7",
    .forward = forward,
    .backward = backward,
    .spread_forward = spread_forward,
    .spread_backward = spread_backward,
    .expect_z = expect_z,
    .expect_dx = expect_dx,
    .compare_gradients = compare_gradients};
