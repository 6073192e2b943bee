/* The kernel checks: a table with a row for each operation, and the cases that the rows run.
 *
 * A case runs an operation once on one shape and tallies every element of every output. Each case
 * says what rows, cols and depth mean to it.
 */
#ifndef EBBI_VERIFY_KERNELS_H
#define EBBI_VERIFY_KERNELS_H

#include "check/fixture.h"

typedef struct ebbi_shape {
  size_t rows, cols, depth;
} ebbi_shape;

typedef ebb_status (*ebbi_kernel_case)(ebbi_fixture *fixture, ebbi_shape shape);

/* Which devices use an operation by default: those whose products run on the engine itself; those
 * with the engine clblast; those whose whole steps have the CPU form, or the GPU form; all. */
typedef enum ebbi_check_use {
  EBBI_USE_PRODUCT,
  EBBI_USE_CLBLAST,
  EBBI_USE_STEP_CPU,
  EBBI_USE_STEP_GPU,
  EBBI_USE_ANY
} ebbi_check_use;

/* X(operation, run for each activation, use) */
#define EBBI_KERNEL_CHECK_LIST(X)                                                                  \
  X(matmul_nn, false, PRODUCT)                                                                     \
  X(matmul_nt, false, PRODUCT)                                                                     \
  X(matmul_tn, false, PRODUCT)                                                                     \
  X(dense_forward, true, PRODUCT)                                                                  \
  X(dense_input_gradient, true, PRODUCT)                                                           \
  X(dense_weight_gradient, false, PRODUCT)                                                         \
  X(activation_forward, true, CLBLAST)                                                             \
  X(activation_backward, true, CLBLAST)                                                            \
  X(bias_gradient, false, CLBLAST)                                                                 \
  X(add, false, ANY)                                                                               \
  X(node_forward, false, ANY)                                                                      \
  X(node_backward, false, ANY)                                                                     \
  X(loss, false, ANY)                                                                              \
  X(metrics_add, false, ANY)                                                                       \
  X(update, false, ANY)                                                                            \
  X(update_slices, false, ANY)                                                                     \
  X(update_not_finite, false, ANY)                                                                 \
  X(whole_step, true, STEP_CPU)                                                                    \
  X(whole_step_mixed, false, STEP_CPU)                                                             \
  X(whole_steps, false, STEP_CPU)                                                                  \
  X(whole_step_gpu, true, STEP_GPU)                                                                \
  X(whole_step_mixed_gpu, false, STEP_GPU)                                                         \
  X(whole_steps_gpu, false, STEP_GPU)                                                              \
  X(schedule, false, ANY)                                                                          \
  X(gather, false, ANY)                                                                            \
  X(init_weights, false, ANY)                                                                      \
  X(probe_fma, false, ANY)                                                                         \
  X(probe_triad, false, ANY)                                                                       \
  X(transfer, false, ANY)

#define EBBI_KERNEL_CASE(name, by_activation, use)                                                 \
  ebb_status ebbi_case_##name(ebbi_fixture *fixture, ebbi_shape shape);
EBBI_KERNEL_CHECK_LIST(EBBI_KERNEL_CASE)
#undef EBBI_KERNEL_CASE

typedef struct ebbi_kernel_check {
  const char *name;
  ebbi_kernel_case run;
  bool by_activation;
  ebbi_check_use use;
} ebbi_kernel_check;

/* The table; a row without a name ends it. */
extern const ebbi_kernel_check ebbi_kernel_checks[];

#endif
