/* A pass: everything needed to run a network forward and backward over a batch of fixed size.
 *
 * All values and gradients lie in one arena, planned once (plan.h). Each call queues launches, or
 * adds them to the sequence that is being recorded.
 */
#ifndef EBBI_PASS_H
#define EBBI_PASS_H

#include "plan.h"
#include "whole_network.h"
#include "whole_step.h"

#include <ebb/ops.h>

typedef struct ebbi_pass {
  ebb_network *network;
  size_t batch; /* rows, B */
  ebb_loss loss;
  ebbi_pass_kind kind;
  ebbi_exec exec;             /* with which it was created and runs */
  uint64_t seed;              /* of the training, for kinds that are random in each step */
  uint64_t span;              /* steps of the training, for what fades in it; 0: unknown */
  bool frozen[EBB_MAX_NODES]; /* nodes whose parameters are not trained */
  ebbi_plan *plan;
  ebb_tensor *arena;                    /* holds the tensors of the plan */
  ebb_tensor *tensors[EBBI_MAX_PLACES]; /* by place; `value` to `dinput` point to them */
  ebb_tensor *value[EBB_MAX_NODES + 1]; /* 0: the batch; the last one holds logits or values */

  /* Gradients, NULL where none is computed. For a value with an activation it is the gradient of
   * its sum, dz. Only training by layers has all of them; evaluation and whole steps have that of
   * the output, prediction has none. */
  ebb_tensor *dvalue[EBB_MAX_NODES + 1];
  ebb_tensor *z[EBB_MAX_NODES]; /* sums, where backward by layers needs them */

  /* What each node's backward writes: the gradient of an input, or one summand of it. */
  ebb_tensor *dinput[EBB_MAX_NODES][EBB_NODE_INPUTS];
  ebb_tensor *target;    /* I32 [B, 1] labels, or F32 [B, O] values; NULL for prediction */
  ebb_tensor *weights;   /* F32 [B, 1], packed; NULL unless the loss is weighted */
  ebb_tensor *partials;  /* the loss's partial sums; NULL for prediction */
  ebb_tensor *state;     /* the step state; NULL for prediction */
  ebb_tensor *gradients; /* [slices, parameters]; training only */
  ebb_tensor *dparameter[EBB_MAX_NODES][EBBI_NODE_PARAMETERS]; /* views; NULL unless by layers */
  ebbi_whole_step *whole; /* whole steps only; then it owns gradients and partials */
} ebbi_pass;

/* Device memory that will be needed: total, and the largest single buffer. */
typedef struct ebbi_need {
  size_t total, largest; /* bytes */
} ebbi_need;

/* Adds a buffer. */
void ebbi_need_add(ebbi_need *need, size_t bytes);

/* Adds a pass's buffers, so that memory can be planned before anything is allocated. */
ebb_status ebbi_pass_need(ebbi_need *need, const ebbi_exec *exec, const ebb_network *network,
                          size_t batch, ebb_loss loss, ebbi_pass_kind kind);

ebb_status ebbi_pass_create(ebbi_pass **out, const ebbi_exec *exec, ebb_network *network,
                            size_t batch, ebb_loss loss, ebbi_pass_kind kind);

/* Creates a pass for a training that leaves out gradients which only `frozen` nodes need. It needs
 * no more memory than one without. */
ebb_status ebbi_pass_create_training(ebbi_pass **out, const ebbi_exec *exec, ebb_network *network,
                                     size_t batch, ebb_loss loss, ebbi_pass_kind kind,
                                     const bool frozen[EBB_MAX_NODES]);

/* Creates a pass for prediction: without loss, target, state and gradients. */
ebb_status ebbi_pass_create_prediction(ebbi_pass **out, const ebbi_exec *exec, ebb_network *network,
                                       size_t batch);
void ebbi_pass_free(ebbi_pass *pass);

/* Computes the output from the batch, one launch a node. */
ebb_status ebbi_pass_forward(ebbi_pass *pass);

/* Computes the output's gradient and the partial sums from output, target and state. */
ebb_status ebbi_pass_loss(ebbi_pass *pass);

/* Computes all gradients from the output's. Only for steps by layers. */
ebb_status ebbi_pass_backward(ebbi_pass *pass);

/* Writes the statistics of nodes that have some, before the update that ends the step. Only for
 * steps by layers. */
ebb_status ebbi_pass_settle(ebbi_pass *pass);

#endif
