/* The reference: every formula of docs/backprop.md once more, in double precision and plain loops.
 *
 * This is what the kernels are checked against, so it shares no formula with them: it is written
 * from the equations (numbers in brackets are theirs) and slow on purpose. Matrices are dense and
 * row-major. Letters: B batch rows, I fan-in, O fan-out; dX is the gradient of the loss by X.
 */
#ifndef EBBI_REFERENCE_H
#define EBBI_REFERENCE_H

#include "nn/spec.h"

#include <ebb/precision.h>

/* c = op(a).op(b); c [m, n], op(a) [m, k], op(b) [k, n], where op transposes on request. */
void ebbi_reference_matmul(double *c, const double *a, bool transpose_a, const double *b,
                           bool transpose_b, size_t m, size_t n, size_t k);

/* x as a product of this precision takes it: rounded to 11 significant bits in tf32, a tie going
 * away from zero; to 8 in bf16, a tie going to the even one. */
double ebbi_reference_round(ebb_precision precision, double x);

/* f(z) and its derivative f'(z), both from z. */
double ebbi_reference_activation(ebb_activation activation, double z);
double ebbi_reference_slope(ebb_activation activation, double z);

/* The z that f makes `a` of, for those whose f' is taken from a; infinite where f has come to its
 * end. */
double ebbi_reference_preactivation(ebb_activation activation, double a);

/* Whether f' jumps at z = 0. */
bool ebbi_activation_has_kink(ebb_activation activation);

/* z = x.w + b (1), a = f(z) (2).  Shapes: a, z [B, O]; x [B, I]; w [I, O]; b [O] */
void ebbi_reference_forward(double *a, double *z, const double *x, const double *w, const double *b,
                            ebb_activation activation, size_t batch, size_t inputs, size_t outputs);

/* dw = x^T.dz (9), db = sum of dz's rows (10).  Shapes: dw [I, O]; db [O]; x [B, I]; dz [B, O] */
void ebbi_reference_weight_gradient(double *dw, double *db, const double *x, const double *dz,
                                    size_t batch, size_t inputs, size_t outputs);

/* dz_below = (dz.w^T) * f'(z_below), elementwise product (8).
 * Shapes: dz_below, z_below [B, I]; dz [B, O]; w [I, O] */
void ebbi_reference_input_gradient(double *dz_below, const double *dz, const double *w,
                                   const double *z_below, ebb_activation activation, size_t batch,
                                   size_t inputs, size_t outputs);

/* What an output is compared with: labels for cross_entropy, values [rows, cols] for mse. */
typedef struct ebbi_reference_target {
  ebb_loss loss;
  const int32_t *labels;
  const double *values;
} ebbi_reference_target;

/* The mean loss over the first `live` of `rows` rows (3) (4), and its gradient (6) (7), which is 0
 * in the rows beyond. NaN where a label is no class. `dz` may be NULL.  Shapes: dz, z [rows, cols]
 */
double ebbi_reference_loss(double *dz, const double *z, const ebbi_reference_target *target,
                           size_t rows, size_t live, size_t cols);

/* How many of the first `live` rows have their largest logit at their label. */
size_t ebbi_reference_correct(const double *z, const int32_t *labels, size_t live, size_t cols);

/* How many of them have two largest logits too near each other to tell which a device finds larger.
 */
size_t ebbi_reference_unsure(const double *z, size_t live, size_t cols);

/* The rows of `slices` [rows, count] added in ascending order. In float32, since devices must give
 * these very bits: sums are correctly rounded everywhere. */
void ebbi_reference_sum_slices(double *sum, const double *slices, size_t rows, size_t count);

/* One update of `count` parameters by their gradients (11) to (14), as PyTorch's SGD, Adam and
 * AdamW do it. `step` counts from 1. `second` is NULL for sgd. Moments start as zeros. */
void ebbi_reference_update(double *parameters, double *first, double *second,
                           const double *gradients, size_t count, const ebb_optimizer *optimizer,
                           double learning_rate, uint64_t step);

/* The learning rate of a step of the schedule, from 1. */
double ebbi_reference_schedule(const ebb_schedule *schedule, double rate, uint64_t step);

/* The probes: y = x after `steps` times x <- scale x + shift;  a = b + scale c. */
void ebbi_reference_probe_fma(double *y, const double *x, size_t count, size_t steps, double scale,
                              double shift);
void ebbi_reference_probe_triad(double *a, const double *b, const double *c, size_t count,
                                double scale);

/* The data row that stands at each place of an epoch. */
void ebbi_reference_order(uint32_t *order, size_t count, bool shuffle, uint64_t seed,
                          uint32_t epoch);

/* Initial weights w [I, O]. In float32, since devices must give these very bits: one
 * multiplication of a scale by a random number. */
void ebbi_reference_init(float *w, size_t inputs, size_t outputs, ebb_init init, uint64_t seed,
                         uint32_t stream);

/* A network with one batch. Its parameters lie flat: layer by layer, w [I, O] and then b [O].
 * Gradients and moments lie alike. Fill parameters, x and target before use. The last layer has no
 * activation, so its z is the output and its dz the loss's gradient. */
typedef struct ebbi_reference_network {
  ebb_spec spec;
  size_t batch, live, count; /* batch rows, those that count, parameters */
  double *parameters, *gradients, *first, *second;
  double *x;                                                       /* [B, inputs] */
  double *z[EBB_MAX_NODES], *a[EBB_MAX_NODES], *dz[EBB_MAX_NODES]; /* [B, O] of each layer */
  ebbi_reference_target target;                                    /* borrowed arrays */
  double loss;
  size_t lowest; /* layers from this one on get gradients; 0: all */
  uint64_t step; /* updates done */
} ebbi_reference_network;

/* Zeros everywhere, all rows live.  Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_reference_create(ebbi_reference_network **out, const ebb_spec *spec, size_t batch);
void ebbi_reference_free(ebbi_reference_network *network);

/* Where layer `layer`'s w begins in the flat arrays; its b follows I*O later. */
size_t ebbi_reference_offset(const ebb_spec *spec, size_t layer);

/* Runs the layers from `from` on, and the loss. Layers below must have been run before. */
void ebbi_reference_run_forward(ebbi_reference_network *network, size_t from);

/* All gradients, by the chain rule (5) from the last layer down; after run_forward. */
void ebbi_reference_run_backward(ebbi_reference_network *network);

void ebbi_reference_run_update(ebbi_reference_network *network, const ebb_optimizer *optimizer,
                               double learning_rate);

#endif
