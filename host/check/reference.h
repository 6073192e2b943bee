/* The reference: every formula of docs/backprop.md in double precision and plain loops.
 *
 * The kernels are checked against it, so it shares no formula with them. It is written from the
 * equations (numbers in brackets are theirs) and slow on purpose. Matrices are dense and row-major.
 * Letters: B batch rows, I fan-in, O fan-out; dX is the gradient of the loss by X.
 */
#ifndef EBBI_REFERENCE_H
#define EBBI_REFERENCE_H

#include "nn/spec.h"
#include "ops/update_groups.h"

#include <ebb/precision.h>

/* c = op(a).op(b); c [m, n], op(a) [m, k], op(b) [k, n], where op transposes on request. */
void ebbi_reference_matmul(double *c, const double *a, bool transpose_a, const double *b,
                           bool transpose_b, size_t m, size_t n, size_t k);

/* x as products of this precision round it: in tf32 to 11 significant bits, ties away from zero; in
 * bf16 to 8, ties to even. */
double ebbi_reference_round(ebb_precision precision, double x);

/* f(z) and its derivative f'(z), both from z. */
double ebbi_reference_activation(ebb_activation activation, double z);
double ebbi_reference_slope(ebb_activation activation, double z);

/* The z with f(z) = a, for activations whose f' is taken from a; infinite at and beyond f's
 * limit. */
double ebbi_reference_preactivation(ebb_activation activation, double a);

/* Where f' jumps; and the number of such places below z. */
const double *ebbi_activation_kinks(int *count, ebb_activation activation);
int ebbi_activation_piece(ebb_activation activation, double z);

/* True if f' rises and falls again and again. */
bool ebbi_activation_turns(ebb_activation activation);

/* z = x.w + b (1); b NULL: none.  Shapes: z [B, O]; x [B, I]; w [I, O]; b [O] */
void ebbi_reference_forward(double *z, const double *x, const double *w, const double *b,
                            size_t batch, size_t inputs, size_t outputs);

/* dw = x^T.dz (9), db = sum of dz's rows (10); db NULL: not wanted.
 * Shapes: dw [I, O]; db [O]; x [B, I]; dz [B, O] */
void ebbi_reference_weight_gradient(double *dw, double *db, const double *x, const double *dz,
                                    size_t batch, size_t inputs, size_t outputs);

/* The target of an output: labels for cross_entropy, else values, one for the outputs of each
 * target. */
typedef struct ebbi_reference_target {
  ebb_loss loss;
  const int32_t *labels;
  const double *values;
  const double *weights; /* [rows]; NULL: all are 1 */
  size_t members;        /* rows of outputs for each row of the target; 0: 1 */
} ebbi_reference_target;

/* The row of the target that belongs to a row of outputs. */
size_t ebbi_target_row_of(const ebbi_reference_target *target, size_t row);

/* The weight of a row, and of the first `rows` rows. */
double ebbi_reference_weight(const ebbi_reference_target *target, size_t row);
double ebbi_reference_weights(const ebbi_reference_target *target, size_t rows);

/* The mean over the first `live` of `rows` rows (3) (4) of weight times loss, and its gradient (6)
 * (7), which is 0 in the other rows and in those of weight 0. NaN where a label is not a class.
 * `dz` may be NULL. Shapes: dz, z [rows, cols] */
double ebbi_reference_loss(double *dz, const double *z, const ebbi_reference_target *target,
                           size_t rows, size_t live, size_t cols);

/* The magnitudes that the bounds of a loss and of dz are relative to, with the same means; never
 * negative. */
double ebbi_reference_loss_scale(double *scale, const double *z,
                                 const ebbi_reference_target *target, size_t rows, size_t live,
                                 size_t cols);

/* The loss with three numbers instead of one, if it takes a list. */
ebb_loss ebbi_reference_listed(ebb_loss loss);

/* Replaces any numbers by targets that a loss for values takes, rounded to float32. */
void ebbi_reference_values(double *values, size_t count, ebb_loss_kind kind);

/* The weight of those of the first `live` rows that have their largest logit at their label; 0
 * without labels. */
double ebbi_reference_correct(const double *z, const ebbi_reference_target *target, size_t live,
                              size_t cols);

/* The weight of those that have two largest logits so close that a device may find either the
 * larger. */
double ebbi_reference_unsure(const double *z, const double *variances,
                             const ebbi_reference_target *target, size_t live, size_t cols);

/* The sum of the rows of `slices` [rows, count] in ascending order. In float32, since devices must
 * give exactly these bits: additions are correctly rounded everywhere. */
void ebbi_reference_sum_slices(double *sum, const double *slices, size_t rows, size_t count);

/* The norm of all gradients, from their sums of squares as on the device. */
double ebbi_reference_norm(const float *norms);

/* The factor that clips gradients by their norm (G2), from the sums of squares as on the device;
 * NULL: 1. */
double ebbi_reference_clip(const ebbi_update_group *group, const float *norms);

/* The factor of max-norm (G5) for a unit with `count` incoming weights, `stride` apart. */
double ebbi_reference_max_norm_factor(const float *weights, size_t count, size_t stride,
                                      double most);

/* The gradient that an optimizer gets, by (G2) to (G4), for parameter p. */
double ebbi_reference_shape(double g, double p, const ebbi_update_group *group, double clip);

/* One update of `count` parameters from their gradients as in PyTorch's documentation. `step`
 * counts from 1. Moments start as zeros; only those are touched that the optimizer keeps. */
void ebbi_reference_update(double *parameters, double *const *moments, const double *gradients,
                           size_t count, const ebb_optimizer *optimizer, double learning_rate,
                           uint64_t step);

/* The schedule's learning rate in step `step`, from 1. The shape is complete. */
double ebbi_reference_schedule(const ebb_schedule *schedule, const ebb_schedule_shape *shape,
                               double rate, uint64_t step);

/* The yardsticks: y = x after `steps` times x <- scale x + shift; a = b + scale c. */
void ebbi_reference_probe_fma(double *y, const double *x, size_t count, size_t steps, double scale,
                              double shift);
void ebbi_reference_probe_triad(double *a, const double *b, const double *c, size_t count,
                                double scale);

/* The data row at each place of an epoch. */
void ebbi_reference_order(uint32_t *order, size_t count, bool shuffle, uint64_t seed,
                          uint32_t epoch);

/* Initial weights w [I, O]. In float32, since devices must give exactly these bits: one
 * multiplication of a scale by a random number. */
void ebbi_reference_init(float *w, size_t inputs, size_t outputs, ebb_init init, uint64_t seed,
                         uint32_t stream);

/* A network with one batch. Its parameters lie flat: node by node, each parameter row by row (a
 * dense node's w [I, O], then b [O]). Gradients and moments have the same layout. Fill parameters,
 * y[0] and the target before use.
 *
 * For a node without activation, z is the array of its value, and dz that of the value's
 * gradient. */
typedef struct ebbi_reference_network {
  ebb_spec spec;
  size_t batch, live, count; /* batch rows, rows that count, parameters */
  double *parameters, *gradients, *moments[EBB_OPTIMIZER_MOMENTS];
  double *y[EBB_MAX_NODES + 1],
      *dy[EBB_MAX_NODES + 1];                   /* values and their gradients; y[0]: the batch */
  double *z[EBB_MAX_NODES], *dz[EBB_MAX_NODES]; /* of each node, before its activation */
  ebbi_reference_target target;                 /* borrowed arrays */
  double loss;
  size_t lowest; /* the first node that gets gradients; 0: all do */
  uint64_t step; /* updates done: the batch belongs to the next step */
  uint64_t seed; /* for random numbers of a step */
  uint64_t span; /* steps of the training; 0: unknown */
} ebbi_reference_network;

/* Everything is zero, all rows are live. Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_reference_create(ebbi_reference_network **out, const ebb_spec *spec, size_t batch);
void ebbi_reference_free(ebbi_reference_network *network);

/* Rows of a value in training. */
size_t ebbi_reference_rows(const ebbi_reference_network *network, size_t value);

/* Where a node's parameters begin in the flat arrays. */
size_t ebbi_reference_offset(const ebb_spec *spec, size_t node);

/* Runs the nodes from `from` on, and the loss. Earlier nodes must have been run. */
void ebbi_reference_run_forward(ebbi_reference_network *network, size_t from);

/* Scales the parameters of the last node, a dense one, if an output of the batch exceeds the limit:
 * behind `square` and its like outputs are hundreds, and the exponential losses overflow. */
void ebbi_reference_limit_outputs(ebbi_reference_network *network, double limit);

/* All gradients, by the chain rule (5) from the last node to the first; after run_forward. */
void ebbi_reference_run_backward(ebbi_reference_network *network);

void ebbi_reference_run_update(ebbi_reference_network *network, const ebb_optimizer *optimizer,
                               double learning_rate);

#endif
