/* Operations on vectors of all parameters: F32 slabs [1, n] of one size. */
#ifndef EBBI_VECTORS_H
#define EBBI_VECTORS_H

#include "tensor/tensor.h"

/* What a launch sums over all elements. */
typedef struct ebbi_sums {
  double product, square;
  double largest, total; /* magnitude, and sum of magnitudes */
} ebbi_sums;

/* A tensor for partial sums. */
ebb_status ebbi_sums_create(ebb_tensor **out, ebb_device *device);

/* Adds up the partial sums in double precision. Blocks. */
ebb_status ebbi_sums_read(ebbi_sums *out, const ebb_tensor *sums);

/* to = alpha a + beta b; `to` may be a or b.  Source: kernels/vector.cl */
ebb_status ebbi_vector_sum(const ebbi_exec *exec, ebb_tensor *to, const ebb_tensor *a,
                           const ebb_tensor *b, double alpha, double beta);

/* Partial sums: product a b; square, largest and total of b.  Source: kernels/vector.cl */
ebb_status ebbi_vector_dot(const ebbi_exec *exec, ebb_tensor *sums, const ebb_tensor *a,
                           const ebb_tensor *b);

/* to = the sum of the gradients' rows + decay * parameters. Partial sums: product to * direction;
 * square decay * parameters^2; largest and total of `to`.  Source: (O13), kernels/vector.cl */
ebb_status ebbi_objective_gradient(const ebbi_exec *exec, ebb_tensor *to, ebb_tensor *sums,
                                   const ebb_tensor *gradients, const ebb_tensor *parameters,
                                   const ebb_tensor *decay, const ebb_tensor *direction);

#endif
