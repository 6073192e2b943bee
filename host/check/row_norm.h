/* The reference of kinds that normalise each row: layernorm, and rmsnorm, whose mean is 0.
 *
 * Both twins have the parameters weight and, if centred, bias, and eps as their setting.
 */
#ifndef EBBI_ROW_NORM_H
#define EBBI_ROW_NORM_H

#include "check/kind.h"

void ebbi_row_norm_forward(const ebbi_node_arrays *n, bool centred);
void ebbi_row_norm_backward(const ebbi_node_arrays *n, bool centred);
void ebbi_row_norm_spread_forward(const ebbi_node_spread *s, bool centred);
void ebbi_row_norm_spread_backward(const ebbi_node_spread *s, bool centred);
ebb_status ebbi_row_norm_expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                  size_t node, bool centred);
ebb_status ebbi_row_norm_expect_dx(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                   size_t node, bool centred);
ebb_status ebbi_row_norm_compare_gradients(ebbi_comparison *c, const ebbi_step_tensors *t,
                                           size_t node, bool centred);

#endif
