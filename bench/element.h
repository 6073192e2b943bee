/* Elementwise operations as problems, and the plain formulas used to check them. */
#ifndef BENCH_ELEMENT_H
#define BENCH_ELEMENT_H

#include "harness/bench.h"

typedef enum element_kind {
  ELEMENT_FORWARD,  /* a = f(z + b) */
  ELEMENT_BACKWARD, /* dz *= f'(z) */
  ELEMENT_LOSS,     /* gradient of the loss with respect to z */
  ELEMENT_UPDATE
} element_kind;

typedef struct element {
  element_kind kind;
  size_t rows, cols; /* an update has rows * cols parameters in one row */
  ebb_activation activation;
  ebb_loss loss;
  ebb_optimizer optimizer;
  float learning_rate;
} element;

contestant *element_ebb(const bench *b);

/* Whether there is a formula to check this activation by. */
bool element_knows(ebb_activation activation);

/* f(z) in double precision. */
double element_activation(ebb_activation activation, double z);

/* f'(z). Returns false at a kink, where either side's slope is right. */
bool element_slope(double *slope, ebb_activation activation, double z);

/* Whether there is a formula to check this loss by. */
bool element_knows_loss(ebb_loss_kind loss);

/* What a row's loss is computed from. */
typedef struct element_row {
  ebb_loss loss;
  const float *z, *y; /* outputs; values, if the loss takes them */
  size_t label, cols; /* cols: of z */
} element_row;

/* The derivative of a row's loss by z[c]. */
double element_loss_slope(const element_row *row, size_t c);

/* The first update of a parameter and its moments. Returns the parameter's new value. */
double element_update(const element *e, double *first, double *second, double parameter,
                      double gradient);

#endif
