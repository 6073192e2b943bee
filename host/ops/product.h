/* A matrix product on its way to an engine: what matmul.c hands to each form of the kernels. */
#ifndef EBBI_PRODUCT_H
#define EBBI_PRODUCT_H

#include "ops.h"

typedef enum ebbi_layout { EBBI_NN, EBBI_NT, EBBI_TN } ebbi_layout;

/* c = op(a).op(b) [rows, cols] over `depth`. */
typedef struct ebbi_product {
  ebbi_layout layout;
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

/* Appends the arguments that the CPU form ends with, and queues it. */
ebb_status ebbi_matmul_cpu_run(ebbi_launch *launch, const ebbi_product *p, size_t slice_depth);

#endif
