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
 * with the engine clblast; those whose whole steps have the CPU form, which have the one for
 * products of few rows, too, or the GPU form; all. */
typedef enum ebbi_check_use {
  EBBI_USE_PRODUCT,
  EBBI_USE_CLBLAST,
  EBBI_USE_STEP_CPU,
  EBBI_USE_STEP_GPU,
  EBBI_USE_ANY
} ebbi_check_use;

/* With which activations an operation is checked: none; relu; relu and silu, whose f' is taken from
 * a and from z; each. All but the first run with each where everything is checked: a fused kernel
 * takes seconds to compile, and the formulas are those of activation_*. */
typedef enum ebbi_check_activations {
  EBBI_CHECK_NONE,
  EBBI_CHECK_ONE,
  EBBI_CHECK_TWO,
  EBBI_CHECK_EACH
} ebbi_check_activations;

/* X(operation, activations, use) */
#define EBBI_KERNEL_CHECK_LIST(X)                                                                  \
  X(matmul_nn, NONE, PRODUCT)                                                                      \
  X(matmul_nt, NONE, PRODUCT)                                                                      \
  X(matmul_tn, NONE, PRODUCT)                                                                      \
  X(dense_forward, TWO, PRODUCT)                                                                   \
  X(dense_input_gradient, TWO, PRODUCT)                                                            \
  X(dense_weight_gradient, NONE, PRODUCT)                                                          \
  X(activation_forward, EACH, ANY)                                                                 \
  X(activation_backward, EACH, ANY)                                                                \
  X(bias_gradient, NONE, CLBLAST)                                                                  \
  X(add, NONE, ANY)                                                                                \
  X(node_forward, NONE, ANY)                                                                       \
  X(node_settle, NONE, ANY)                                                                        \
  X(node_backward, NONE, ANY)                                                                      \
  X(loss, NONE, ANY)                                                                               \
  X(loss_weighted, NONE, ANY)                                                                      \
  X(metrics_add, NONE, ANY)                                                                        \
  X(update, NONE, ANY)                                                                             \
  X(update_slices, NONE, ANY)                                                                      \
  X(update_not_finite, NONE, ANY)                                                                  \
  X(update_groups, NONE, ANY)                                                                      \
  X(gradient_norm, NONE, ANY)                                                                      \
  X(trust_ratio, NONE, ANY)                                                                        \
  X(muon_update, NONE, ANY)                                                                        \
  X(muon_iteration, NONE, ANY)                                                                     \
  X(vector_sum, NONE, ANY)                                                                         \
  X(vector_dot, NONE, ANY)                                                                         \
  X(objective_gradient, NONE, ANY)                                                                 \
  X(accumulate, NONE, ANY)                                                                         \
  X(max_norm, NONE, ANY)                                                                           \
  X(average, NONE, ANY)                                                                            \
  X(dense_few_rows, ONE, STEP_CPU)                                                                 \
  X(whole_step, ONE, STEP_CPU)                                                                     \
  X(whole_step_mixed, NONE, STEP_CPU)                                                              \
  X(whole_steps, NONE, STEP_CPU)                                                                   \
  X(whole_step_team, ONE, STEP_CPU)                                                                \
  X(whole_steps_team, NONE, STEP_CPU)                                                              \
  X(whole_step_gpu, ONE, STEP_GPU)                                                                 \
  X(whole_step_mixed_gpu, NONE, STEP_GPU)                                                          \
  X(whole_steps_gpu, NONE, STEP_GPU)                                                               \
  X(schedule, NONE, ANY)                                                                           \
  X(gather, NONE, ANY)                                                                             \
  X(init_weights, NONE, ANY)                                                                       \
  X(probe_fma, NONE, ANY)                                                                          \
  X(probe_triad, NONE, ANY)                                                                        \
  X(transfer, NONE, ANY)

#define EBBI_KERNEL_CASE(name, activations, use)                                                   \
  ebb_status ebbi_case_##name(ebbi_fixture *fixture, ebbi_shape shape);
EBBI_KERNEL_CHECK_LIST(EBBI_KERNEL_CASE)
#undef EBBI_KERNEL_CASE

typedef struct ebbi_kernel_check {
  const char *name;
  ebbi_kernel_case run;
  ebbi_check_activations activations;
  ebbi_check_use use;
} ebbi_kernel_check;

/* The table; a row without a name ends it. */
extern const ebbi_kernel_check ebbi_kernel_checks[];

#endif
