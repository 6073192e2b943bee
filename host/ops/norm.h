/* Normalisation of rows: layernorm and rmsnorm.  Source: kernels/norm.cl */
#ifndef EBBI_NORM_H
#define EBBI_NORM_H

#include "ops/ops.h"

/* What the rows are normalised by. */
typedef struct ebbi_norm {
  const ebb_tensor *weight, *bias; /* [1, cols]; bias NULL: none */
  bool centred;                    /* the mean is subtracted */
  double epsilon;                  /* added to the variance */
} ebbi_norm;

/* y = f(x^ w + b), and z before f unless it is NULL.  Shapes: y, z, x [rows, cols] */
ebb_status ebbi_norm_forward(const ebbi_exec *exec, ebb_tensor *y, ebb_tensor *z,
                             const ebb_tensor *x, const ebbi_norm *norm, ebb_activation activation);

/* Gradients of x (unless NULL, with the epilogue of the node below), weight and bias (NULL: none).
 * Takes ebbi_norm_workspace bytes of the device's workspace. */
ebb_status ebbi_norm_backward(const ebbi_exec *exec, ebb_tensor *dx, ebb_tensor *dw, ebb_tensor *db,
                              const ebb_tensor *dz, const ebb_tensor *x, const ebbi_norm *norm,
                              const ebbi_epilogue *epilogue);

size_t ebbi_norm_workspace(const ebbi_exec *exec, size_t rows, size_t cols);

#endif
