/* A matrix product on its way to an engine: what matmul.c hands to each form of the kernels. */
#ifndef EBBI_PRODUCT_H
#define EBBI_PRODUCT_H

#include "ops.h"

/* c = op(a).op(b) [rows, cols] over `depth`. */
typedef struct ebbi_product {
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

/* The CPU form's split of a product around which nothing is fused but the bias gradient. */
ebb_status ebbi_matmul_cpu_split(ebbi_split *split, const ebbi_product *p);

/* Queues the launch that adds up slices' partial products, c and, unless NULL, sums. */
ebb_status ebbi_add_slices(const ebbi_product *p, ebb_tensor *sums, const ebbi_split *split);

/* Appends the arguments that the CPU form ends with, and queues it. */
ebb_status ebbi_matmul_cpu_run(ebbi_launch *launch, const ebbi_product *p, size_t slice_depth);

/* The GPU form, in one launch or, with the depth split, in two. NN: c = f(a.b + bias), the sum
 * before f in z unless that is NULL; bias NULL: c = a.b. */
ebb_status ebbi_matmul_gpu_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                              ebb_activation activation);

/* NT: c = (a.b^T) * f'(z_below); a_below NULL: c = a.b^T. */
ebb_status ebbi_matmul_gpu_nt(const ebbi_product *p, const ebb_tensor *z_below,
                              const ebb_tensor *a_below, ebb_activation activation);

/* TN: c = a^T.b and sums = b's column sums; sums NULL: c alone. */
ebb_status ebbi_matmul_gpu_tn(const ebbi_product *p, ebb_tensor *sums);

#endif
