/* The reference of kinds that normalise lines: rows (layernorm, rmsnorm) or columns (batchnorm).
 *
 * All have the parameter weight, and eps as their first setting. A centred kind also has a bias,
 * and a kind that works by columns has a running mean and variance.
 */
#ifndef EBBI_NORM_LINES_H
#define EBBI_NORM_LINES_H

#include "check/kind.h"

/* ROOTS: rows without a mean. */
typedef enum ebbi_lines { EBBI_LINES_ROWS, EBBI_LINES_ROOTS, EBBI_LINES_COLUMNS } ebbi_lines;

void ebbi_norm_lines_forward(const ebbi_node_arrays *n, ebbi_lines kind);
void ebbi_norm_lines_backward(const ebbi_node_arrays *n, ebbi_lines kind);
void ebbi_norm_lines_spread_forward(const ebbi_node_spread *s, ebbi_lines kind);
void ebbi_norm_lines_spread_backward(const ebbi_node_spread *s, ebbi_lines kind);
ebb_status ebbi_norm_lines_expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                    size_t node, ebbi_lines kind);
ebb_status ebbi_norm_lines_expect_dx(ebbi_samples *s, ebbi_comparison *c,
                                     const ebbi_step_tensors *t, size_t node, ebbi_lines kind);
ebb_status ebbi_norm_lines_compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t,
                                             size_t node, ebbi_lines kind);

/* ---- what the files of this reference share ---- */

/* Where a node's lines lie: `count` of them, `across` apart, of `length` elements, `along` apart.
 * The first `live` elements have moments. A weight is w_across and w_along on. */
typedef struct ebbi_norm_layout {
  size_t count, across, length, along, live, w_across, w_along, weights;
  bool centred, columns;
} ebbi_norm_layout;

ebbi_norm_layout ebbi_norm_lines_of(const ebb_spec *spec, size_t node, size_t batch, size_t live,
                                    ebbi_lines kind);
ebbi_norm_layout ebbi_norm_lines_of_node(const ebbi_node_arrays *n, ebbi_lines kind);

/* A line's mean, variance and rate; on a device, how far c is off, and r, relative to itself. */
typedef struct ebbi_norm_moments {
  double mean, rate, deviation; /* deviation: mean of |x - m| */
  double pivot_error, shift_error, rate_error;
  bool fixed; /* they do not depend on x */
} ebbi_norm_moments;

/* The moments of `count` elements, `along` apart; of running statistics; of a line of a node's
 * input, a column of one live row having running ones. */
ebbi_norm_moments ebbi_norm_moments_of(const double *x, size_t count, size_t along, double epsilon,
                                       bool centred);
ebbi_norm_moments ebbi_norm_running(double mean, double variance, double epsilon);
ebbi_norm_moments ebbi_norm_line(const ebbi_node_arrays *n, const ebbi_norm_layout *l, size_t line);
double ebbi_norm_epsilon(const ebb_spec *spec, size_t node);

/* Clears the gradients of all parameters; NULL: none. */
void ebbi_norm_clear(double *gradients, const ebbi_norm_layout *l);

#endif
