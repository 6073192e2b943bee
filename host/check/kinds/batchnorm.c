/* The twin of batchnorm: columns normalised over the live rows, see norm_lines.c.
 */
#include "check/norm_lines.h"

#include <math.h>

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

/* Mean and unbiased variance of each column; one row has no variance. */
static void settle(double *parameters, double *scale, const ebbi_node_arrays *n) {
  size_t cols = ebb_spec_cols(n->spec, n->spec->nodes[n->node].inputs[0]);
  double momentum = n->spec->nodes[n->node].settings[1], rows = (double)n->live;
  for (size_t c = 0; c < cols; c++) {
    double *mean = parameters + 2 * cols + c, *variance = mean + cols, sum = 0, squares = 0,
           far = 0;
    for (size_t r = 0; r < n->live; r++) sum += n->x[0][r * cols + c] / rows;
    for (size_t r = 0; r < n->live; r++) {
      double d = n->x[0][r * cols + c] - sum;
      squares += d * d;
      far = fmax(far, fabs(d));
    }
    scale[2 * cols + c] = fabs(*mean) + fabs(sum) + far;
    scale[3 * cols + c] = fabs(*variance) + 4 * far * far; /* a pivot's row may be the farthest */
    if (n->live < 2) continue;
    *mean += momentum * (sum - *mean);
    *variance += momentum * (squares / (rows - 1) - *variance);
  }
}

const ebbi_kind_check ebbi_kind_check_batchnorm = {
    .label = " (batchnorm)",
    .y = "y",
    .dx = {"dx"},
    .network = "13-37-batchnormgelu-19tanh-batchnorm0.01x0.3-7",
    .settle = settle,
    .forward = forward,
    .backward = backward,
    .spread_forward = spread_forward,
    .spread_backward = spread_backward,
    .expect_z = expect_z,
    .expect_dx = expect_dx,
    .compare_gradients = compare_gradients};
