/* The kernel checks: a table with a row for each operation, and the cases that its rows run.
 *
 * A case runs an operation once on one shape and tallies every element of every output. What rows,
 * cols and depth mean to it is said where it is written.
 */
#ifndef EBBI_VERIFY_KERNELS_H
#define EBBI_VERIFY_KERNELS_H

#include "check/probe.h"

typedef struct ebbi_shape {
  size_t rows, cols, depth;
} ebbi_shape;

typedef ebb_status (*ebbi_kernel_case)(ebbi_probe *probe, ebbi_shape shape);

/* X(operation, run for each activation, run for each matmul engine) */
#define EBBI_KERNEL_CHECK_LIST(X)                                                                  \
  X(matmul_nn, false, true)                                                                        \
  X(matmul_nt, false, true)                                                                        \
  X(matmul_tn, false, true)                                                                        \
  X(dense_forward, true, true)                                                                     \
  X(dense_input_gradient, true, true)                                                              \
  X(dense_weight_gradient, false, true)                                                            \
  X(activation_forward, true, false)                                                               \
  X(activation_backward, true, false)                                                              \
  X(bias_gradient, false, false)                                                                   \
  X(cross_entropy, false, false)                                                                   \
  X(mean_squared_error, false, false)                                                              \
  X(metrics_add, false, false)                                                                     \
  X(update_sgd, false, false)                                                                      \
  X(update_adam, false, false)                                                                     \
  X(update_slices, false, false)                                                                   \
  X(update_not_finite, false, false)                                                               \
  X(whole_step, true, false)                                                                       \
  X(whole_step_gpu, true, false)                                                                   \
  X(whole_steps, false, false)                                                                     \
  X(whole_steps_gpu, false, false)                                                                 \
  X(gather, false, false)                                                                          \
  X(init_weights, false, false)                                                                    \
  X(probe_fma, false, false)                                                                       \
  X(probe_triad, false, false)                                                                     \
  X(transfer, false, false)

#define EBBI_KERNEL_CASE(name, by_activation, by_engine)                                           \
  ebb_status ebbi_case_##name(ebbi_probe *probe, ebbi_shape shape);
EBBI_KERNEL_CHECK_LIST(EBBI_KERNEL_CASE)
#undef EBBI_KERNEL_CASE

typedef struct ebbi_kernel_check {
  const char *name;
  ebbi_kernel_case run;
  bool by_activation, by_engine;
} ebbi_kernel_check;

/* The table; a row without name ends it. */
extern const ebbi_kernel_check ebbi_kernel_checks[];

#endif
