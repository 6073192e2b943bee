/* A matrix product as matmul.c passes it to each form of the kernels. */
#ifndef EBBI_PRODUCT_H
#define EBBI_PRODUCT_H

#include "gemm.h"

/* c = op(a).op(b) [rows, cols] over `depth`. */
typedef struct ebbi_product {
  const ebbi_exec *exec;
  ebb_layout layout;
  ebb_tensor *c;
  const ebb_tensor *a, *b;
  size_t rows, cols, depth;
  bool activates; /* NN: c = f(a.b), also where there is no bias */
} ebbi_product;

/* Slices of the depth, which are computed separately and then added. They depend on shapes only, so
 * that sums do not depend on the number of compute units. */
typedef struct ebbi_split {
  size_t slices, depth;  /* 1 slice: not split; steps of a slice */
  ebbi_buffer *partials; /* where the slices' products go; c's buffer if there is one slice */
} ebbi_split;

/* Appends the sizes and strides, which all products take next. */
void ebbi_product_arguments(ebbi_launch *launch, const ebbi_product *p);

/* Provides workspace for the slices: each has c's rows, and one more for sums. */
ebb_status ebbi_split_partials(ebbi_split *split, const ebbi_product *p);

/* Queues the launch that adds the slices of c and, unless NULL, sums. Does nothing for one slice.
 */
ebb_status ebbi_add_slices(const ebbi_product *p, ebb_tensor *sums, const ebbi_split *split);

/* Returns the CPU form's number of slices for a dense layer's pass of this layout. */
size_t ebbi_matmul_cpu_slices(ebb_layout layout, size_t rows, size_t cols, size_t depth);

/* The passes of both forms, in one launch or, with the depth split, in two. NN: c = f(a.b + bias);
 * z keeps the sum unless NULL. bias NULL: c = f(a.b) if the product activates, else c = a.b. */
ebb_status ebbi_matmul_cpu_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                              ebb_activation activation);
/* The same with few rows and many columns, on CPUs, if it suits: the same bits in less time. */
bool ebbi_matmul_few_suits(const ebbi_product *p);
ebb_status ebbi_matmul_few(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                           ebb_activation activation);
ebb_status ebbi_matmul_gpu_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                              ebb_activation activation);

/* NT: c = (a.b^T) * f'(z_below). a_below NULL: c = a.b^T. */
ebb_status ebbi_matmul_cpu_nt(const ebbi_product *p, const ebb_tensor *z_below,
                              const ebb_tensor *a_below, ebb_activation activation);
ebb_status ebbi_matmul_gpu_nt(const ebbi_product *p, const ebb_tensor *z_below,
                              const ebb_tensor *a_below, ebb_activation activation);

/* TN: c = a^T.b and sums = b's column sums. sums NULL: only c. */
ebb_status ebbi_matmul_cpu_tn(const ebbi_product *p, ebb_tensor *sums);
ebb_status ebbi_matmul_gpu_tn(const ebbi_product *p, ebb_tensor *sums);

#endif
