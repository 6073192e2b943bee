/* A matrix product on its way to an engine: what matmul.c hands to each form of the kernels. */
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
} ebbi_product;

/* Slices of the depth whose products are made apart and then added: by shapes alone, so that the
 * sums are the same however many compute units there are. */
typedef struct ebbi_split {
  size_t slices, depth;  /* 1 slice: not split; steps of a slice */
  ebbi_buffer *partials; /* where the products of the slices go; c's buffer if there is one slice */
} ebbi_split;

/* Appends the sizes and strides that all products' arguments go on with. */
void ebbi_product_arguments(ebbi_launch *launch, const ebbi_product *p);

/* Workspace for the slices: each has c's rows, and one more for sums. */
ebb_status ebbi_split_partials(ebbi_split *split, const ebbi_product *p);

/* Queues the launch that adds up slices' partial products, c and, unless NULL, sums; nothing if
 * there is one slice. */
ebb_status ebbi_add_slices(const ebbi_product *p, ebb_tensor *sums, const ebbi_split *split);

/* The CPU form's slices in a dense layer's pass of this layout. */
size_t ebbi_matmul_cpu_slices(ebb_layout layout, size_t rows, size_t cols, size_t depth);

/* Both forms, in one launch or, with the depth split, in two. NN: c = f(a.b + bias), the sum before
 * f in z unless that is NULL; bias NULL: c = a.b. */
ebb_status ebbi_matmul_cpu_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                              ebb_activation activation);
ebb_status ebbi_matmul_gpu_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                              ebb_activation activation);

/* NT: c = (a.b^T) * f'(z_below); a_below NULL: c = a.b^T. */
ebb_status ebbi_matmul_cpu_nt(const ebbi_product *p, const ebb_tensor *z_below,
                              const ebb_tensor *a_below, ebb_activation activation);
ebb_status ebbi_matmul_gpu_nt(const ebbi_product *p, const ebb_tensor *z_below,
                              const ebb_tensor *a_below, ebb_activation activation);

/* TN: c = a^T.b and sums = b's column sums; sums NULL: c alone. */
ebb_status ebbi_matmul_cpu_tn(const ebbi_product *p, ebb_tensor *sums);
ebb_status ebbi_matmul_gpu_tn(const ebbi_product *p, ebb_tensor *sums);

#endif
