/* The work of launches (shape, flops and bytes), for the profile. */
#ifndef EBBI_WORK_H
#define EBBI_WORK_H

#include "device/device.h"
#include "ops.h"

/* c [rows, cols] over `depth`, without an epilogue. */
ebbi_work ebbi_work_product(size_t rows, size_t cols, size_t depth);

/* Work that a product's epilogue adds: f, with or without a bias, with or without storing z; the
 * column sums of b; f'. */
void ebbi_work_add_f(ebbi_work *product, bool bias, bool keeps_z);
void ebbi_work_add_sums(ebbi_work *product);
void ebbi_work_add_slope(ebbi_work *product);

/* Adding the slices of a split product and their column sums. */
ebbi_work ebbi_work_slices(size_t slices, size_t rows, size_t cols);

/* z + bias and f of it, or dz times f'. */
ebbi_work ebbi_work_activation(size_t rows, size_t cols);
ebbi_work ebbi_work_column_sums(size_t rows, size_t cols);
ebbi_work ebbi_work_loss(ebb_loss loss, size_t rows, size_t cols);
ebbi_work ebbi_work_metrics(size_t groups);
ebbi_work ebbi_work_gather(size_t rows, size_t inputs, size_t targets, bool from_bytes);
ebbi_work ebbi_work_init(size_t rows, size_t cols, ebbi_draw draw);
ebbi_work ebbi_work_probe_fma(size_t count, size_t steps);
ebbi_work ebbi_work_probe_triad(size_t count);

/* An update of n parameters from the sum of `slices` rows of gradients. */
ebbi_work ebbi_work_max_norm(size_t rows, size_t cols);
ebbi_work ebbi_work_average(size_t count);
ebbi_work ebbi_work_gradient_norm(size_t count, size_t slices);
ebbi_work ebbi_work_vector_dot(size_t count);
ebbi_work ebbi_work_objective_gradient(size_t count, size_t slices);
ebbi_work ebbi_work_trust(const ebb_optimizer *optimizer, size_t count, size_t slices);
ebbi_work ebbi_work_trust_ratio(size_t rows);
ebbi_work ebbi_work_update(const ebb_optimizer *optimizer, size_t count, size_t slices);

#endif
