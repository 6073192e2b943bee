/* Matrix products as problems: operands, and the check of a result. */
#ifndef BENCH_PRODUCT_H
#define BENCH_PRODUCT_H

#include "harness/bench.h"

/* c = op(a) op(b), dense and row-major. Shapes: c [m, n]; a [m, k] or, transposed, [k, m];
 * b [k, n] or, transposed, [n, k]. */
typedef struct product {
  const char *layout; /* "nn", "nt", "tn": n unchanged, t transposed */
  bool transpose_a, transpose_b;
  ebb_precision precision;
  size_t m, n, k;
  float *a, *b, *c;
} product;

/* Runs the product as a case, unless --only or --continue leaves it out. */
void product_run(bench *b, const char *group, const char *name, size_t batch, product p);

/* The products of a training step of the network that no other layer of it has as well, as cases
 * whose names begin with `name`. */
void product_run_layers(bench *b, const char *group, const char *name, const char *network,
                        size_t batch, ebb_precision precision);

/* Fills a and b with the same random numbers in every process, rounded to the precision. Layout,
 * sizes and precision are set. */
void product_create(product *p);
void product_free(product *p);

/* Compares a result with the product of the operands in double precision. Returns false if it is
 * wrong; `what` then gives the first difference above the bound, which holds for any order of
 * summation. */
bool product_check(char *what, size_t size, const product *p, const float *c);

contestant *product_ebb(const bench *b);
contestant *product_clblast(const bench *b);

/* A library in a separate process, "openblas" or "onednn", with a variable NAME=VALUE set. */
contestant *product_peer(const char *name, const char *library, const char *variable,
                         size_t threads);

/* The main function of that process. */
int product_worker(const char *library, int threads);

/* cuBLAS in the case's precision, by bench/torch_product.py. */
contestant *product_cublas(size_t threads);

#endif
