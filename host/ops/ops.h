/* What operations share. Each operation checks its shapes and then queues one launch. */
#ifndef EBBI_OPS_H
#define EBBI_OPS_H

#include "formula.h"
#include "tensor/tensor.h"
#include "update_groups.h"

#include <ebb/ops.h>

enum { EBBI_ACTIVATION_OPTION = 96 + EBBI_FORMULA_OPTION };

/* Returns false for a number that is no activation. */
bool ebbi_activation_exists(ebb_activation activation);

/* Returns the row of exactly this name, or EBB_ACT_COUNT. */
ebb_activation ebbi_activation_named(const char *name, size_t length);

/* The row with another parameter than the default, if it has one. For checks. */
ebb_activation ebbi_activation_varied(ebb_activation row);

/* "-DACTIVATE_BY=F_relu -DSLOPE_BY=D_relu": the build options that select a kernel's activation. */
void ebbi_activation_option(char option[EBBI_ACTIVATION_OPTION], const ebbi_exec *exec,
                            ebb_activation activation);

/* The formula of an activation; NULL for one of the list, or without formulas. */
const ebb_formula *ebbi_exec_formula(const ebbi_exec *exec, ebb_activation activation);

/* Fails unless the activation exists. */
ebb_status ebbi_require_activation(const char *where, const ebbi_exec *exec,
                                   ebb_activation activation);

/* Fails unless what f'(z) is computed from is there: if the activation needs z, it must be given in
 * a's shape. */
ebb_status ebbi_require_kept(const char *where, const ebb_tensor *z, const ebb_tensor *a,
                             ebb_activation activation);

/* Fails unless f'(z) can be computed. */
ebb_status ebbi_require_slope(const char *where, const ebbi_exec *exec, const ebb_tensor *z,
                              const ebb_tensor *a, ebb_activation activation);

/* What the writer of a value's gradient multiplies it by: f'(z) of the node that made the value. */
typedef struct ebbi_epilogue {
  ebb_activation activation;
  const ebb_tensor *z, *a; /* a NULL: no epilogue; z as for ebb_activation_backward */
} ebbi_epilogue;

/* to = (a + b) * f'(z). b NULL: without b; epilogue NULL, or its a NULL: without f'. `to` may be a
 * or b.
 * Shapes: all equal; a and b may be float32 or bfloat16 independently.  Source: kernels/add.cl */
ebb_status ebbi_add(const ebbi_exec *exec, ebb_tensor *to, const ebb_tensor *a, const ebb_tensor *b,
                    const ebbi_epilogue *epilogue);

/* Rows of a group of the loss kernel over `rows` rows, and the number of groups; each group writes
 * a pair of partial sums. */
size_t ebbi_loss_group_rows(const ebbi_exec *exec, size_t rows);
size_t ebbi_loss_groups(const ebbi_exec *exec, size_t rows);

/* Fails unless the settings are in the optimizer's ranges. */
ebb_status ebbi_optimizer_check(const char *where, const ebb_optimizer *optimizer);

enum { EBBI_OPTIMIZER_OPTION = 64, EBBI_LOSS_OPTION = 96 };

/* "-DOPTIMIZER=sgd", "-DLOSS=mse": the build options that select a kernel's optimizer, with the
 * option of its groups, or loss. */
void ebbi_optimizer_option(char option[EBBI_OPTIMIZER_OPTION], const ebb_optimizer *optimizer,
                           const ebbi_update_groups *groups);
void ebbi_loss_option(char option[EBBI_LOSS_OPTION], ebb_loss loss);

/* The build option of kernels that handle the sums of rows with weights. */
#define EBBI_WEIGHTED_OPTION "-DLOSS_WEIGHTED=1"

/* Partial sums of a loss: loss and hits; with weights, also the weights. */
size_t ebbi_loss_sums(ebb_loss loss);

/* The columns of a loss's targets, for a network with this number of outputs. */
size_t ebbi_loss_targets(ebb_loss loss, size_t outputs);

/* The most hits of a row: 1, or the outputs where each is right or wrong. */
size_t ebbi_loss_hits(ebb_loss loss, size_t outputs);

/* Fails unless the outputs are those of a whole number of targets. */
ebb_status ebbi_require_outputs(const char *where, ebb_loss loss, size_t outputs);

/* Fails unless these can be partial sums; finds the build option that their number needs. */
ebb_status ebbi_require_partials(const char *where, const ebb_tensor *partials,
                                 const ebb_device *device, const char **option);

/* Append the arguments that kernels with an optimizer or a loss take: moments, NULL if the
 * optimizer has none; the optimizer's constants; the loss's parameters. */
void ebbi_optimizer_moments_arguments(ebbi_launch *launch, ebb_tensor *const *moments,
                                      const ebb_optimizer *optimizer);
void ebbi_optimizer_constants(ebbi_launch *launch, const ebb_optimizer *optimizer);
void ebbi_loss_parameters(ebbi_launch *launch, ebb_loss loss);

/* The names of the moments in checkpoints, dumps and messages: "first", "second", "third". */
extern const char *const ebbi_moment_names[EBB_OPTIMIZER_MOMENTS];

/* Fails unless the arguments are valid for ebb_update. */
ebb_status ebbi_require_update(const char *where, const ebb_tensor *parameters,
                               ebb_tensor *const *moments, const ebb_tensor *gradients,
                               const ebb_tensor *state, const ebb_tensor *partials,
                               const ebb_optimizer *optimizer);

/* Fails unless `data` can hold all `rows` of an epoch or, in order, a block of them. */
ebb_status ebbi_require_rows(const char *where, const ebb_tensor *data, size_t rows, bool shuffle);

/* ebb_gather from a block of a dataset with `rows` rows. A step may be gathered in parts: it has
 * `step_rows` rows, and x takes those from `first` on; part 0 opens the step. Rows are in the
 * epoch's order; a position of the epoch is taken modulo the block's rows. If weights [B, 1],
 * packed, is not NULL, it takes the last column of the targets, which then have one more than y;
 * the bits are a float's, whatever the targets' type. */
ebb_status ebbi_gather_block(const ebbi_exec *exec, ebb_tensor *x, ebb_tensor *y,
                             ebb_tensor *weights, ebb_tensor *state, const ebb_tensor *data,
                             const ebb_tensor *targets, size_t rows, float scale, bool shuffle,
                             uint64_t seed, size_t step_rows, size_t first);

/* The operations of the same names in ebb/ops.h, with a given execution. The public functions pass
 * the device's default. */
ebb_status ebbi_loss_partials_create(const ebbi_exec *exec, ebb_tensor **out, ebb_device *device,
                                     size_t rows, ebb_loss loss);

/* If the loss is weighted: `weights` [B, 1] F32, packed; partials as created above, for this loss;
 * row i's loss, hit and gradient are multiplied by weight i. Rows of weight 0 are not read. */
ebb_status ebbi_loss_forward_backward(const ebbi_exec *exec, ebb_tensor *dz, ebb_tensor *partials,
                                      const ebb_tensor *z, const ebb_tensor *target,
                                      const ebb_tensor *weights, const ebb_tensor *state,
                                      ebb_loss loss);
ebb_status ebbi_metrics_add(const ebbi_exec *exec, ebb_tensor *state, const ebb_tensor *partials);
ebb_status ebbi_update(const ebbi_exec *exec, ebb_tensor *parameters, ebb_tensor *const *moments,
                       const ebb_tensor *gradients, ebb_tensor *state, const ebb_tensor *partials,
                       const ebb_optimizer *optimizer,
                       const ebbi_update_groups *groups); /* NULL: all parameters alike */

/* A part of a step: the step's rows if it is full, the epoch's rows, its place among the parts. */
typedef struct ebbi_part {
  size_t step_rows, rows;
  bool is_first, is_last;
} ebbi_part;

/* sum = (first part: 0, else sum) + gradient times the part's share of the step's rows. Adds the
 * part's losses to the state, except the last part's, which the update takes.
 * Source: (G1), kernels/accumulate.cl */
ebb_status ebbi_accumulate(const ebbi_exec *exec, ebb_tensor *sum, const ebb_tensor *gradient,
                           ebb_tensor *state, const ebb_tensor *partials, const ebbi_part *part);

/* Shrinks the incoming weights of each unit, a column of w, to a norm of at most `most`, unless the
 * step is frozen.  Source: (G5), kernels/max_norm.cl */
ebb_status ebbi_max_norm(const ebbi_exec *exec, ebb_tensor *w, const ebb_tensor *state,
                         double most);

/* average += part (parameters - average), unless the step is frozen; in the first step the average
 * becomes the parameters.  Source: (G6), (G7), kernels/average.cl */
ebb_status ebbi_average(const ebbi_exec *exec, ebb_tensor *average, const ebb_tensor *parameters,
                        const ebb_tensor *state, double part);
ebb_status ebbi_activation_forward(const ebbi_exec *exec, ebb_tensor *a, ebb_tensor *z,
                                   const ebb_tensor *b, ebb_activation activation);
ebb_status ebbi_activation_backward(const ebbi_exec *exec, ebb_tensor *dz, const ebb_tensor *z,
                                    const ebb_tensor *a, ebb_activation activation);
ebb_status ebbi_bias_gradient(const ebbi_exec *exec, ebb_tensor *db, const ebb_tensor *dz);

/* What init_weights draws for an element; kernels/init.cl has the same numbers. */
typedef enum ebbi_draw {
  EBBI_DRAW_UNIFORM,
  EBBI_DRAW_NORMAL,
  EBBI_DRAW_NOTHING,
  EBBI_DRAW_SIGN
} ebbi_draw;

ebb_status ebbi_init_weights(const ebbi_exec *exec, ebb_tensor *w, ebb_init init, uint64_t seed,
                             uint32_t stream);

/* w = deviation n, n standard normal: ebb_init_weights with a deviation of its own. */
ebb_status ebbi_init_normal(ebb_tensor *w, double deviation, uint64_t seed, uint32_t stream);

/* w = value, without memory or a transfer of the host. */
ebb_status ebbi_init_constant(const ebbi_exec *exec, ebb_tensor *w, double value);

/* Every element 1 or -1, each with a probability of 1/2. */
ebb_status ebbi_init_signs(const ebbi_exec *exec, ebb_tensor *w, uint64_t seed, uint32_t stream);
ebb_status ebbi_probe_fma(const ebbi_exec *exec, ebb_tensor *y, const ebb_tensor *x, size_t steps,
                          float scale, float shift);
ebb_status ebbi_probe_triad(const ebbi_exec *exec, ebb_tensor *a, const ebb_tensor *b,
                            const ebb_tensor *c, float scale);

/* Fails unless the tensor can be a step state. */
ebb_status ebbi_require_state(const char *where, const ebb_tensor *state, const ebb_device *device);

#endif
